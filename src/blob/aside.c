/* SPDX-License-Identifier: MIT
 * The store's lost+found/: where blobs go that nobody knows, and what has lain there long enough. A blob gets there by
 * a rename, with the second in its new name: <id>.<seconds since 1970>, and .<n> where that is taken.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <time.h>

#include "cleanup.h"
#include "internal.h"

#define ASIDE_NAME_SIZE 64 /* three numbers, two dots and NUL */
#define ASIDE_TRIES 1000

int aside_open(int dir_fd, bool make, int *ret_fd) {
        int fd, r = 0;

        if (make && mkdirat(dir_fd, LOST_NAME, 0700) < 0 && errno != EEXIST)
                return -errno;
        if (make) /* also one that is there: whoever made it may have been killed before this */
                r = dir_sync(dir_fd);
        if (r < 0)
                return r;
        fd = openat(dir_fd, LOST_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        *ret_fd = fd;
        return 0;
}

/* Renames without replacing; a filesystem that cannot is asked first. */
static int rename_new(int dir_fd, const char *from, int lost_fd, const char *to) {
        if (renameat2(dir_fd, from, lost_fd, to, RENAME_NOREPLACE) == 0)
                return 0;
        if (errno != EINVAL && errno != ENOSYS)
                return -errno;
        if (faccessat(lost_fd, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return -EEXIST;
        if (errno != ENOENT)
                return -errno;
        return renameat(dir_fd, from, lost_fd, to) < 0 ? -errno : 0;
}

int aside_move(int dir_fd, int lost_fd, int64_t id) {
        char from[BLOB_NAME_SIZE], to[ASIDE_NAME_SIZE];
        int64_t now = time(NULL);
        int r = -EEXIST;

        entry_name(id, ENTRY_BLOB, from);
        for (int n = 0; r == -EEXIST && n < ASIDE_TRIES; n++) {
                if (n == 0)
                        (void)snprintf(to, sizeof(to), "%s.%" PRId64, from, now); /* fits */
                else
                        (void)snprintf(to, sizeof(to), "%s.%" PRId64 ".%d", from, now, n);
                r = rename_new(dir_fd, from, lost_fd, to);
        }
        return r == 0 ? 1 : r == -ENOENT ? 0 : r;
}

/* What has come is on disk before what has gone. */
int aside_sync(int dir_fd, int lost_fd) {
        int r = dir_sync(lost_fd);

        return r < 0 ? r : dir_sync(dir_fd);
}

int blob_set_aside(const struct blob_store *store, int64_t id) {
        _cleanup_fd_ int lost_fd = -1;
        struct stat st;
        int r = blob_stat(store, id, &st);

        if (r == -ENOENT)
                return 0;
        if (r == 0)
                r = store_write_begin(store);
        if (r == 0)
                r = aside_open(store->dir_fd, true, &lost_fd);
        if (r == 0)
                r = aside_move(store->dir_fd, lost_fd, id);
        return r <= 0 ? r : aside_sync(store->dir_fd, lost_fd);
}

/* The seconds in a name; -1: it is none of ours. */
static int64_t aside_time(const char *name) {
        int64_t parts[3];
        int n = 0;

        for (const char *c = name; n < 3; c++) {
                if (*c < '0' || *c > '9')
                        return -1;
                for (parts[n] = 0; *c >= '0' && *c <= '9'; c++)
                        if (__builtin_mul_overflow(parts[n], 10, &parts[n]) ||
                            __builtin_add_overflow(parts[n], *c - '0', &parts[n]))
                                return -1;
                n++;
                if (*c == '\0')
                        return n > 1 ? parts[1] : -1;
                if (*c != '.')
                        return -1;
        }
        return -1;
}

struct expiry {
        int lost_fd;
        int64_t before;
        int removed;
};

static int expire(const struct dirent *entry, void *context) {
        struct expiry *e = context;
        int64_t since = aside_time(entry->d_name);

        if (since < 0 || since >= e->before)
                return 0;
        if (unlinkat(e->lost_fd, entry->d_name, 0) < 0)
                return errno == ENOENT || errno == EISDIR || errno == EPERM ? 0 : -errno; /* gone, or no file */
        e->removed++;
        return 0;
}

int blob_aside_expire(const struct blob_store *store, int64_t before) {
        _cleanup_fd_ int lost_fd = -1;
        struct expiry e = { .before = before };
        int s = 0, r = blob_store_check(store);

        if (r == 0)
                r = store_writable(store);
        if (r == 0)
                r = aside_open(store->dir_fd, false, &lost_fd);
        if (r < 0)
                return r == -ENOENT || r == -EACCES ? 0 : r; /* that of a filesystem's root is not ours */
        e.lost_fd = lost_fd;
        r = dir_each(lost_fd, expire, &e);
        if (e.removed > 0)
                s = dir_sync(lost_fd);
        return r < 0 ? r : s < 0 ? s : e.removed;
}

struct room {
        int lost_fd;
        bool strange; /* something that is none of ours */
        int files;
        int64_t bytes;
};

static int count(const struct dirent *entry, void *context) {
        struct room *room = context;
        struct stat st;

        if (fstatat(room->lost_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        room->strange = room->strange || aside_time(entry->d_name) < 0 || !S_ISREG(st.st_mode);
        room->files++;
        room->bytes += (int64_t)st.st_blocks * 512;
        return 0;
}

int blob_aside_count(const struct blob_store *store, int64_t *ret_bytes) {
        _cleanup_fd_ int lost_fd = -1;
        struct room room = { 0 };
        int r = aside_open(store->dir_fd, false, &lost_fd);

        if (r == 0) {
                room.lost_fd = lost_fd;
                r = dir_each(lost_fd, count, &room);
        }
        if (r < 0 && r != -ENOENT && r != -EACCES)
                return r;
        if (ret_bytes)
                *ret_bytes = room.bytes;
        return room.strange ? -ENOTEMPTY : room.files;
}

int aside_remove(const struct blob_store *store) {
        int r = blob_aside_expire(store, INT64_MAX);

        if (r < 0)
                return r;
        if (unlinkat(store->dir_fd, LOST_NAME, AT_REMOVEDIR) < 0 && errno != ENOENT && errno != EACCES && errno != EPERM)
                return -errno;
        return 0;
}
