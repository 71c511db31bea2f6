/* SPDX-License-Identifier: MIT
 * The catalog's home: its directory and files. The directory is opened once, and everything in it below that
 * descriptor: a directory that takes its place later is never read (CONTRACT 2.1). Files that this process cannot write
 * are read as they rest, as SQLite needs an index of its log that it can share:
 *
 *                                 in use by somebody            nobody has it open
 *     no log, or an empty one     the shared index              `immutable`
 *     a log                       the shared index              an index of its own, in memory
 *
 * Somebody may begin to use what rested: then the files differ from what they were, and the connection is opened anew.
 */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>

#include "clock.h"
#include "connection.h"
#include "home.h"
#include "origin.h"

#define LOOK_NS (50 * MS_NS)

static const char *const suffixes[FILE_COUNT] = { "", "-wal", "-shm" };

static int home_name(const struct home *home, int file, char ret_name[static NAME_MAX + 1]) {
        return snprintf(ret_name, NAME_MAX + 1, "%s%s", home->name, suffixes[file]) > NAME_MAX ? -ENAMETOOLONG : 0;
}

void home_close(struct home *home) {
        home->dir_fd = fd_close(home->dir_fd);
        free(home->directory);
        free(home->name);
        free(home->path);
        *home = (struct home){ .dir_fd = -1 };
}

/* Against writing by this process: 1, 0 (also if it is not there) or -errno. */
static int home_protected(const struct home *home, const char *name) {
        if (faccessat(home->dir_fd, name, W_OK, AT_EACCESS) == 0 || errno == ENOENT)
                return 0;
        return errno == EROFS || errno == EACCES ? 1 : -errno;
}

static int home_fill(const char *path, struct home *home) {
        _cleanup_free_ char *head = strdup(path), *tail = strdup(path);
        struct stat st;
        int r;

        if (!head || !tail)
                return -ENOMEM;
        if (path[0] == '\0') {
                home->path = strdup("");
                return home->path ? 0 : -ENOMEM;
        }
        home->directory = realpath(dirname(head), NULL);
        if (!home->directory)
                return -errno;
        home->name = strdup(basename(tail));
        home->dir_fd = open(home->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (!home->name || home->dir_fd < 0 || fstat(home->dir_fd, &st) < 0)
                return home->name ? -errno : -ENOMEM;
        home->device = st.st_dev;
        home->inode = st.st_ino;
        if (asprintf(&home->path, "/proc/self/fd/%d/%s", home->dir_fd, home->name) < 0) {
                home->path = NULL;
                return -ENOMEM;
        }
        if (fstatat(home->dir_fd, home->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
                home->links = st.st_nlink;
        r = home_protected(home, ".");
        if (r == 0)
                r = home_protected(home, home->name);
        home->unwritable = r > 0;
        return r < 0 ? r : 0;
}

int home_open(const char *path, struct home *ret_home) {
        struct home home = { .dir_fd = -1 };
        int r = home_fill(path, &home);

        if (r < 0)
                home_close(&home);
        else
                *ret_home = home;
        return r;
}

int home_open_one(const struct home *home, int file, int flags) {
        char name[NAME_MAX + 1];
        int fd, r = home_name(home, file, name);

        if (r < 0)
                return r;
        fd = openat(home->dir_fd, name, flags | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* --- how they stand --- */

int home_state_read(const struct home *home, struct home_state *ret_state) {
        struct home_state state = { 0 };

        for (int i = 0; i < FILE_COUNT && home->dir_fd >= 0; i++) {
                char name[NAME_MAX + 1];
                struct stat st;
                int r = home_name(home, i, name);

                if (r == 0 && fstatat(home->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        r = -errno;
                if (r == 0)
                        state.files[i] = (struct file_state){ st.st_dev, st.st_ino, st.st_size, st.st_mtim };
                else if (r != -ENOENT)
                        return r;
        }
        *ret_state = state;
        return 0;
}

static bool file_same(const struct file_state *a, const struct file_state *b) {
        return a->device == b->device && a->inode == b->inode;
}

bool home_state_equal(const struct home_state *a, const struct home_state *b) {
        bool equal = true;

        for (int i = 0; i < FILE_COUNT && equal; i++) {
                const struct file_state *x = &a->files[i], *y = &b->files[i];

                equal = file_same(x, y) && x->size == y->size && x->changed.tv_sec == y->changed.tv_sec &&
                        x->changed.tv_nsec == y->changed.tv_nsec;
        }
        return equal;
}

enum rest home_rest(const struct home_state *state, bool stale) {
        if (state->files[FILE_INDEX].inode != 0 && !stale)
                return IN_USE;
        return state->files[FILE_LOG].size > 0 ? AT_REST_WITH_LOG : AT_REST;
}

/* --- are they still there --- */

int home_opened(struct catalog *catalog) {
        struct home *home = &catalog->home;
        int r = 0;

        (void)pthread_mutex_lock(&catalog->lock);
        if (home->connections == 0)
                r = home_state_read(home, &home->known);
        home->connections += r == 0;
        (void)pthread_mutex_unlock(&catalog->lock);
        return r;
}

void home_closed(struct catalog *catalog) {
        (void)pthread_mutex_lock(&catalog->lock);
        catalog->home.connections--;
        (void)pthread_mutex_unlock(&catalog->lock);
}

/* Each file that was there is there still: 1, 0 or -errno. */
static int home_remain(struct catalog *catalog) {
        struct home *home = &catalog->home;
        struct home_state now;
        int remain = 1;

        (void)pthread_mutex_lock(&catalog->lock);
        if (home->connections > 0 && !home->unwritable) {
                int r = home_state_read(home, &now);

                for (int i = 0; i < FILE_COUNT && r == 0; i++)
                        remain = remain && (home->known.files[i].inode == 0 ||
                                            file_same(&home->known.files[i], &now.files[i]));
                remain = r < 0 ? r : remain;
        }
        (void)pthread_mutex_unlock(&catalog->lock);
        return remain;
}

static int lost(void) {
        origin_note("a file of the catalog was removed while it is in use: mount it anew");
        return ORIGIN_NOTED(-EIO);
}

int home_look(struct catalog *catalog, bool now) {
        struct home *home = &catalog->home;
        const int64_t time = clock_ns();
        struct stat st;
        int r;

        if (home->dir_fd < 0)
                return 0;
        if (home->lost)
                return lost();
        if (!now && time - home->looked < LOOK_NS)
                return 0;
        if (stat(home->directory, &st) < 0 || st.st_dev != home->device || st.st_ino != home->inode) {
                origin_note("another directory, or none, is where the catalog was");
                return ORIGIN_NOTED(-EIO);
        }
        r = home_remain(catalog);
        if (r < 0)
                return r;
        if (r == 0) {
                home->lost = true;
                return lost();
        }
        home->looked = time;
        return 0;
}

bool home_can_be_saved(const struct catalog *catalog) {
        const struct home *home = &catalog->home;
        struct home_state now;

        return home->lost && home_state_read(home, &now) == 0 && now.files[FILE_LOG].inode == 0 &&
               file_same(&now.files[FILE_DATABASE], &home->known.files[FILE_DATABASE]);
}

/* --- for SQLite --- */

/* SQLite would look up what a descriptor's path leads to, and open that. */
static int full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *ret_name) {
        (void)vfs;
        return snprintf(ret_name, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static sqlite3_vfs below = { .zName = "below" }, below_alone = { .zName = "below-alone" };

static void vfs_derive(sqlite3_vfs *vfs, const char *from) {
        const char *name = vfs->zName;
        const sqlite3_vfs *base = sqlite3_vfs_find(from);

        if (!base)
                return; /* no memory: opening fails */
        *vfs = *base;
        vfs->zName = name;
        vfs->pNext = NULL;
        vfs->xFullPathname = full_pathname;
        (void)sqlite3_vfs_register(vfs, 0); /* the same */
}

static void vfs_register(void) {
        vfs_derive(&below, NULL);
        vfs_derive(&below_alone, "unix-none");
}

char *home_uri(const struct home *home, enum rest rest, const char **ret_vfs) {
        static pthread_once_t registered = PTHREAD_ONCE_INIT;
        char *uri;

        (void)pthread_once(&registered, vfs_register); /* cannot fail */
        *ret_vfs = rest == AT_REST_WITH_LOG ? below_alone.zName : below.zName;
        if (rest != AT_REST)
                return strdup(home->path);
        return asprintf(&uri, "file:%s?immutable=1", home->path) < 0 ? NULL : uri;
}
