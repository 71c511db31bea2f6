/* SPDX-License-Identifier: MIT
 * What the kernel may remember: for an hour, all that the feed takes back exactly. The row of each kind of node (struct
 * kind, `remember`) says what that is, by the rules here or one of its own. The kernel asks each time for
 *   - what changes without an event: disks not sealed yet, texts;
 *   - what an own request changes outside the directory it names, since a process must see at once what it has done:
 *     parts that appear when a disk is closed or an instance launched, an own image's alias;
 *   - missing names where a request may hold the directory's lock for long: a notice would wait for it.
 * What is seen by a share that expires is not remembered beyond the share's end.
 */
#include "kernel/kernel.h"

#include <string.h>

#include "cleanup.h"
#include "image.h"
#include "timestamp.h"

#define HOUR 3600.0
#define TICK 0.005 /* seconds; the kernel rounds up to jiffies */

/* --- the rules that several kinds have --- */

bool remember_always(struct call *call, struct node node, const char *name) {
        (void)call;
        (void)node;
        (void)name;
        return true;
}

bool remember_unless_many(struct call *call, struct node node, const char *name) {
        (void)node;
        (void)name;
        return !call->mount->multiuser;
}

bool remember_own(struct call *call, struct node node, const char *name) {
        (void)name;
        return node.id == call->request.caller.account;
}

bool remember_own_region(struct call *call, struct node node, const char *name) {
        (void)name;
        return node_account(node.id) == call->request.caller.account;
}

bool remember_ordinary(struct call *call, struct node node, const char *name) {
        (void)node;
        (void)name;
        return call->request.caller.role == ROLE_ACCOUNT;
}

bool remember_others(struct call *call, struct node node, const char *name) {
        (void)node;
        (void)name;
        return call->read_only || !call->loaded || !image_is_own(&call->request, &call->image);
}

bool remember_no_part(struct call *call, struct node node, const char *name) {
        static const char *const parts[] = { "description", "shares", "disk", ".meta", "image" };

        (void)call;
        (void)node;
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                if (strcmp(name, parts[i]) == 0)
                        return false;
        return true;
}

/* --- what holds for all --- */

/* False if anything has changed since the request began: the answer may be older than the notice. */
static bool cache_is_current(const struct call *call) {
        const struct mount *mount = call->mount;

        return mount->notifier && !mount->feed_blind && call->changes == mount->changes;
}

/* Seconds until the share ends by which the node is seen; an hour at most. */
static double cache_limit(const struct call *call, struct node node) {
        bool image = node.kind == NODE_IMAGE || (node.kind >= NODE_DESCRIPTION && node.kind <= NODE_DISK) ||
                     (node.kind >= NODE_META && node.kind < NODE_CONTROL) || node.kind == NODE_RECEIVED_LINK;
        int64_t until = image && call->loaded ? call->image.expires : 0;
        double left;

        if ((node.kind == NODE_SHARE || node.kind == NODE_EXPIRES) && call->expires != 0 &&
            (until == 0 || call->expires < until))
                until = call->expires;
        if (until == 0)
                return HOUR;
        left = (double)(until - timestamp_now()) / 1000 - TICK;
        return left < 0 ? 0 : left > HOUR ? HOUR : left;
}

double cache_attributes(struct call *call, struct node node) {
        const struct kind *kind = kind_of(call->mount, node.kind);
        bool cached = kind->remember.attributes && kind->remember.attributes(call, node, NULL);

        return cached && cache_is_current(call) ? cache_limit(call, node) : 0;
}

double cache_entry(struct call *call, struct node node) {
        const struct kind *kind = kind_of(call->mount, node.kind);
        bool cached = kind->remember.entry && kind->remember.entry(call, node, NULL);

        if (kind->lasting)
                return HOUR;
        return cached && cache_is_current(call) ? cache_limit(call, node) : 0;
}

double cache_missing(struct call *call, const char *name) {
        const struct node node = call->node;
        const struct kind *kind = kind_of(call->mount, node.kind);
        bool cached = kind->remember.missing && kind->remember.missing(call, node, name);
        struct stat st;

        /* While a directory cannot be seen, all names in it are missing. They come back with it: not remembered. */
        return cached && node_attributes(call, &st) == 0 && cache_is_current(call) ? cache_limit(call, node) : 0;
}

bool cache_listing(struct call *call) {
        const struct kind *kind = kind_of(call->mount, call->node.kind);
        int64_t due;

        if (call->mount->multiuser) /* a descriptor can be handed on: each reader must be checked */
                return false;
        if (!kind->remember.listing || !kind->remember.listing(call, call->node, NULL) || !cache_is_current(call))
                return false;
        due = notifier_settled(call->mount->notifier).due; /* listings have no timeout */
        return due == 0 || timestamp_now() < due;
}

bool cache_bytes(const struct call *call, const struct image *image) {
        /* pages from before the sealing may be older than another mount's last write */
        return image->state == IMAGE_SEALED && call->mount->notifier &&
               image->sealed <= notifier_settled(call->mount->notifier).event;
}
