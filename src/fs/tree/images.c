/* SPDX-License-Identifier: MIT
 * The directory `images` of a region: own images by their names, others' as `<img>@<owner>`.
 */
#include "tree/tree.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "image.h"
#include "kernel/kernel.h"

/* A listing has the own images first, then the received ones: this bit of an offset marks the latter. */
#define RECEIVED (UINT64_C(1) << 60)

static int images_lookup(struct call *call, const char *name, struct node *ret_node) {
        struct image image;
        bool alias = strchr(name, '@') != NULL;
        int r = image_lookup(&call->request, call->node.id, name, &image);

        if (r < 0)
                return r;
        call_image_set(call, &image);
        alias = alias && image_is_own(&call->request, &image);
        *ret_node = call_node(call, alias ? NODE_ALIAS : NODE_IMAGE, image.place);
        return 0;
}

struct images_listing {
        struct call *call;
        struct lister *lister;
};

static int list_image(const struct image_entry *entry, bool own, struct image_cursor next, void *context) {
        const struct images_listing *l = context;
        char name[2 * NAME_SIZE];

        (void)snprintf(name, sizeof(name), own ? "%s" : "%s@%s", entry->name, entry->owner_name); /* fits */
        return lister_add(l->lister, name, call_node(l->call, NODE_IMAGE, entry->place),
                          (uint64_t)next.after | (next.received ? RECEIVED : 0));
}

static int images_list(struct call *call, uint64_t offset, struct lister *lister) {
        struct image_cursor cursor = { .received = offset & RECEIVED, .after = (int64_t)(offset & ~RECEIVED) };

        return image_list(&call->request, call->node.id, cursor, list_image,
                          &(struct images_listing){ .call = call, .lister = lister });
}

/* Not the alias of an own image: renaming the image makes it. */
static bool remember_no_alias(struct call *call, struct node node, const char *name) {
        const char *at = strchr(name, '@');

        (void)node;
        return !at || strcmp(at + 1, call->request.caller.name) != 0;
}

const struct kind kind_images = {
        .words = { "images", "an image's name", FORM_NAME "60" },
        .mode = S_IFDIR | 0755, .lookup = images_lookup, .list = images_list, .attributes = region_attributes,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_always, .entry = remember_always,
                      .missing = remember_no_alias, .listing = remember_always },
};
