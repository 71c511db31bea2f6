/* SPDX-License-Identifier: MIT
 * Lookups, attributes, listings, links and space, from the table of kinds.
 */
#include "verbs/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "cleanup.h"
#include "image.h"
#include "instance.h"
#include "kernel/kernel.h"
#include "tree/tree.h"

/* --- one node --- */

static int lookup_child(struct call *call, const char *name, struct fuse_entry_param *ret_entry) {
        const struct kind *kind = kind_of(call->mount, call->node.kind);
        struct node node;
        int r = kind->lookup ? kind->lookup(call, name, &node) : -ENOTDIR;

        return r < 0 ? r : node_entry(call, node, ret_entry);
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name) {
        struct fuse_entry_param entry;
        _cleanup_call_ struct call call;
        int r = call_begin_look(req, parent, &call);

        if (r == 0)
                r = lookup_child(&call, name, &entry);
        if (r == -ENOENT) { /* an entry without a node: the kernel remembers that the name is missing */
                entry = (struct fuse_entry_param){ .entry_timeout = cache_missing(&call, name) };
                r = entry.entry_timeout > 0 ? 0 : -ENOENT;
        }
        if (r != 0)
                call_end(&call, r);
        else
                (void)fuse_reply_entry(req, &entry); /* the caller may be gone */
}

/* A removed file lives on while it is open. fstat comes without the handle. */
static int getattr_or_removed(struct call *call, struct stat *ret_stat, double *ret_timeout) {
        mode_t mode = kind_of(call->mount, call->node.kind)->mode;
        int r = node_attributes(call, ret_stat);

        if (r == 0)
                *ret_timeout = cache_attributes(call, call->node);
        if (r != -ENOENT || !S_ISREG(mode))
                return r;
        *ret_stat = (struct stat){ .st_ino = node_pack(call->node), .st_mode = mode, .st_blksize = 4096 };
        view_own(call, call->node.kind, ret_stat);
        return file_stat_removed(call, ret_stat);
}

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi) {
        struct stat st;
        _cleanup_call_ struct call call;
        double timeout = 0;
        int r = call_begin_stat(req, ino, &call);

        (void)fi;
        if (r == 0)
                r = getattr_or_removed(&call, &st, &timeout);
        if (r != 0)
                call_end(&call, r);
        else
                (void)fuse_reply_attr(req, &st, timeout);
}

void op_readlink(fuse_req_t req, fuse_ino_t ino) {
        _cleanup_free_ char *text = NULL;
        _cleanup_call_ struct call call;
        size_t size;
        int r = call_begin_look(req, ino, &call);

        if (r == 0)
                r = S_ISLNK(kind_of(call.mount, call.node.kind)->mode) ? node_text(&call, &text, &size) : -EINVAL;
        if (r != 0)
                call_end(&call, r);
        else
                (void)fuse_reply_readlink(req, text);
}

/* --- listings --- */

static int list_dots(struct lister *l, uint64_t *offset) {
        static const char *const dots[LISTER_DOTS] = { ".", ".." };
        struct fuse_entry_param entry = { .attr = { .st_ino = node_pack(l->call->node), .st_mode = S_IFDIR } };
        int r = 0;

        for (; *offset < LISTER_DOTS && r == 0; (*offset)++)
                r = lister_put(l, dots[*offset], &entry.attr, &entry, (off_t)(*offset + 1));
        *offset -= LISTER_DOTS;
        return r;
}

static int list_directory(struct lister *l, uint64_t offset) {
        const struct kind *kind = kind_of(l->call->mount, l->call->node.kind);
        struct stat st;
        int r;

        if (!kind->list)
                return -ENOTDIR;
        r = node_attributes(l->call, &st); /* the directory may be gone */
        if (r == 0)
                r = list_dots(l, &offset);
        if (r == 0)
                r = kind->list(l->call, offset, l);
        return r < 0 ? r : 0;
}

static void read_directory(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, bool plus) {
        _cleanup_free_ char *buffer = malloc(size);
        _cleanup_call_ struct call call;
        struct lister l = { .call = &call, .buffer = buffer, .size = size, .plus = plus };
        int r = call_begin_look(req, ino, &call);

        if (r == 0 && !buffer)
                r = -ENOMEM;
        if (r == 0)
                r = list_directory(&l, (uint64_t)offset);
        if (r != 0 && l.used == 0)
                call_end(&call, r);
        else
                (void)fuse_reply_buf(req, buffer, l.used); /* an error comes with the next call */
}

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi) {
        struct stat st;
        _cleanup_call_ struct call call;
        int r = call_begin_look(req, ino, &call);

        if (r == 0)
                r = node_attributes(&call, &st);
        if (r == 0)
                fi->cache_readdir = fi->keep_cache = cache_listing(&call);
        if (r != 0)
                call_end(&call, r);
        else
                (void)fuse_reply_open(req, fi);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi) {
        (void)fi;
        read_directory(req, ino, size, offset, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi) {
        (void)fi;
        read_directory(req, ino, size, offset, true);
}

/* --- space --- */

/* The region whose store has the space for a node; 0: the catalog's own filesystem has it. */
static int region_of(struct call *call, int64_t *ret_region) {
        struct instance instance = { 0 };
        struct stat st;
        int r = 0;

        *ret_region = 0;
        if (call->node.kind == NODE_REGION || call->node.kind == NODE_IMAGES || call->node.kind == NODE_INSTANCES) {
                *ret_region = call->node.id;
        } else if (call->node.kind == NODE_INSTANCE || call->node.kind == NODE_INSTANCE_IMAGE) {
                r = instance_get(&call->request, call->node.id, &instance);
                *ret_region = instance.region;
        } else if (call->node.kind == NODE_INSTANCE_DISK) {
                r = instance_get_disk(&call->request, call->node.id, &instance);
                *ret_region = instance.region;
        } else if (call->node.kind >= NODE_IMAGE && call->node.kind < NODE_CONTROL) {
                r = node_attributes(call, &st); /* loads the image, if the node has one */
                *ret_region = call->image.region;
        }
        return r;
}

void op_statfs(fuse_req_t req, fuse_ino_t ino) {
        struct statvfs space;
        struct call call;
        int64_t region;
        int r = call_begin(req, ino, &call);

        if (r == 0)
                r = region_of(&call, &region);
        if (r == 0)
                r = region ? image_region_statvfs(&call.request, region, &space)
                           : service_statvfs(call.mount->service, &space);
        if (r != 0) {
                call_end(&call, r);
                return;
        }
        space.f_namemax = OTHER_NAME_MAX + 1 + IMAGE_NAME_MAX;
        (void)fuse_reply_statfs(req, &space);
}
