/* SPDX-License-Identifier: MIT
 * Instances: finding, making and removing them, and their disks as files.
 */
#include <fcntl.h>

#include "disk/wing.h"
#include "keep.h"
#include "nouns.h"
#include "origin.h"

/* Only the owner and staff know of an instance. */
static int instance_seen(const struct request *request, const struct instance *instance) {
        return instance->owner == request->caller.account || request->caller.role != ROLE_ACCOUNT ? 0 : -ENOENT;
}

int instance_get(struct request *request, int64_t id, struct instance *ret_instance) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = request_read(request, &c);

        if (r == 0)
                r = catalog_instance_get(c, id, ret_instance);
        return r < 0 ? r : instance_seen(request, ret_instance);
}

int instance_get_disk(struct request *request, int64_t launch, struct instance *ret_instance) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = request_read(request, &c);

        if (r == 0)
                r = catalog_instance_of_launch(c, launch, ret_instance);
        return r < 0 ? r : !ret_instance->has_disk ? -ENOENT : instance_seen(request, ret_instance);
}

int instance_lookup(struct request *request, int64_t region, const char *name, struct instance *ret_instance) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct account account = { .id = request->caller.account };
        char vm[NAME_SIZE], owner[NAME_SIZE];
        int r = request_read(request, &c);

        if (r == 0 && strchr(name, '@')) {
                r = instance_name_split(name, vm, owner);
                if (r == 0)
                        r = account_seen_by_name(request, owner) ? catalog_account_find(c, owner, &account) : -ENOENT;
                name = vm;
        }
        if (r == 0)
                r = catalog_instance_find(c, region, account.id, name, ret_instance);
        return r < 0 ? r : instance_seen(request, ret_instance);
}

int instance_list(struct request *request, int64_t region, int64_t after,
                  int (*each)(const struct image_entry *entry, void *context), void *context) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int64_t owner = request->caller.role == ROLE_ACCOUNT ? request->caller.account : 0;
        int r = catalog_read(request->service->catalog, &c);

        return r < 0 ? r : catalog_instance_list(c, region, owner, after, each, context);
}

static void instance_object(const struct instance *v, char ret_object[static OBJECT_SIZE]) {
        (void)snprintf(ret_object, OBJECT_SIZE, "%s/%s@%s", v->region_name, v->name, v->owner_name); /* fits */
}

/* --- making --- */

struct creation {
        struct decision decision;
        int64_t region;
        char region_name[NAME_SIZE];
        struct instance instance;
};

int instance_count_in(struct catalog_connection *c, struct decision *d, int64_t region, int64_t owner) {
        int r = catalog_instance_count(c, region, owner, &d->count);

        return r < 0 ? r : catalog_setting_get(c, LIMIT_INSTANCES, LIMIT_INSTANCES_DEFAULT, &d->limit);
}

static int run_instance_create(struct catalog_connection *c, void *context) {
        struct creation *n = context;
        struct decision *d = &n->decision;
        const struct caller *caller = &d->request->caller;
        _cleanup_region_ struct region region = { 0 };
        struct instance_facts facts = { .name_valid = name_check(NAME_INSTANCE, d->name) == 0 };
        struct event event;
        int64_t id;
        int r = decision_caller(c, d);

        if (r < 0)
                return r;
        facts.role = caller->role;
        r = catalog_region_get(c, n->region, &region);
        facts.region_known = r == 0;
        if (r == 0)
                r = catalog_instance_find(c, n->region, caller->account, d->name, &n->instance);
        facts.exists = r == 0;
        if (r == 0 || r == -ENOENT)
                r = instance_count_in(c, d, n->region, caller->account);
        if (r < 0)
                return r;
        facts.instances = d->count;
        facts.limit = d->limit;
        strcpy(n->region_name, region.name);
        d->region = n->region_name;
        (void)snprintf(d->object, OBJECT_SIZE, "%s/%s@%s", region.name, d->name, caller->name); /* a long one is cut */
        r = policy_instance_create(&facts);
        if (r != 0)
                return r;
        event = decision_event(d, EVENT_CREATE_INSTANCE);
        event.about.region = n->region;
        r = catalog_event_add(c, &event, &id);
        return r < 0 ? r : catalog_instance_get(c, id, &n->instance);
}

int instance_create(struct request *request, int64_t region, const char *name, struct instance *ret_instance) {
        struct creation n = {
                .decision = { .request = request,
                              .op = EVENT_CREATE,
                              .asked = "create instance {object}",
                              .name = name },
                .region = region,
        };
        int r = decision_end(&n.decision, request_write(request, run_instance_create, &n));

        if (r == -EINVAL)
                return name_check(NAME_INSTANCE, name);
        if (r == 0)
                *ret_instance = n.instance;
        return r;
}

/* --- removing: the files, then the directory --- */

enum removed { REMOVED_IMAGE, REMOVED_DISK, REMOVED_ALL };

struct removal {
        struct decision decision;
        int64_t id;
        enum removed what;
        struct instance instance;
        struct keeping keeping; /* of its disk */
};

int instance_judge_in(struct catalog_connection *c, struct decision *d, int64_t id, bool change,
                      struct instance *ret_instance) {
        const struct caller *caller = &d->request->caller;
        int r = decision_caller(c, d);

        if (r == 0)
                r = catalog_instance_get(c, id, ret_instance);
        if (r < 0 && r != -ENOENT)
                return r;
        if (r == 0)
                instance_object(ret_instance, d->object);
        return policy_instance_use(&(struct instance_use_facts){
                .role = caller->role,
                .visible = r == 0 && instance_seen(d->request, ret_instance) == 0,
                .owner = r == 0 && ret_instance->owner == caller->account,
                .change = change,
        });
}

static int run_instance_remove(struct catalog_connection *c, void *context) {
        static const enum event_op operations[] = { [REMOVED_IMAGE] = EVENT_INSTANCE_DELETE_IMAGE,
                                                    [REMOVED_DISK] = EVENT_INSTANCE_DELETE_DISK,
                                                    [REMOVED_ALL] = EVENT_INSTANCE_DELETE };
        struct removal *n = context;
        struct event event;
        int64_t id;
        int r = instance_judge_in(c, &n->decision, n->id, true, &n->instance);

        if (r != 0)
                return r;
        if (n->what == REMOVED_ALL && (n->instance.has_image || n->instance.has_disk))
                return -ENOTEMPTY;
        if ((n->what == REMOVED_IMAGE && !n->instance.has_image) || (n->what == REMOVED_DISK && !n->instance.has_disk))
                return -ENOENT;
        event = decision_event(&n->decision, operations[n->what]);
        event.about.instance = n->id;
        if (n->what == REMOVED_IMAGE) /* not the last one made, if an older one was brought back */
                event.detail[0] = (struct event_detail){ .key = "launch", .number = n->instance.launch };
        if (n->what == REMOVED_DISK)
                r = keep_in(c, &n->keeping, &event);
        return r < 0 ? r : catalog_event_add(c, &event, &id);
}

static int remove_what(struct request *request, int64_t id, enum removed what, struct keeping *keeping) {
        struct removal n = {
                .decision = { .request = request, .op = EVENT_INSTANCE_DELETE, .asked = "delete instance {object}" },
                .id = id,
                .what = what,
                .keeping = *keeping,
        };
        int r = decision_end(&n.decision, request_write(request, run_instance_remove, &n));

        *keeping = n.keeping;
        return r;
}

int instance_remove(struct request *request, int64_t id) {
        return remove_what(request, id, REMOVED_ALL, &(struct keeping){ 0 });
}

int instance_image_remove(struct request *request, int64_t id) {
        return remove_what(request, id, REMOVED_IMAGE, &(struct keeping){ 0 });
}

int instance_disk_remove(struct request *request, int64_t id) {
        _cleanup_(cleanup_blob_lock) struct blob_lock lock = BLOB_LOCK_NONE;
        struct keeping keeping = { 0 };
        struct instance instance;
        struct blob_store *store;
        int r = service_writable(request->service);

        if (r == 0)
                r = instance_get(request, id, &instance);
        if (r < 0)
                return r;
        r = service_store(request->service, instance.region, &store);
        if (r == 0 && instance.has_disk)
                r = blob_lock(store, instance.launch, BLOB_LOCK_REMOVE, 0, &lock); /* -EBUSY: it is being copied */
        if (r == 0 && instance.has_disk)
                r = keep_look(store, instance.launch, &keeping);
        if (r == 0)
                r = remove_what(request, id, REMOVED_DISK, &keeping);
        if (r == 0)
                keep_done(request->service, store, instance.launch, &keeping);
        return r;
}

/* --- the disk --- */

static int judge_use(struct request *request, struct decision *d, int64_t id, bool change,
                     struct instance *ret_instance) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(request->service->catalog, &c);

        return r < 0 ? r : instance_judge_in(c, d, id, change, ret_instance);
}

int instance_disk_open(struct request *request, int64_t id, int flags, struct disk_handle **ret_handle) {
        struct decision d = { .request = request, .op = EVENT_LAUNCH, .asked = "open the disk of instance {object}" };
        bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
        struct instance instance;
        int r = disk_openable(request->service, flags);

        if (r < 0)
                return r;
        r = judge_use(request, &d, id, writes, &instance);
        if (r == 0 && !instance.has_disk)
                r = -ENOENT;
        if (r == 0)
                r = disk_open_judged(request, instance.region, instance.launch, flags, ret_handle);
        return decision_end(&d, r);
}

int instance_disk_stat(struct request *request, const struct instance *instance, struct stat *ret_stat) {
        struct blob_store *store;
        int r;

        if (request->service->past) {
                disk_stat_past(0, instance->mtime, ret_stat);
                return 0;
        }
        request_done(request);
        r = service_store(request->service, instance->region, &store);
        if (r == 0)
                r = blob_stat(store, instance->launch, ret_stat);
        return r == -ENOENT ? ORIGIN(-EIO) : r;
}
