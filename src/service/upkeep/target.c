/* SPDX-License-Identifier: MIT
 * The directory that a backup or restore fills: until its catalog.db has that name it is neither, whatever interrupts
 * this; then what it does not need any more goes.
 */
#include "upkeep/target.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "clock.h"
#include "directory.h"
#include "origin.h"

#define TAKE_MS 20000 /* for whoever has a backup open */

void target_close(struct target *target) {
        target->mark_fd = fd_close(target->mark_fd);
        target->fd = fd_close(target->fd);
        free(target->path);
        free(target->unfinished);
        *target = TARGET_NONE;
}

/* Nothing but the mark's own; -ENOENT: empty. */
static int target_look(int fd, const char *mark, const char *what, char why[static WHY_SIZE]) {
        _cleanup_dir_ DIR *entries = NULL;
        int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const struct dirent *e;
        int r = -ENOENT;

        entries = own < 0 ? NULL : fdopendir(own);
        if (!entries) {
                r = -errno;
                (void)fd_close(own);
                return r;
        }
        while ((errno = 0, e = readdir(entries))) {
                if (strcmp(e->d_name, mark) == 0)
                        return 0;
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                        r = -ENOTEMPTY;
        }
        if (errno != 0)
                return -errno;
        if (r == -ENOTEMPTY)
                say_why(why, "there is something in it, and it is no %s; name a new directory, or an empty one", what);
        return r;
}

/* Where it must not lie. */
static int target_place(const struct target *t, const char *from, char why[static WHY_SIZE]) {
        bool below;
        int r = blob_is_in_store(t->fd, from, &below);

        if (r > 0)
                say_why(why, "it lies in a store, which has disks and nothing else; name a directory elsewhere");
        else if (r == 0 && below)
                say_why(why, "it lies in '%.200s', which it is made from; name a directory elsewhere", from);
        return r < 0 ? r : r > 0 || below ? -EINVAL : 0;
}

static int target_make(struct target *t, const char *from, const char *mark, const char *what,
                       char why[static WHY_SIZE]) {
        bool unwritable, made = mkdir(t->dir, 0700) == 0;
        struct stat st;
        int r;

        if (!made && errno != EEXIST)
                return -errno;
        t->fd = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (t->fd < 0 || fstat(t->fd, &st) < 0)
                return -errno;
        r = target_place(t, from, why);
        if (r == -EINVAL && made)
                (void)rmdir(t->dir); /* else it is in the way there */
        if (r < 0)
                return r;
        if (flock(t->fd, LOCK_EX | LOCK_NB) < 0) {
                r = -errno;
                if (r == -EWOULDBLOCK)
                        say_why(why, "somebody else is writing to it at this moment");
                return r == -EWOULDBLOCK ? -EBUSY : r;
        }
        r = target_look(t->fd, mark, what, why);
        if ((r == 0 || r == -ENOENT) && st.st_uid != geteuid()) { /* also with a mark, which he may have planted */
                say_why(why, "it belongs to uid %u, who could put other files in the place of what is written there",
                        (unsigned)st.st_uid);
                r = -EPERM;
        } else if (r == -ENOENT) {
                r = fchmod(t->fd, 0700) < 0 ? -errno : 0;
        } else if (r == 0) {
                r = service_check_directory(t->dir, 0, &unwritable, why);
        }
        return r;
}

int target_open(const char *dir, const char *from, const char *mark, const char *what, struct target *ret_target,
                char why[static WHY_SIZE]) {
        _cleanup_target_ struct target t = TARGET_NONE;
        int r;

        t.dir = dir;
        why[0] = '\0';
        r = target_make(&t, from, mark, what, why);
        if (r < 0)
                return r;
        t.mark_fd = openat(t.fd, mark, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        if (t.mark_fd < 0)
                return -errno;
        if (asprintf(&t.path, "%s/catalog.db", dir) < 0) {
                t.path = NULL;
                return -ENOMEM;
        }
        if (asprintf(&t.unfinished, "%s.new", t.path) < 0) {
                t.unfinished = NULL;
                return -ENOMEM;
        }
        t.whole = access(t.path, F_OK) == 0;
        if (!t.whole && errno != ENOENT)
                return -errno;
        *ret_target = t;
        t = TARGET_NONE;
        return 0;
}

int target_mark(const struct target *t, const char *text) {
        const size_t length = strlen(text);
        /* which need not be readable */
        _cleanup_fd_ int above = openat(t->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (ftruncate(t->mark_fd, 0) < 0)
                return -errno;
        if (pwrite(t->mark_fd, text, length, 0) != (ssize_t)length)
                return errno ? -errno : -ENOSPC;
        if (fsync(t->mark_fd) < 0 || fsync(t->fd) < 0 || (above >= 0 && fsync(above) < 0))
                return -errno;
        return 0;
}

int target_take(const struct target *t) {
        const int64_t end = clock_ns() + TAKE_MS * MS_NS;

        while (flock(t->mark_fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK)
                        return -errno;
                if (clock_ns() > end)
                        return -EBUSY;
                (void)usleep(10000); /* an early return only asks sooner */
        }
        return 0;
}

/* Nobody but us fills it. */
static int target_store_open(const char *path, const struct blob_owner *owner, struct blob_store **ret_store) {
        _cleanup_(cleanup_blob_store) struct blob_store *store = NULL;
        int r = blob_store_open(path, NULL, owner, &store);

        if (r >= 0)
                r = blob_store_claim(store, 0);
        if (r == 0)
                *ret_store = TAKE_PTR(store);
        return r;
}

int target_store(const struct target *t, const char *region, const char *uuid, struct blob_store **ret_store) {
        struct blob_owner owner = { 0 };
        _cleanup_free_ char *path = NULL;
        int r;

        if (name_check(NAME_REGION, region) < 0) /* a damaged catalog leads nowhere */
                return ORIGIN(-EIO);
        if (asprintf(&path, "%s/store/%s", t->dir, region) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        if (mkdirat(t->fd, "store", 0700) < 0 && errno != EEXIST)
                return -errno;
        if (fsync(t->fd) < 0)
                return -errno;
        strcpy(owner.uuid, uuid); /* as long; a number is drawn by who writes there first */
        r = blob_store_create(path, &owner, 0);
        return r < 0 && r != -EEXIST ? r : target_store_open(path, &owner, ret_store);
}

int target_commit(const struct target *t) {
        /* first that its journal is gone: nobody would look for it once the name is right */
        if (fsync(t->fd) < 0 || rename(t->unfinished, t->path) < 0)
                return -errno;
        return fsync(t->fd) < 0 ? -errno : 0;
}

/* --- what is not needed any more --- */

struct pruning {
        struct catalog_connection *c;
        int64_t region; /* 0: none of that name */
};

static int prune_wanted(int64_t id, void *context) {
        const struct pruning *p = context;

        return p->region == 0 ? 0 : catalog_disk_wanted(p->c, p->region, id);
}

static int prune_store(const struct target *t, struct pruning *p, const char *name, const char *uuid) {
        _cleanup_(cleanup_blob_store) struct blob_store *store = NULL;
        _cleanup_region_ struct region region = { 0 };
        int r = catalog_region_find(p->c, name, &region);

        if (r < 0 && r != -ENOENT)
                return r;
        p->region = r < 0 ? 0 : region.id;
        r = target_store(t, name, uuid, &store); /* which one may have begun to remove */
        if (r == 0)
                r = blob_prune(store, prune_wanted, p);
        return r < 0 || p->region != 0 ? r : blob_store_remove(store);
}

int target_prune(const struct target *t) {
        _cleanup_(cleanup_dir) DIR *entries = NULL;
        struct catalog *catalog = NULL;
        struct catalog_connection *c = NULL;
        int fd = openat(t->fd, "store", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const struct dirent *e;
        int r = 0;

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        entries = fdopendir(fd);
        if (!entries) {
                r = -errno;
                (void)fd_close(fd);
                return r;
        }
        r = catalog_open(t->path, CATALOG_READ_ONLY, &catalog);
        if (r == 0)
                r = catalog_read(catalog, &c);
        if (r == 0)
                catalog_read_together(c); /* nobody else has it open: locks for each blob would be in vain */
        while (r >= 0 && (errno = 0, e = readdir(entries)))
                if (name_check(NAME_REGION, e->d_name) == 0)
                        r = prune_store(t, &(struct pruning){ .c = c }, e->d_name, catalog_uuid(catalog));
        if (r >= 0 && errno != 0)
                r = -errno;
        catalog_read_end(&c);
        (void)catalog_close(catalog); /* returns NULL */
        return r < 0 ? r : 0;
}
