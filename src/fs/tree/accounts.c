/* SPDX-License-Identifier: MIT
 * /accounts: what there is to see of each account. An ordinary account finds only itself, auditor and operator find all
 * (CONTRACT 3, 3.3). `received` and `owned`: reverse.c.
 */
#include "tree/tree.h"

#include <stdio.h>
#include <sys/stat.h>

#include "account.h"
#include "cleanup.h"
#include "kernel/kernel.h"

struct accounts_listing {
        struct call *call;
        struct lister *lister;
};

static int accounts_lookup(struct call *call, const char *name, struct node *ret_node) {
        struct account account;
        int r = account_find(&call->request, name, &account);

        if (r == 0)
                *ret_node = call_node(call, NODE_ACCOUNT, account.id);
        return r;
}

static int list_account(const struct account *account, void *context) {
        const struct accounts_listing *l = context;

        return lister_add(l->lister, account->name, call_node(l->call, NODE_ACCOUNT, account->id),
                          (uint64_t)account->id);
}

static int accounts_list(struct call *call, uint64_t offset, struct lister *lister) {
        return account_list(&call->request, (int64_t)offset, list_account,
                            &(struct accounts_listing){ .call = call, .lister = lister });
}

const struct kind kind_accounts = {
        .mode = S_IFDIR | 0755, .lookup = accounts_lookup, .list = accounts_list,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_always, .entry = remember_always, .missing = remember_always },
};

static const struct fixed_entry account_entries[] = { { "received", NODE_RECEIVED, false },
                                              { "owned", NODE_OWNED, false },
                                              { "trusted", NODE_TRUSTED, false },
                                              { "usage", NODE_USAGE, false } };

static int account_lookup(struct call *call, const char *name, struct node *ret_node) {
        return fixed_lookup(call, account_entries, ARRAY_SIZE(account_entries), name, ret_node);
}

static int account_list_entries(struct call *call, uint64_t offset, struct lister *lister) {
        return fixed_list(call, account_entries, ARRAY_SIZE(account_entries), offset, lister);
}

/* For nodes whose id is an account: fails if it was removed or is not in this view. */
int account_attributes(struct call *call, struct stat *st) {
        struct account account;

        (void)st;
        return account_get(&call->request, call->node.id, &account);
}

const struct kind kind_account = {
        .mode = S_IFDIR | 0755, .lookup = account_lookup, .list = account_list_entries,
        .attributes = account_attributes,
        .quick = QUICK_ITSELF,
        .remember = { .attributes = remember_own, .entry = remember_own },
};

/* --- trusted/ --- */

static int trusted_lookup(struct call *call, const char *name, struct node *ret_node) {
        struct trust trust;
        int r = trust_find(&call->request, call->node.id, name, &trust);

        if (r == 0)
                *ret_node = call_node(call, NODE_TRUST, trust.id);
        return r;
}

static int list_trust(const struct trust *trust, void *context) {
        const struct accounts_listing *l = context;

        return lister_add(l->lister, trust->owner_name, call_node(l->call, NODE_TRUST, trust->id),
                          (uint64_t)trust->id);
}

static int trusted_list(struct call *call, uint64_t offset, struct lister *lister) {
        return trust_list(&call->request, call->node.id, (int64_t)offset, list_trust,
                          &(struct accounts_listing){ .call = call, .lister = lister });
}

const struct kind kind_trusted = {
        .words = { "trusted", "an account's name", "lower-case " FORM_NAME "64" },
        .mode = S_IFDIR | 0755, .lookup = trusted_lookup, .list = trusted_list, .attributes = account_attributes,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_own, .entry = remember_own,
                      .missing = remember_own, .listing = remember_own },
};

static int trust_lookup(struct call *call, const char *name, struct node *ret_node) {
        return fixed_lookup(call, NULL, 0, name, ret_node);
}

static int trust_list_nothing(struct call *call, uint64_t offset, struct lister *lister) {
        return fixed_list(call, NULL, 0, offset, lister);
}

static int trust_attributes(struct call *call, struct stat *st) {
        struct trust trust;
        int r = trust_get(&call->request, call->node.id, &trust);

        if (r == 0)
                set_times(st, trust.since);
        return r;
}

const struct kind kind_trust = {
        .mode = S_IFDIR | 0755, .lookup = trust_lookup, .list = trust_list_nothing,
        .attributes = trust_attributes,
        .quick = QUICK_ALL,
        .remember = { .entry = remember_ordinary },
};

/* --- usage --- */

static int usage_print(const struct usage *usage, void *context) {
        (void)fprintf(context, "%s\t%lld\t%lld\t%lld\n", usage->region_name, (long long)usage->images,
                      (long long)usage->quota, (long long)usage->bytes); /* node_text checks the stream */
        return 0;
}

static int usage_text(struct call *call, FILE *to) {
        return usage_list(&call->request, call->node.id, usage_print, to);
}

const struct kind kind_usage = {
        .mode = S_IFREG | 0444, .attributes = account_attributes, .text = usage_text,
        .remember = { .entry = remember_always },
};
