/* SPDX-License-Identifier: MIT
 * Makes durable what was committed without a flush, or by a process that died before its flush.
 */
#include <fcntl.h>
#include <libgen.h>

#include "connection.h"

static int sync_path(const char *path, int flags) {
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | flags);

        if (fd < 0)
                return -errno;
        return fsync(fd) < 0 ? -errno : 0;
}

/* A checkpoint flushes what it copies out of the log. SQLite's own locks are on other files, so closing this one drops
 * none. */
int catalog_sync(struct catalog *catalog) {
        _cleanup_free_ char *log = NULL, *path = strdup(catalog->path);
        int r;

        if (!path || asprintf(&log, "%s-wal", catalog->path) < 0) {
                log = NULL;
                return -ENOMEM;
        }
        r = sync_path(log, 0);
        if (r == -ENOENT)
                return 0;
        return r < 0 ? r : sync_path(dirname(path), O_DIRECTORY);
}
