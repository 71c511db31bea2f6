/* SPDX-License-Identifier: MIT
 * Makes a catalog's directory. There is no catalog until its file has its name; the next attempt takes over what an
 * interrupted one left.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "blob.h"
#include "directory.h"
#include "origin.h"
#include "state.h"

/* What an interrupted service_create leaves: a directory for stores, a catalog without its name. */
static bool is_leftover(const char *name) {
        return strcmp(name, "store") == 0 || strncmp(name, "catalog.db.new", strlen("catalog.db.new")) == 0;
}

/* May a catalog be made here? The directory is locked. */
static int check_empty(int dir_fd, char why[static WHY_SIZE]) {
        _cleanup_dir_ DIR *entries = NULL;
        int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const struct dirent *e;
        bool empty = true;

        if (fd < 0)
                return -errno;
        entries = fdopendir(fd);
        if (!entries) {
                int r = -errno;

                (void)fd_close(fd);
                return r;
        }
        while ((e = readdir(entries))) {
                if (strcmp(e->d_name, "catalog.db") == 0) {
                        say_why(why, "it holds a catalog already");
                        return -EEXIST;
                }
                empty = empty && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
                                  is_leftover(e->d_name));
        }
        if (empty && unlinkat(fd, "store", AT_REMOVEDIR) < 0 && errno != ENOENT) {
                if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
                        return -errno;
                empty = false;
        }
        if (!empty)
                say_why(why, "the directory is not empty");
        return empty ? 0 : -ENOTEMPTY;
}

/* Makes DIR, or takes an empty one. No other process makes a catalog in it while ret_fd is open. */
static int make_catalog_directory(const char *dir, int *ret_fd, char why[static WHY_SIZE]) {
        _cleanup_fd_ int fd = -1;
        int r;

        if (mkdir(dir, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno == EWOULDBLOCK)
                        say_why(why, "somebody else is making a catalog in it");
                return -errno;
        }
        r = check_empty(fd, why);
        if (r == 0 && fchmod(fd, 0700) < 0)
                r = -errno;
        if (r == 0)
                *ret_fd = TAKE_FD(fd);
        return r;
}

static int uuid_new(char ret_uuid[static BLOB_UUID_SIZE]) {
        unsigned char b[16];

        if (getrandom(b, sizeof(b), 0) != sizeof(b))
                return ORIGIN(-EIO);
        b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* RFC 4122: version 4, variant 1 */
        b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
        (void)snprintf(ret_uuid, BLOB_UUID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                       b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
                       b[15]);
        return 0;
}

/* Syncs the directory, and its entry in the parent if that can be read: a caller may be able only to enter it. */
static int sync_directory(int dir_fd) {
        _cleanup_fd_ int above = openat(dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fsync(dir_fd) < 0)
                return -errno;
        if (above < 0)
                return errno == EACCES ? 0 : -errno;
        return fsync(above) < 0 ? -errno : 0;
}

int service_create(const char *dir, uid_t uid, enum via via, char ret_why[static WHY_SIZE]) {
        _cleanup_free_ char *catalog = NULL;
        char uuid[BLOB_UUID_SIZE];
        _cleanup_fd_ int fd = -1;
        int r;

        ret_why[0] = '\0';
        r = make_catalog_directory(dir, &fd, ret_why);
        if (r == 0 && asprintf(&catalog, "%s/catalog.db", dir) < 0) {
                catalog = NULL;
                r = -ENOMEM;
        }
        if (r == 0)
                r = uuid_new(uuid);
        if (r == 0)
                r = mkdirat(fd, "store", 0700) < 0 ? -errno : 0;
        if (r == 0) {
                r = catalog_create(catalog, uuid, uid, via);
                if (r == 0) {
                        r = sync_directory(fd);
                        if (r < 0)
                                (void)unlinkat(fd, "catalog.db", 0);
                }
                if (r < 0)
                        (void)unlinkat(fd, "store", AT_REMOVEDIR); /* best effort */
        }
        if (r < 0 && !ret_why[0])
                say_why(ret_why, "%s", strerror(-r));
        return r;
}
