/* SPDX-License-Identifier: MIT
 * Where a store's directory lies: in the catalog's directory, in another store, or elsewhere.
 */
#include <errno.h>
#include <fcntl.h>

#include "cleanup.h"
#include "internal.h"

#define DEPTH_MAX 4096 /* as deep as a path can be long */

struct where {
        dev_t device;
        ino_t inode;
        uint64_t mount; /* 0: the kernel does not tell */
};

static int where_is(int fd, const char *path, struct where *ret_where) {
        struct statx stx = { 0 };
        struct stat st;

        if (fstatat(fd, path, &st, path[0] ? 0 : AT_EMPTY_PATH) < 0)
                return -errno;
        *ret_where = (struct where){ .device = st.st_dev, .inode = st.st_ino };
        if (statx(fd, path, path[0] ? 0 : AT_EMPTY_PATH, STATX_MNT_ID, &stx) == 0 && stx.stx_mask & STATX_MNT_ID)
                ret_where->mount = stx.stx_mnt_id;
        return 0;
}

static bool same_directory(const struct where *a, const struct where *b) {
        return a->device == b->device && a->inode == b->inode;
}

int store_position(int dir_fd, const char *dir, struct position *ret_position) {
        struct where catalog = { 0 }, store = { 0 }, here, above;
        _cleanup_fd_ int fd = openat(dir_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        int r = fd < 0 ? -errno : where_is(fd, "", &store);
        struct position position = { 0 };

        if (r == 0 && dir)
                r = where_is(AT_FDCWD, dir, &catalog);
        here = store;
        for (int depth = 0; r == 0 && depth < DEPTH_MAX; depth++) {
                int up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

                if (up < 0)
                        return -errno;
                (void)fd_close(fd);
                fd = up;
                r = where_is(fd, "", &above);
                if (r < 0 || same_directory(&here, &above)) /* the root */
                        break;
                position.below = position.below || (dir && same_directory(&above, &catalog));
                position.nested = position.nested || faccessat(fd, MARK_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
                here = above;
        }
        position.along = position.below && store.mount == catalog.mount;
        if (r == 0)
                *ret_position = position;
        return r;
}
