/* SPDX-License-Identifier: MIT
 * Passthrough: the kernel reads and writes a disk's file by itself. It allows one mode for a node at a time: all open
 * files share one backing file, or all go through the daemon. Where passthrough is not possible, the daemon serves.
 * For a libfuse without it: no_passthrough.c.
 */
#include "serve/serve.h"

#include <sys/stat.h>

#include "cleanup.h"
#include "disk.h"

void passthrough_init(struct mount *mount, struct fuse_conn_info *connection) {
        mount->passthrough = fuse_set_feature_flag(connection, FUSE_CAP_PASSTHROUGH);
#ifdef FUSE_CAP_HANDLE_KILLPRIV_V2
        /* No file here has a setuid bit or an xattr, so the kernel need not look for them at each write. */
        (void)fuse_set_feature_flag(connection, FUSE_CAP_HANDLE_KILLPRIV_V2); /* an older kernel goes on looking */
#endif
}

/* How a node is open already. 0: not at all; below 0: through the daemon; else its backing file. */
static int mode_of(struct mount *mount, const struct open_file *file) {
        for (const struct open_file *f = *files_of(mount, file->node); f; f = f->next)
                if (f != file && f->disk && node_pack(f->node) == node_pack(file->node))
                        return f->backing ?: -1;
        return 0;
}

/* A filesystem that the kernel has refused (an overlay; or the privilege is missing) is not tried again. */
static bool refused_before(const struct mount *mount, dev_t device) {
        for (size_t i = 0; i < mount->no_passthrough_count; i++)
                if (mount->no_passthrough[i] == device)
                        return true;
        return false;
}

static void remember_refusal(struct mount *mount, dev_t device) {
        if (mount->no_passthrough_count < ARRAY_SIZE(mount->no_passthrough))
                mount->no_passthrough[mount->no_passthrough_count++] = device;
        else
                mount->passthrough = false;
}

static int backing_new(struct call *call, int fd) {
        struct stat st;
        int backing;

        if (fstat(fd, &st) < 0 || refused_before(call->mount, st.st_dev))
                return 0;
        backing = fuse_passthrough_open(call->req, fd); /* libfuse logs why it fails */
        if (backing <= 0)
                remember_refusal(call->mount, st.st_dev);
        return backing > 0 ? backing : 0;
}

void passthrough_begin(struct call *call, struct open_file *file, struct fuse_file_info *fi) {
        int fd, mode;

        if (!call->mount->passthrough)
                return;
        mode = mode_of(call->mount, file);
        if (mode < 0)
                return;
        if (disk_pin(file->disk, &fd) > 0)
                file->backing = mode > 0 ? mode : backing_new(call, fd);
        else if (mode > 0)
                fi->direct_io = 1; /* allowed in either mode */
        fi->backing_id = file->backing;
}

void passthrough_end(struct call *call, struct open_file *file) {
        if (file->backing > 0 && call->req && mode_of(call->mount, file) == 0)
                (void)fuse_passthrough_close(call->req, file->backing); /* the kernel keeps the file while it is used */
}
