/* SPDX-License-Identifier: MIT
 * Blobs taken over from another store, for backups: linked where nothing will change them, else copied. The file alone
 * tells whether it must be taken again: a backup that was killed has left no other notes.
 */
#include <errno.h>
#include <fcntl.h>

#include "cleanup.h"
#include "internal.h"

#define MODE_OPEN 0600
#define MODE_SETTLED 0400 /* the copy has what its source has for as long as that has this size and mtime */
#define STEP (UINT64_C(16) << 20)

int blob_taken(const struct blob_store *store, int64_t id, const struct stat *from) {
        struct stat st;
        int r = blob_stat(store, id, &st);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (st.st_dev == from->st_dev && st.st_ino == from->st_ino)
                return 1;
        return (st.st_mode & 0777) == MODE_SETTLED && st.st_size == from->st_size &&
               st.st_mtim.tv_sec == from->st_mtim.tv_sec && st.st_mtim.tv_nsec == from->st_mtim.tv_nsec;
}

bool blob_is_settled(const struct stat *st) {
        return (st->st_mode & 0777) == MODE_SETTLED;
}

/* A temporary name, free: what has it is a crash's. */
static int temporary_free(const struct blob_store *store, int64_t id, char ret_name[static BLOB_NAME_SIZE]) {
        entry_name(id, ENTRY_TEMPORARY, ret_name);
        return unlinkat(store->dir_fd, ret_name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* The temporary file gets the blob's name; its directory is not flushed. */
static int take_rename(const struct blob_store *store, int64_t id, const char *temporary) {
        char name[BLOB_NAME_SIZE];

        return renameat(store->dir_fd, temporary, store->dir_fd, entry_name(id, ENTRY_BLOB, name)) < 0 ? -errno : 0;
}

int blob_take_link(const struct blob_store *from, const struct blob_store *to, int64_t id) {
        char name[BLOB_NAME_SIZE], temporary[BLOB_NAME_SIZE];
        int r;

        entry_name(id, ENTRY_BLOB, name);
        if (linkat(from->dir_fd, name, to->dir_fd, name, 0) == 0)
                return 0;
        if (errno != EEXIST)
                return -errno;
        r = temporary_free(to, id, temporary);
        if (r == 0 && linkat(from->dir_fd, name, to->dir_fd, temporary, 0) < 0)
                r = -errno;
        return r < 0 ? r : take_rename(to, id, temporary);
}

static int take_bytes(int from_fd, int fd, uint64_t size, const struct blob_taking *taking) {
        uint64_t offset = 0;

        if (ftruncate(fd, (off_t)size) < 0)
                return -errno;
        while (offset < size) {
                int64_t n = blob_copy_range(from_fd, offset, fd, offset, size - offset, STEP);

                if (n < 0)
                        return (int)n;
                if (n == 0) /* it was cut meanwhile */
                        return 0;
                offset += (uint64_t)n;
                if (taking->progress)
                        taking->progress((uint64_t)n, taking->context);
        }
        return 0;
}

/* Did nothing change while it was copied? */
static bool unchanged(int from_fd, const struct stat *before, const struct blob_taking *taking) {
        struct stat st;

        return taking->settled && taking->settled(before, taking->context) && fstat(from_fd, &st) == 0 &&
               st.st_size == before->st_size && st.st_mtim.tv_sec == before->st_mtim.tv_sec &&
               st.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

static int take_fill(int from_fd, int fd, const struct blob_taking *taking) {
        struct stat st;
        int r;

        if (fstat(from_fd, &st) < 0)
                return -errno;
        r = take_bytes(from_fd, fd, (uint64_t)st.st_size, taking);
        if (r < 0)
                return r;
        if (futimens(fd, (const struct timespec[]){ { .tv_nsec = UTIME_OMIT }, st.st_mtim }) < 0)
                return -errno;
        if (unchanged(from_fd, &st, taking) && fchmod(fd, MODE_SETTLED) < 0)
                return -errno;
        return fsync(fd) < 0 ? -errno : 0;
}

int blob_take_copy(int from_fd, const struct blob_store *to, int64_t id, const struct blob_taking *taking) {
        char temporary[BLOB_NAME_SIZE];
        _cleanup_fd_ int fd = -1;
        int r = temporary_free(to, id, temporary);

        if (r < 0)
                return r;
        fd = openat(to->dir_fd, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE_OPEN);
        if (fd < 0)
                return -errno;
        r = take_fill(from_fd, fd, taking);
        if (r == 0)
                r = take_rename(to, id, temporary);
        if (r < 0)
                (void)unlinkat(to->dir_fd, temporary, 0); /* the first failure is the one to tell */
        return r;
}

int blob_store_sync(const struct blob_store *store) {
        return dir_sync(store->dir_fd);
}

struct pruning {
        const struct blob_store *store;
        int (*wanted)(int64_t id, void *context);
        void *context;
        int removed;
};

static int prune_entry(enum entry_kind kind, int64_t id, void *context) {
        struct pruning *p = context;
        char name[BLOB_NAME_SIZE];
        int r = kind == ENTRY_TEMPORARY ? 0 : kind == ENTRY_BLOB ? p->wanted(id, p->context) : 1;

        if (r != 0)
                return r < 0 ? r : 0;
        if (unlinkat(p->store->dir_fd, entry_name(id, kind, name), 0) < 0 && errno != ENOENT)
                return -errno;
        p->removed++;
        return 0;
}

int blob_prune(const struct blob_store *store, int (*wanted)(int64_t id, void *context), void *context) {
        struct pruning p = { store, wanted, context, 0 };
        int r = entry_each(store->dir_fd, prune_entry, &p);

        if (r < 0)
                return r;
        r = p.removed > 0 ? dir_sync(store->dir_fd) : 0;
        return r < 0 ? r : p.removed;
}
