/* SPDX-License-Identifier: MIT
 * Random shares of a catalog of any size, by their full path below DIR (`images`), and a walk over all of them. The
 * number of images visited is given, and they are spread over all: catalogs of different sizes get the same work.
 */
#include "load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void shares_of(int64_t image, char *ret_path, size_t size) {
        char name[BENCH_NAME];

        image_name(image, name);
        (void)snprintf(ret_path, size, "%s/.meta/shares", name); /* fits */
}

static void share_of(const struct shape *shape, int64_t image, int64_t j, char *ret_path, size_t size) {
        char shares[64], name[BENCH_NAME];

        shares_of(image, shares, sizeof(shares));
        account_name(shape_account(shape, image, j), name);
        (void)snprintf(ret_path, size, "%s/%s", shares, name); /* fits */
}

static int64_t list(int fd, const char *path) {
        int directory = openat(fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_dir_ DIR *d = directory < 0 ? NULL : fdopendir(directory); /* takes ownership */
        const struct dirent *e;
        int64_t n = 0;

        if (!d)
                die(path);
        for (errno = 0; (e = readdir(d)); errno = 0)
                n += e->d_name[0] != '.';
        if (errno != 0)
                die(path);
        return n;
}

/* One visit; a new share is ended at once. Returns the time of the mkdir, else 0. */
static double visit(int fd, const char *what, const struct shape *shape, int64_t visited, uint64_t *random) {
        int64_t image = (int64_t)(random_next(random) % (uint64_t)visited) * (shape->images / visited);
        char path[128];
        struct stat st;
        double start;

        if (strcmp(what, "list") == 0) {
                shares_of(image, path, sizeof(path));
                if (list(fd, path) < shape->shares) {
                        errno = ENOENT;
                        die(path);
                }
                return 0;
        }
        if (strcmp(what, "stat") == 0) {
                share_of(shape, image, (int64_t)(random_next(random) % (uint64_t)shape->shares), path, sizeof(path));
                if (fstatat(fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        die(path);
                return 0;
        }
        share_of(shape, image, shape->shares, path, sizeof(path));
        start = seconds_now();
        if (mkdirat(fd, path, 0755) < 0)
                die(path);
        start = seconds_now() - start;
        if (unlinkat(fd, path, AT_REMOVEDIR) < 0)
                die(path);
        return start;
}

#define FORGET_EVERY 2000 /* visits: so few that the kernel does not know most of the images */

/* visits per second; if shares are made and ended: shares made per second, ended per second. With a MOUNTPOINT the
 * kernel forgets all names now and then, which is not timed. */
void verb_visit(int argc, char **argv) {
        struct shape shape = { .images = number(argv[2]), .shares = number(argv[3]), .accounts = number(argv[4]) };
        _cleanup_fd_ int fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        double seconds = fraction(argv[5]), total = 0, sharing = 0;
        int64_t visited = argc > 6 ? number(argv[6]) : shape.images, n = 0;
        uint64_t random = 88172645463325252U;

        if (fd < 0)
                die(argv[1]);
        while (n == 0 || total < seconds) {
                double start;

                if (argc > 7)
                        mount_forget(argv[7]);
                start = seconds_now();
                for (int i = 0; i < FORGET_EVERY && seconds_now() - start < seconds; i++, n++)
                        sharing += visit(fd, argv[0], &shape, visited, &random);
                total += seconds_now() - start;
        }
        if (sharing > 0)
                (void)printf("%.1f\t%.1f\n", (double)n / sharing, (double)n / (total - sharing));
        else
                (void)printf("%.1f\n", (double)n / total);
}

/* images, shares, seconds: for all images, or as many as the given time allows */
void verb_walk(int argc, char **argv) {
        _cleanup_dir_ DIR *d = opendir(argv[0]);
        double start = seconds_now(), end = start + fraction(argv[1]);
        int64_t images = 0, shares = 0;
        const struct dirent *e;
        char path[512];

        (void)argc;
        if (!d)
                die(argv[0]);
        for (errno = 0; seconds_now() < end && (e = readdir(d)); errno = 0) {
                if (e->d_name[0] == '.')
                        continue;
                (void)snprintf(path, sizeof(path), "%s/.meta/shares", e->d_name); /* fits */
                shares += list(dirfd(d), path);
                images++;
        }
        if (errno != 0)
                die(argv[0]);
        (void)printf("%lld\t%lld\t%.3f\n", (long long)images, (long long)shares, seconds_now() - start);
}
