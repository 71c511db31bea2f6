/* SPDX-License-Identifier: MIT
 * Whose images an account trusts.
 */
#include "nouns.h"

struct trusting {
        struct decision decision;
        struct account owner;
        int64_t id; /* of the event */
        bool ends;
};

static int run_trust(struct catalog_connection *c, void *context) {
        struct trusting *n = context;
        struct decision *d = &n->decision;
        const struct caller *caller = &d->request->caller;
        struct trust trust;
        struct event event;
        bool known;
        int r = decision_caller(c, d);

        if (r == 0)
                r = catalog_account_find(c, d->account, &n->owner);
        if (r < 0 && r != -ENOENT)
                return r;
        known = r == 0;
        r = policy_trust(&(struct trust_facts){
                .role = caller->role, .known = known, .self = known && n->owner.id == caller->account });
        if (r != 0)
                return r;
        r = catalog_trust_find(c, caller->account, n->owner.id, &trust);
        if (r != (n->ends ? 0 : -ENOENT))
                return r < 0 ? r : -EEXIST;
        event = (struct event){ .caller = caller, .op = d->op, .account = n->owner.name, .about.account = n->owner.id };
        return catalog_event_add(c, &event, &n->id);
}

int trust_add(struct request *request, const char *owner, int64_t *ret_id) {
        struct trusting n = {
                .decision = { .request = request, .op = EVENT_TRUST, .asked = "trust {account}", .account = owner }
        };
        int r = decision_end(&n.decision, request_write(request, run_trust, &n));

        if (r == 0)
                *ret_id = n.id;
        return r;
}

int trust_remove(struct request *request, const char *owner) {
        struct trusting n = { .decision = { .request = request, .op = EVENT_UNTRUST, .asked = "stop trusting {account}",
                                            .account = owner },
                              .ends = true };

        return decision_end(&n.decision, request_write(request, run_trust, &n));
}

int trust_given(struct request *request, int64_t owner) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct trust trust;
        int r = request_read(request, &c);

        return r < 0 ? r : catalog_trust_find(c, request->caller.account, owner, &trust);
}

int trust_get(struct request *request, int64_t id, struct trust *ret_trust) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = request_read(request, &c);

        if (r == 0)
                r = catalog_trust_get(c, id, ret_trust);
        return r < 0 ? r : account_seen(request, ret_trust->account) ? 0 : -ENOENT;
}

int trust_find(struct request *request, int64_t account, const char *owner, struct trust *ret_trust) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct account row;
        int r = account_seen(request, account) ? request_read(request, &c) : -ENOENT;

        if (r == 0)
                r = catalog_account_find(c, owner, &row);
        return r < 0 ? r : catalog_trust_find(c, account, row.id, ret_trust);
}

int trust_list(struct request *request, int64_t account, int64_t after,
               int (*each)(const struct trust *trust, void *context), void *context) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = account_seen(request, account) ? catalog_read(request->service->catalog, &c) : -ENOENT;

        return r < 0 ? r : catalog_trust_list(c, account, after, each, context);
}
