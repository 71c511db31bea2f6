/* SPDX-License-Identifier: MIT
 * The mark: a file with the catalog's uuid. It distinguishes a store from the empty directory it is mounted on, and
 * shows whether an open store is still the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cleanup.h"
#include "internal.h"
#include "origin.h"

#define MARK_SIZE BLOB_UUID_SIZE /* a newline where the text has its NUL */

int mark_write(int dir_fd, const char *uuid) {
        _cleanup_fd_ int fd = -1;
        char text[MARK_SIZE];
        ssize_t n;

        memcpy(text, uuid, MARK_SIZE - 1);
        text[MARK_SIZE - 1] = '\n';

        fd = openat(dir_fd, MARK_TEMPORARY_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        n = write(fd, text, sizeof(text));
        if (n < 0)
                return -errno;
        if (n < (ssize_t)sizeof(text))
                return -ENOSPC; /* only a full disk cuts so short a write */
        if (fsync(fd) < 0)
                return -errno;
        if (renameat(dir_fd, MARK_TEMPORARY_NAME, dir_fd, MARK_NAME) < 0)
                return -errno;
        return dir_sync(dir_fd);
}

int mark_check(int dir_fd, const char *uuid) {
        _cleanup_fd_ int fd = -1;
        char text[MARK_SIZE + 1];
        ssize_t n;

        fd = openat(dir_fd, MARK_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); /* a pipe would block */
        if (fd < 0)
                return errno == ENOENT || errno == ELOOP || errno == ESTALE || errno == ENOTCONN ? ORIGIN(-EIO)
                                                                                                 : -errno;
        n = read(fd, text, sizeof(text));
        if (n < 0)
                return errno == EISDIR || errno == ESTALE || errno == ENOTCONN ? ORIGIN(-EIO) : -errno;
        if (n != MARK_SIZE || memcmp(text, uuid, MARK_SIZE - 1) != 0 || text[MARK_SIZE - 1] != '\n')
                return ORIGIN(-EIO);
        return 0;
}

int blob_store_check(const struct blob_store *store) {
        struct stat st;

        if (stat(store->path, &st) < 0 || st.st_dev != store->device || st.st_ino != store->inode)
                return ORIGIN(-EIO);
        return mark_check(store->dir_fd, store->uuid);
}
