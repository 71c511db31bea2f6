/* SPDX-License-Identifier: MIT
 * imgsharefs: mounts a catalog of machine images as one account sees it. The map of the program:
 *
 *     options.c      the command line                     mount.c      the process, the session; shared state
 *
 *   request/   one request, from its beginning to its reply
 *     call.c         begin, reply, refusal                view.c       the caller's account and its view
 *     viewers.c      the accounts whose views are served  open_files.c open files, and the accounts they act as
 *     failure.c      log of the machine's failures
 *
 *   tree/      the nodes
 *     kind.c         what all nodes have in common        tree.c       the table of kinds
 *     node.c         node id = kind, viewer, catalog id   entry.c      entries for the kernel
 *     root.c         /, and .views of a multiuser mount   regions.c    /regions, /regions/<r>
 *     images.c       /regions/<r>/images                  image.c      an image and its parts
 *     shares.c       an image's shares                    meta.c       .meta/, and meta_risk.c, exposure.c
 *     instances.c    /regions/<r>/instances               accounts.c   /accounts; received, owned: reverse.c
 *     events.c       /events                              control.c    .imgshare/
 *
 *   verbs/     operations
 *     directory.c    lookup, getattr, readdir, readlink, statfs
 *     names.c        mkdir, rmdir, unlink, symlink, link, rename
 *     file.c         create, open, flush, close           data.c       read, write, copy, seek
 *     text.c         small writable texts                 attributes.c setattr
 *     reply.c        replies about new nodes              operations.c the table for libfuse
 *
 *   kernel/    what the kernel remembers
 *     cache.c        what the kernel may remember         feed.c       the thread that reads changes
 *     invalidate.c   what a change means to a view        prune.c      forgetting a whole view
 *     notice.c       telling the kernel                   notify.c     when, and by which thread
 *
 *   serve/     serving
 *     loop.c         the threads                          backlog.c    requests that wait for a thread
 *     passthrough.c  bytes moved by the kernel alone      guard.c      no caller waits for a dead daemon
 *     stats.c        how often, and how long
 *
 * Each directory has a header that says what it is for. Files do not depend on each other in circles. An operation
 * finds caller and node, resolves the name, makes one service call and replies once. Rules are in src/policy, bytes in
 * src/blob, facts in src/catalog; src/service joins them.
 */
#include <sys/stat.h>

#include "options.h"

int main(int argc, char **argv) {
        struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
        struct options options;
        int r, status = 0;

        (void)umask(077); /* new files are for their owner only (CONTRACT 2.1) */
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
