/* SPDX-License-Identifier: MIT
 * A store that another copy of this catalog has, or a newer state of it wrote to, is taken over; one that was moved is
 * found again. Both are the operator's, in the log.
 */
#include <limits.h>
#include <stdlib.h>

#include "directory.h"
#include "disk/stores.h"
#include "log/decision.h"

struct adoption {
        struct decision decision;
        int64_t region;
        uint64_t number;   /* of a store that is adopted */
        const char *store; /* of one that was moved; NULL: in the directory */
        int (*put)(struct catalog_connection *, const struct adoption *);
};

/* Whether the caller may, judged before anything is looked at; the region, and whose its store is to be. */
static int adoption_begin(struct adoption *n, const char *name, struct region *ret_region,
                          struct blob_owner *ret_owner) {
        struct service *service = n->decision.request->service;
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = name_check(NAME_REGION, name) < 0 ? -ENOENT : catalog_read(service->catalog, &c);

        if (r < 0)
                return r;
        strcpy(n->decision.object, name);
        r = decision_manage(c, &n->decision);
        if (r == 0)
                r = catalog_region_find(c, name, ret_region);
        if (r == 0)
                r = claim_owner(service, c, ret_region->id, ret_owner);
        n->region = ret_region->id;
        catalog_read_end(&c);
        return r > 0 ? decision_end(&n->decision, r) : r;
}

static int last_event(struct service *service, int64_t *ret_event) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct last_ids last;
        int r = catalog_read(service->catalog, &c);

        if (r == 0)
                r = catalog_last_ids(c, &last);
        if (r == 0)
                *ret_event = last.event;
        return r;
}

static int run_adoption(struct catalog_connection *c, void *context) {
        struct adoption *n = context;
        struct event event = decision_event(&n->decision, n->decision.op);
        _cleanup_region_ struct region region = { 0 };
        int64_t id;
        int r = decision_manage(c, &n->decision);

        if (r == 0)
                r = catalog_region_get(c, n->region, &region);
        if (r == 0)
                r = n->put(c, n);
        return r != 0 ? r : catalog_event_add(c, &event, &id);
}

static int number_put(struct catalog_connection *c, const struct adoption *n) {
        return catalog_store_number_put(c, n->region, n->number);
}

/* -EALREADY: it is this directory's; -EPERM: not to be had, ret_why says why; else -errno. */
static int may_adopt(struct service *service, const char *name, const char *path, const struct blob_owner *owner,
                     int64_t event, char ret_why[static WHY_SIZE]) {
        _cleanup_(cleanup_blob_store) struct blob_store *store = NULL;
        int claim = blob_store_open(path, service->dir, owner, &store);

        if (claim < 0)
                return claim;
        if (claim_explain(claim, blob_store_event(store) > event, name, path, ret_why) == 0)
                return -EALREADY;
        return claim <= BLOB_ANOTHERS ? 0 : -EPERM;
}

int region_adopt(struct request *request, const char *name, char ret_why[static WHY_SIZE]) {
        struct adoption n = {
                .decision = { .request = request, .op = EVENT_ADOPT, .asked = "adopt the store of {object}" },
                .put = number_put,
        };
        struct service *service = request->service;
        _cleanup_(cleanup_blob_store) struct blob_store *store = NULL;
        _cleanup_region_ struct region region = { 0 };
        _cleanup_free_ char *path = NULL;
        struct blob_owner owner;
        int64_t event = 0;
        int r = adoption_begin(&n, name, &region, &owner);

        if (r == 0)
                r = service_store_path(service, &region, &path);
        if (r == 0)
                r = last_event(service, &event);
        if (r == 0)
                r = claim_number(&n.number);
        if (r == 0)
                r = may_adopt(service, name, path, &owner, event, ret_why);
        if (r != 0)
                return r;
        r = decision_end(&n.decision, catalog_write(service->catalog, run_adoption, &n));
        if (r == 0)
                r = last_event(service, &event);
        if (r != 0)
                return r;
        /* from here on it is said to be ours, and not marked so: adopted again, it is */
        owner.number = n.number;
        r = blob_store_open(path, service->dir, &owner, &store);
        return r < 0 ? r : blob_store_seize(store, event);
}

static int path_put(struct catalog_connection *c, const struct adoption *n) {
        return n->store ? catalog_store_put(c, n->region, n->store) : catalog_store_forget(c, n->region);
}

/* Its mark decides: of this catalog, and of this region; whose copy's, is asked when it is opened. */
static int is_regions_store(struct service *service, const char *name, const char *path, const struct blob_owner *owner,
                            char ret_why[static WHY_SIZE]) {
        _cleanup_(cleanup_blob_store) struct blob_store *store = NULL;
        int claim = blob_store_open(path, service->dir, owner, &store);

        if (claim == BLOB_MISPLACED)
                say_why(ret_why, "it is the store of another region");
        else if (claim > BLOB_ANOTHERS)
                (void)claim_explain(claim, false, name, path, ret_why); /* refused, as it says */
        return claim < 0 ? claim : claim > BLOB_ANOTHERS ? -EPERM : 0;
}

int region_set_store(struct request *request, const char *name, const char *path, char ret_why[static WHY_SIZE]) {
        struct adoption n = {
                .decision = { .request = request, .op = EVENT_REGION_SET, .asked = "set the store of {object}" },
                .put = path_put,
        };
        struct service *service = request->service;
        _cleanup_free_ char *real = realpath(path, NULL), *inside = NULL;
        _cleanup_region_ struct region region = { 0 };
        struct blob_owner owner;
        int r = adoption_begin(&n, name, &region, &owner);

        if (r != 0)
                return r;
        if (!real)
                return errno == ENOENT ? -EIO : -errno;
        r = is_regions_store(service, name, real, &owner, ret_why);
        if (r < 0)
                return r;
        if (asprintf(&inside, "%s/store/%s", service->dir, name) < 0) {
                inside = NULL;
                return -ENOMEM;
        }
        n.store = strcmp(real, inside) == 0 ? NULL : real;
        return decision_end(&n.decision, catalog_write(service->catalog, run_adoption, &n));
}
