/* SPDX-License-Identifier: MIT
 * The command line.
 */
#pragma once

#include "mount.h"

struct options {
        char *dir;
        char *account;
        char *asof;
        char *durability;
        unsigned uid, gid;
        unsigned umask;
        int default_permissions; /* the kernel goes by owner and mode; libfuse's own option */
        int multiuser;
        int read_only, io_uring;
        int no_cache; /* for comparison */
        struct fuse_cmdline_opts fuse;
};

/* 0: go on; 1: done (help, version); -EINVAL: wrong usage, already reported. */
int options_parse(struct fuse_args *args, struct options *ret_options);
void options_done(struct options *options);
