/* SPDX-License-Identifier: MIT
 * Replaces a blob's file: the new one is made as <id>.tmp, then renamed. A crash leaves the old or the new one, and
 * maybe a temporary file for the sweeper.
 */
#include <errno.h>
#include <fcntl.h>

#include "cleanup.h"
#include "internal.h"

#define _cleanup_lock_ _cleanup_(cleanup_blob_lock)

/* Locks the temporary name and removes a file that a crash left under it. */
static int temporary_claim(const struct blob_store *store, int64_t id, struct blob_lock *ret_lock) {
        _cleanup_lock_ struct blob_lock lock = BLOB_LOCK_NONE;
        char temporary[BLOB_NAME_SIZE];
        int r;

        r = store_write_begin(store);
        if (r == 0)
                r = lock_exclusive(store, id, LOCK_BYTE_TEMPORARY, BLOB_SWEEP_MS, &lock);
        if (r < 0)
                return r;
        if (unlinkat(store->dir_fd, entry_name(id, ENTRY_TEMPORARY, temporary), 0) < 0 && errno != ENOENT)
                return -errno;
        *ret_lock = lock;
        lock = BLOB_LOCK_NONE;
        return 0;
}

static int temporary_rename(const struct blob_store *store, int64_t id, const char *temporary) {
        char name[BLOB_NAME_SIZE];

        if (renameat(store->dir_fd, temporary, store->dir_fd, entry_name(id, ENTRY_BLOB, name)) < 0)
                return -errno;
        return dir_sync(store->dir_fd);
}

int blob_link(const struct blob_store *from_store, int64_t from, const struct blob_store *to_store, int64_t to) {
        char name[BLOB_NAME_SIZE], temporary[BLOB_NAME_SIZE];
        _cleanup_lock_ struct blob_lock lock = BLOB_LOCK_NONE;
        int r;

        entry_name(from, ENTRY_BLOB, name);
        entry_name(to, ENTRY_TEMPORARY, temporary);
        r = temporary_claim(to_store, to, &lock);
        if (r < 0)
                return r;
        if (linkat(from_store->dir_fd, name, to_store->dir_fd, temporary, 0) < 0)
                return -errno;
        r = temporary_rename(to_store, to, temporary);
        /* still there after a failure, or if `to` was that inode already: rename(2) then does nothing */
        if (unlinkat(to_store->dir_fd, temporary, 0) < 0 && errno != ENOENT && r >= 0)
                r = -errno;
        return r;
}

static int temporary_fill(int fd, int from_fd, uint64_t size) {
        int64_t n;

        if (ftruncate(fd, (off_t)size) < 0)
                return -errno;
        n = blob_copy_range(from_fd, 0, fd, 0, size, 0);
        if (n < 0)
                return (int)n;
        return fsync(fd) < 0 ? -errno : 0;
}

/* The caller holds the temporary name's lock. */
static int replace_locked(const struct blob_store *store, int64_t id, int from_fd, uint64_t size, int *ret_fd) {
        char temporary[BLOB_NAME_SIZE];
        _cleanup_fd_ int fd = -1;
        int r;

        entry_name(id, ENTRY_TEMPORARY, temporary);
        fd = openat(store->dir_fd, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = temporary_fill(fd, from_fd, size);
        if (r >= 0)
                r = temporary_rename(store, id, temporary);
        if (r < 0) {
                (void)unlinkat(store->dir_fd, temporary, 0); /* the first error is reported */
                return r;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int blob_replace(const struct blob_store *store, int64_t id, int from_fd, uint64_t size, int *ret_fd) {
        _cleanup_lock_ struct blob_lock lock = BLOB_LOCK_NONE;
        int r;

        if (size > INT64_MAX)
                return -EFBIG;
        r = temporary_claim(store, id, &lock);
        return r < 0 ? r : replace_locked(store, id, from_fd, size, ret_fd);
}

int blob_separate(const struct blob_store *store, int64_t id, uint64_t size, int *ret_fd) {
        _cleanup_lock_ struct blob_lock lock = BLOB_LOCK_NONE;
        _cleanup_fd_ int fd = -1;
        struct stat st;
        int r;

        r = temporary_claim(store, id, &lock);
        if (r == 0)
                r = blob_open(store, id, O_RDWR, &fd);
        if (r < 0)
                return r;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_nlink > 1)
                return replace_locked(store, id, fd, size < (uint64_t)st.st_size ? size : (uint64_t)st.st_size, ret_fd);
        *ret_fd = TAKE_FD(fd);
        return 0;
}
