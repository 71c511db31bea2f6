/* SPDX-License-Identifier: MIT
 * The directory of an image's shares: one empty directory for each recipient.
 */
#include "tree/tree.h"

#include <stdio.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "kernel/kernel.h"
#include "share.h"
#include "timestamp.h"

static int shares_lookup(struct call *call, const char *name, struct node *ret_node) {
        struct image image;
        struct share share;
        int r = share_find(&call->request, call->node.id, name, &share, &image);

        if (r < 0)
                return r;
        call_image_set(call, &image);
        call->share = share;
        *ret_node = call_node(call, NODE_SHARE, share.id);
        return 0;
}

struct shares_listing {
        struct call *call;
        struct lister *lister;
};

static int list_share(const struct share *share, void *context) {
        const struct shares_listing *l = context;

        l->call->share = *share;
        return lister_add(l->lister, share->account_name, call_node(l->call, NODE_SHARE, share->id),
                          (uint64_t)share->id);
}

static int shares_list(struct call *call, uint64_t offset, struct lister *lister) {
        int r = call_image(call, call->node.id);

        return r < 0 ? r
                     : share_list(&call->request, &call->image, (int64_t)offset, list_share,
                                  &(struct shares_listing){ .call = call, .lister = lister });
}

/* Not before the first share, which may hold the directory's lock for long: it makes the bytes durable. */
static bool remember_no_share(struct call *call, struct node node, const char *name) {
        (void)name;
        return call_image(call, node.id) == 0 && call->image.state == IMAGE_SEALED;
}

const struct kind kind_shares = {
        .words = { "shares", "an account's name", "lower-case " FORM_NAME "64" },
        .mode = S_IFDIR | 0755, .lookup = shares_lookup, .list = shares_list, .attributes = image_attributes,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_always, .entry = remember_always,
                      .missing = remember_no_share, .listing = remember_always },
};

static int meta_link_text(struct call *call, FILE *to) {
        (void)call;
        (void)fputs("../shares", to); /* node_text checks the stream */
        return 0;
}

const struct kind kind_meta_shares_link = {
        .mode = S_IFLNK | 0777, .attributes = image_attributes, .text = meta_link_text,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_always, .entry = remember_always },
};

/* Unlisted, so that the directory is empty to all tools. */
static const struct fixed_entry share_entries[] = { { ".expires", NODE_EXPIRES, true } };

static int share_lookup(struct call *call, const char *name, struct node *ret_node) {
        return fixed_lookup(call, share_entries, ARRAY_SIZE(share_entries), name, ret_node);
}

static int share_list_nothing(struct call *call, uint64_t offset, struct lister *lister) {
        return fixed_list(call, share_entries, ARRAY_SIZE(share_entries), offset, lister);
}

static int share_attributes(struct call *call, struct stat *st) {
        struct share share = call->share;
        struct image image;
        int r;

        if (share.id != call->node.id || !call->loaded) { /* else it was just found, with its image */
                r = share_get(&call->request, call->node.id, &share, &image);
                if (r < 0)
                        return r;
                call_image_set(call, &image);
        }
        call->expires = share.expires;
        set_times(st, share.granted);
        return 0;
}

const struct kind kind_share = {
        .mode = S_IFDIR | 0755, .lookup = share_lookup, .list = share_list_nothing,
        .attributes = share_attributes,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_always, .entry = remember_always,
                      .missing = remember_always, .listing = remember_always }, /* nothing is ever listed */
};

static int expires_text(struct call *call, FILE *to) {
        char time[TIMESTAMP_SIZE];
        struct share share;
        struct image image;
        int r = share_get(&call->request, call->node.id, &share, &image);

        if (r == 0)
                (void)fprintf(to, "%s\n", share.expires ? timestamp_format(share.expires, time) : "never");
        return r;
}

const struct kind kind_expires = {
        .words = { ".expires", "a time to come",
                   "a date (2026-12-31), a time (2026-12-31T18:00:00Z), +30d, +12h, or never" },
        .mode = S_IFREG | 0644, .attributes = share_attributes, .text = expires_text,
        .remember = { .entry = remember_always },
};
