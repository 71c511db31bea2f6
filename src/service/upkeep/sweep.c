/* SPDX-License-Identifier: MIT
 * What a crash left in the stores: swept away while the daemon serves. Nothing that is being made goes: whoever makes a
 * file holds its lock until the catalog says so, and a sweeper that has got the lock asks the catalog once more.
 */
#include "disk/stores.h"
#include "upkeep/wing.h"

struct sweep {
        struct service *service;
        struct catalog_connection *c; /* no transaction is kept from one question to the next */
        int64_t region;
};

static int sweep_wanted(int64_t id, void *context) {
        const struct sweep *sweep = context;
        int r;

        if (service_stopping(sweep->service))
                return -ECANCELED;
        r = catalog_disk_wanted(sweep->c, sweep->region, id);
        /* who removed its row may have died before that was on disk: its blob must not go first */
        return r == 0 ? catalog_sync(sweep->service->catalog) : r;
}

static int sweep_region(const struct region *region, void *context) {
        struct sweep *sweep = context;
        struct blob_store *store;

        sweep->region = region->id;
        if (service_store(sweep->service, region->id, &store) == 0) /* offline: nothing there is ours to remove */
                (void)blob_sweep(store, sweep_wanted, sweep);             /* the next mount tries again */
        return service_stopping(sweep->service) ? -ECANCELED : 0;
}

void service_sweep(struct service *service) {
        _cleanup_read_ struct catalog_connection *c = NULL;

        if (catalog_read(service->catalog, &c) == 0)
                (void)catalog_region_list(c, 0, sweep_region, &(struct sweep){ .service = service, .c = c }); /* as above */
}
