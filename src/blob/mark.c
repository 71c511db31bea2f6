/* SPDX-License-Identifier: MIT
 * The mark: a file that tells a store from the empty directory it is mounted on, and one catalog's store from
 * another's, also from that of its own copy. Lines of text: the uuid; `number`, drawn for the store; `directory`, the
 * inode number and birth of the catalog's directory (not its device's number, which a reboot changes); `region`;
 * `event`, the last one up to which something was written here.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "cleanup.h"
#include "internal.h"
#include "origin.h"

#define MARK_SIZE 256 /* more than it can have */
#define MARK_FORMAT "number %016" PRIx64 "\ndirectory %" PRIu64 " %" PRId64 "\nregion %" PRId64 "\nevent %" PRId64 "\n"

static size_t mark_text(const struct mark *mark, char ret_text[static MARK_SIZE]) {
        const struct blob_owner *o = &mark->owner;
        int n = snprintf(ret_text, MARK_SIZE, "%s\n", o->uuid);

        if (o->number != 0)
                n += snprintf(ret_text + n, MARK_SIZE - (size_t)n, MARK_FORMAT, o->number, o->inode, o->birth,
                              o->region, mark->event); /* fits */
        return (size_t)n;
}

int mark_write(int dir_fd, const struct mark *mark) {
        _cleanup_fd_ int fd = -1;
        char text[MARK_SIZE];
        size_t size = mark_text(mark, text);
        ssize_t n;

        fd = openat(dir_fd, MARK_TEMPORARY_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        n = write(fd, text, size);
        if (n < 0)
                return -errno;
        if (n < (ssize_t)size)
                return -ENOSPC; /* only a full disk cuts so short a write */
        if (fsync(fd) < 0)
                return -errno;
        if (renameat(dir_fd, MARK_TEMPORARY_NAME, dir_fd, MARK_NAME) < 0)
                return -errno;
        return dir_sync(dir_fd);
}

/* A mark is what would be written for what it says: no other spaces, signs or numbers. */
static int mark_parse(const char *text, size_t size, struct mark *ret_mark) {
        struct mark mark = { 0 };
        struct blob_owner *o = &mark.owner;
        char again[MARK_SIZE];

        if (size < BLOB_UUID_SIZE || text[BLOB_UUID_SIZE - 1] != '\n')
                return ORIGIN(-EIO);
        memcpy(o->uuid, text, BLOB_UUID_SIZE - 1);
        if (size > BLOB_UUID_SIZE &&
            (sscanf(text + BLOB_UUID_SIZE,
                    "number %16" SCNx64 " directory %20" SCNu64 " %20" SCNd64 " region %20" SCNd64 " event %20" SCNd64,
                    &o->number, &o->inode, &o->birth, &o->region, &mark.event) != 5 ||
             o->number == 0))
                return ORIGIN(-EIO);
        if (mark_text(&mark, again) != size || memcmp(again, text, size) != 0)
                return ORIGIN(-EIO);
        *ret_mark = mark;
        return 0;
}

int mark_read(int dir_fd, struct mark *ret_mark) {
        _cleanup_fd_ int fd = -1;
        char text[MARK_SIZE];
        ssize_t n;

        fd = openat(dir_fd, MARK_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); /* a pipe would block */
        if (fd < 0)
                return errno == ENOENT || errno == ELOOP || errno == ESTALE || errno == ENOTCONN ? ORIGIN(-EIO)
                                                                                                 : -errno;
        n = read(fd, text, sizeof(text) - 1);
        if (n < 0)
                return errno == EISDIR || errno == ESTALE || errno == ENOTCONN ? ORIGIN(-EIO) : -errno;
        text[n] = '\0';
        return mark_parse(text, (size_t)n, ret_mark);
}

bool mark_same_owner(const struct blob_owner *a, const struct blob_owner *b) {
        return strcmp(a->uuid, b->uuid) == 0 && a->number == b->number && a->region == b->region &&
               a->inode == b->inode && a->birth == b->birth;
}

bool mark_taken(const struct mark *mark, const struct blob_owner *owner) {
        return mark->owner.number != 0 && !mark_same_owner(&mark->owner, owner);
}

int blob_store_check(const struct blob_store *store) {
        struct mark mark;
        struct stat st;
        int r;

        if (stat(store->path, &st) < 0 || st.st_dev != store->device || st.st_ino != store->inode)
                return ORIGIN(-EIO);
        r = mark_read(store->dir_fd, &mark);
        if (r == 0 && strcmp(mark.owner.uuid, store->owner.uuid) != 0)
                r = ORIGIN(-EIO);
        if (r < 0)
                return r;
        return store->refuses == 0 && mark_taken(&mark, &store->owner) ? -ESTALE : 0;
}
