/* SPDX-License-Identifier: MIT
 * Many users of one mount: each uid in turn enters its own view and looks at an image shared with it.
 */
#include "load.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/stat.h>

struct views {
        int fd; /* of the mount point, opened by root: other users may be unable to reach it */
        const char *path;
        int64_t *image; /* per account: an image shared with it */
        int64_t first_uid, count;
};

static int64_t *images_of_accounts(const struct shape *shape) {
        int64_t *image = calloc((size_t)shape->accounts, sizeof(*image));

        if (!image)
                die("memory");
        for (int64_t i = 0; i < shape->images; i++) {
                for (int64_t j = 0; j < shape->shares; j++)
                        image[shape_account(shape, i, j)] = i;
        }
        return image;
}

/* One stat by the user of account number n, in seconds; reaching the view is not timed. */
static double look(const struct views *v, int64_t n) {
        _cleanup_fd_ int fd = -1;
        char name[BENCH_NAME], object[BENCH_NAME + 8];
        struct stat st;
        double start;

        if (v->first_uid > 0)
                (void)setfsuid((uid_t)(v->first_uid + n)); /* does not report success; the view's content does */
        fd = openat(v->fd, v->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                die(v->path);
        image_name(v->first_uid > 0 ? v->image[n] : n, name);
        (void)snprintf(object, sizeof(object), "%s@alice", name); /* fits */
        start = seconds_now();
        if (fstatat(fd, object, &st, AT_SYMLINK_NOFOLLOW) < 0)
                die(object);
        return seconds_now() - start;
}

/* stats per second, of one image per user in PATH; FIRST-UID 0: of COUNT images, by one user in one view. The kernel
 * forgets all names before each round. */
void verb_views(int argc, char **argv) {
        struct shape shape = { .images = number(argv[2]), .shares = number(argv[3]), .accounts = number(argv[4]) };
        struct views v = { .path = argv[1], .first_uid = number(argv[5]), .count = number(argv[6]) };
        _cleanup_free_ int64_t *image = images_of_accounts(&shape);
        _cleanup_fd_ int fd = open(argv[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
        int64_t rounds = number(argv[7]);
        double total = 0;

        (void)argc;
        v.image = image;
        v.fd = fd;
        if (fd < 0)
                die(argv[0]);
        for (int64_t i = 0; i < rounds; i++) {
                mount_forget(argv[0]);
                for (int64_t n = 0; n < v.count; n++)
                        total += look(&v, n);
                (void)setfsuid(0);
        }
        (void)printf("%.1f\n", (double)(rounds * v.count) / total);
}
