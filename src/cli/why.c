/* SPDX-License-Identifier: MIT
 * `imgshare why`: explains what a mount refused last. Needs no catalog. Of the refused path it opens nothing, only the
 * mount's file of explanations, which lies at its root.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "internal.h"

#define DENIAL ".imgshare/last_denial"

/* Cuts off the last component; above `x` is `.`, above `/x` is `/`. False: nothing is left to cut. */
static bool why_cut(char *path) {
        size_t n = strlen(path);

        while (n > 1 && path[n - 1] == '/')
                n--;
        if (n == 0 || (n == 1 && (path[0] == '/' || path[0] == '.')))
                return false;
        while (n > 0 && path[n - 1] != '/')
                n--;
        while (n > 1 && path[n - 1] == '/')
                n--;
        strcpy(path + n, n == 0 ? "." : ""); /* the part cut off has at least one character */
        return true;
}

/* 1: `above` is another directory of the same mount; 0: it is not; -errno. */
static int is_step(int fd, int above) {
        struct statx a, b;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &a) < 0 ||
            statx(above, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &b) < 0)
                return -errno;
        if (a.stx_dev_major != b.stx_dev_major || a.stx_dev_minor != b.stx_dev_minor)
                return 0;
        if ((a.stx_mask & b.stx_mask & STATX_MNT_ID) && a.stx_mnt_id != b.stx_mnt_id)
                return 0;
        return a.stx_ino != b.stx_ino;
}

/* Opens the root of the mount that contains the directory. */
static int climb(const char *directory, int *ret_fd) {
        const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
        _cleanup_fd_ int fd = open(directory, flags);

        if (fd < 0)
                return -errno;
        for (;;) {
                _cleanup_fd_ int above = openat(fd, "..", flags);
                int r;

                if (above < 0)
                        return -errno;
                r = is_step(fd, above);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;
                (void)fd_close(fd);
                fd = TAKE_FD(above);
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* Opens the file of the mount that contains the path, of which not all need exist. -ENOENT: not our mount. */
static int open_denial(const char *path, int *ret_fd) {
        _cleanup_free_ char *above = strdup(path);
        _cleanup_fd_ int root = -1;
        int fd, r;

        if (!above)
                return -ENOMEM;
        while ((r = climb(above, &root)) < 0)
                if (r == -ENOTCONN || !why_cut(above))
                        return r;
        fd = openat(root, DENIAL, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        *ret_fd = fd;
        return 0;
}

/* 1: printed; 0: it was empty. main reports errors of stdout. */
static int why_print(int fd) {
        char buffer[4096];
        int printed = 0;
        ssize_t n;

        while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
                (void)fwrite(buffer, 1, (size_t)n, stdout);
                printed = 1;
        }
        return n < 0 ? -errno : printed;
}

static enum status cmd_why(const struct call *call) {
        static const struct meaning meanings[] = {
                { ENOENT, "not in a mount of imgsharefs" },
                { ENOTDIR, "not in a mount of imgsharefs" },
                { ENOTCONN, "its mount has no daemon any more" },
                { EIO, "the mount failed" },
                { 0 },
        };
        const char *path = call->count > 0 ? call->arguments[0] : ".";
        _cleanup_fd_ int fd = -1;
        int r;

        if (!*path)
                return error_usage("path '': not a path");
        r = open_denial(path, &fd);
        if (r == 0)
                r = why_print(fd);
        if (r < 0)
                return error_failed("'%s': %s", path, error_text(r, meanings));
        if (r == 0)
                (void)fputs("imgshare: nothing was refused here yet\n", stderr);
        return STATUS_DONE;
}

const struct verb why_verbs[] = {
        { .name = "why",
          .arguments = "[PATH]",
          .summary = "explain a mount's last refusal",
          .help = "Prints what the mount in which PATH lies (default: the working directory) last\n"
                  "refused you: the rule, what was asked, the fact that broke it, what to do.\n"
                  "PATH need not exist. Needs no catalog.\n",
          .example = "imgshare why /mnt/images/regions/north",
          .most = 1,
          .run = cmd_why },
        { 0 },
};
