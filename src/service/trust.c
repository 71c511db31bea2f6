/* SPDX-License-Identifier: MIT
 * Whose images an account trusts, and what it uses against its quota.
 */
#include "internal.h"

struct trusting {
        struct decision decision;
        struct account owner;
        bool ends;
};

static int run_trust(struct catalog_connection *c, void *context) {
        struct trusting *n = context;
        struct decision *d = &n->decision;
        const struct caller *caller = &d->request->caller;
        struct event event;
        int64_t since, id;
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
        r = catalog_trust_find(c, caller->account, n->owner.id, &since);
        if (r != (n->ends ? 0 : -ENOENT))
                return r < 0 ? r : -EEXIST;
        event = (struct event){ .caller = caller, .op = d->op, .account = n->owner.name };
        r = catalog_event_add(c, &event, &id);
        if (r < 0)
                return r;
        return n->ends ? catalog_trust_end(c, id, caller->account, n->owner.id)
                       : catalog_trust_put(c, id, caller->account, n->owner.id);
}

int trust_add(struct request *request, const char *owner, int64_t *ret_owner) {
        struct trusting n = {
                .decision = { .request = request, .op = EVENT_TRUST, .asked = "trust {account}", .account = owner }
        };
        int r = decision_end(&n.decision, catalog_write(request->service->catalog, run_trust, &n));

        if (r == 0)
                *ret_owner = n.owner.id;
        return r;
}

int trust_remove(struct request *request, const char *owner) {
        struct trusting n = { .decision = { .request = request, .op = EVENT_UNTRUST, .asked = "stop trusting {account}",
                                            .account = owner },
                              .ends = true };

        return decision_end(&n.decision, catalog_write(request->service->catalog, run_trust, &n));
}

int trust_get(struct request *request, int64_t owner, int64_t *ret_since) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(request->service->catalog, &c);

        return r < 0 ? r : catalog_trust_find(c, request->caller.account, owner, ret_since);
}

int trust_find(struct request *request, const char *owner, int64_t *ret_owner, int64_t *ret_since) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct account account;
        int r = catalog_read(request->service->catalog, &c);

        if (r == 0)
                r = catalog_account_find(c, owner, &account);
        if (r == 0)
                r = catalog_trust_find(c, request->caller.account, account.id, ret_since);
        if (r == 0)
                *ret_owner = account.id;
        return r;
}

int trust_list(struct request *request, int64_t after, int (*each)(int64_t owner, const char *name, void *context),
               void *context) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(request->service->catalog, &c);

        return r < 0 ? r : catalog_trust_list(c, request->caller.account, after, each, context);
}

/* --- usage --- */

struct using {
        struct request *request;
        struct catalog_connection *c;
        struct account account;
        int64_t quota; /* of accounts without their own */
        int64_t unsealed;
        int (*each)(const struct usage *usage, void *context);
        void *context;
};

/* What is not sealed yet has its size in the store alone; of an offline one nothing is known. */
static int add_unsealed(int64_t place, void *context) {
        struct using *u = context;
        struct image image;
        struct stat st;

        if (image_get(u->request, place, &image) == 0 && disk_stat(u->request, &image, &st) == 0)
                u->unsealed += st.st_size;
        return 0;
}

static int use_region(const struct region *region, void *context) {
        struct using *u = context;
        struct usage usage = { .quota = u->account.quota >= 0 ? u->account.quota : u->quota };
        struct region totals = *region;
        int r = catalog_region_totals(u->c, u->account.id, &totals);

        u->unsealed = 0;
        if (r == 0)
                r = catalog_image_unsealed(u->c, region->id, u->account.id, add_unsealed, u);
        if (r < 0)
                return r;
        strcpy(usage.region_name, region->name);
        usage.images = totals.images;
        usage.bytes = totals.bytes + u->unsealed;
        return u->each(&usage, u->context);
}

int usage_list(struct request *request, int (*each)(const struct usage *usage, void *context), void *context) {
        struct using u = { .request = request, .each = each, .context = context };
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(request->service->catalog, &c);

        u.c = c;
        if (r == 0)
                r = catalog_account_get(c, request->caller.account, &u.account);
        if (r == 0)
                r = catalog_setting_get(c, LIMIT_IMAGES, LIMIT_IMAGES_DEFAULT, &u.quota);
        return r < 0 ? r : catalog_region_list(c, 0, use_region, &u);
}
