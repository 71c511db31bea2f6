/* SPDX-License-Identifier: MIT
 * Changes of the tree: the kind of directory decides which service call a verb makes.
 */
#include "verbs/verbs.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "account.h"
#include "image.h"
#include "instance.h"
#include "kernel/kernel.h"
#include "serve/serve.h"
#include "share.h"

static int find_child(struct call *call, const char *name, struct node *ret_node) {
        const struct kind *kind = kind_of(call->mount, call->node.kind);

        return kind->lookup ? kind->lookup(call, name, ret_node) : -ENOTDIR;
}

/* Tools probe names that nothing here can have: these are refused quietly (CONTRACT 4). */
static int refuse_name(struct call *call, bool removing, const char *name) {
        call->quiet = !removing && (call->node.kind == NODE_IMAGE || name_check(NAME_IMAGE, name) < 0);
        return fixed_tree(&call->request, removing, name, call->quiet);
}

/* Only the account itself changes its trust, even where others may read it. */
static bool is_callers_account(const struct call *call) {
        return call->node.id == call->request.caller.account;
}

/* --- making --- */

static int mkdir_by_parent(struct call *call, const char *name, struct node *ret_node) {
        struct instance instance;
        struct image image;
        int64_t trust;
        int r;

        switch (call->node.kind) {
        case NODE_INSTANCES:
                r = instance_create(&call->request, call->node.id, name, &instance);
                if (r == 0)
                        *ret_node = call_node(call, NODE_INSTANCE, instance.id);
                return r;
        case NODE_TRUSTED:
                if (!is_callers_account(call))
                        return refuse_name(call, false, name);
                r = trust_add(&call->request, name, &trust);
                if (r == 0)
                        *ret_node = call_node(call, NODE_TRUST, trust);
                return r;
        case NODE_IMAGES:
                r = image_create(&call->request, call->node.id, name, &image);
                if (r == 0) {
                        call_image_set(call, &image);
                        *ret_node = call_node(call, NODE_IMAGE, image.place);
                }
                return r;
        case NODE_META_SHARES:
                r = share_grant(&call->request, call->node.id, name, &call->share, &image);
                if (r == 0) {
                        call_image_set(call, &image);
                        *ret_node = call_node(call, NODE_SHARE, call->share.id);
                }
                return r;
        case NODE_IMAGE:
                if (strcmp(name, "shares") == 0)
                        return share_directory(&call->request, call->node.id);
                return refuse_name(call, false, name);
        default:
                return refuse_name(call, false, name);
        }
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode) {
        struct node node = { 0 };
        struct call call;
        int r = call_begin_change(req, parent, &call);

        call_about(&call, "make", name);
        (void)mode; /* modes carry no rule (CONTRACT 3) */
        if (r == 0)
                r = mkdir_by_parent(&call, name, &node);
        reply_made(&call, r, node);
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev) {
        struct call call;
        int r = call_begin_change(req, parent, &call);

        call_about(&call, "make", name);
        (void)mode;
        (void)rdev;
        if (r == 0)
                r = refuse_name(&call, false, name);
        call_end(&call, r);
}

static int make_shares_link(struct call *call, struct node *ret_node) {
        struct image image;
        int r = shares_link_create(&call->request, call->node.id, &image);

        if (r == 0) {
                call_image_set(call, &image);
                *ret_node = call_node(call, NODE_SHARES_LINK, image.shares_link);
        }
        return r;
}

/* `.meta/shares`, or as some tools copy links (node's fs.cpSync): the path of that directory of the image copied
 * from. */
static bool leads_to_shares(const char *target) {
        return strcmp(target, ".meta/shares") == 0 || fnmatch("/*/images/*/.meta/shares", target, 0) == 0;
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name) {
        struct node node = { 0 };
        struct call call;
        int r = call_begin_change(req, parent, &call);

        call_about(&call, "make", name);
        if (r == 0 && call.node.kind == NODE_IMAGE && strcmp(name, "shares") == 0 && leads_to_shares(target))
                r = make_shares_link(&call, &node);
        else if (r == 0)
                r = refuse_name(&call, false, name);
        reply_made(&call, r, node);
}

/* `cp -al` links the description: the copy gets the same text and time. */
static int copy_description(struct call *call, int64_t id, int64_t to_place, struct node *ret_node) {
        char text[TEXT_SIZE];
        struct image image;
        int64_t mtime;
        size_t length;
        int r = description_read(&call->request, id, text, &length, &mtime, &image);

        if (r == 0)
                r = description_create(&call->request, to_place, &image);
        if (r != 0)
                return r;
        call_image_set(call, &image);
        *ret_node = call_node(call, NODE_DESCRIPTION, image.description);
        r = description_write(&call->request, to_place, text, length);
        return r != 0 ? r : description_touch(&call->request, to_place, mtime);
}

static int copy_disk(struct call *call, struct node from, int64_t to_place, struct node *ret_node) {
        struct image source, image;
        int r = from.kind == NODE_DISK ? image_get_disk(&call->request, from.id, &source) : 0;

        if (r == 0)
                r = from.kind == NODE_DISK ? image_copy(&call->request, source.place, to_place, &image)
                                           : instance_disk_copy(&call->request, from.id, to_place, &image);
        if (r != 0)
                return r;
        call_image_set(call, &image);
        *ret_node = call_node(call, NODE_DISK, image.id);
        return 0;
}

/* LINK copies: the reply may have another node than the one to link. */
void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t to_parent, const char *to_name) {
        struct node from, node = { 0 };
        struct call call;
        int r = call_begin_change(req, ino, &call);

        from = call.node;
        if (r == 0)
                r = call_begin_change(req, to_parent, &call);
        call_about(&call, "make", to_name);
        if (r != 0)
                ; /* replied below */
        else if (call.node.kind == NODE_IMAGE && (from.kind == NODE_DISK || from.kind == NODE_INSTANCE_DISK) &&
                 strcmp(to_name, "disk") == 0)
                r = copy_disk(&call, from, call.node.id, &node);
        else if (call.node.kind == NODE_IMAGE && from.kind == NODE_DESCRIPTION && strcmp(to_name, "description") == 0)
                r = copy_description(&call, from.id, call.node.id, &node);
        else if (call.node.kind == NODE_IMAGE && from.kind == NODE_SHARES_LINK && strcmp(to_name, "shares") == 0)
                r = make_shares_link(&call, &node);
        else
                r = refuse_name(&call, false, to_name);
        reply_made(&call, r, node);
}

/* --- removing --- */

/* Giving up an own share removes more from the view than the name the kernel asked for. */
static int rmdir_share(struct call *call, const char *name) {
        struct image image;
        struct share share;
        int r = share_revoke(&call->request, call->node.id, name, &share, &image);

        if (r == 0) {
                call_image_set(call, &image);
                unshare_tell(call, share.id, name);
        }
        return r;
}

static int rmdir_by_parent(struct call *call, const char *name) {
        struct node node;
        int r;

        if (call->node.kind == NODE_META_SHARES)
                return rmdir_share(call, name);
        r = find_child(call, name, &node);
        if (r < 0)
                return r;
        switch (call->node.kind) {
        case NODE_IMAGES:
                r = node.kind == NODE_ALIAS ? -ENOTDIR : image_remove(&call->request, node.id, call->image.name);
                if (r == 0)
                        remove_tell(call, node.id);
                return r;
        case NODE_INSTANCES:
                return instance_remove(&call->request, node.id);
        case NODE_TRUSTED:
                return is_callers_account(call) ? trust_remove(&call->request, name) : refuse_name(call, true, name);
        default:
                return refuse_name(call, true, name);
        }
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name) {
        struct call call;
        int r = call_begin_change(req, parent, &call);

        call_about(&call, "remove", name);
        if (r == 0)
                r = rmdir_by_parent(&call, name);
        call_end(&call, r);
}

static int unlink_by_parent(struct call *call, const char *name) {
        struct node node;
        int r = find_child(call, name, &node);

        if (r < 0)
                return r;
        if (call->node.kind == NODE_IMAGE && node.kind == NODE_DESCRIPTION)
                return description_remove(&call->request, call->node.id);
        if (call->node.kind == NODE_IMAGE && node.kind == NODE_SHARES_LINK)
                return shares_link_remove(&call->request, call->node.id);
        if (call->node.kind == NODE_IMAGE && node.kind == NODE_DISK) {
                r = disk_remove(&call->request, call->node.id);
                if (r == 0)
                        attributes_changed(call, NODE_META, call->node.id); /* the place has another image now */
                return r;
        }
        if (node.kind == NODE_INSTANCE_IMAGE)
                return instance_image_remove(&call->request, call->node.id);
        if (node.kind == NODE_INSTANCE_DISK)
                return instance_disk_remove(&call->request, call->node.id);
        return refuse_name(call, true, name);
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name) {
        struct call call;
        int r = call_begin_change(req, parent, &call);

        call_about(&call, "remove", name);
        if (r == 0)
                r = unlink_by_parent(&call, name);
        call_end(&call, r);
}

/* --- renaming --- */

static int rename_child(struct call *call, const char *name, struct node to_parent, const char *to_name) {
        struct node node;
        int r = find_child(call, name, &node);

        if (r < 0)
                return r;
        if (node.kind == NODE_IMAGE && to_parent.kind == NODE_IMAGES) {
                r = image_rename(&call->request, node.id, call->image.name, to_parent.id, to_name);
                if (r == 0)
                        rename_tell(call, node.id);
                return r;
        }
        if (call->node.kind == NODE_IMAGE && to_parent.kind == NODE_IMAGE && call->node.id != to_parent.id)
                return image_rename_part(&call->request, call->node.id, to_parent.id);
        return refuse_name(call, true, name);
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to_parent, const char *to_name,
               unsigned flags) {
        struct node to;
        struct call call;
        int r = call_begin_change(req, to_parent, &call);

        to = call.node;
        if (r == 0)
                r = call_begin_change(req, parent, &call);
        call_about(&call, "rename to", to_name);
        if (r == 0 && flags & ~(unsigned)RENAME_NOREPLACE)
                r = -EINVAL;
        if (r == 0)
                r = rename_child(&call, name, to, to_name);
        call_end(&call, r);
}
