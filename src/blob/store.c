/* SPDX-License-Identifier: MIT
 * The store: a directory, its mark and its locks; made, removed, opened.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cleanup.h"
#include "internal.h"
#include "origin.h"

#define _cleanup_store_ _cleanup_(cleanup_blob_store)

/* Syncs the directory's own entry. Best effort: a parent that may be searched but not read cannot be synced. */
static int parent_sync(int dir_fd) {
        _cleanup_fd_ int fd = -1;

        fd = openat(dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return errno == EACCES ? 0 : -errno;
        return dir_sync(fd);
}

/* Allows what an interrupted blob_store_create left. */
static int refuse_strangers(enum entry_kind kind, int64_t id, void *context) {
        (void)id;
        (void)context;
        return kind == ENTRY_STORE || kind == ENTRY_LOST ? 0 : -ENOTEMPTY;
}

static int refuse_mark(int dir_fd) {
        if (faccessat(dir_fd, MARK_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return -EEXIST;
        return errno == ENOENT ? 0 : -errno;
}

/* The mark comes last: with it the store is complete. */
static int store_furnish(int dir_fd, const struct mark *mark) {
        _cleanup_fd_ int locks_fd = -1;
        int r;

        locks_fd = openat(dir_fd, LOCKS_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (locks_fd < 0)
                return -errno;
        r = lock_set(locks_fd, 0, LOCK_BYTE_WRITING, 1, F_WRLCK);
        if (r == -EBUSY)
                return -EEXIST; /* another process is making it right now */
        if (r >= 0)
                r = refuse_mark(dir_fd);
        if (r == -EEXIST)
                return r; /* another process has just made it */
        if (r >= 0)
                r = mark_write(dir_fd, mark);
        if (r >= 0)
                r = parent_sync(dir_fd);
        if (r < 0) {
                (void)unlinkat(dir_fd, MARK_NAME, 0); /* the first error is reported */
                (void)unlinkat(dir_fd, MARK_TEMPORARY_NAME, 0);
                (void)unlinkat(dir_fd, LOCKS_NAME, 0);
        }
        return r;
}

static int store_furnish_directory(const char *path, const struct mark *mark) {
        _cleanup_fd_ int dir_fd = -1;
        struct position position;
        struct stat st;
        int r;

        dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd < 0)
                return -errno;
        r = refuse_mark(dir_fd);
        if (r < 0)
                return r;
        r = store_position(dir_fd, NULL, &position);
        if (r < 0)
                return r;
        if (position.nested)
                return -ELOOP;
        r = entry_each(dir_fd, refuse_strangers, NULL);
        if (r < 0)
                return r;
        if (fstat(dir_fd, &st) < 0)
                return -errno;
        if (st.st_uid != geteuid())
                return -EPERM; /* its owner could enter, whatever the mode */
        if (fchmod(dir_fd, 0700) < 0)
                return -errno;
        r = store_furnish(dir_fd, mark);
        if (r < 0)
                (void)fchmod(dir_fd, st.st_mode & 07777); /* as before; the first error is reported */
        return r;
}

int blob_is_in_store(int dir_fd, const char *dir, bool *ret_below) {
        struct position position;
        int r = store_position(dir_fd, dir, &position);

        if (r < 0)
                return r;
        *ret_below = position.below;
        return position.nested;
}

int blob_store_create(const char *path, const struct blob_owner *owner, int64_t event) {
        const struct mark mark = { *owner, event };
        bool made;
        int r;

        assert(strlen(owner->uuid) == BLOB_UUID_SIZE - 1);
        made = mkdir(path, 0700) == 0;
        if (!made && errno != EEXIST)
                return -errno;
        r = store_furnish_directory(path, &mark);
        if (r < 0 && made)
                (void)rmdir(path); /* the first error is reported */
        return r;
}

struct search {
        int (*wanted)(int64_t id, void *context);
        void *context;
};

static int find_wanted(enum entry_kind kind, int64_t id, void *context) {
        const struct search *search = context;

        return kind == ENTRY_BLOB ? search->wanted(id, search->context) : 0;
}

int blob_store_remark(const char *path, const struct blob_owner *owner, int64_t event,
                      int (*wanted)(int64_t id, void *context), void *context) {
        _cleanup_fd_ int dir_fd = -1, locks_fd = -1;
        struct mark mark;
        struct stat st;
        int r;

        dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd < 0 || fstat(dir_fd, &st) < 0)
                return -errno;
        if (st.st_uid != geteuid())
                return -EPERM;
        r = entry_each(dir_fd, find_wanted, &(struct search){ wanted, context });
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        locks_fd = openat(dir_fd, LOCKS_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (locks_fd < 0)
                return -errno;
        r = lock_set(locks_fd, 0, LOCK_BYTE_WRITING, 1, F_WRLCK); /* as whoever makes one does */
        if (r == 0)
                r = mark_read(dir_fd, &mark) == 0 ? -EEXIST : 0;
        return r < 0 ? r : mark_write(dir_fd, &(struct mark){ *owner, event });
}

static int wanted_all(int64_t id, void *context) {
        (void)id;
        (void)context;
        return 1;
}

static int refuse_blobs(enum entry_kind kind, int64_t id, void *context) {
        (void)id;
        (void)context;
        return kind == ENTRY_BLOB || kind == ENTRY_FOREIGN ? -ENOTEMPTY : 0;
}

int blob_store_remove(struct blob_store *store) {
        static const char *const files[] = { MARK_NAME, MARK_TEMPORARY_NAME, LOCKS_NAME };
        const struct mark mark = { store->owner, store->mark.event };
        int r = blob_store_check(store);

        if (r == 0)
                r = store_write_begin(store);
        if (r == 0)
                r = entry_each(store->dir_fd, refuse_blobs, NULL);
        if (r == 0)
                r = blob_aside_count(store, NULL);
        if (r >= 0)
                r = blob_sweep(store, wanted_all, NULL); /* left-over temporary files */
        if (r >= 0)
                r = aside_remove(store);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                if (unlinkat(store->dir_fd, files[i], 0) < 0 && errno != ENOENT)
                        return -errno;
        if (rmdir(store->path) == 0)
                return parent_sync(store->dir_fd);
        if (errno == ENOTEMPTY || errno == EEXIST) {
                (void)mark_write(store->dir_fd, &mark); /* a blob came in between: it stays a store */
                return -ENOTEMPTY;
        }
        return dir_sync(store->dir_fd); /* a mount point, or the parent is not ours to write: left, empty */
}

/* Makes missing locks again: a restored store has none, and nobody holds any. */
static int locks_find(struct blob_store *store) {
        _cleanup_fd_ int fd = -1;
        struct stat st;
        int r;

        fd = openat(store->dir_fd, LOCKS_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT) {
                fd = openat(store->dir_fd, LOCKS_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
                if (fd < 0)
                        return -errno;
                r = dir_sync(store->dir_fd);
                if (r < 0)
                        return r;
        }
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        store->locks_inode = st.st_ino;
        return 0;
}

static int path_absolute(const char *path, char **ret_path) {
        _cleanup_free_ char *here = NULL;
        char *absolute = NULL;

        if (path[0] == '/') {
                absolute = strdup(path);
                if (!absolute)
                        return -ENOMEM;
        } else {
                here = get_current_dir_name();
                if (!here)
                        return -errno;
                if (asprintf(&absolute, "%s/%s", here, path) < 0)
                        return -ENOMEM;
        }
        *ret_path = absolute;
        return 0;
}

bool blob_store_is_below(const struct blob_store *store) {
        return store->below;
}

bool blob_store_of_directory(const struct blob_store *store) {
        const struct blob_owner *ours = &store->owner, *theirs = &store->mark.owner;

        return theirs->birth == 0 || ours->birth == 0 || (theirs->inode == ours->inode && theirs->birth == ours->birth);
}

/* What the mark says to its reader; whether it is ahead, only the catalog can tell. */
static int store_judge(struct blob_store *store, const char *dir) {
        const struct blob_owner *ours = &store->owner, *theirs = &store->mark.owner;
        struct stat st;
        struct position position;
        int r = store_position(store->dir_fd, dir, &position);

        if (r < 0)
                return r;
        store->below = position.below;
        if (fstat(store->dir_fd, &st) < 0)
                return -errno;
        if (position.nested)
                return BLOB_NESTED;
        if (st.st_mode & 077 && !position.below)
                return BLOB_EXPOSED;
        if (theirs->number == 0)
                return BLOB_UNMARKED;
        if (theirs->region != ours->region)
                return BLOB_MISPLACED;
        if (ours->number == 0 && theirs->birth != 0 && blob_store_of_directory(store) && ours->birth != 0)
                return BLOB_UNCOUNTED;
        if (theirs->number != ours->number)
                return BLOB_ANOTHERS;
        return blob_store_of_directory(store) ? BLOB_OURS : position.along ? BLOB_MOVED : BLOB_ANOTHERS;
}

int blob_store_open(const char *path, const char *dir, const struct blob_owner *owner, struct blob_store **ret_store) {
        _cleanup_store_ struct blob_store *store = NULL;
        struct statx stx = { 0 };
        struct stat st;
        int r;

        assert(strlen(owner->uuid) == BLOB_UUID_SIZE - 1);
        store = calloc(1, sizeof(*store));
        if (!store)
                return -ENOMEM;
        store->owner = *owner;
        store->refuses = -EROFS;
        store->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (store->dir_fd < 0)
                return errno == EACCES || errno == ENOMEM || errno == EMFILE || errno == ENFILE ? -errno : ORIGIN(-EIO);
        r = path_absolute(path, &store->path);
        if (r == 0)
                r = mark_read(store->dir_fd, &store->mark);
        if (r == 0 && strcmp(store->mark.owner.uuid, owner->uuid) != 0)
                r = ORIGIN(-EIO);
        if (r == 0)
                r = store_judge(store, dir);
        if (r < 0)
                return r;
        store->claim = (enum blob_claim)r;
        if (fstat(store->dir_fd, &st) < 0)
                return -errno;
        store->device = st.st_dev;
        store->inode = st.st_ino;
        if (statx(store->dir_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) == 0 && stx.stx_mask & STATX_MNT_ID)
                store->mount = stx.stx_mnt_id;
        r = locks_find(store);
        if (r < 0)
                return r;
        r = (int)store->claim;
        *ret_store = TAKE_PTR(store);
        return r;
}

struct blob_store *blob_store_close(struct blob_store *store) {
        if (!store)
                return NULL;
        store->dir_fd = fd_close(store->dir_fd);
        free(store->path);
        free(store);
        return NULL;
}

int blob_store_statvfs(const struct blob_store *store, struct statvfs *ret_space) {
        return fstatvfs(store->dir_fd, ret_space) < 0 ? -errno : 0;
}

/* Also the same mount: link(2) does not cross bind mounts. */
bool blob_store_same_filesystem(const struct blob_store *a, const struct blob_store *b) {
        return a->device == b->device && a->mount == b->mount;
}
