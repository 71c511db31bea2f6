/* SPDX-License-Identifier: MIT
 * Regions with their stores, and limits: what an operator manages.
 */
#include <limits.h>
#include <sys/stat.h>

#include "disk/stores.h"
#include "log/decision.h"

struct region_change {
        struct decision decision;
        const char *store; /* as the catalog keeps it: NULL for its own */
        char *path;        /* where it is */
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

/* Judges a store that has this catalog's mark already. 0: it is empty and no region's, so a process that died while it
 * made or removed a region left it; else -EEXIST. */
static int take_leftover(struct catalog_connection *c, const struct region_change *n) {
        struct store_search search = { .service = n->decision.request->service };
        _cleanup_(cleanup_blob_store) struct blob_store *store = NULL;
        int r = blob_store_open(n->path, catalog_uuid(search.service->catalog), &store);

        if (r == 0)
                r = blob_each(store, is_blob, NULL);
        if (r == 0)
                r = stat(n->path, &search.st) < 0 ? -errno : 0;
        if (r == 0)
                r = catalog_region_list(c, 0, is_store_of, &search);
        return r == -EIO ? -EEXIST : r; /* another catalog's */
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
        r = service_store_path(service, &region, &n->path);
        if (r == 0)
                r = blob_store_create(n->path, catalog_uuid(service->catalog));
        if (r == -EEXIST)
                r = take_leftover(c, n);
        if (r < 0) {
                free(n->path);
                n->path = NULL;
                return r;
        }
        event = decision_event(&n->decision, EVENT_REGION_ADD);
        event.detail[0].key = "id";
        r = catalog_region_next(c, &event.detail[0].number);
        if (r == 0)
                r = catalog_event_add(c, &event, &id);
        return r < 0 || !n->store ? r : catalog_store_put(c, event.detail[0].number, n->store);
}

/* Removes the store that was made, unless it is a region's by now. In a transaction of its own. */
static int run_store_remove(struct catalog_connection *c, void *context) {
        const struct region_change *n = context;
        struct service *service = n->decision.request->service;
        int r = take_leftover(c, n);

        if (r == 0)
                (void)blob_store_remove(n->path, catalog_uuid(service->catalog)); /* else it can be added again */
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
        r = decision_end(&n.decision, catalog_write(request->service->catalog, run_region_add, &n));
        if (r != 0 && n.path) /* the store was made, the row was not */
                (void)catalog_write(request->service->catalog, run_store_remove, &n);
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
                r = service_store_path(n->decision.request->service, &region, &n->path);
        if (r < 0)
                return r;
        event = decision_event(&n->decision, EVENT_REGION_RM);
        return catalog_event_add(c, &event, &id);
}

int region_remove(struct request *request, const char *name) {
        struct region_change n = {
                .decision = { .request = request, .op = EVENT_REGION_RM, .asked = "remove region {object}" }
        };
        int r = name_check(NAME_REGION, name);

        if (r < 0)
                return -ENOENT;
        strcpy(n.decision.object, name);
        r = decision_end(&n.decision, catalog_write(request->service->catalog, run_region_remove, &n));
        if (r == 0)
                (void)blob_store_remove(n.path,
                                        catalog_uuid(request->service->catalog)); /* offline: left where it is */
        free(n.path);
        return r;
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
        { LIMIT_SHARES, LIMIT_SHARES_DEFAULT, false },
        { LIMIT_IMAGES, LIMIT_IMAGES_DEFAULT, false },
        { LIMIT_REVIEW, 0, true },
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
        if (value < 0 || (limit->is_switch && value > 1))
                return -EINVAL;
        strcpy(n.decision.object, limit->name);
        return decision_end(&n.decision, catalog_write(request->service->catalog, run_limit, &n));
}
