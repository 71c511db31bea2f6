/* SPDX-License-Identifier: MIT
 * What the kernel may remember, and for how long: all that the feed takes back exactly, for an hour. The rest is asked
 * for each time:
 *   - what changes without an event: disks not sealed yet, texts;
 *   - what an own request changes elsewhere than in the directory it names, since a process must see at once what it
 *     has done: parts that appear when a disk is closed or an instance launched, an own image's other name;
 *   - names missing where a request may hold the directory's lock for long: a notice would wait for it.
 * A share that expires takes what it shows along: nothing of that is remembered beyond its time.
 */
#include "internal.h"

#define HOUR 3600.0
#define TICK 0.005 /* the kernel counts in jiffies, and rounds up */

/* The owner's own view, where its own requests change what is in an image. */
static bool is_owners(const struct call *call) {
        return !call->read_only && call->loaded && image_is_own(&call->request, &call->image);
}

static bool is_own_account(const struct call *call, int64_t account) {
        return account == call->request.caller.account;
}

/* Of accounts only itself: what is below /accounts is told to the views of those it is about. */
static bool sees_itself(const struct call *call) {
        return call->request.caller.role == ROLE_ACCOUNT;
}

/* Has anything changed since the request began? Then its answer may be older than the notices about it. */
static bool is_current(const struct call *call) {
        const struct mount *mount = call->mount;

        return mount->notifier && !mount->feed_blind && call->changes == mount->changes;
}

/* Seconds until a share ends by which a node is seen; an hour if it does not. */
static double limit(const struct call *call, struct node node) {
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

double cache_attributes(const struct call *call, struct node node) {
        bool cached;

        switch (node.kind) {
        case NODE_ROOT:
                cached = !call->mount->multiuser; /* whoever has no account is refused by the daemon */
                break;
        case NODE_REGIONS:
        case NODE_REGION:
        case NODE_IMAGES:
        case NODE_IMAGE:
        case NODE_INSTANCES:
        case NODE_INSTANCE:
        case NODE_ACCOUNTS:
        case NODE_DESCRIPTION:
        case NODE_SHARES_LINK:
        case NODE_SHARES:
        case NODE_META:
        case NODE_META_SHARES:
        case NODE_META_SHARES_LINK:
        case NODE_SHARE:
                cached = true;
                break;
        case NODE_RECEIVED_LINK:
                cached = sees_itself(call);
                break;
        case NODE_ACCOUNT:
        case NODE_TRUSTED:
        case NODE_RECEIVED:
                cached = is_own_account(call, node.id);
                break;
        case NODE_RECEIVED_REGION:
                cached = is_own_account(call, node.id >> NODE_REGION_BITS);
                break;
        case NODE_DISK:
                cached = call->loaded && call->image.state == IMAGE_SEALED;
                break;
        default:
                cached = false;
        }
        return cached && is_current(call) ? limit(call, node) : 0;
}

double cache_entry(const struct call *call, struct node node) {
        bool cached;

        switch (node.kind) {
        case NODE_ALIAS:          /* renaming the image renames it, too */
        case NODE_INSTANCE_IMAGE: /* launching makes and replaces them */
        case NODE_INSTANCE_DISK:
        case NODE_EVENTS_DAY:
        case NODE_OWNED:
        case NODE_OWNED_REGION:
        case NODE_OWNED_LINK: /* making an image makes it */
        case NODE_VIEW_LINK:
                cached = false;
                break;
        case NODE_VIEWS:
        case NODE_VIEW:
                return views_entry_timeout(node.kind);
        case NODE_TRUST:
        case NODE_RECEIVED_LINK:
                cached = sees_itself(call);
                break;
        case NODE_ACCOUNT:
        case NODE_TRUSTED:
        case NODE_RECEIVED:
                cached = is_own_account(call, node.id);
                break;
        case NODE_RECEIVED_REGION:
                cached = is_own_account(call, node.id >> NODE_REGION_BITS);
                break;
        default:
                cached = true;
        }
        return cached && is_current(call) ? limit(call, node) : 0;
}

static bool is_part(const char *name) {
        static const char *const parts[] = { "description", "shares", "disk", ".meta", "image" };

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                if (strcmp(name, parts[i]) == 0)
                        return true;
        return false;
}

/* Is that the other name of an image of one's own? */
static bool is_own_alias(const struct call *call, const char *name) {
        const char *at = strchr(name, '@');

        return at && strcmp(at + 1, call->request.caller.name) == 0;
}

double cache_missing(struct call *call, const char *name) {
        const struct node node = call->node;
        bool cached;
        struct stat st;

        switch (node.kind) {
        case NODE_ROOT:
                cached = !call->mount->multiuser;
                break;
        case NODE_REGIONS:
        case NODE_REGION:
        case NODE_INSTANCES:
        case NODE_ACCOUNTS:
        case NODE_SHARE:
                cached = true;
                break;
        case NODE_TRUSTED:
        case NODE_RECEIVED:
                cached = is_own_account(call, node.id);
                break;
        case NODE_RECEIVED_REGION:
                cached = is_own_account(call, node.id >> NODE_REGION_BITS);
                break;
        case NODE_IMAGES:
                cached = !is_own_alias(call, name);
                break;
        case NODE_IMAGE:
        case NODE_INSTANCE:
                cached = !is_part(name); /* nothing else can ever be there */
                break;
        case NODE_META:
                cached = !meta_has(name);
                break;
        case NODE_SHARES:
        case NODE_META_SHARES:
                /* the first share may take long: it makes the bytes durable */
                cached = call_image(call, node.id) == 0 && call->image.state == IMAGE_SEALED;
                break;
        default:
                cached = false;
        }
        /* In a directory that cannot be seen nothing is, but what is missing in it will be there with it again. */
        return cached && node_attributes(call, &st) == 0 && is_current(call) ? limit(call, node) : 0;
}

bool cache_listing(const struct call *call) {
        const struct node node = call->node;
        int64_t due;

        if (call->mount->multiuser) /* who has been handed an open directory is to be asked for, each time */
                return false;
        switch (node.kind) {
        case NODE_REGIONS:
        case NODE_REGION:
        case NODE_IMAGES:
        case NODE_INSTANCES:
        case NODE_SHARES:
        case NODE_META_SHARES:
                break;
        case NODE_TRUSTED:
        case NODE_RECEIVED:
                if (!is_own_account(call, node.id))
                        return false;
                break;
        case NODE_RECEIVED_REGION:
                if (!is_own_account(call, node.id >> NODE_REGION_BITS))
                        return false;
                break;
        case NODE_IMAGE:
        case NODE_META:
                if (is_owners(call))
                        return false;
                /* of a shared image the owner may still make the link, and recipients are not told of parts */
                if (node.kind == NODE_IMAGE && !call->read_only && call->image.shares_link == 0)
                        return false;
                break;
        default:
                return false;
        }
        if (!is_current(call))
                return false;
        due = notifier_settled(call->mount->notifier).due; /* no listing has a time of its own */
        return due == 0 || timestamp_now() < due;
}

bool cache_bytes(const struct call *call, const struct image *image) {
        /* from when it was not sealed yet, pages may be older than another mount's last write */
        return image->state == IMAGE_SEALED && call->mount->notifier &&
               image->sealed <= notifier_settled(call->mount->notifier).event;
}
