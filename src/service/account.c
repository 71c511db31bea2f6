/* SPDX-License-Identifier: MIT
 * Accounts: adding, changing, removing, finding and listing them. A removed account's shares end.
 */
#include "keep.h"
#include "nouns.h"
#include "registry.h"

static const char *const role_names[] = {
        [ROLE_ACCOUNT] = "account",
        [ROLE_AUDITOR] = "auditor",
        [ROLE_OPERATOR] = "operator",
};

struct account_action {
        struct decision decision;
        struct account account;
        const struct account_change *changes;
        size_t count;
};

/* 0: no other account has the uid; -EADDRINUSE: one has it. */
static int uid_free(struct catalog_connection *c, int64_t uid, int64_t account) {
        struct account other;
        int r = uid < 0 ? -ENOENT : catalog_account_of_uid(c, uid, &other);

        return r == -ENOENT ? 0 : r < 0 ? r : other.id == account ? 0 : -EADDRINUSE;
}

static int run_account_add(struct catalog_connection *c, void *context) {
        struct account_action *a = context;
        struct event event;
        size_t n = 1;
        int64_t id;
        int r = decision_manage(c, &a->decision);

        if (r != 0)
                return r;
        r = catalog_account_used(c, a->account.name);
        if (r != 0)
                return r < 0 ? r : -EEXIST;
        r = uid_free(c, a->account.uid, 0);
        if (r < 0)
                return r;
        event = decision_event(&a->decision, EVENT_ACCOUNT_ADD);
        event.account = a->account.name;
        event.detail[0] = (struct event_detail){ .key = "role", .text = role_names[a->account.role] };
        if (a->account.uid >= 0) {
                event.detail[n].key = "uid";
                event.detail[n++].number = a->account.uid;
        }
        if (a->account.quota >= 0) {
                event.detail[n].key = "quota";
                event.detail[n++].number = a->account.quota;
        }
        r = catalog_account_next(c, &event.detail[n].number);
        event.detail[n].key = "id";
        return r < 0 ? r : catalog_event_add(c, &event, &id);
}

int account_add(struct request *request, const char *name, enum role role, int64_t uid, int64_t quota) {
        struct account_action a = {
                .decision = { .request = request,
                              .op = EVENT_ACCOUNT_ADD,
                              .asked = "add account {account}",
                              .account = name },
                .account = { .role = role, .uid = uid, .quota = quota },
        };
        int r = name_check(NAME_ACCOUNT, name);

        if (r < 0)
                return r;
        strcpy(a.account.name, name);
        return decision_end(&a.decision, request_write(request, run_account_add, &a));
}

/* CONTRACT 4 `role`: an account that has images, instances or shares stays an ordinary one. */
static int change_role(struct catalog_connection *c, struct account_action *a, enum role to) {
        struct role_facts facts = { .role = a->decision.request->caller.role, .from = a->account.role, .to = to };
        struct holdings holdings;
        int r = catalog_account_holdings(c, a->account.id, &holdings);

        if (r < 0)
                return r;
        if (a->account.id == 1 && to != ROLE_OPERATOR) /* the built-in operator */
                return -EPERM;
        facts.images = holdings.images;
        facts.shares = holdings.shares;
        facts.instances = holdings.instances;
        r = policy_role_change(&facts);
        if (r == 0)
                a->account.role = to;
        return r;
}

static int change_key(struct catalog_connection *c, struct account_action *a, const struct account_change *change) {
        int r = 0;

        switch (change->key) {
        case ACCOUNT_UID:
                r = uid_free(c, change->value, a->account.id);
                a->account.uid = change->value;
                break;
        case ACCOUNT_ROLE:
                r = change_role(c, a, (enum role)change->value);
                break;
        case ACCOUNT_QUOTA:
                a->account.quota = change->value;
                break;
        case ACCOUNT_REQUIRE_TRUST:
                a->account.require_trust = change->value != 0;
                break;
        }
        return r;
}

static int log_change(struct catalog_connection *c, struct account_action *a, const struct account_change *change) {
        static const char *const keys[] = { "uid", "role", "quota", "require-trust" };
        struct event event = decision_event(&a->decision, EVENT_ACCOUNT_SET);
        int64_t id;

        event.account = a->account.name;
        event.about.account = a->account.id;
        event.detail[0].key = keys[change->key];
        if (change->key == ACCOUNT_ROLE)
                event.detail[0].text = role_names[change->value];
        else
                event.detail[0].number = change->value;
        return catalog_event_add(c, &event, &id);
}

static int run_account_set(struct catalog_connection *c, void *context) {
        struct account_action *a = context;
        int r = decision_manage(c, &a->decision);

        if (r == 0)
                r = catalog_account_find(c, a->decision.account, &a->account);
        for (size_t i = 0; i < a->count && r == 0; i++) {
                r = change_key(c, a, &a->changes[i]);
                if (r == 0)
                        r = log_change(c, a, &a->changes[i]);
        }
        return r;
}

int account_set(struct request *request, const char *name, const struct account_change *changes, size_t count) {
        struct account_action a = {
                .decision = { .request = request, .op = EVENT_ACCOUNT_SET, .asked = "change account {account}",
                              .account = name },
                .changes = changes,
                .count = count,
        };

        return decision_end(&a.decision, request_write(request, run_account_set, &a));
}

/* Ends the shares that the account received, with an event each. */
static int end_shares(struct catalog_connection *c, struct account_action *a) {
        struct share share;
        int r;

        while ((r = catalog_share_received(c, a->account.id, &share)) == 0) {
                struct event event;
                int64_t id;

                r = catalog_image_of_id(c, share.image, &a->decision.image);
                if (r < 0)
                        return r;
                object_name(&a->decision.image, a->decision.object);
                event = decision_event(&a->decision, EVENT_UNSHARE);
                event.account = a->account.name;
                r = unshare_details(c, &share, NULL, &event);
                if (r == 0)
                        r = catalog_event_add(c, &event, &id);
                if (r < 0)
                        return r;
        }
        return r == -ENOENT ? 0 : r;
}

static int judge_removal(struct catalog_connection *c, struct account_action *a, struct holdings *ret_holdings) {
        int r = decision_manage(c, &a->decision);

        if (r == 0)
                r = catalog_account_find(c, a->decision.account, &a->account);
        if (r == 0 && a->account.id == 1)
                r = -EPERM;
        if (r == 0)
                r = catalog_account_holdings(c, a->account.id, ret_holdings);
        return r == 0 && (ret_holdings->images > 0 || ret_holdings->instances > 0) ? -ENOTEMPTY : r;
}

static int run_account_remove(struct catalog_connection *c, void *context) {
        struct account_action *a = context;
        struct holdings holdings;
        struct event event;
        int64_t id;
        int r = judge_removal(c, a, &holdings);

        if (r == 0)
                r = catalog_kept_each(c, 0, a->account.id, kept_refuse, NULL);
        if (r == 0)
                r = end_shares(c, a);
        if (r != 0)
                return r;
        event = (struct event){ .caller = &a->decision.request->caller,
                                .op = EVENT_ACCOUNT_RM,
                                .account = a->account.name,
                                .about.account = a->account.id };
        return catalog_event_add(c, &event, &id);
}

/* What is kept of the account goes, if it may. */
static int purge_account(struct account_action *a) {
        struct request *request = a->decision.request;
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct holdings holdings;
        int r = catalog_read(request->service->catalog, &c);

        if (r == 0)
                r = judge_removal(c, a, &holdings);
        return r != 0 ? r : purge_all(request->service, &request->caller, 0, a->account.id);
}

int account_remove(struct request *request, const char *name) {
        struct account_action a = {
                .decision = { .request = request, .op = EVENT_ACCOUNT_RM, .asked = "remove account {account}",
                              .account = name },
        };
        int r = purge_account(&a);

        if (r == 0)
                r = request_write(request, run_account_remove, &a);
        return decision_end(&a.decision, r);
}

bool account_seen(const struct request *request, int64_t account) {
        return request->caller.role != ROLE_ACCOUNT || account == request->caller.account;
}

bool account_seen_by_name(const struct request *request, const char *name) {
        return request->caller.role != ROLE_ACCOUNT || strcmp(name, request->caller.name) == 0;
}

int account_find(struct request *request, const char *name, struct account *ret_account) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = account_seen_by_name(request, name) ? request_read(request, &c) : -ENOENT;

        return r < 0 ? r : catalog_account_find(c, name, ret_account);
}

int account_get(struct request *request, int64_t id, struct account *ret_account) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = account_seen(request, id) ? request_read(request, &c) : -ENOENT;

        return r < 0 ? r : catalog_account_get(c, id, ret_account);
}

int account_list(struct request *request, int64_t after, int (*each)(const struct account *account, void *context),
                 void *context) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct account account;
        int r = catalog_read(request->service->catalog, &c);

        if (r < 0 || request->caller.role != ROLE_ACCOUNT)
                return r < 0 ? r : catalog_account_list(c, after, each, context);
        r = catalog_account_get(c, request->caller.account, &account);
        return r < 0 ? r : account.id > after ? each(&account, context) : 0;
}
