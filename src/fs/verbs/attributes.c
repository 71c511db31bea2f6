/* SPDX-License-Identifier: MIT
 * setattr: sizes and times where they can be set, and modes and owners that have no effect.
 */
#include "verbs/verbs.h"

#include <errno.h>
#include <fcntl.h>

#include "image.h"
#include "instance.h"
#include "kernel/kernel.h"
#include "timestamp.h"
#include "tree/tree.h"

static int truncate_instance(struct call *call, uint64_t size) {
        struct disk_handle *handle;
        struct instance instance;
        int r = instance_get_disk(&call->request, call->node.id, &instance);

        if (r == 0)
                r = instance_disk_open(&call->request, instance.id, O_WRONLY, &handle);
        if (r != 0)
                return r;
        r = disk_truncate(handle, size);
        (void)disk_close(&call->request, handle); /* returns NULL */
        return r;
}

static int set_size(struct call *call, uint64_t size, const struct fuse_file_info *fi) {
        struct text_handle *text;
        int r;

        if (is_disk(call)) {
                if (fi)
                        return disk_truncate(file_of(fi)->disk, size);
                if (call->node.kind == NODE_INSTANCE_DISK)
                        return truncate_instance(call, size);
                r = image_get_disk(&call->request, call->node.id, &call->image);
                return r != 0 ? r : disk_truncate_path(&call->request, call->image.place, size);
        }
        if (is_day(call) || is_exposure(call))
                return day_judge_write(call);
        if (fi)
                return text_truncate(call, file_of(fi)->text, size);
        r = text_open(call, O_WRONLY, &text);
        if (r != 0)
                return r;
        r = text_truncate(call, text, size);
        text_close(call, text);
        return r;
}

/* Only an own description's and disk's mtime can be set; elsewhere nothing happens (CONTRACT 5.2). */
static int set_mtime(struct call *call, const struct stat *attr, int set) {
        int64_t ns = set & FUSE_SET_ATTR_MTIME_NOW ? timestamp_now_ns() : timestamp_join(&attr->st_mtim);
        int r = -ENOENT;

        if (!image_is_own(&call->request, &call->image))
                return 0;
        if (call->node.kind == NODE_DISK)
                r = disk_touch(&call->request, call->image.place, ns);
        else if (call->node.kind == NODE_DESCRIPTION)
                r = description_touch(&call->request, call->image.place, ns);
        return r == -ENOENT ? 0 : r;
}

/* chmod and chown have no effect, and are refused on somebody else's image. */
static int judge_attributes(struct call *call) {
        return call->loaded ? image_judge_attributes(&call->request, call->image.place) : 0;
}

static int set_attributes(struct call *call, const struct stat *attr, int set, const struct fuse_file_info *fi,
                          struct stat *ret_before) {
        int r = node_attributes(call, ret_before); /* loads the image */

        if (r == 0 && set & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
                r = judge_attributes(call);
        if (r == 0 && set & FUSE_SET_ATTR_SIZE)
                r = set_size(call, (uint64_t)attr->st_size, fi);
        if (r == 0 && set & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW))
                r = set_mtime(call, attr, set);
        return r;
}

/* The reply. A change stands even if the node cannot be read any more: then the kernel is to ask again. */
static double attributes_set(struct call *call, const struct stat *before, const struct stat *attr, int set,
                             struct stat *ret_stat) {
        if (node_attributes(call, ret_stat) == 0)
                return cache_attributes(call, call->node);
        *ret_stat = *before;
        if (set & FUSE_SET_ATTR_SIZE)
                ret_stat->st_size = attr->st_size;
        return 0;
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int set, struct fuse_file_info *fi) {
        struct stat before, st;
        struct call call;
        double timeout;
        int r = fi ? call_begin_file(req, ino, fi, &call) : call_begin_change(req, ino, &call); /* fi: ftruncate */

        call_about(&call, "change", NULL);
        if (r == 0)
                r = set_attributes(&call, attr, set, fi, &before);
        if (r != 0) {
                call_end(&call, r);
                return;
        }
        call.loaded = call.share.id = 0; /* both may have changed */
        timeout = attributes_set(&call, &before, attr, set, &st);
        (void)fuse_reply_attr(req, &st, timeout); /* the caller may be gone */
}
