/* SPDX-License-Identifier: MIT
 * The regions' stores as they are open here: which are online, and which were written to.
 */
#include "disk/stores.h"

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
        if (service->frozen)
                blob_store_shut(store, -EROFS);
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
        r = e ? blob_store_check(e->store) : -EIO;
        if (e && r == 0) {
                claim_again(service, region, e->store);
                *ret_store = e->store;
                return 0;
        }
        if (r == -ESTALE) {
                blob_store_shut(e->store, -EROFS); /* also for who still has it */
                claim_lost(service, region);
        }
        r = claim_store(service, region, &store);
        (void)pthread_mutex_lock(&service->stores_lock);
        if (e)
                e->stale = true;
        if (r == 0)
                r = keep_store(service, region, store, ret_store);
        (void)pthread_mutex_unlock(&service->stores_lock);
        return r;
}

/* Entries stay until the service is closed, so a store is marked without the lock. */
static void mark_entry(struct service *service, struct store_entry *e) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        bool written = blob_store_written(e->store);
        struct last_ids last;
        int r = 0;

        if (written || e->written)
                r = catalog_read(service->catalog, &c);
        if (!c || r < 0)
                return;
        r = catalog_last_ids(c, &last);
        catalog_read_end(&c);
        /* a mark that knows of more than a power cut leaves would make the catalog an older state of itself */
        if (r == 0)
                r = catalog_sync(service->catalog);
        if (r == 0)
                r = blob_store_mark(e->store, last.event);
        if (r == -ESTALE) {
                blob_store_shut(e->store, -EROFS);
                claim_lost(service, e->region);
        }
        e->written = written;
}

void service_stores_mark(struct service *service) {
        struct store_entry *e;

        (void)pthread_mutex_lock(&service->stores_lock);
        e = service->stores;
        (void)pthread_mutex_unlock(&service->stores_lock);
        for (; e; e = e->next)
                mark_entry(service, e);
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
