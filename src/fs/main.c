/* SPDX-License-Identifier: MIT
 * imgsharefs: mounts a catalog of machine images as one account sees it. The map of the program:
 *
 *   options.c    the command line                    mount.c     the process, the session, the table of operations
 *   call.c       one request: begin, reply, refusal  node.c      node id = kind, viewer, catalog id
 *   tree.c       the table of kinds, regions         directory.c lookup, getattr, readdir, readlink, statfs
 *   images.c     /regions/<r>/images                 image.c     an image and its parts
 *   shares.c     an image's shares                   meta.c      .meta/        control.c   .imgshare/
 *   verbs.c      mkdir, rmdir, unlink, symlink, link, rename      attributes.c setattr
 *   views.c      a mount with many users: who the caller is, `.views`, the links to one's own
 *   file.c       create, open, flush, close          data.c      read, write, copy, seek
 *   text.c       small writable texts                events.c    /events
 *   failure.c    what the machine failed at, for the log
 *   instances.c, accounts.c, meta_risk.c …  as they are called
 *
 *   cache.c      what the kernel may remember        feed.c      the thread that hears of changes
 *   invalidate.c what a change means to a view       prune.c     forgetting a whole view      viewers.c  whose views
 *   notify.c     telling the kernel                  guard.c     that a killed daemon leaves nobody waiting
 *
 * Each operation is: who and where, the name, one service call, one reply. Rules are in src/policy, bytes in src/blob,
 * facts in src/catalog; src/service joins them.
 */
#include <sys/stat.h>

#include "options.h"

int main(int argc, char **argv) {
        struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
        struct options options;
        int r, status = 0;

        (void)umask(077); /* what we make is nobody else's (SPEC 2.1) */
        mount_log();
        r = options_parse(&args, &options);
        if (r < 0)
                status = 2;
        else if (r == 0)
                status = mount_run(&args, &options);
        options_done(&options);
        fuse_opt_free_args(&args);
        return status;
}
