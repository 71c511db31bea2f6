/* SPDX-License-Identifier: MIT
 * Makes durable what was committed without a flush, or by a process that died before its flush.
 */
#include <fcntl.h>

#include "connection.h"

static int sync_and_close(int fd) {
        int r = fd < 0 ? fd : fsync(fd) < 0 ? -errno : 0;

        (void)fd_close(fd); /* returns -1 */
        return r;
}

/* A checkpoint flushes what it copies out of the log. SQLite's own locks are on other files, so closing this one drops
 * none. */
int catalog_sync(struct catalog *catalog) {
        int fd, r = sync_and_close(home_open_one(&catalog->home, FILE_LOG, O_RDONLY));

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        fd = openat(catalog->home.dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return sync_and_close(fd < 0 ? -errno : fd);
}
