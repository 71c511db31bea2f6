/* SPDX-License-Identifier: MIT
 * Regions with their stores, and limits: what an operator manages.
 */
#include <limits.h>
#include <sys/stat.h>

#include "keep.h"
#include "log/decision.h"

struct region_change {
        struct decision decision;
        const char *store; /* as the catalog keeps it: NULL for its own */
        char *path;        /* where it is */
        struct blob_owner owner; /* whose it is to be */
};

struct store_search {
        const struct service *service;
        struct stat st;
};

static int is_store_of(const struct region *region, void *context) {
        const struct store_search *search = context;
        _cleanup_free_ char *path = NULL;
        struct stat st;
        int r = service_store_path(search->service, region, &path);

        if (r < 0)
                return r;
        if (stat(path, &st) < 0)
                return -EEXIST; /* offline: this may be its store, mounted elsewhere */
        return st.st_dev == search->st.st_dev && st.st_ino == search->st.st_ino ? -EEXIST : 0;
}

static int is_blob(int64_t id, void *context) {
        (void)id;
        (void)context;
        return -EEXIST;
}

/* A store that has the catalog's mark already: 0 if this directory made it, it is empty and no region's, so that a
 * region that was just being made or removed when the process died left it; else -EEXIST. Claimed. */
static int take_leftover(struct catalog_connection *c, const struct region_change *n, struct blob_store **ret_store) {
        struct store_search search = { .service = n->decision.request->service };
        _cleanup_(cleanup_blob_store) struct blob_store *store = NULL;
        struct last_ids last;
        int r = blob_store_open(n->path, NULL, &n->owner, &store);

        if (r == BLOB_NESTED || r == BLOB_EXPOSED || (r >= 0 && !blob_store_of_directory(store)))
                r = -EEXIST;
        if (r >= 0)
                r = blob_each(store, is_blob, NULL);
        if (r == 0)
                r = stat(n->path, &search.st) < 0 ? -errno : 0;
        if (r == 0)
                r = catalog_region_list(c, 0, is_store_of, &search);
        if (r == 0)
                r = catalog_last_ids(c, &last);
        if (r == 0)
                r = blob_store_seize(store, last.event);
        if (r == 0)
                *ret_store = TAKE_PTR(store);
        return r == -EIO ? -EEXIST : r; /* another catalog's */
}

/* A store for the region that gets this id. */
static int make_store(struct catalog_connection *c, struct region_change *n, int64_t id) {
        _cleanup_(cleanup_blob_store) struct blob_store *store = NULL;
        struct last_ids last;
        int r = claim_owner(n->decision.request->service, c, id, &n->owner);

        if (r == 0)
                r = claim_number(&n->owner.number);
        if (r == 0)
                r = catalog_last_ids(c, &last);
        if (r == 0)
                r = catalog_store_number_put(c, id, n->owner.number);
        if (r < 0)
                return r;
        r = blob_store_create(n->path, &n->owner, last.event); /* last: it would have to be removed again */
        return r == -EEXIST ? take_leftover(c, n, &store) : r;
}

static int run_region_add(struct catalog_connection *c, void *context) {
        struct region_change *n = context;
        struct service *service = n->decision.request->service;
        struct region region = { .store = (char *)n->store }; /* the caller's */
        _cleanup_region_ struct region taken = { 0 };
        struct event event;
        int64_t id;
        int r = decision_manage(c, &n->decision);

        if (r != 0)
                return r;
        r = catalog_region_find(c, n->decision.object, &taken);
        if (r != -ENOENT)
                return r < 0 ? r : -EEXIST;
        strcpy(region.name, n->decision.object);
        event = decision_event(&n->decision, EVENT_REGION_ADD);
        event.detail[0].key = "id";
        r = catalog_region_next(c, &event.detail[0].number);
        if (r == 0)
                r = service_store_path(service, &region, &n->path);
        if (r == 0)
                r = make_store(c, n, event.detail[0].number);
        if (r < 0) {
                free(n->path);
                n->path = NULL;
                return r;
        }
        r = catalog_event_add(c, &event, &id);
        return r < 0 || !n->store ? r : catalog_store_put(c, event.detail[0].number, n->store);
}

/* Removes the store that was made, unless it is a region's by now. In a transaction of its own. */
static int run_store_remove(struct catalog_connection *c, void *context) {
        _cleanup_(cleanup_blob_store) struct blob_store *store = NULL;
        int r = take_leftover(c, context, &store);

        if (r == 0)
                (void)blob_store_remove(store); /* one that stays can be added again */
        return r < 0 ? r : -ECANCELED; /* nothing to write */
}

/* A relative path would mean something else to the next process. */
static int store_absolute(const char *path, char **ret_path) {
        char cwd[PATH_MAX];

        if (path[0] == '/')
                *ret_path = strdup(path);
        else if (!getcwd(cwd, sizeof(cwd)))
                return -errno;
        else if (asprintf(ret_path, "%s/%s", cwd, path) < 0)
                return -ENOMEM;
        return *ret_path ? 0 : -ENOMEM;
}

int region_add(struct request *request, const char *name, const char *store) {
        struct region_change n = {
                .decision = { .request = request, .op = EVENT_REGION_ADD, .asked = "add region {object}" }
        };
        _cleanup_free_ char *path = NULL;
        int r = name_check(NAME_REGION, name);

        if (r < 0)
                return r;
        if (store) {
                r = store_absolute(store, &path);
                if (r < 0)
                        return r;
                n.store = path;
        }
        strcpy(n.decision.object, name);
        r = decision_end(&n.decision, request_write(request, run_region_add, &n));
        if (r != 0 && n.path) /* the store was made, the row was not */
                (void)request_write(request, run_store_remove, &n);
        free(n.path);
        return r;
}

static int run_region_remove(struct catalog_connection *c, void *context) {
        struct region_change *n = context;
        _cleanup_region_ struct region region = { 0 };
        struct event event;
        int64_t id;
        int r = decision_manage(c, &n->decision);

        if (r != 0)
                return r;
        r = catalog_region_find(c, n->decision.object, &region);
        if (r == 0)
                r = catalog_region_totals(c, 0, &region);
        if (r == 0 && (region.images > 0 || region.instances > 0))
                r = -ENOTEMPTY;
        if (r == 0)
                r = catalog_kept_each(c, region.id, 0, kept_refuse, NULL);
        if (r < 0)
                return r;
        event = decision_event(&n->decision, EVENT_REGION_RM);
        return catalog_event_add(c, &event, &id);
}

/* What is kept there goes, if the region may. */
static int purge_region(struct region_change *n) {
        struct request *request = n->decision.request;
        _cleanup_region_ struct region region = { 0 };
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(request->service->catalog, &c);

        if (r == 0)
                r = decision_manage(c, &n->decision);
        if (r == 0)
                r = catalog_region_find(c, n->decision.object, &region);
        if (r == 0)
                r = catalog_region_totals(c, 0, &region);
        if (r != 0)
                return r;
        return region.images > 0 || region.instances > 0 ? -ENOTEMPTY
                                                         : purge_all(request->service, &request->caller, region.id, 0);
}

/* While it still has a region: NULL if it is offline, and then left where it is. */
static int store_of_name(struct request *request, const char *name, struct blob_store **ret_store) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        _cleanup_region_ struct region region = { 0 };
        int r = catalog_read(request->service->catalog, &c);

        if (r == 0)
                r = catalog_region_find(c, name, &region);
        catalog_read_end(&c);
        if (r == 0 && service_store(request->service, region.id, ret_store) < 0)
                *ret_store = NULL;
        return r;
}

int region_remove(struct request *request, const char *name,
                  void (*tell)(int files, int64_t bytes, void *context), void *context) {
        struct region_change n = {
                .decision = { .request = request, .op = EVENT_REGION_RM, .asked = "remove region {object}" }
        };
        struct blob_store *store = NULL;
        int64_t bytes;
        int files, r = name_check(NAME_REGION, name);

        if (r < 0)
                return -ENOENT;
        r = service_writable(request->service);
        if (r == 0)
                r = store_of_name(request, name, &store);
        if (r < 0 && r != -ENOENT)
                return r;
        strcpy(n.decision.object, name);
        r = purge_region(&n);
        if (r == 0)
                r = request_write(request, run_region_remove, &n);
        r = decision_end(&n.decision, r);
        if (r != 0 || !store)
                return r;
        files = blob_aside_count(store, &bytes);
        if (files > 0 && tell)
                tell(files, bytes, context);
        (void)blob_store_remove(store); /* what is not empty is left where it is */
        return 0;
}

struct region_listing {
        struct request *request;
        struct catalog_connection *c;
        int (*each)(const struct region *region, void *context);
        void *context;
};

static int list_region_totals(const struct region *region, void *context) {
        const struct region_listing *l = context;
        const struct caller *caller = &l->request->caller;
        struct region shown = *region;
        _cleanup_free_ char *path = NULL;
        int r = service_store_path(l->request->service, region, &path);

        if (r == 0)
                r = catalog_region_totals(l->c, caller->role == ROLE_ACCOUNT ? caller->account : 0, &shown);
        if (r < 0)
                return r;
        shown.store = path;
        return l->each(&shown, l->context);
}

int region_list(struct request *request, int (*each)(const struct region *region, void *context), void *context) {
        struct region_listing l = { .request = request, .each = each, .context = context };
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(request->service->catalog, &c);

        l.c = c;
        return r < 0 ? r : catalog_region_list(c, 0, list_region_totals, &l);
}

static const struct limit limits[] = {
        { LIMIT_SHARES, LIMIT_SHARES_DEFAULT, LIMIT_NUMBER },
        { LIMIT_IMAGES, LIMIT_IMAGES_DEFAULT, LIMIT_NUMBER },
        { LIMIT_INSTANCES, LIMIT_INSTANCES_DEFAULT, LIMIT_NUMBER },
        { LIMIT_BYTES, LIMIT_BYTES_NONE, LIMIT_BOUND },
        { LIMIT_KEEP, LIMIT_KEEP_DEFAULT, LIMIT_SPAN },
        { LIMIT_RESERVE, RESERVE_DEFAULT, LIMIT_SIZE },
        { LIMIT_REVIEW, 0, LIMIT_SWITCH },
};

static const struct limit *limit_find(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
                if (strcmp(limits[i].name, name) == 0)
                        return &limits[i];
        return NULL;
}

int limit_get(struct request *request, const char *name, struct limit *ret_limit) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        const struct limit *limit = limit_find(name);
        int64_t value;
        int r;

        if (!limit)
                return -ENOENT;
        r = catalog_read(request->service->catalog, &c);
        if (r == 0)
                r = catalog_setting_get(c, name, limit->value, &value);
        if (r < 0)
                return r;
        *ret_limit = *limit;
        ret_limit->value = value;
        return 0;
}

int limit_list(struct request *request, int (*each)(const struct limit *limit, void *context), void *context) {
        for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
                struct limit limit;
                int r = limit_get(request, limits[i].name, &limit);

                if (r == 0)
                        r = each(&limit, context);
                if (r != 0)
                        return r;
        }
        return 0;
}

struct limit_change {
        struct decision decision;
        const char *name;
        int64_t value;
};

static int run_limit(struct catalog_connection *c, void *context) {
        struct limit_change *n = context;
        struct event event;
        int64_t id;
        int r = decision_manage(c, &n->decision);

        if (r != 0)
                return r;
        event = decision_event(&n->decision, EVENT_LIMIT);
        event.detail[0] = (struct event_detail){ .key = "value", .number = n->value };
        return catalog_event_add(c, &event, &id);
}

int limit_set(struct request *request, const char *name, int64_t value) {
        const struct limit *limit = limit_find(name);
        struct limit_change n = {
                .decision = { .request = request, .op = EVENT_LIMIT, .asked = "set the limit {object}" },
                .name = name,
                .value = value
        };

        if (!limit)
                return -ENOENT;
        if (value < 0 || (limit->kind == LIMIT_SWITCH && value > 1))
                return -EINVAL;
        strcpy(n.decision.object, limit->name);
        return decision_end(&n.decision, request_write(request, run_limit, &n));
}
