/* SPDX-License-Identifier: MIT
 * The directory of an image's shares, one empty directory a recipient.
 */
#include "internal.h"

static int shares_lookup(struct call *call, const char *name, struct node *ret_node) {
        struct share share;
        int r = share_find(&call->request, call->node.id, name, &share);

        if (r == 0)
                *ret_node = call_node(call, NODE_SHARE, share.id);
        return r;
}

struct shares_listing {
        struct call *call;
        struct lister *lister;
};

static int list_share(const struct share *share, void *context) {
        const struct shares_listing *l = context;

        return lister_add(l->lister, share->account_name, call_node(l->call, NODE_SHARE, share->id), (uint64_t)share->id);
}

static int shares_list(struct call *call, uint64_t offset, struct lister *lister) {
        int r = call_image(call, call->node.id);

        return r < 0 ? r
                     : share_list(&call->request, &call->image, (int64_t)offset, list_share,
                                  &(struct shares_listing){ .call = call, .lister = lister });
}

static int shares_attributes(struct call *call, struct stat *st) {
        int r = call_image(call, call->node.id);

        if (r == 0)
                set_times(st, call->image.place_created);
        return r;
}

const struct kind kind_shares = {
        .mode = S_IFDIR | 0755, .lookup = shares_lookup, .list = shares_list, .attributes = shares_attributes
};

static int meta_link_text(struct call *call, FILE *to) {
        (void)call;
        (void)fputs("../shares", to); /* node_text looks at the stream's state */
        return 0;
}

const struct kind kind_meta_shares_link = { .mode = S_IFLNK | 0777, .attributes = shares_attributes, .text = meta_link_text };

static int share_lookup(struct call *call, const char *name, struct node *ret_node) {
        (void)call;
        (void)name;
        (void)ret_node;
        return -ENOENT;
}

static int share_entries(struct call *call, uint64_t offset, struct lister *lister) {
        (void)call;
        (void)offset;
        (void)lister;
        return 0;
}

static int share_attributes(struct call *call, struct stat *st) {
        struct share share;
        struct image image;
        int r = share_get(&call->request, call->node.id, &share, &image);

        if (r < 0)
                return r;
        call_image_set(call, &image);
        set_times(st, share.granted);
        return 0;
}

const struct kind kind_share = {
        .mode = S_IFDIR | 0755, .lookup = share_lookup, .list = share_entries, .attributes = share_attributes
};
