/* SPDX-License-Identifier: MIT
 * /regions, and a region with its fixed entries.
 */
#include "tree/tree.h"

#include <sys/stat.h>

#include "cleanup.h"
#include "image.h"
#include "kernel/kernel.h"

static const struct fixed_entry region_entries[] = { { "images", NODE_IMAGES, false },
                                                     { "instances", NODE_INSTANCES, false } };

static int regions_lookup(struct call *call, const char *name, struct node *ret_node) {
        _cleanup_region_ struct region region = { 0 };
        int r = image_region_find(&call->request, name, &region);

        if (r == 0)
                *ret_node = call_node(call, NODE_REGION, region.id);
        return r;
}

struct region_listing {
        struct call *call;
        struct lister *lister;
};

static int regions_add(const struct region *region, void *context) {
        const struct region_listing *l = context;

        return lister_add(l->lister, region->name, call_node(l->call, NODE_REGION, region->id), (uint64_t)region->id);
}

static int regions_list(struct call *call, uint64_t offset, struct lister *lister) {
        return image_region_list(&call->request, (int64_t)offset, regions_add,
                                 &(struct region_listing){ .call = call, .lister = lister });
}

int region_attributes(struct call *call, struct stat *st) {
        _cleanup_region_ struct region region = { 0 };
        int r = image_region_get(&call->request, call->node.id, &region);

        if (r == 0)
                set_times(st, region.created);
        return r;
}

static int region_entries_lookup(struct call *call, const char *name, struct node *ret_node) {
        return fixed_lookup(call, region_entries, ARRAY_SIZE(region_entries), name, ret_node);
}

static int region_entries_list(struct call *call, uint64_t offset, struct lister *lister) {
        return fixed_list(call, region_entries, ARRAY_SIZE(region_entries), offset, lister);
}

const struct kind kind_regions = {
        .mode = S_IFDIR | 0755, .lookup = regions_lookup, .list = regions_list,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_always, .entry = remember_always,
                      .missing = remember_always, .listing = remember_always },
};
const struct kind kind_region = {
        .mode = S_IFDIR | 0755, .lookup = region_entries_lookup, .list = region_entries_list,
        .attributes = region_attributes,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_always, .entry = remember_always,
                      .missing = remember_always, .listing = remember_always },
};
