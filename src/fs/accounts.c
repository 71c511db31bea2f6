/* SPDX-License-Identifier: MIT
 * /accounts: an ordinary account finds only itself, whom it trusts, and what it uses (SPEC 3, 3.3).
 */
#include "internal.h"

static int accounts_lookup(struct call *call, const char *name, struct node *ret_node) {
        if (strcmp(name, call->request.caller.name) != 0)
                return -ENOENT;
        *ret_node = call_node(call, NODE_ACCOUNT, call->request.caller.account);
        return 0;
}

static int accounts_list(struct call *call, uint64_t offset, struct lister *lister) {
        return offset > 0 ? 0
                          : lister_add(lister, call->request.caller.name,
                                       call_node(call, NODE_ACCOUNT, call->request.caller.account), 1);
}

const struct kind kind_accounts = { .mode = S_IFDIR | 0755, .lookup = accounts_lookup, .list = accounts_list };

static const struct fixed_entry entries[] = { { "trusted", NODE_TRUSTED, false }, { "usage", NODE_USAGE, false } };

static int account_lookup(struct call *call, const char *name, struct node *ret_node) {
        return fixed_lookup(call, entries, ARRAY_SIZE(entries), name, ret_node);
}

static int account_list_entries(struct call *call, uint64_t offset, struct lister *lister) {
        return fixed_list(call, entries, ARRAY_SIZE(entries), offset, lister);
}

/* There is no other account in this view. */
static int account_attributes(struct call *call, struct stat *st) {
        (void)st;
        return call->node.id == call->request.caller.account ? 0 : -ENOENT;
}

const struct kind kind_account = {
        .mode = S_IFDIR | 0755, .lookup = account_lookup, .list = account_list_entries, .attributes = account_attributes
};

/* --- trusted/ --- */

static int trusted_lookup(struct call *call, const char *name, struct node *ret_node) {
        int64_t owner, since;
        int r = trust_find(&call->request, name, &owner, &since);

        if (r == 0)
                *ret_node = call_node(call, NODE_TRUST, owner);
        return r;
}

struct trusted_listing {
        struct call *call;
        struct lister *lister;
};

static int list_owner(int64_t owner, const char *name, void *context) {
        const struct trusted_listing *l = context;

        return lister_add(l->lister, name, call_node(l->call, NODE_TRUST, owner), (uint64_t)owner);
}

static int trusted_list(struct call *call, uint64_t offset, struct lister *lister) {
        return trust_list(&call->request, (int64_t)offset, list_owner,
                          &(struct trusted_listing){ .call = call, .lister = lister });
}

const struct kind kind_trusted = {
        .mode = S_IFDIR | 0755, .lookup = trusted_lookup, .list = trusted_list, .attributes = account_attributes
};

static int trust_lookup(struct call *call, const char *name, struct node *ret_node) {
        return fixed_lookup(call, NULL, 0, name, ret_node);
}

static int trust_list_nothing(struct call *call, uint64_t offset, struct lister *lister) {
        return fixed_list(call, NULL, 0, offset, lister);
}

static int trust_attributes(struct call *call, struct stat *st) {
        int64_t since;
        int r = trust_get(&call->request, call->node.id, &since);

        if (r == 0)
                set_times(st, since);
        return r;
}

const struct kind kind_trust = {
        .mode = S_IFDIR | 0755, .lookup = trust_lookup, .list = trust_list_nothing, .attributes = trust_attributes
};

/* --- usage --- */

static int print_usage(const struct usage *usage, void *context) {
        (void)fprintf(context, "%s\t%lld\t%lld\t%lld\n", usage->region_name, (long long)usage->images,
                      (long long)usage->quota, (long long)usage->bytes); /* node_text looks at the stream's state */
        return 0;
}

static int usage_text(struct call *call, FILE *to) {
        return usage_list(&call->request, print_usage, to);
}

const struct kind kind_usage = { .mode = S_IFREG | 0444, .attributes = account_attributes, .text = usage_text };
