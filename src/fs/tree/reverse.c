/* SPDX-License-Identifier: MIT
 * /accounts/<account>/received and owned: by region, symlinks to the images as they are seen in this view. Every region
 * is there, even if it is empty.
 */
#include "tree/tree.h"

#include <stdio.h>
#include <sys/stat.h>

#include "account.h"
#include "image.h"
#include "kernel/kernel.h"

struct reverse_listing {
        struct call *call;
        struct lister *lister;
        int64_t account;
        enum node_kind kind; /* of what is listed */
};

/* --- received/, owned/: the regions --- */

static enum node_kind region_kind(const struct call *call) {
        return call->node.kind == NODE_RECEIVED ? NODE_RECEIVED_REGION : NODE_OWNED_REGION;
}

static int reverse_regions_lookup(struct call *call, const char *name, struct node *ret_node) {
        _cleanup_region_ struct region region = { 0 };
        int r = image_region_find(&call->request, name, &region);

        if (r == 0)
                *ret_node = call_node(call, region_kind(call), node_account_region(call->node.id, region.id));
        return r;
}

static int reverse_regions_add(const struct region *region, void *context) {
        const struct reverse_listing *l = context;

        return lister_add(l->lister, region->name,
                          call_node(l->call, l->kind, node_account_region(l->account, region->id)),
                          (uint64_t)region->id);
}

static int reverse_regions_list(struct call *call, uint64_t offset, struct lister *lister) {
        return image_region_list(&call->request, (int64_t)offset, reverse_regions_add,
                                 &(struct reverse_listing){ .call = call, .lister = lister, .account = call->node.id,
                                                            .kind = region_kind(call) });
}

const struct kind kind_received = {
        .mode = S_IFDIR | 0755, .lookup = reverse_regions_lookup, .list = reverse_regions_list,
        .attributes = account_attributes,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_own, .entry = remember_own,
                      .missing = remember_own, .listing = remember_own },
};
/* Here and below nothing is remembered: making an image makes links that the kernel does not know of. */
const struct kind kind_owned = {
        .mode = S_IFDIR | 0755, .lookup = reverse_regions_lookup, .list = reverse_regions_list,
        .attributes = account_attributes,
        .quick = QUICK_ALL,
};

/* --- the region of an account --- */

static int account_region_attributes(struct call *call, struct stat *st) {
        _cleanup_region_ struct region region = { 0 };
        struct account account;
        int r = account_get(&call->request, node_account(call->node.id), &account);

        if (r == 0)
                r = image_region_get(&call->request, node_region(call->node.id), &region);
        if (r == 0)
                set_times(st, region.created);
        return r;
}

static int received_lookup(struct call *call, const char *name, struct node *ret_node) {
        int64_t share;
        int r = received_find(&call->request, node_account(call->node.id), node_region(call->node.id), name, &share);

        if (r == 0)
                *ret_node = call_node(call, NODE_RECEIVED_LINK, share);
        return r;
}

static int owned_lookup(struct call *call, const char *name, struct node *ret_node) {
        int64_t place;
        int r = owned_find(&call->request, node_account(call->node.id), node_region(call->node.id), name, &place);

        if (r == 0)
                *ret_node = call_node(call, NODE_OWNED_LINK, place);
        return r;
}

static int list_received(const struct image_entry *entry, void *context) {
        const struct reverse_listing *l = context;
        char name[2 * NAME_SIZE];

        (void)snprintf(name, sizeof(name), "%s@%s", entry->name, entry->owner_name); /* fits */
        return lister_add(l->lister, name, call_node(l->call, NODE_RECEIVED_LINK, entry->cursor),
                          (uint64_t)entry->cursor);
}

static int list_owned(const struct image_entry *entry, void *context) {
        const struct reverse_listing *l = context;

        return lister_add(l->lister, entry->name, call_node(l->call, NODE_OWNED_LINK, entry->cursor),
                          (uint64_t)entry->cursor);
}

static int received_region_list(struct call *call, uint64_t offset, struct lister *lister) {
        return received_list(&call->request, node_account(call->node.id), node_region(call->node.id), (int64_t)offset,
                             list_received, &(struct reverse_listing){ .call = call, .lister = lister });
}

static int owned_region_list(struct call *call, uint64_t offset, struct lister *lister) {
        return owned_list(&call->request, node_account(call->node.id), node_region(call->node.id), (int64_t)offset,
                          list_owned, &(struct reverse_listing){ .call = call, .lister = lister });
}

const struct kind kind_received_region = {
        .mode = S_IFDIR | 0755, .lookup = received_lookup, .list = received_region_list,
        .attributes = account_region_attributes,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_own_region, .entry = remember_own_region,
                      .missing = remember_own_region, .listing = remember_own_region },
};
const struct kind kind_owned_region = {
        .mode = S_IFDIR | 0755, .lookup = owned_lookup, .list = owned_region_list,
        .attributes = account_region_attributes,
        .quick = QUICK_ALL,
};

/* --- the links --- */

static int received_link_attributes(struct call *call, struct stat *st) {
        struct share share;
        struct image image;
        int r = received_get(&call->request, call->node.id, &share, &image);

        if (r < 0)
                return r;
        call_image_set(call, &image);
        set_times(st, share.granted);
        return 0;
}

static int owned_link_attributes(struct call *call, struct stat *st) {
        struct image image;
        int r = owned_get(&call->request, call->node.id, &image);

        if (r < 0)
                return r;
        call_image_set(call, &image);
        set_times(st, image.place_created);
        return 0;
}

/* Up to the directory of `accounts` and `regions`, and down to the image by its name in this view. node_text asks for
 * the attributes first, which loads the image, and checks the stream. */
static int reverse_link_text(struct call *call, FILE *to) {
        const struct image *image = &call->image;

        (void)fprintf(to, "../../../../regions/%s/images/%s", image->region_name, image->name);
        if (!image_is_own(&call->request, image))
                (void)fprintf(to, "@%s", image->owner_name);
        return 0;
}

const struct kind kind_received_link = {
        .mode = S_IFLNK | 0777, .attributes = received_link_attributes, .text = reverse_link_text,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_ordinary, .entry = remember_ordinary },
};
const struct kind kind_owned_link = {
        .mode = S_IFLNK | 0777, .attributes = owned_link_attributes, .text = reverse_link_text,
        .quick = QUICK_ALL,
};
