/* SPDX-License-Identifier: MIT
 * Names: stat, fstat, readdir and `ls -l`. With a MOUNTPOINT the kernel forgets all names before each pass, which is
 * not timed, so the server is asked for each. Without one a first pass, not timed either, fills the kernel's caches.
 */
#include "load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTLE_US 20000 /* for the server to read what the kernel forgot */

void mount_forget(const char *mountpoint) {
        if (mount("none", mountpoint, NULL, MS_REMOUNT | MS_NOSUID | MS_NODEV, NULL) < 0)
                die(mountpoint);
        (void)usleep(SETTLE_US); /* an early return only adds noise */
}

/* Runs passes for some seconds, at least one; returns the time they took. */
static double passes(int64_t (*pass)(void *context), void *context, double seconds, const char *mountpoint,
                     int64_t *ret_count, int *ret_passes) {
        double total = 0;

        *ret_count = 0;
        *ret_passes = 0;
        if (!mountpoint)
                (void)pass(context); /* counted from the next pass on */
        do {
                double start;

                if (mountpoint)
                        mount_forget(mountpoint);
                start = seconds_now();
                *ret_count += pass(context);
                total += seconds_now() - start;
                (*ret_passes)++;
        } while (total < seconds);
        return total;
}

static int directory_open(const char *path) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                die(path);
        return fd;
}

/* COUNT entries of one directory. */
struct names {
        int fd;
        int64_t count;
};

static int64_t stat_names(void *context) {
        const struct names *n = context;
        char name[BENCH_NAME];
        struct stat st;

        for (int64_t i = 0; i < n->count; i++) {
                image_name(i, name);
                if (fstatat(n->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        die(name);
        }
        return n->count;
}

/* stats per second */
void verb_stat(int argc, char **argv) {
        _cleanup_fd_ int fd = directory_open(argv[0]);
        struct names n = { .fd = fd, .count = number(argv[1]) };
        int64_t count;
        int rounds;
        double total = passes(stat_names, &n, fraction(argv[2]), argc > 3 ? argv[3] : NULL, &count, &rounds);

        (void)printf("%.1f\n", (double)count / total);
}

/* All shares of some images. The directories are kept open, so the kernel never forgets them. */
struct shares {
        struct shape shape;
        int *fds;
};

static void shares_close(struct shares *s) {
        for (int64_t i = 0; i < s->shape.images; i++)
                (void)fd_close(s->fds[i]);
        free(s->fds);
}

static int64_t stat_shares(void *context) {
        const struct shares *s = context;
        char name[BENCH_NAME];
        struct stat st;

        for (int64_t i = 0; i < s->shape.images; i++) {
                for (int64_t j = 0; j < s->shape.shares; j++) {
                        account_name(shape_account(&s->shape, i, j), name);
                        if (fstatat(s->fds[i], name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                                die(name);
                }
        }
        return s->shape.images * s->shape.shares;
}

/* stats per second */
void verb_shares(int argc, char **argv) {
        _cleanup_(shares_close) struct shares s = { .shape = { number(argv[1]), number(argv[2]), number(argv[3]) } };
        char path[4096], name[BENCH_NAME];
        int64_t count;
        double total;
        int rounds;

        s.fds = calloc((size_t)s.shape.images, sizeof(*s.fds));
        if (!s.fds)
                die("memory");
        for (int64_t i = 0; i < s.shape.images; i++) {
                image_name(i, name);
                (void)snprintf(path, sizeof(path), "%s/%s/.meta/shares", argv[0], name); /* too long fails below */
                s.fds[i] = directory_open(path);
        }
        total = passes(stat_shares, &s, fraction(argv[4]), argc > 5 ? argv[5] : NULL, &count, &rounds);
        (void)printf("%.1f\n", (double)count / total);
}

static int64_t fstat_some(void *context) {
        const int *fd = context;
        struct stat st;

        for (int i = 0; i < 10000; i++) {
                if (fstat(*fd, &st) < 0)
                        die("fstat");
        }
        return 10000;
}

/* fstats per second */
void verb_fstat(int argc, char **argv) {
        _cleanup_fd_ int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
        int64_t count;
        double total;
        int rounds;

        (void)argc;
        if (fd < 0)
                die(argv[0]);
        total = passes(fstat_some, &fd, fraction(argv[1]), NULL, &count, &rounds);
        (void)printf("%.1f\n", (double)count / total);
}

struct listing {
        const char *path;
        bool attributes;
};

static int64_t list_all(void *context) {
        const struct listing *l = context;
        _cleanup_dir_ DIR *d = opendir(l->path);
        const struct dirent *e;
        struct stat st;
        int64_t n = 0;

        if (!d)
                die(l->path);
        for (errno = 0; (e = readdir(d)); errno = 0) {
                if (l->attributes && fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        die(e->d_name);
                n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
        }
        if (errno != 0)
                die(l->path);
        return n;
}

/* entries per second, entries, milliseconds for all of them */
static void listing(int argc, char **argv, bool attributes) {
        struct listing l = { .path = argv[0], .attributes = attributes };
        int64_t count;
        int rounds;
        double total = passes(list_all, &l, fraction(argv[1]), argc > 2 ? argv[2] : NULL, &count, &rounds);

        (void)printf("%.1f\t%lld\t%.3f\n", (double)count / total, (long long)(count / rounds), total * 1e3 / rounds);
}

void verb_list(int argc, char **argv) {
        listing(argc, argv, false);
}

void verb_long(int argc, char **argv) {
        listing(argc, argv, true);
}
