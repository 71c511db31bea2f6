/* SPDX-License-Identifier: MIT
 * Sweeps what a crash left in the stores, while the daemon serves. A file that is being made stays: its maker holds its
 * lock until the row is committed, and a sweeper that has got the lock asks the catalog once more.
 */
#include <time.h>

#include "disk/stores.h"
#include "upkeep/wing.h"

struct sweep {
        struct service *service;
        struct catalog_connection *c; /* no transaction is open between two questions */
        int64_t region;
        struct last_ids last; /* before the store was looked at: what is above is a newer state's, not ours to judge */
};

#define KEEP_SECONDS (7 * 24 * 60 * 60)

static int sweep_wanted(int64_t id, void *context) {
        const struct sweep *sweep = context;
        int r;

        if (service_stopping(sweep->service))
                return -ECANCELED;
        if (id > (id > LAUNCH_FIRST ? sweep->last.launch : sweep->last.event))
                return 1;
        r = catalog_disk_wanted(sweep->c, sweep->region, id);
        /* the process that removed its row may have died before that was on disk: the blob must not go first */
        return r == 0 ? catalog_sync(sweep->service->catalog) : r;
}

static int sweep_region(const struct region *region, void *context) {
        struct sweep *sweep = context;
        struct blob_store *store;

        sweep->region = region->id;
        if (catalog_last_ids(sweep->c, &sweep->last) == 0 &&
            service_store(sweep->service, region->id, &store) == 0) { /* offline: nothing there is ours to sweep */
                (void)blob_sweep(store, sweep_wanted, sweep);             /* the next mount tries again */
                (void)blob_aside_expire(store, time(NULL) - KEEP_SECONDS);
        }
        return service_stopping(sweep->service) ? -ECANCELED : 0;
}

void service_sweep(struct service *service) {
        _cleanup_read_ struct catalog_connection *c = NULL;

        /* what cannot be read or removed now is swept at the next mount */
        if (catalog_read(service->catalog, &c) == 0)
                (void)catalog_region_list(c, 0, sweep_region, &(struct sweep){ .service = service, .c = c });
}
