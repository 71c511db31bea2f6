/* SPDX-License-Identifier: MIT
 * Copying by LINK: a whole disk at once, of an image (by reference within a filesystem) or of an instance (bytes,
 * reflinked where the filesystem can).
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "disk/meter.h"
#include "disk/stores.h"
#include "keep.h"
#include "nouns.h"
#include "upkeep/wing.h"

struct copying {
        struct decision decision; /* about the source */
        int64_t launch;           /* the source is an instance's disk; 0: the decision's image */
        struct instance instance;
        struct decision target;
        struct seal seal;
        bool busy;
        uint64_t size;
        struct room_facts room; /* once it was asked for */
};

static int64_t source_id(const struct copying *n) {
        return n->launch ? n->launch : n->decision.image.id;
}

static int judge_source(struct catalog_connection *c, struct copying *n) {
        struct decision *d = &n->decision;
        int r;

        if (n->launch) {
                r = instance_judge_in(c, d, n->instance.id, false, &n->instance);
                if (r == 0 && n->busy)
                        r = -EBUSY;
                return r != 0 ? r : n->instance.has_disk && n->instance.launch == n->launch ? 0 : -ENOENT;
        }
        r = decision_read(c, d);
        if (r == 0)
                r = policy_image_copy(&(struct copy_facts){ .visible = d->visible,
                                                            .owner = d->owner,
                                                            .quota = 1,
                                                            .room = n->room,
                                                            .busy = n->busy || (d->image.state == IMAGE_AVAILABLE &&
                                                                                !seal_possible(&n->seal, &d->image)) });
        return r != 0 ? r : d->image.has_disk ? 0 : -ENOENT;
}

static int judge_target(struct catalog_connection *c, struct copying *n) {
        struct decision *t = &n->target;
        int r = decision_read(c, t);

        if (r == 0)
                r = policy_disk_write(&(struct write_facts){
                        .role = t->request->caller.role, .visible = t->visible, .owner = t->owner,
                        .sealed = t->image.state == IMAGE_SEALED });
        return r != 0 ? r : t->image.has_disk ? -EEXIST : 0;
}

static int run_copy(struct catalog_connection *c, void *context) {
        struct copying *n = context;
        struct decision *t = &n->target;
        int64_t image = t->image.id, id;
        char source[SOURCE_SIZE];
        struct event event;
        int r = judge_source(c, n);

        if (r == 0)
                r = judge_target(c, n);
        if (r == 0 && t->image.id != image)
                r = -EEXIST;
        if (r == 0 && n->seal.image && n->size > 0) /* an empty disk is not available (CONTRACT 4) */
                r = seal_commit(c, &n->decision, &n->seal);
        if (r == 0 && t->image.reviewed) /* set on an empty draft: nobody has looked at these bytes */
                r = review_commit(c, t, false);
        if (r == 0)
                r = source_name(c, NULL, source_id(n), source);
        if (r != 0)
                return r;
        event = decision_copied(t, source, source_id(n), n->size);
        r = catalog_event_add(c, &event, &id);
        return r < 0 ? r : catalog_image_get(c, t->place, &t->image);
}

/* Makes the new blob: a hard link, or a copy of the bytes. */
static int copy_file(struct copying *n, struct blob_store *from, struct blob_store *to) {
        int64_t source = source_id(n), target = n->target.image.id;
        _cleanup_fd_ int fd = -1, copy = -1;
        struct stat st;
        int r = blob_open(from, source, O_RDONLY, &fd);

        if (r < 0)
                return r;
        if (fstat(fd, &st) < 0)
                return -errno;
        n->size = (uint64_t)st.st_size;
        if (n->launch || n->size == 0 || !blob_store_same_filesystem(from, to))
                r = -EXDEV;
        else
                r = blob_link(from, source, to, target);
        return r == -EXDEV || r == -EMLINK ? blob_replace(to, target, fd, n->size, &copy) : r;
}

/* Keeps others from making this disk meanwhile. -EEXIST: somebody has made it. */
static int hold_target(struct service *service, const struct copying *n, const struct blob_store *store,
                       struct blob_lock *lock) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct image image;
        int r = blob_lock(store, n->target.image.id, BLOB_LOCK_WRITE, BLOB_SWEEP_MS, lock);

        if (r == 0)
                r = blob_lock_refer(lock, true);
        if (r == 0)
                r = catalog_read(service->catalog, &c);
        if (r == 0)
                r = catalog_image_of_id(c, n->target.image.id, &image);
        if (r == 0 && image.has_disk)
                r = -EEXIST;
        return r < 0 ? r : blob_set_aside(store, n->target.image.id); /* what a crash left, or an older state */
}

/* The source's bytes were not found. -ENOENT: its disk was removed meanwhile; else `failed`. */
static int source_removed(struct request *request, const struct copying *n, int failed) {
        struct image now;
        int r = image_get(request, n->decision.place, &now);

        return r < 0 ? r : now.id != n->decision.image.id ? -ENOENT : failed;
}

/* Asks for the room of the copy, where it is going to be. */
static int copy_ask_room(struct copying *n, const struct blob_store *from, struct promise *ret_promise) {
        struct decision *d = &n->decision;
        int64_t bytes;
        int r = meter_blob(from, source_id(n), &bytes);

        if (r == 0)
                r = promise_begin(d->request->service, n->target.image.region, n->target.image.owner, bytes,
                                  ret_promise, &n->room);
        if (r < 0)
                return r;
        d->region = n->target.image.region_name;
        return decision_room(d, &n->room, bytes);
}

/* Locks the source against changes, copies it, and records that in the catalog. */
static int copy_locked(struct request *request, struct copying *n, struct blob_store *from, struct blob_store *to) {
        _cleanup_(cleanup_blob_lock) struct blob_lock source = BLOB_LOCK_NONE, target = BLOB_LOCK_NONE;
        _cleanup_promise_ struct promise promise = { 0 };
        const int64_t id = n->target.image.id; /* a transaction that fails may clear it */
        bool held;
        int r = seal_wait(request->service, from, source_id(n), BLOB_LOCK_COPY, &source);

        if (r == 0 && !n->launch && n->decision.image.state == IMAGE_AVAILABLE)
                r = seal_prepare(request->service, &n->decision.image, &n->seal);
        n->busy = r == -EBUSY;
        if (r == 0)
                r = copy_ask_room(n, from, &promise);
        if (r == 0)
                r = hold_target(request->service, n, to, &target);
        held = r == 0;
        if (held)
                do
                        r = copy_file(n, from, to);
                while (r == -ENOSPC && purge_for_room(request->service, n->target.image.region) > 0);
        if (r == 0 || n->busy)
                r = request_write(request, run_copy, n);
        else if ((r == -EIO || r == -ENOENT) && !n->launch)
                r = source_removed(request, n, r);
        if (r != 0 && held && r != -EEXIST)
                (void)blob_unlink(to, id); /* a copy that failed may have its name, too; else swept */
        return r;
}

/* The first judgement, before anything is prepared. */
static int judge_first(struct request *request, struct copying *n) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(request->service->catalog, &c);

        if (r == 0)
                r = judge_source(c, n);
        if (r == 0 || r == -EBUSY) /* not prepared yet */
                r = judge_target(c, n);
        return r;
}

static int copy_whole(struct request *request, struct copying *n, struct image *ret_image) {
        struct blob_store *from, *to;
        int r = service_writable(request->service);

        if (r < 0)
                return r;
        r = judge_first(request, n);
        if (r == 0)
                r = service_store(request->service, n->launch ? n->instance.region : n->decision.image.region, &from);
        if (r == 0)
                r = service_store(request->service, n->target.image.region, &to);
        if (r == 0)
                r = copy_locked(request, n, from, to);
        r = decision_end(&n->decision, r);
        if (r == 0 && n->seal.image)
                digest_wake(request->service);
        seal_end(&n->seal);
        if (r == 0)
                *ret_image = n->target.image;
        return r;
}

int image_copy(struct request *request, int64_t place, int64_t to_place, struct image *ret_image) {
        struct copying n = {
                .decision = { .request = request, .op = EVENT_COPY, .asked = "copy {object}", .place = place },
                .target = { .request = request, .place = to_place },
                .seal = { .lock = BLOB_LOCK_NONE },
        };

        return copy_whole(request, &n, ret_image);
}

int instance_disk_copy(struct request *request, int64_t launch, int64_t to_place, struct image *ret_image) {
        struct copying n = {
                .decision = { .request = request, .op = EVENT_COPY, .asked = "copy the disk of instance {object}" },
                .launch = launch,
                .target = { .request = request, .place = to_place },
                .seal = { .lock = BLOB_LOCK_NONE },
        };
        int r = service_writable(request->service);

        if (r == 0)
                r = instance_get_disk(request, launch, &n.instance);
        return r < 0 ? r : copy_whole(request, &n, ret_image);
}
