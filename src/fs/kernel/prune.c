/* SPDX-License-Identifier: MIT
 * Forgets a whole view: its account has another role or is gone, the view missed notices, or a newer version did
 * something unknown. Dropping the names at the top drops all below that is not in use; the rest is told node by node.
 */
#include "kernel/kernel.h"

#include <errno.h>

#include "cleanup.h"
#include "image.h"
#include "instance.h"
#include "share.h"

static const struct reason pruned = { .what = "the whole view is forgotten" };

struct pruning {
        struct request request; /* as the view's account; as an operator if privileged */
        struct mount *mount;
        const struct viewer *viewer;
        bool images;
        bool failed;
};

static void prune_add(struct pruning *p, struct notices *n, enum notice_kind notice, enum node_kind kind, int64_t id,
                      const char *name) {
        struct node node = { .kind = kind, .viewer = view_none(p->mount, kind) ? 0 : p->viewer->account, .id = id };

        if (!n || notices_add(n, notice, node_pack(node), name) < 0)
                p->failed = true;
}

static void prune_send(struct notices *n) {
        if (n)
                notices_send(n);
}

struct share_pruning {
        struct pruning *p;
        int64_t place;
};

static int prune_share_of_image(const struct share *share, void *context) {
        const struct share_pruning *n = context;

        share_forget(n->p->mount, n->p->viewer, n->place, share);
        return 0;
}

static int prune_image(const struct image_entry *entry, bool own, struct image_cursor next, void *context) {
        struct pruning *p = context;
        struct request request = p->request;
        struct image image;
        int r = image_get(&request, entry->place, &image);

        (void)own;
        (void)next;
        if (r < 0)
                return r == -ENOENT ? 0 : r; /* gone meanwhile; its event follows */
        image_forget(p->mount, p->viewer, &image);
        return share_list(&request, &image, 0, prune_share_of_image, &(struct share_pruning){ p, image.place });
}

static int prune_instance(const struct image_entry *entry, void *context) {
        struct pruning *p = context;
        struct notices *n = notices_new(p->mount->notifier, pruned);

        prune_add(p, n, NOTICE_CONTENT, NODE_INSTANCE, entry->place, NULL);
        prune_send(n);
        return 0;
}

static int prune_region(const struct region *region, void *context) {
        struct pruning *p = context;
        struct notices *n = notices_new(p->mount->notifier, pruned);
        struct request request = p->request;
        int r = 0;

        prune_add(p, n, NOTICE_CONTENT, NODE_REGION, region->id, NULL);
        prune_add(p, n, NOTICE_CONTENT, NODE_IMAGES, region->id, NULL);
        prune_add(p, n, NOTICE_CONTENT, NODE_INSTANCES, region->id, NULL);
        prune_add(p, n, NOTICE_CONTENT, NODE_RECEIVED_REGION, node_account_region(p->viewer->account, region->id), NULL);
        prune_send(n);
        if (p->images)
                r = image_list(&request, region->id, (struct image_cursor){ 0 }, prune_image, p);
        if (r == 0 && p->images)
                r = instance_list(&request, region->id, 0, prune_instance, p);
        return r;
}

/* In a multiuser mount the account's uid may have changed, and with it the owner of all that is in the view. */
static void prune_top(struct pruning *p, struct notices *n) {
        static const char *const names[] = { "regions", "accounts", "events" };
        enum node_kind top = p->mount->multiuser ? NODE_VIEW : NODE_ROOT;
        int64_t id = p->mount->multiuser ? p->viewer->account : 0;

        if (p->mount->multiuser)
                prune_add(p, n, NOTICE_GONE, NODE_VIEWS, 0, p->viewer->name);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                prune_add(p, n, NOTICE_GONE, top, id, names[i]);
        prune_add(p, n, NOTICE_CONTENT, top, id, NULL);
}

void view_prune(struct mount *mount, const struct viewer *viewer, bool privileged) {
        static const enum node_kind of_account[] = { NODE_ACCOUNT, NODE_TRUSTED, NODE_RECEIVED };
        struct pruning p = { .request = { .service = mount->service,
                                          .caller = { .account = viewer->account,
                                                      .role = privileged ? ROLE_OPERATOR : ROLE_ACCOUNT } },
                             .mount = mount, .viewer = viewer, .images = privileged || mount->multiuser };
        struct notices *n = notices_new(mount->notifier, pruned);
        int r;

        prune_top(&p, n);
        prune_add(&p, n, NOTICE_CONTENT, NODE_REGIONS, 0, NULL);
        prune_add(&p, n, NOTICE_CONTENT, NODE_ACCOUNTS, 0, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(of_account); i++)
                prune_add(&p, n, NOTICE_CONTENT, of_account[i], viewer->account, NULL);
        prune_send(n);
        r = image_region_list(&p.request, 0, prune_region, &p);
        if (r < 0 || p.failed)
                mount->feed_blind = true;
}
