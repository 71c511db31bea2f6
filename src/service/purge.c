/* SPDX-License-Identifier: MIT
 * The end of what is kept: an event, then the file. Killed in between, the next mount sweeps the file.
 */
#include "keep.h"
#include "nouns.h"
#include "request.h"
#include "room.h"

struct purging {
        const struct caller *caller;
        const char *reason;
        int64_t id;
        struct kept kept;
};

/* Whether it is still kept is asked here: it may have been brought back. */
static int run_purge(struct catalog_connection *c, void *context) {
        struct purging *n = context;
        struct event event = { .caller = n->caller, .object = n->kept.object };
        int64_t id;
        int r = catalog_kept_get(c, n->id, &n->kept);

        if (r < 0)
                return r;
        event.op = n->kept.place ? EVENT_PURGE : EVENT_PURGE_INSTANCE;
        event.place = n->kept.place;
        event.about.image = n->kept.place ? n->id : 0;
        event.detail[0] = (struct event_detail){ .key = n->kept.place ? "image" : "launch", .number = n->id };
        event.detail[1] = (struct event_detail){ .key = "reason", .text = n->reason };
        return catalog_event_add(c, &event, &id);
}

int purge_kept(struct service *service, const struct caller *caller, const struct kept *kept, const char *reason) {
        _cleanup_(cleanup_blob_lock) struct blob_lock sealing = BLOB_LOCK_NONE, removing = BLOB_LOCK_NONE;
        struct purging n = { .caller = caller, .reason = reason, .id = kept->id };
        struct blob_store *store;
        int r = service_store(service, kept->region, &store);

        if (r < 0)
                return r;
        /* Between event and file a check must not miss its row, and a sweep must not set it aside. Who has one of these
         * locks keeps them away as well, so that a purge need not wait. */
        (void)blob_lock(store, kept->id, BLOB_LOCK_SEAL, -1, &sealing);
        (void)blob_lock(store, kept->id, BLOB_LOCK_REMOVE, 0, &removing);
        r = catalog_write(service->catalog, run_purge, &n);
        if (r == 0)
                (void)service_blob_remove(service, store, kept->id); /* else swept at the next mount */
        return r;
}

struct making_room {
        struct service *service;
        struct caller caller;
        int purged;
};

static int purge_until_roomy(const struct kept *kept, void *context) {
        struct making_room *n = context;
        struct blob_store *store;
        struct statvfs space;
        int r = purge_kept(n->service, &n->caller, kept, "room");

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        n->purged++;
        r = service_store(n->service, kept->region, &store);
        if (r == 0)
                r = blob_store_statvfs(store, &space);
        return r < 0 ? r : !room_is_short(n->service, &space);
}

int purge_for_room(struct service *service, int64_t region) {
        struct making_room n = { .service = service, .caller = service_itself() };
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(service->catalog, &c);

        if (r == 0)
                r = catalog_kept_each(c, region, 0, purge_until_roomy, &n);
        return n.purged > 0 ? n.purged : r < 0 ? r : 0;
}

struct purging_all {
        struct service *service;
        const struct caller *caller;
};

static int purge_one_of_all(const struct kept *kept, void *context) {
        const struct purging_all *all = context;
        struct purging n = { .caller = all->caller, .reason = "asked", .id = kept->id };
        int r = purge_kept(all->service, all->caller, kept, n.reason);

        if (r == -EIO)
                r = catalog_write(all->service->catalog, run_purge, &n);
        return r == -ENOENT ? 0 : r;
}

int purge_all(struct service *service, const struct caller *caller, int64_t region, int64_t owner) {
        struct purging_all all = { .service = service, .caller = caller };
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(service->catalog, &c);

        return r < 0 ? r : catalog_kept_each(c, region, owner, purge_one_of_all, &all);
}

/* --- asked for --- */

struct telling {
        int (*each)(const struct holder *holder, void *context);
        void *context;
};

static int tell_holder(const char *object, bool instance, bool kept, void *context) {
        const struct telling *t = context;

        return t->each(&(struct holder){ .object = object, .instance = instance, .kept = kept }, t->context);
}

/* Is there something of that name that has not been deleted? 1, 0 or -errno. */
static int is_live(struct catalog_connection *c, const struct caller *caller, const char *what) {
        _cleanup_region_ struct region region = { 0 };
        struct kept_name name;
        struct instance instance;
        struct account owner;
        int64_t place;
        int r = kept_name_split(what, &name);

        if (r == 0 && caller->role == ROLE_ACCOUNT && strcmp(name.owner, caller->name) != 0)
                return 0;
        if (r == 0)
                r = catalog_region_find(c, name.region, &region);
        if (r == 0)
                r = catalog_account_find(c, name.owner, &owner);
        if (r == 0 && name.id >= LAUNCH_FIRST)
                r = catalog_instance_of_launch(c, name.id, &instance);
        else if (r == 0 && name.id > 0) {
                struct image image;

                r = catalog_image_of_id(c, name.id, &image);
        } else if (r == 0) {
                struct image image;

                r = catalog_place_find(c, region.id, owner.id, name.name, &place);
                if (r == 0)
                        r = catalog_image_get(c, place, &image);
                if (r == -ENOENT || (r == 0 && !image.has_disk)) {
                        r = catalog_instance_find(c, region.id, owner.id, name.name, &instance);
                        if (r == 0 && !instance.has_disk)
                                r = -ENOENT;
                }
        }
        return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

static int find_to_purge(struct request *request, const char *what, struct kept *ret_kept) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct kept_found found;
        int r = catalog_read(request->service->catalog, &c), live;

        if (r == 0)
                r = kept_find(c, &request->caller, what, &found);
        if (r == 0 && found.images + found.instances > 1)
                return -ENOTUNIQ;
        if (r < 0 && r != -ENOENT)
                return r;
        live = is_live(c, &request->caller, what);
        if (live < 0)
                return live;
        if (live > 0 && (r == -ENOENT || !strchr(what, '#')))
                return -EBUSY;
        if (r == 0)
                *ret_kept = found.kept;
        return r;
}

int image_purge(struct request *request, const char *what, int (*each)(const struct holder *holder, void *context),
                void *context) {
        struct decision d = { .request = request, .op = EVENT_PURGE, .asked = "purge {object}" };
        struct telling telling = { .each = each, .context = context };
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct kept kept;
        int r = service_writable(request->service);

        if (r == 0 && request->caller.role == ROLE_AUDITOR)
                return decision_auditor(&d, what);
        if (r == 0)
                r = find_to_purge(request, what, &kept);
        if (r == 0)
                r = catalog_read(request->service->catalog, &c);
        if (r == 0) /* before, so that nothing can fail behind it */
                r = catalog_holders(c, kept.id, tell_holder, &telling);
        return r != 0 ? r : purge_kept(request->service, &request->caller, &kept, "asked");
}
