/* SPDX-License-Identifier: MIT
 * Whose a region's store is. A copy of a catalog, or an older state of it, has the same uuid and rows that lead to the
 * same stores: it must neither sweep nor write there. The mark tells (blob.h); here it is held against the catalog.
 */
#include <sys/random.h>

#include "disk/stores.h"
#include "directory.h"
#include "origin.h"

#define TRIES 3

int service_store_path(const struct service *service, const struct region *region, char **ret_path) {
        /* a damaged catalog leads nowhere, and a backup not out of itself */
        if (name_check(NAME_REGION, region->name) < 0 || (region->store && region->store[0] != '/'))
                return ORIGIN(-EIO);
        if (region->store && service->backup_fd < 0) {
                *ret_path = strdup(region->store);
                return *ret_path ? 0 : -ENOMEM;
        }
        return asprintf(ret_path, "%s/store/%s", service->dir, region->name) < 0 ? -ENOMEM : 0;
}

int claim_owner(const struct service *service, struct catalog_connection *c, int64_t region,
                struct blob_owner *ret_owner) {
        *ret_owner = (struct blob_owner){ .region = region, .inode = service->dir_inode, .birth = service->dir_birth };
        strcpy(ret_owner->uuid, catalog_uuid(service->catalog)); /* as long */
        return catalog_store_number(c, region, &ret_owner->number);
}

int claim_number(uint64_t *ret_number) {
        uint64_t number;

        if (getrandom(&number, sizeof(number), 0) != sizeof(number))
                return ORIGIN(-EIO);
        *ret_number = number | 1; /* 0 is none */
        return 0;
}

int claim_explain(int claim, bool ahead, const char *region, const char *path, char ret_why[static WHY_SIZE]) {
        switch (claim) {
        case BLOB_ANOTHERS:
                say_why(ret_why, "the store of '%s' belongs to another copy of this catalog;"
                        " 'imgshare adopt %s' takes it over", region, region);
                return -EROFS;
        case BLOB_MISPLACED:
                say_why(ret_why, "where the store of '%s' should be is another region's;"
                        " 'imgshare region set %s store=PATH' says where it is", region, region);
                return -EIO;
        case BLOB_EXPOSED:
                say_why(ret_why, "others can enter the store of '%s': whoever can read it reads every disk;"
                        " 'chmod 700 %s'", region, path);
                return -EROFS;
        case BLOB_NESTED:
                say_why(ret_why, "the store of '%s' lies in another store; move it, and 'imgshare region set %s"
                        " store=PATH'", region, region);
                return -EROFS;
        default:
                if (!ahead)
                        return 0;
                say_why(ret_why, "the store of '%s' was written to by a newer state of this catalog; put that back, or"
                        " 'imgshare adopt %s' goes on with this one", region, region);
                return -EROFS;
        }
}

/* Of all stores that are open. Under stores_lock. */
static void stores_shut(struct service *service) {
        for (struct store_entry *e = service->stores; e; e = e->next)
                blob_store_shut(e->store, -EROFS);
}

/* The first one is told, and ends all writing. */
static void claim_refused(struct service *service, const char why[static WHY_SIZE]) {
        (void)pthread_mutex_lock(&service->stores_lock);
        if (!service->has_foreign) {
                strcpy(service->foreign, why);
                service->has_foreign = true;
        }
        if (service_writable(service) == 0 && !(service->flags & SERVICE_ANY_STORE)) {
                catalog_freeze(service->catalog);
                service->frozen = true;
                stores_shut(service);
        }
        (void)pthread_mutex_unlock(&service->stores_lock);
}

/* What another process has committed before it marked the store must be seen: the mark is read first. */
static int is_ahead(struct service *service, const struct blob_store *store) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct last_ids last;
        int r = catalog_read_today(service->catalog, &c);

        if (r == 0)
                r = catalog_last_ids(c, &last);
        return r < 0 ? r : blob_store_event(store) > last.event;
}

struct place {
        struct blob_owner owner;
        char *path, name[NAME_SIZE];
};

static int find_place(const struct service *service, int64_t id, struct place *ret_place) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        _cleanup_region_ struct region region = { 0 };
        int r = catalog_read(service->catalog, &c);

        if (r == 0)
                r = catalog_region_get(c, id, &region);
        if (r == 0)
                r = claim_owner(service, c, id, &ret_place->owner);
        if (r == 0)
                r = service_store_path(service, &region, &ret_place->path);
        strcpy(ret_place->name, region.name);
        return r;
}

/* Opens a store for reading; ret_refused: 0, or as claim_explain has it, with ret_why. A backup may come from a
 * stranger: a link in it would lead to another catalog's disks, and who restores or mounts it would give them away. */
static int open_judged(struct service *service, const struct place *place, struct blob_store **ret_store,
                       int *ret_refused, char ret_why[static WHY_SIZE]) {
        int ahead, claim = blob_store_open(place->path, service->dir, &place->owner, ret_store);

        if (claim < 0)
                return claim;
        if (service->backup_fd >= 0 && !blob_store_is_below(*ret_store)) {
                *ret_store = blob_store_close(*ret_store);
                return ORIGIN(-EIO);
        }
        ahead = is_ahead(service, *ret_store);
        if (ahead < 0)
                return ahead;
        *ret_refused = claim_explain(claim, ahead, place->name, place->path, ret_why);
        return 0;
}

struct counting {
        const struct place *place;
        uint64_t number;
};

static int run_count(struct catalog_connection *c, void *context) {
        struct counting *n = context;
        uint64_t number;
        int r = catalog_store_number(c, n->place->owner.region, &number);

        if (r == 0 && number != 0)
                n->number = number; /* somebody was faster */
        return r < 0 || number != 0 ? r : catalog_store_number_put(c, n->place->owner.region, n->number);
}

/* What stands in a store's mark: its number. The first stores had none; a repair may have lost the catalog's. */
static int claim_count(struct service *service, const struct place *place, const struct blob_store *store,
                       uint64_t *ret_number) {
        struct counting n = { .place = place, .number = place->owner.number };
        int r = 0;

        if (n.number == 0) {
                n.number = blob_store_number(store);
                if (n.number == 0)
                        r = claim_number(&n.number);
                if (r == 0)
                        r = catalog_write(service->catalog, run_count, &n);
        }
        if (r == 0)
                *ret_number = n.number;
        return r;
}

/* Where its mark cannot be written nothing is, but it can be read. */
static int claim_or_shut(struct service *service, const struct place *place, struct blob_store *store) {
        uint64_t number = 0;
        int r = claim_count(service, place, store, &number);

        if (r < 0)
                blob_store_shut(store, r);
        else
                r = blob_store_claim(store, number);
        if (service_writable(service) < 0) /* by another thread, meanwhile */
                blob_store_shut(store, -EROFS);
        return r;
}

static int claim_once(struct service *service, const struct place *place, struct blob_store **ret_store) {
        _cleanup_(cleanup_blob_store) struct blob_store *store = NULL;
        char why[WHY_SIZE];
        int refused, r = open_judged(service, place, &store, &refused, why);

        if (r < 0)
                return r;
        if (refused < 0)
                claim_refused(service, why);
        if (refused == -EIO)
                return ORIGIN(-EIO);
        if (refused == 0 && service_writable(service) == 0 && claim_or_shut(service, place, store) == -EAGAIN)
                return -EAGAIN;
        *ret_store = TAKE_PTR(store);
        return 0;
}

int claim_store(struct service *service, int64_t region, struct blob_store **ret_store) {
        int r = -EAGAIN;

        for (int tries = 0; r == -EAGAIN && tries < TRIES; tries++) {
                struct place place = { 0 };

                r = find_place(service, region, &place);
                if (r == 0)
                        r = claim_once(service, &place, ret_store);
                free(place.path);
        }
        return r;
}

int claim_refusal(struct service *service, int64_t region, char ret_why[static WHY_SIZE]) {
        _cleanup_(cleanup_blob_store) struct blob_store *store = NULL;
        struct place place = { 0 };
        int refused = 0, r = find_place(service, region, &place);

        if (r == 0)
                r = open_judged(service, &place, &store, &refused, ret_why);
        free(place.path);
        return r < 0 ? r : refused < 0;
}

void claim_again(struct service *service, int64_t region, struct blob_store *store) {
        struct place place = { 0 };

        if (blob_store_claimed(store) || service->has_foreign || service_writable(service) < 0)
                return;
        if (find_place(service, region, &place) == 0 && is_ahead(service, store) == 0)
                (void)claim_or_shut(service, &place, store); /* what fails is told by who writes */
        free(place.path);
}

void claim_lost(struct service *service, int64_t region) {
        struct place place = { 0 };
        char why[WHY_SIZE];

        if (find_place(service, region, &place) == 0) {
                (void)claim_explain(BLOB_ANOTHERS, false, place.name, place.path, why); /* refused, to be sure */
                claim_refused(service, why);
        }
        free(place.path);
}

const char *service_foreign(const struct service *service) {
        return service->has_foreign ? service->foreign : NULL;
}
