/* SPDX-License-Identifier: MIT
 * mkdir and rmdir of a share, as long as they go as they mostly do: nobody waits for the disk then, the thread that writes
 * answers. What may wait for something else is refused here, and done in a thread that can (verbs.c).
 */
#include "verbs/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "serve/serve.h"
#include "share.h"

struct unanswered {
        struct call call;
        bool granting;
        int64_t began;
        char name[];
};

static void sharing_pending_more(struct mount *mount) {
        (void)pthread_mutex_lock(&mount->pending_lock);
        mount->pending++;
        (void)pthread_mutex_unlock(&mount->pending_lock);
}

static void sharing_pending_less(struct mount *mount) {
        (void)pthread_mutex_lock(&mount->pending_lock);
        if (--mount->pending == 0)
                (void)pthread_cond_broadcast(&mount->pending_none);
        (void)pthread_mutex_unlock(&mount->pending_lock);
}

void sharing_settle(struct mount *mount) {
        (void)pthread_mutex_lock(&mount->pending_lock);
        while (mount->pending > 0)
                (void)pthread_cond_wait(&mount->pending_none, &mount->pending_lock);
        (void)pthread_mutex_unlock(&mount->pending_lock);
}

/* The one reply; after it the session may end. */
static void sharing_answer(struct unanswered *p, int r) {
        struct mount *mount = p->call.mount;

        if (p->granting)
                reply_made(&p->call, r, call_node(&p->call, NODE_SHARE, p->call.share.id));
        else
                call_end(&p->call, r);
        stats_took(mount->stats, p->granting ? OPERATION_mkdir : OPERATION_rmdir, p->began);
        free(p);
        sharing_pending_less(mount);
}

/* The image's disk has been replaced since it was looked at, by one that is not sealed. */
static void *sharing_grant_waiting(void *argument) {
        struct unanswered *p = argument;
        struct call *call = &p->call;
        struct image image;
        int r = share_grant(&call->request, call->node.id, p->name, &call->share, &image);

        if (r == 0)
                call_image_set(call, &image);
        sharing_answer(p, r);
        return NULL;
}

static void sharing_done(void *context, int r, const struct share *share, const struct image *image) {
        struct unanswered *p = context;
        pthread_t thread;

        if (p->granting && r == -EBUSY && pthread_create(&thread, NULL, sharing_grant_waiting, p) == 0) {
                (void)pthread_detach(thread); /* it is joinable, and sharing_settle waits for it */
                return;
        }
        if (r == 0) {
                p->call.share = *share;
                call_image_set(&p->call, image);
        }
        sharing_answer(p, r);
}

/* Nothing but the catalog will be waited for: a disk that must be sealed is, and so is a view that must be told that who
 * it belongs to has given up a share. */
static bool sharing_is_plain(struct call *call, const char *name, bool granting) {
        struct image image;
        int r;

        if (!granting)
                return strcmp(name, call->request.caller.name) != 0;
        request_look(&call->request);
        r = image_get(&call->request, call->node.id, &image);
        request_done(&call->request);
        return r == 0 && image.state == IMAGE_SEALED;
}

bool sharing_begin(struct call *call, const char *name, bool granting, int64_t began) {
        const size_t size = strlen(name) + 1;
        struct unanswered *p;

        if (!call->mount->answers_later || call->node.kind != NODE_META_SHARES ||
            !sharing_is_plain(call, name, granting))
                return false;
        p = malloc(sizeof(*p) + size);
        if (!p)
                return false;
        *p = (struct unanswered){ .call = *call, .granting = granting, .began = began };
        memcpy(p->name, name, size);
        sharing_pending_more(call->mount);
        if (granting)
                share_grant_start(&p->call.request, call->node.id, p->name, sharing_done, p);
        else
                share_revoke_start(&p->call.request, call->node.id, p->name, sharing_done, p);
        return true;
}
