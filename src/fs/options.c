/* SPDX-License-Identifier: MIT
 * The command line: sshfs-like, and as mount(8) passes it from fstab.
 */
#include "options.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPTION(template, member, value) { template, offsetof(struct options, member), value }

#define UID_NONE ((unsigned)-1)
#define UMASK_NONE ((unsigned)-1)
#define UMASK_OTHERS 077U

enum { KEY_IGNORE, KEY_DEFAULT_PERMISSIONS };

static const struct fuse_opt specification[] = {
        OPTION("account=%s", account, 0),
        OPTION("multiuser", multiuser, 1),
        OPTION("asof=%s", asof, 0),
        OPTION("durability=%s", durability, 0),
        OPTION("uid=%u", uid, 0),
        OPTION("gid=%u", gid, 0),
        OPTION("umask=%o", umask, 0),
        OPTION("io_uring", io_uring, 1),
        OPTION("ro", read_only, 1),
        OPTION("rw", read_only, 0),
        OPTION("nocache", no_cache, 1),
        FUSE_OPT_KEY("default_permissions", KEY_DEFAULT_PERMISSIONS),
        /* ignored: fstab means them for mount(8) */
        FUSE_OPT_KEY("x-", KEY_IGNORE),
        FUSE_OPT_KEY("auto", KEY_IGNORE),
        FUSE_OPT_KEY("noauto", KEY_IGNORE),
        FUSE_OPT_KEY("user", KEY_IGNORE),
        FUSE_OPT_KEY("users", KEY_IGNORE),
        FUSE_OPT_KEY("nouser", KEY_IGNORE),
        FUSE_OPT_KEY("nofail", KEY_IGNORE),
        FUSE_OPT_KEY("_netdev", KEY_IGNORE),
        FUSE_OPT_KEY("defaults", KEY_IGNORE),
        FUSE_OPT_END
};

static int options_process(void *data, const char *argument, int key, struct fuse_args *args) {
        struct options *options = data;

        (void)args;
        if (key == KEY_IGNORE)
                return 0;
        if (key == KEY_DEFAULT_PERMISSIONS)
                options->default_permissions = 1;
        if (key == FUSE_OPT_KEY_NONOPT && !options->dir) {
                options->dir = strdup(argument);
                if (!options->dir)
                        (void)fprintf(stderr, "imgsharefs: %s: %s\n", argument, strerror(ENOMEM));
                return options->dir ? 0 : -1;
        }
        return 1; /* left to libfuse: the mount point, and its own options */
}

static int options_usage_error(const char *what) {
        (void)fprintf(stderr, "imgsharefs: %s; see imgsharefs --help\n", what);
        return -EINVAL;
}

static void options_print_help(void) {
        (void)puts("usage: imgsharefs DIR MOUNTPOINT -o account=NAME|multiuser[,OPTION...]\n"
                   "\n"
                   "Mounts the image catalog in DIR as one account sees it, or as each user's does.\n"
                   "\n"
                   "    -o account=NAME          whose view it is, and who every request acts as\n"
                   "    -o multiuser             the caller's uid says the account; implies\n"
                   "                             allow_other,default_permissions\n"
                   "    -o ro                    a view that changes nothing\n"
                   "    -o asof=TIME|EVENT       read only, as it was then: RFC 3339, or an event\n"
                   "    -o durability=full|normal  full (default): a success survives power loss\n"
                   "    -o uid=N -o gid=N        whose the files appear to be (default: yours);\n"
                   "                             multiuser: each account's own, so no uid=\n"
                   "    -o umask=M               permissions nobody gets, octal (default: 077 with\n"
                   "                             uid= and default_permissions, else 0)\n"
                   "    -o io_uring              ask the kernel by io_uring where it and libfuse can\n"
                   "    -o nocache               the kernel remembers nothing: slow, to compare with\n"
                   "    -f  -d  -h  -V           foreground, debug, this help, version\n"
                   "\n"
                   "example: imgsharefs /var/lib/imgshare /mnt/alice -o account=alice\n"
                   "\n"
                   "fuse's own options:");
        fuse_cmdline_help();
        fuse_lowlevel_help();
}

static int options_check(const struct options *options) {
        if (!options->dir)
                return options_usage_error("no DIR given");
        if (!options->fuse.mountpoint)
                return options_usage_error("no MOUNTPOINT given");
        if (!options->account && !options->multiuser)
                return options_usage_error("which account? give -o account=NAME, or -o multiuser");
        if (options->account && options->multiuser)
                return options_usage_error("account= or multiuser, not both");
        if (options->multiuser && options->uid != UID_NONE)
                return options_usage_error("no uid= with multiuser: the files in each view are its account's");
        if (options->multiuser && options->umask != UMASK_NONE)
                return options_usage_error("no umask= with multiuser: each view is its account's alone");
        if (options->umask != UMASK_NONE && options->umask > 0777)
                return options_usage_error("umask is of three octal digits");
        if (options->durability && strcmp(options->durability, "full") != 0 &&
            strcmp(options->durability, "normal") != 0)
                return options_usage_error("durability is full or normal");
        return 0;
}

int options_parse(struct fuse_args *args, struct options *ret_options) {
        int r;

        *ret_options = (struct options){ .uid = UID_NONE, .gid = getgid(), .umask = UMASK_NONE };
        if (fuse_opt_parse(args, ret_options, specification, options_process) < 0 ||
            fuse_parse_cmdline(args, &ret_options->fuse) < 0 ||
            (ret_options->multiuser && fuse_opt_insert_arg(args, 1, "-oallow_other,default_permissions") < 0))
                return -EINVAL; /* libfuse has printed why */
        if (ret_options->fuse.show_help) {
                options_print_help();
                return 1;
        }
        if (ret_options->fuse.show_version) {
                (void)printf("imgsharefs %s, libfuse %s\n", IMGSHARE_VERSION, fuse_pkgversion());
                return 1;
        }
        r = options_check(ret_options);
        if (ret_options->umask == UMASK_NONE)
                ret_options->umask = ret_options->multiuser ||
                                     (ret_options->uid != UID_NONE && ret_options->default_permissions) ? UMASK_OTHERS : 0;
        if (ret_options->uid == UID_NONE)
                ret_options->uid = getuid();
        return r;
}

void options_done(struct options *options) {
        free(options->dir);
        free(options->account);
        free(options->asof);
        free(options->durability);
        free(options->fuse.mountpoint);
}
