/* SPDX-License-Identifier: MIT
 * A blob's file: made, opened, stat'ed, removed. Knows no other blob.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>

#include "cleanup.h"
#include "internal.h"

int blob_create(const struct blob_store *store, int64_t id, int *ret_fd) {
        char name[BLOB_NAME_SIZE];
        _cleanup_fd_ int fd = -1;
        int r;

        r = store_write_begin(store);
        if (r < 0)
                return r;
        entry_name(id, ENTRY_BLOB, name);
        fd = openat(store->dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = dir_sync(store->dir_fd);
        if (r < 0) {
                (void)unlinkat(store->dir_fd, name, 0); /* the first error is reported */
                return r;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int blob_open(const struct blob_store *store, int64_t id, int flags, int *ret_fd) {
        char name[BLOB_NAME_SIZE];
        _cleanup_fd_ int fd = -1;
        struct stat st;
        int r;

        assert(flags == O_RDONLY || flags == O_RDWR);
        r = flags == O_RDWR ? store_write_begin(store) : 0;
        if (r < 0)
                return r;
        fd = openat(store->dir_fd, entry_name(id, ENTRY_BLOB, name), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return errno == ELOOP || errno == EISDIR ? -ENOENT : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -ENOENT;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int blob_stat(const struct blob_store *store, int64_t id, struct stat *ret_stat) {
        char name[BLOB_NAME_SIZE];
        struct stat st;

        if (fstatat(store->dir_fd, entry_name(id, ENTRY_BLOB, name), &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -ENOENT;
        *ret_stat = st;
        return 0;
}

int blob_unlink(const struct blob_store *store, int64_t id) {
        char name[BLOB_NAME_SIZE];
        int r = store_write_begin(store);

        if (r < 0)
                return r;
        if (unlinkat(store->dir_fd, entry_name(id, ENTRY_BLOB, name), 0) < 0)
                return errno == ENOENT ? 0 : -errno;
        return dir_sync(store->dir_fd);
}

int blob_sync(const struct blob_store *store, int fd) {
        if (fsync(fd) < 0)
                return -errno;
        return dir_sync(store->dir_fd);
}

int blob_is_hole(int fd, uint64_t offset, uint64_t length) {
        off_t data;

        if (length == 0 || offset > INT64_MAX)
                return 1;
        data = lseek(fd, (off_t)offset, SEEK_DATA);
        if (data < 0 && errno == ENXIO)
                return 1; /* no data from there on */
        if (data < 0)
                return errno == EINVAL || errno == EOPNOTSUPP ? 0 : -errno; /* the filesystem cannot tell */
        return (uint64_t)data - offset >= length;
}
