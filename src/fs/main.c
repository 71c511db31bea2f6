/* SPDX-License-Identifier: MIT
 * imgsharefs: mounts a catalog of machine images as one account sees it. The map of the program:
 *
 *     options.c      the command line                     mount.c      the process, the session; what all share
 *
 *   request/   one request, from its question to its answer
 *     call.c         begin, reply, refusal                view.c       who asks, and whose view it is
 *     viewers.c      whose views are served               open_files.c what is open, and as whom
 *     failure.c      what the machine failed at
 *
 *   tree/      what there is
 *     kind.c         what all nodes have in common        tree.c       the table of kinds
 *     node.c         node id = kind, viewer, catalog id   entry.c      what is found and listed
 *     root.c         /, and .views of a mount for many    regions.c    /regions, /regions/<r>
 *     images.c       /regions/<r>/images                  image.c      an image and its parts
 *     shares.c       an image's shares                    meta.c       .meta/, and meta_risk.c
 *     instances.c    /regions/<r>/instances               accounts.c   /accounts; received, owned: reverse.c
 *     events.c       /events                              control.c    .imgshare/
 *
 *   verbs/     what is done
 *     directory.c    lookup, getattr, readdir, readlink, statfs
 *     names.c        mkdir, rmdir, unlink, symlink, link, rename
 *     file.c         create, open, flush, close           data.c       read, write, copy, seek
 *     text.c         small writable texts                 attributes.c setattr
 *     reply.c        what was made                        operations.c all of them, as libfuse has them
 *
 *   kernel/    what is remembered
 *     cache.c        what the kernel may remember         feed.c       the thread that hears of changes
 *     invalidate.c   what a change means to a view        prune.c      forgetting a whole view
 *     notice.c       telling the kernel                   notify.c     when, and by which thread
 *
 *   serve/     who serves
 *     loop.c         the threads                          backlog.c    requests that none is free for
 *     passthrough.c  bytes without us                     guard.c      that a killed daemon leaves nobody waiting
 *     stats.c        what was asked, and how long it took
 *
 * Each wing has one header that says what it is for; no file needs another that needs it. Each operation is: who and
 * where, the name, one service call, one reply. Rules are in src/policy, bytes in src/blob, facts in src/catalog;
 * src/service joins them.
 */
#include <sys/stat.h>

#include "options.h"

int main(int argc, char **argv) {
        struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
        struct options options;
        int r, status = 0;

        (void)umask(077); /* what we make is nobody else's (CONTRACT 2.1) */
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
