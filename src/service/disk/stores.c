/* SPDX-License-Identifier: MIT
 * The regions' stores: where they are, and which are online.
 */
#include "disk/stores.h"
#include "origin.h"

struct store_entry {
        struct store_entry *next;
        int64_t region;
        struct blob_store *store;
        bool stale; /* its filesystem went away; kept for those who still hold it */
};

int service_store_path(const struct service *service, const struct region *region, char **ret_path) {
        /* a damaged catalog must not lead elsewhere */
        if (name_check(NAME_REGION, region->name) < 0 || (region->store && region->store[0] != '/'))
                return ORIGIN(-EIO);
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

/* Under stores_lock. If another thread has kept one meanwhile, that one is used. */
static int keep_store(struct service *service, int64_t region, struct blob_store *store, struct blob_store **ret_store) {
        struct store_entry *e = find_entry(service, region);

        if (e) {
                (void)blob_store_close(store); /* returns NULL */
                *ret_store = e->store;
                return 0;
        }
        e = calloc(1, sizeof(*e));
        if (!e) {
                (void)blob_store_close(store);
                return -ENOMEM;
        }
        *e = (struct store_entry){ .next = service->stores, .region = region, .store = store };
        service->stores = e;
        *ret_store = store;
        return 0;
}

/* A store may hang. It is never accessed under the lock, so that only its own users wait for it. */
int service_store(struct service *service, int64_t region, struct blob_store **ret_store) {
        struct blob_store *store = NULL;
        struct store_entry *e;
        int r;

        (void)pthread_mutex_lock(&service->stores_lock);
        e = find_entry(service, region);
        (void)pthread_mutex_unlock(&service->stores_lock);
        if (e && blob_store_check(e->store) == 0) {
                *ret_store = e->store;
                return 0;
        }
        r = open_store(service, region, &store);
        (void)pthread_mutex_lock(&service->stores_lock);
        if (e)
                e->stale = true;
        if (r == 0)
                r = keep_store(service, region, store, ret_store);
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

int service_blob_remove(struct service *service, const struct blob_store *store, int64_t id) {
        int r = service->flags & SERVICE_NOT_DURABLE ? catalog_sync(service->catalog) : 0;

        return r < 0 ? r : blob_unlink(store, id);
}
