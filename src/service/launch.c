/* SPDX-License-Identifier: MIT
 * Launching and reinstalling. The clone is made outside the catalog's transaction, under an id reserved before. The
 * rules are judged before that, and again in the transaction that makes the clone the instance's disk.
 */
#include <fcntl.h>

#include "disk/meter.h"
#include "disk/wing.h"
#include "keep.h"
#include "nouns.h"
#include "upkeep/wing.h"

struct launching {
        struct decision decision; /* about the image */
        int64_t id;
        struct instance instance;
        struct seal seal;
        bool busy;          /* the image's disk is open for writing, or the instance's own is open */
        const char *text;   /* as it was asked */
        bool unseen;        /* the caller sees no image of that name */
        int64_t launch;     /* reserved */
        struct keeping keeping; /* of the disk that it replaces */
        bool committing;    /* the last judgement, with everything prepared */
        struct room_facts room; /* once it was asked for */
};

/* Splits `[<region>/]<img>[@<owner>]`; without a region it is the instance's. Returns the name. */
static const char *asked_name(const struct launching *n, char ret_region[static OBJECT_SIZE]) {
        const char *slash = strchr(n->text, '/');

        if (!slash)
                strcpy(ret_region, n->instance.region_name);
        else
                (void)snprintf(ret_region, OBJECT_SIZE, "%.*s", (int)(slash - n->text), n->text); /* a long one is cut */
        return slash ? slash + 1 : n->text;
}

/* Finds the place, 0 if the caller sees none: what it does not see and what is not there go the same way from here
 * on. */
static int find_image(struct catalog_connection *c, struct launching *n) {
        _cleanup_region_ struct region region = { .id = n->instance.region };
        char region_name[OBJECT_SIZE];
        const char *name = asked_name(n, region_name);
        int r = 0;

        n->decision.place = 0;
        if (name != n->text)
                r = catalog_region_find(c, region_name, &region);
        if (r == 0)
                r = place_seen_by_name(c, n->decision.request, region.id, name, &n->decision.place);
        return r == -ENOENT ? 0 : r;
}

static int launch_facts(struct catalog_connection *c, struct launching *n, struct launch_facts *ret_facts) {
        struct decision *d = &n->decision;
        const struct caller *caller = &d->request->caller;
        struct account account;
        struct trust trust;
        int r = catalog_account_get(c, caller->account, &account);

        if (r < 0)
                return r;
        *ret_facts = (struct launch_facts){
                .role = account.role,
                .instance_own = n->instance.owner == caller->account,
                .visible = d->visible,
                .same_region = d->image.region == n->instance.region,
                .available = d->image.state != IMAGE_DRAFT && !seal_empty(&n->seal, &d->image),
                .needs_files = seal_whole(&n->seal, &d->image) == WHOLE_NO,
                .busy = n->busy || (n->committing && (!seal_possible(&n->seal, &d->image) ||
                                                      seal_whole(&n->seal, &d->image) == WHOLE_UNKNOWN)),
                .trust_required = account.require_trust,
                .trusted = d->owner,
                .room = n->room,
        };
        r = catalog_trust_find(c, caller->account, d->image.owner, &trust);
        ret_facts->trusted = ret_facts->trusted || r == 0;
        return r == -ENOENT ? 0 : r;
}

static int judge_launch(struct catalog_connection *c, struct launching *n) {
        struct launch_facts facts;
        int r = decision_read(c, &n->decision);

        if (r == 0)
                r = catalog_instance_get(c, n->id, &n->instance);
        if (r == 0)
                r = launch_facts(c, n, &facts);
        n->decision.region = n->instance.region_name;
        if (r < 0)
                return r;
        r = policy_instance_launch(&facts);
        n->unseen = r == -ENOENT && facts.instance_own;
        return decision_files(c, &n->decision, n->seal.image == n->decision.image.id ? n->seal.format : "", r);
}

static int run_reserve(struct catalog_connection *c, void *context) {
        struct launching *n = context;

        return catalog_launch_reserve(c, n->id, n->decision.image.id, &n->launch);
}

static int run_forget(struct catalog_connection *c, void *context) {
        const struct launching *n = context;

        return catalog_launch_forget(c, n->launch);
}

static int run_launch(struct catalog_connection *c, void *context) {
        struct launching *n = context;
        struct decision *d = &n->decision;
        int64_t image = d->image.id, before = n->instance.launch, id;
        char instance[OBJECT_SIZE];
        struct event event;
        int r = judge_launch(c, n);

        if (r != 0)
                return r;
        if (d->image.id != image || n->instance.launch != before)
                return -EBUSY; /* replaced meanwhile, or installed by somebody else */
        r = seal_commit(c, d, &n->seal);
        if (r < 0)
                return r;
        event = decision_event(d, before ? EVENT_REINSTALL : EVENT_LAUNCH);
        (void)snprintf(instance, sizeof(instance), "%s/%s@%s", n->instance.region_name, n->instance.name,
                       n->instance.owner_name); /* fits */
        event.about.instance = n->id;
        event.detail[0] = (struct event_detail){ .key = "instance", .text = instance };
        event.detail[1] = (struct event_detail){ .key = "launch", .number = n->launch };
        r = keep_in(c, &n->keeping, &event);
        if (r == 0)
                r = catalog_event_add(c, &event, &id);
        if (r == 0)
                r = catalog_launch_forget(c, n->launch);
        return r == -ENOENT ? 0 : r; /* a repair took it for one that had died */
}

/* Has this process no handle of a disk? Waits for one that was just closed: its RELEASE comes a little later. */
static bool is_closed(struct service *service, int64_t launch) {
        const int wait = abs(wait_begin(service));
        struct disk *open;

        for (int ms = 0; (open = disk_find(service, launch)); ms++) {
                disk_put(service, open);
                if (ms == wait)
                        break;
                (void)usleep(1000); /* an early return only makes it look sooner */
        }
        wait_end(service);
        return !open;
}

/* Locks what must not change: the image against writers, the instance's disk against everybody. */
static int launch_prepare(struct launching *n, struct blob_store *store, struct blob_lock *old) {
        struct service *service = n->decision.request->service;
        int r = 0;

        if (n->decision.image.state == IMAGE_AVAILABLE)
                r = seal_prepare(service, &n->decision.image, &n->seal);
        else if (n->decision.image.whole == WHOLE_UNKNOWN)
                r = seal_look(service, &n->decision.image, &n->seal);
        if (r == 0 && n->instance.has_disk)
                r = seal_wait(service, store, n->instance.launch, BLOB_LOCK_SEAL, old);
        if (r < 0)
                return r;
        if (!n->instance.has_disk || is_closed(service, n->instance.launch))
                return 0;
        n->decision.busy = n->instance.launch;
        return -EBUSY;
}

static int make_clone(const struct launching *n, const struct blob_store *store, struct blob_lock *lock) {
        _cleanup_fd_ int from = -1, to = -1;
        struct stat st;
        int r = blob_lock(store, n->launch, BLOB_LOCK_WRITE, 0, lock);

        if (r == 0)
                r = blob_set_aside(store, n->launch); /* there is nothing, unless this is an older state of the catalog */
        if (r == 0)
                r = blob_open(store, n->decision.image.id, O_RDONLY, &from);
        if (r < 0)
                return r;
        if (fstat(from, &st) < 0)
                return -errno;
        do
                r = blob_replace(store, n->launch, from, (uint64_t)st.st_size, &to);
        while (r == -ENOSPC && purge_for_room(n->decision.request->service, n->instance.region) > 0);
        return r;
}

static int clone_and_commit(struct launching *n, struct blob_store *store) {
        struct request *request = n->decision.request;
        _cleanup_(cleanup_blob_lock) struct blob_lock lock = BLOB_LOCK_NONE;
        int64_t old = n->instance.has_disk ? n->instance.launch : 0;
        int r = request_write(request, run_reserve, n);

        if (r < 0)
                return r;
        n->committing = true;
        r = make_clone(n, store, &lock);
        if (r == 0 && old)
                r = keep_look(store, old, &n->keeping);
        if (r == 0)
                r = request_write(request, run_launch, n);
        if (r != 0) {
                (void)blob_unlink(store, n->launch); /* else swept at the next mount */
                (void)request_write(request, run_forget, n); /* a reservation that stays does no harm */
        } else if (old) {
                keep_done(request->service, store, old, &n->keeping);
        }
        return r;
}

/* The bytes were not found. Judges again, as the image's disk may have been removed meanwhile. */
static int judge_again(struct launching *n, int64_t image, int failed) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(n->decision.request->service->catalog, &c);

        n->committing = false;
        if (r == 0)
                r = judge_launch(c, n);
        if (r != 0 && r != -EBUSY)
                return r;
        return n->decision.image.id != image ? -EBUSY : failed;
}

/* Asks for the room of the clone. What it replaces goes. */
static int launch_ask_room(struct launching *n, const struct blob_store *store, struct promise *ret_promise) {
        const int64_t old = n->instance.has_disk ? n->instance.launch : 0;
        int64_t bytes = -1, replaced = 0;
        int r = meter_blob(store, n->decision.image.id, &bytes);

        if (r == 0 && old)
                r = meter_blob(store, old, &replaced);
        if (r == -ENOENT && bytes >= 0) /* gone meanwhile, which the commit finds */
                r = 0;
        if (r == 0)
                r = promise_begin(n->decision.request->service, n->instance.region, n->instance.owner, bytes - replaced,
                                  ret_promise, &n->room);
        return r < 0 ? r : decision_room(&n->decision, &n->room, bytes - replaced);
}

/* Installs what the rules allowed. */
static int launch_install(struct launching *n) {
        _cleanup_promise_ struct promise promise = { 0 };
        _cleanup_(cleanup_blob_lock) struct blob_lock old = BLOB_LOCK_NONE;
        const int64_t image = n->decision.image.id; /* a transaction that fails may clear it */
        struct blob_store *store;
        int r = service_store(n->decision.request->service, n->instance.region, &store);

        if (r == 0)
                r = launch_prepare(n, store, &old);
        if (r == 0 && seal_whole(&n->seal, &n->decision.image) == WHOLE_NO)
                return judge_again(n, image, -EBUSY); /* before anything is copied */
        if (r == 0)
                r = launch_ask_room(n, store, &promise);
        if (r == 0)
                r = clone_and_commit(n, store);
        return r == -EIO || r == -ENOENT ? judge_again(n, image, r) : r;
}

static int launch_end(struct launching *n, int r) {
        char region_name[OBJECT_SIZE];

        return r == -ENOENT && n->unseen ? decision_unseen(&n->decision, region_name, asked_name(n, region_name))
                                         : decision_end(&n->decision, r);
}

int instance_launch(struct request *request, int64_t id, const char *image) {
        struct launching n = {
                .decision = { .request = request, .op = EVENT_LAUNCH, .asked = "launch from {object}" },
                .id = id,
                .text = image,
                .seal = { .lock = BLOB_LOCK_NONE },
        };
        int r = service_writable(request->service);

        if (r == 0)
                r = instance_get(request, id, &n.instance);
        if (r == 0) {
                _cleanup_read_ struct catalog_connection *c = NULL;

                r = catalog_read(request->service->catalog, &c);
                if (r == 0)
                        r = find_image(c, &n);
                if (r == 0)
                        r = judge_launch(c, &n);
        }
        if (r == 0)
                r = launch_install(&n);
        r = launch_end(&n, r);
        if (r == 0 && n.seal.image)
                digest_wake(request->service);
        seal_end(&n.seal);
        return r;
}
