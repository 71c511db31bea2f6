/* SPDX-License-Identifier: MIT
 * The table of operations for libfuse, each counted and timed; and what is agreed with the kernel before the first.
 */
#include "verbs/verbs.h"

#include "clock.h"
#include "kernel/kernel.h"
#include "serve/serve.h"

#define WRITE_MAX (1U << 20)

static void agree_with_kernel(void *userdata, struct fuse_conn_info *connection) {
        struct mount *mount = userdata;

        passthrough_init(mount, connection);
        if (mount->notifier && connection->capable & FUSE_CAP_EXPIRE_ONLY)
                notifier_can_expire(mount->notifier);
        /* `shares` is a symlink in most paths; but the links at the top of a multiuser mount depend on the caller */
        if (mount->notifier && !mount->multiuser && connection->capable & FUSE_CAP_CACHE_SYMLINKS)
                connection->want |= FUSE_CAP_CACHE_SYMLINKS;
        connection->max_write = WRITE_MAX;
        /* refused writes must not look successful, nor a RELEASE be waited for in vain (ARCHITECTURE "Nodes") */
        connection->want &= ~(unsigned)FUSE_CAP_WRITEBACK_CACHE;
        if (connection->capable & FUSE_CAP_SPLICE_READ)
                connection->want |= FUSE_CAP_SPLICE_READ;
        if (connection->capable & FUSE_CAP_SPLICE_WRITE)
                connection->want |= FUSE_CAP_SPLICE_WRITE;
        if (connection->capable & FUSE_CAP_SPLICE_MOVE)
                connection->want |= FUSE_CAP_SPLICE_MOVE;
}

/* The reply frees the request, so the mount is read before. */
#define OPERATION(name, parameters, arguments)                                                                        \
        static void counted_##name parameters {                                                                       \
                struct stats *stats = ((struct mount *)fuse_req_userdata(req))->stats;                                \
                int64_t began = clock_ns();                                                                           \
                                                                                                                      \
                op_##name arguments;                                                                                  \
                stats_took(stats, OPERATION_##name, began);                                                           \
        }
#include "verbs/operations.def"
#undef OPERATION

const struct fuse_lowlevel_ops counted_operations = {
        .init = agree_with_kernel,
#define OPERATION(name, parameters, arguments) .name = counted_##name,
#include "verbs/operations.def"
#undef OPERATION
};
