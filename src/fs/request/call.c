/* SPDX-License-Identifier: MIT
 * One request from its beginning to its one reply. Only here a verdict becomes an errno, and a refusal is kept for the
 * caller to read.
 */
#include "request/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "origin.h"
#include "timestamp.h"
#include "tree/kind.h"

#define DENIALS_MAX 4096 /* uids remembered; the least recently refused is forgotten first */

struct denial {
        struct denial *next;
        uid_t uid;
        int64_t number, time;
        struct refusal refusal;
};

/* Fills in the node, and in a mount for one account the caller. */
static int call_fill(fuse_req_t req, fuse_ino_t ino, struct call *ret_call) {
        struct mount *mount = fuse_req_userdata(req);
        int r;

        origin_forget();
        *ret_call = (struct call){ .req = req, .mount = mount, .changes = mount->changes };
        ret_call->request.service = mount->service;
        ret_call->request.caller = mount->caller;
        ret_call->request.caller.uid = fuse_req_ctx(req)->uid;
        ret_call->request.pid = fuse_req_ctx(req)->pid;
        ret_call->read_only = mount->read_only;
        ret_call->uid = mount->uid;
        ret_call->gid = mount->gid;
        r = node_unpack(ino, &ret_call->node);
        return r < 0 || kind_of(ret_call->mount, ret_call->node.kind) ? r : -ENOENT;
}

int call_begin(fuse_req_t req, fuse_ino_t ino, struct call *ret_call) {
        int r = call_fill(req, ino, ret_call);

        return r < 0 ? r : view_enter(ret_call);
}

int call_begin_look(fuse_req_t req, fuse_ino_t ino, struct call *ret_call) {
        int r = call_fill(req, ino, ret_call);

        request_look(&ret_call->request);
        return r < 0 ? r : view_enter(ret_call);
}

void call_done(struct call *call) {
        request_done(&call->request);
}

int call_begin_change(fuse_req_t req, fuse_ino_t ino, struct call *ret_call) {
        int r = call_begin(req, ino, ret_call);

        if (r < 0 || !ret_call->read_only)
                return r;
        return ret_call->mount->read_only ? -EROFS : fixed_tree(&ret_call->request, false, "a change", false);
}

int call_begin_file(fuse_req_t req, fuse_ino_t ino, const struct fuse_file_info *fi, struct call *ret_call) {
        int r = call_fill(req, ino, ret_call);

        if (r == 0)
                file_adopt(ret_call, file_of(fi));
        return r;
}

int call_begin_stat(fuse_req_t req, fuse_ino_t ino, struct call *ret_call) {
        int r = call_begin_look(req, ino, ret_call);

        return r == -EACCES && file_adopt_any(ret_call) ? 0 : r;
}

struct node call_node(const struct call *call, enum node_kind kind, int64_t id) {
        return (struct node){
                .kind = kind, .viewer = view_none(call->mount, kind) ? 0 : call->request.caller.account, .id = id
        };
}

int call_image(struct call *call, int64_t place) {
        int r = call->loaded == place ? 0 : image_get(&call->request, place, &call->image);

        if (r == 0)
                call->loaded = place;
        return r;
}

void call_image_set(struct call *call, const struct image *image) {
        call->image = *image;
        call->loaded = image->place;
}

/* The record of a uid, moved to the front; if it has none, a new one or the oldest one, emptied. Under the lock. */
static struct denial *denial_of(struct mount *mount, uid_t uid) {
        struct denial **link = &mount->denials, *d;
        int n = 0;

        for (; *link && (*link)->uid != uid; n++) {
                if (n == DENIALS_MAX)
                        break;
                link = &(*link)->next;
        }
        d = *link;
        if (d)
                *link = d->next;
        else
                d = calloc(1, sizeof(*d));
        if (!d)
                return NULL;
        if (d->uid != uid)
                *d = (struct denial){ 0 };
        d->uid = uid;
        d->next = mount->denials;
        mount->denials = d;
        return d;
}

static void denial_keep(struct call *call) {
        struct denial *d;

        (void)pthread_mutex_lock(&call->mount->denials_lock);
        d = denial_of(call->mount, call->request.caller.uid);
        if (d) {
                d->number++;
                d->time = timestamp_now();
                d->refusal = call->request.refusal;
        }
        (void)pthread_mutex_unlock(&call->mount->denials_lock);
}

void denial_print(struct mount *mount, uid_t uid, FILE *to) {
        char time[TIMESTAMP_SIZE];
        const struct denial *d;

        (void)pthread_mutex_lock(&mount->denials_lock);
        for (d = mount->denials; d && d->uid != uid;)
                d = d->next;
        if (d) {
                const struct refusal *r = &d->refusal;

                (void)fprintf(to, "number: %lld\ntime: %s\nrule: %s\n", (long long)d->number,
                              timestamp_format(d->time, time), r->rule ? rule_row((enum rule)r->rule)->id : RULE_NONE_ID);
                if (!r->rule)
                        (void)fprintf(to, "errno: %s\n", strerrorname_np(r->error));
                (void)fprintf(to, "asked: %s\nfact: %s\ndo: %s\n", r->asked, r->fact, r->remedy); /* node_text checks the stream */
        }
        (void)pthread_mutex_unlock(&mount->denials_lock);
}

void denials_clear(struct mount *mount) {
        while (mount->denials) {
                struct denial *d = mount->denials;

                mount->denials = d->next;
                free(d);
        }
}

int call_errno(struct call *call, int r) {
        if (!call->quiet && (r > 0 || call->request.refusal.error == -r || call_answer(call, -r)))
                denial_keep(call);
        return r < 0 ? -r : rule_row((enum rule)r)->error;
}

void call_end(struct call *call, int r) {
        int error = r == 0 ? 0 : call_errno(call, r);

        (void)fuse_reply_err(call->req, error); /* the caller may be gone */
        if (r < 0) /* a rule's EDQUOT is no file system's */
                failure_tell(call, error);
}
