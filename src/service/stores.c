/* SPDX-License-Identifier: MIT
 * The regions' stores: where they are, which are online, and what a crash left in them.
 */
#include "internal.h"

struct store_entry {
        struct store_entry *next;
        int64_t region;
        struct blob_store *store;
        bool stale; /* its filesystem went away; kept for those who still hold it */
};

int service_store_path(const struct service *service, const struct region *region, char **ret_path) {
        if (region->store) {
                *ret_path = strdup(region->store);
                return *ret_path ? 0 : -ENOMEM;
        }
        return asprintf(ret_path, "%s/store/%s", service->dir, region->name) < 0 ? -ENOMEM : 0;
}

static int open_store(struct service *service, int64_t id, struct blob_store **ret_store) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        _cleanup_region_ struct region region = { 0 };
        _cleanup_free_ char *path = NULL;
        int r = catalog_read(service->catalog, &c);

        if (r == 0)
                r = catalog_region_get(c, id, &region);
        if (r == 0)
                r = service_store_path(service, &region, &path);
        return r < 0 ? r : blob_store_open(path, catalog_uuid(service->catalog), ret_store);
}

static struct store_entry *find_entry(struct service *service, int64_t region) {
        struct store_entry *e = service->stores;

        while (e && (e->region != region || e->stale))
                e = e->next;
        return e;
}

/* Under stores_lock. */
static int find_or_open(struct service *service, int64_t region, struct blob_store **ret_store) {
        struct store_entry *e = find_entry(service, region);
        int r;

        if (e && blob_store_check(e->store) == 0) {
                *ret_store = e->store;
                return 0;
        }
        if (e)
                e->stale = true;
        e = calloc(1, sizeof(*e));
        if (!e)
                return -ENOMEM;
        r = open_store(service, region, &e->store);
        if (r < 0) {
                free(e);
                return r;
        }
        e->region = region;
        e->next = service->stores;
        service->stores = e;
        *ret_store = e->store;
        return 0;
}

int service_store(struct service *service, int64_t region, struct blob_store **ret_store) {
        int r;

        (void)pthread_mutex_lock(&service->stores_lock);
        r = find_or_open(service, region, ret_store);
        (void)pthread_mutex_unlock(&service->stores_lock);
        return r;
}

void service_stores_close(struct service *service) {
        while (service->stores) {
                struct store_entry *e = service->stores;

                service->stores = e->next;
                (void)blob_store_close(e->store); /* returns NULL */
                free(e);
        }
}

struct sweep {
        struct catalog_connection *c;
        int64_t region;
};

static int wanted(int64_t id, void *context) {
        const struct sweep *sweep = context;

        return catalog_disk_wanted(sweep->c, sweep->region, id);
}

static int sweep_region(const struct region *region, void *context) {
        struct service *service = context;
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct blob_store *store;

        if (catalog_read(service->catalog, &c) < 0 || service_store(service, region->id, &store) < 0)
                return 0; /* offline: nothing there is ours to remove */
        (void)blob_sweep(store, wanted,
                         &(struct sweep){ .c = c, .region = region->id }); /* the next mount tries again */
        return 0;
}

void service_sweep(struct service *service) {
        _cleanup_read_ struct catalog_connection *c = NULL;

        if (catalog_read(service->catalog, &c) == 0)
                (void)catalog_region_list(c, 0, sweep_region, service);
}
