/* SPDX-License-Identifier: MIT
 * The unlisted directory `.meta` of an image: what is known of it, as small text files (CONTRACT 3.3).
 */
#include "tree/tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "disk.h"
#include "hex.h"
#include "image.h"
#include "kernel/kernel.h"
#include "share.h"
#include "timestamp.h"

static const struct fixed_entry meta_entries[] = {
        { "id", NODE_META_ID, false },
        { "owner", NODE_META_OWNER, false },
        { "state", NODE_META_STATE, false },
        { "size", NODE_META_SIZE, false },
        { "digest", NODE_META_DIGEST, false },
        { "format", NODE_META_FORMAT, false },
        { "created", NODE_META_CREATED, false },
        { "source", NODE_META_SOURCE, false },
        { "shares", NODE_META_SHARES, false },
        { "shares.tsv", NODE_META_SHARES_TSV, false },
        { "history.jsonl", NODE_META_HISTORY, false },
        { "trust", NODE_META_TRUST, false },
        { "reviewed", NODE_META_REVIEWED, false },
        { "usage.tsv", NODE_META_USAGE, false },
        { "exposure.tsv", NODE_META_EXPOSURE, false },
};
static const struct fixed_entry read_only_entries[] = { { "shares", NODE_META_SHARES_LINK, false } };

const char *meta_name(size_t i) {
        return i < ARRAY_SIZE(meta_entries) ? meta_entries[i].name : NULL;
}

/* Not a name that `.meta` may have: it can appear at any time. */
static bool remember_no_name(struct call *call, struct node node, const char *name) {
        (void)call;
        (void)node;
        for (size_t i = 0; i < ARRAY_SIZE(meta_entries); i++)
                if (strcmp(meta_entries[i].name, name) == 0)
                        return false;
        return true;
}

/* CONTRACT 3.3: usage.tsv is the owner's, exposure.tsv no recipient's. */
static bool may_see(const struct call *call, enum node_kind kind) {
        bool own = image_is_own(&call->request, &call->image);

        return kind == NODE_META_USAGE      ? own
               : kind == NODE_META_EXPOSURE ? own || call->request.caller.role != ROLE_ACCOUNT
                                            : true;
}

static int meta_lookup(struct call *call, const char *name, struct node *ret_node) {
        int r = call_image(call, call->node.id);

        if (r == 0 && call->read_only && call->image.state != IMAGE_DRAFT &&
            fixed_lookup(call, read_only_entries, ARRAY_SIZE(read_only_entries), name, ret_node) == 0)
                return 0;
        if (r == 0)
                r = fixed_lookup(call, meta_entries, ARRAY_SIZE(meta_entries), name, ret_node);
        return r < 0 ? r : may_see(call, ret_node->kind) ? 0 : -ENOENT;
}

static int meta_list(struct call *call, uint64_t offset, struct lister *lister) {
        int r = call_image(call, call->node.id);

        for (size_t i = offset; i < ARRAY_SIZE(meta_entries) && r == 0; i++) {
                struct node node;

                r = meta_lookup(call, meta_entries[i].name, &node);
                if (r == -ENOENT)
                        r = 0;
                else if (r == 0)
                        r = lister_add(lister, meta_entries[i].name, node, i + 1);
        }
        return r;
}

int meta_attributes(struct call *call, struct stat *st) {
        int r = call_image(call, call->node.id);

        if (r == 0)
                set_times(st, call->image.created);
        return r;
}

const struct kind kind_meta = {
        .mode = S_IFDIR | 0755, .lookup = meta_lookup, .list = meta_list, .attributes = meta_attributes,
        .quick = QUICK_ITSELF,
        .remember = { .attributes = remember_always, .entry = remember_always,
                      .missing = remember_no_name, .listing = remember_others },
};

/* --- the files; node_text checks the streams --- */

static int text_id(struct call *call, FILE *to) {
        (void)fprintf(to, "%lld\n", (long long)call->image.id);
        return 0;
}

static int text_owner(struct call *call, FILE *to) {
        (void)fprintf(to, "%s\n", call->image.owner_name);
        return 0;
}

static int text_state(struct call *call, FILE *to) {
        static const char *const names[] = { "draft", "available", "sealed" };

        (void)fprintf(to, "%s\n", names[call->image.state]);
        return 0;
}

static int text_size(struct call *call, FILE *to) {
        struct stat st = { 0 };
        int r = call->image.has_disk ? disk_stat(&call->request, &call->image, &st) : 0;

        (void)fprintf(to, "%lld\n", (long long)st.st_size);
        return r;
}

static int text_digest(struct call *call, FILE *to) {
        char text[DIGEST_TEXT_SIZE];

        if (!call->image.digested) {
                (void)fputs("pending\n", to);
                return 0;
        }
        (void)fprintf(to, "%s\n", digest_format(call->image.digest, text));
        return 0;
}

static int text_format(struct call *call, FILE *to) {
        char text[FORMAT_SIZE];
        int r = call->image.has_disk ? disk_format(&call->request, &call->image, text) : -ENODATA;

        if (r == 0)
                (void)fprintf(to, "%s\n", text);
        return r == -ENODATA ? 0 : r;
}

static int text_created(struct call *call, FILE *to) {
        char time[TIMESTAMP_SIZE];

        (void)fprintf(to, "%s\n", timestamp_format(call->image.created, time));
        return 0;
}

static int text_source(struct call *call, FILE *to) {
        return image_source(&call->request, &call->image, to);
}

static int print_share(const struct share *share, void *context) {
        char time[TIMESTAMP_SIZE], expires[TIMESTAMP_SIZE];

        (void)fprintf(context, "%s\t%s\t%s\t%s\n", share->account_name, timestamp_format(share->granted, time),
                      share->granted_by, share->expires ? timestamp_format(share->expires, expires) : "never");
        return 0;
}

static int text_shares(struct call *call, FILE *to) {
        return share_list(&call->request, &call->image, 0, print_share, to);
}

static int text_history(struct call *call, FILE *to) {
        return image_history(&call->request, &call->image, to);
}

/* node_text asks for the attributes first, which loads the image. */
#define META_FILE(mode_bits, print, ...)                                                                               \
        { .mode = S_IFREG | (mode_bits), .attributes = meta_attributes, .text = (print),                               \
          .remember = { .entry = remember_always }, __VA_ARGS__ }
const struct kind kind_meta_id = META_FILE(0444, text_id);
const struct kind kind_meta_owner = META_FILE(0444, text_owner);
const struct kind kind_meta_state = META_FILE(0644, text_state,
                                              .words = { "state", "a state that can be set", "sealed" });
const struct kind kind_meta_size = META_FILE(0444, text_size);
const struct kind kind_meta_digest = META_FILE(0444, text_digest);
const struct kind kind_meta_format = META_FILE(0444, text_format);
const struct kind kind_meta_created = META_FILE(0444, text_created);
const struct kind kind_meta_source = META_FILE(0444, text_source);
const struct kind kind_meta_shares_tsv = META_FILE(0444, text_shares);
const struct kind kind_meta_history = META_FILE(0444, text_history);
