/* SPDX-License-Identifier: MIT
 * Sweeps what a crash left in the stores, while the daemon serves. A file that is being made stays: its maker holds its
 * lock until the row is committed, and a sweeper that has got the lock asks the catalog once more.
 */
#include "disk/stores.h"
#include "upkeep/wing.h"

struct sweep {
        struct service *service;
        struct catalog_connection *c; /* no transaction is open between two questions */
        int64_t region;
};

static int sweep_wanted(int64_t id, void *context) {
        const struct sweep *sweep = context;
        int r;

        if (service_stopping(sweep->service))
                return -ECANCELED;
        r = catalog_disk_wanted(sweep->c, sweep->region, id);
        /* the process that removed its row may have died before that was on disk: the blob must not go first */
        return r == 0 ? catalog_sync(sweep->service->catalog) : r;
}

static int sweep_region(const struct region *region, void *context) {
        struct sweep *sweep = context;
        struct blob_store *store;

        sweep->region = region->id;
        if (service_store(sweep->service, region->id, &store) == 0) /* else offline: nothing there is ours to remove */
                (void)blob_sweep(store, sweep_wanted, sweep);             /* the next mount tries again */
        return service_stopping(sweep->service) ? -ECANCELED : 0;
}

void service_sweep(struct service *service) {
        _cleanup_read_ struct catalog_connection *c = NULL;

        /* what cannot be read or removed now is swept at the next mount */
        if (catalog_read(service->catalog, &c) == 0)
                (void)catalog_region_list(c, 0, sweep_region, &(struct sweep){ .service = service, .c = c });
}
