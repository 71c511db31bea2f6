/* SPDX-License-Identifier: MIT
 * Opening and making disks: the judgement, the writer's lock, the handle.
 */
#include <fcntl.h>

#include "disk/wing.h"
#include "nouns.h"

/* 0, the rule `sealed`, or -ENOENT: the disk was removed or replaced. ret_image: empty for an instance's. */
static int still_writable(struct catalog_connection *c, int64_t id, struct image *ret_image) {
        struct instance instance;
        int r = is_launch(id) ? catalog_instance_of_launch(c, id, &instance) : catalog_image_of_id(c, id, ret_image);

        if (r < 0)
                return r;
        if (is_launch(id))
                return instance.has_disk ? 0 : -ENOENT;
        return ret_image->state == IMAGE_SEALED ? RULE_SEALED : 0;
}

/* Opens for the first writer: takes the lock first, then looks again whether the disk may be written. */
static int first_writer(struct request *request, struct disk *disk) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        _cleanup_(cleanup_blob_lock) struct blob_lock lock = BLOB_LOCK_NONE;
        struct image image = { 0 };
        int r = blob_lock(disk->store, disk->id, BLOB_LOCK_WRITE, 0, &lock);

        if (r == 0)
                r = catalog_read(request->service->catalog, &c);
        if (r == 0)
                r = still_writable(c, disk->id, &image);
        if (r == 0)
                r = review_reset(request, &image);
        if (r == 0)
                r = disk_reopen(disk, O_RDWR);
        if (r != 0)
                return r;
        disk->lock = lock;
        lock = BLOB_LOCK_NONE;
        disk->flushed = disk->separate = false;
        return 0;
}

static int add_writer(struct request *request, struct disk *disk) {
        int r;

        (void)pthread_rwlock_wrlock(&disk->io);
        r = disk->writers > 0 ? 0 : first_writer(request, disk);
        if (r == 0) {
                disk->writers++;
                disk_written_by(disk, request);
        }
        (void)pthread_rwlock_unlock(&disk->io);
        return r;
}

static int handle_new(struct service *service, struct disk *disk, int flags, struct disk_handle **ret_handle) {
        struct disk_handle *handle = calloc(1, sizeof(*handle));

        if (!handle)
                return -ENOMEM;
        handle->references = 1;
        handle->service = service;
        handle->disk = disk;
        handle->reads = (flags & O_ACCMODE) != O_WRONLY;
        handle->writes = (flags & O_ACCMODE) != O_RDONLY;
        *ret_handle = handle;
        return 0;
}

/* Judges an open, and sets the words for a refusal. */
static int judge_open(struct request *request, struct decision *d, int flags, bool sealed) {
        bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
        int r = 0;

        if ((flags & O_ACCMODE) != O_WRONLY) {
                d->op = EVENT_COPY;
                d->asked = "read the disk of {object}";
                r = policy_image_copy(&(struct copy_facts){ .visible = d->visible, .owner = d->owner, .quota = 1 });
        }
        if (r == 0 && writes) {
                d->op = EVENT_AVAILABLE;
                d->asked = "write the disk of {object}";
                r = policy_disk_write(&(struct write_facts){
                        .role = request->caller.role, .visible = d->visible, .owner = d->owner, .sealed = sealed });
        }
        return r;
}

int disk_decision(struct request *request, int64_t place, struct decision *ret_decision) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(request->service->catalog, &c);

        *ret_decision = (struct decision){ .request = request, .place = place };
        return r < 0 ? r : decision_read(c, ret_decision);
}

int disk_open_judged(struct request *request, int64_t region, int64_t id, int flags, struct disk_handle **ret_handle) {
        struct disk_handle *handle;
        struct disk *disk;
        int r = disk_get(request->service, region, request->caller.account, id, &disk);

        if (r < 0)
                return r;
        r = handle_new(request->service, disk, flags, &handle);
        if (r < 0) {
                disk_put(request->service, disk);
                return r;
        }
        if (handle->writes) {
                r = add_writer(request, disk);
                handle->writes = r == 0;
        }
        if (r == 0 && flags & O_TRUNC)
                r = disk_truncate(handle, 0);
        if (r != 0)
                (void)disk_close(request, handle); /* returns NULL */
        else
                *ret_handle = handle;
        return r;
}

int disk_openable(const struct service *service, int flags) {
        bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
        int r = writes ? service_writable(service) : 0;

        return r < 0 ? r : service->past ? -EPERM : 0;
}

int disk_open(struct request *request, int64_t place, int flags, struct disk_handle **ret_handle) {
        struct decision d;
        int r = disk_openable(request->service, flags);

        if (r < 0)
                return r;
        r = disk_decision(request, place, &d);
        if (r == 0)
                r = judge_open(request, &d, flags, d.image.state == IMAGE_SEALED);
        if (r == 0 && !d.image.has_disk)
                r = -ENOENT;
        if (r == 0)
                r = disk_open_judged(request, d.image.region, d.image.id, flags, ret_handle);
        if (r == 0)
                (*ret_handle)->sealed = d.image.state == IMAGE_SEALED;
        return decision_end(&d, r);
}

static int run_disk_create(struct catalog_connection *c, void *context) {
        struct decision *d = context;
        int64_t image = d->image.id, id;
        struct event event;
        int r = decision_read(c, d);

        if (r == 0)
                r = judge_open(d->request, d, O_WRONLY, d->image.state == IMAGE_SEALED);
        if (r == 0 && (d->image.has_disk || d->image.id != image))
                r = -EEXIST;
        if (r != 0)
                return r;
        event = decision_event(d, EVENT_CREATE_DISK);
        r = catalog_event_add(c, &event, &id);
        if (r == 0 && d->image.reviewed) /* set on an empty draft: nobody has looked at these bytes */
                r = review_commit(c, d, false);
        return r < 0 ? r : catalog_image_get(c, d->place, &d->image);
}

/* Removes a file that a crash left and the catalog does not know. Another process may also be making it just now. */
static int clear_leftover(struct request *request, const struct disk *disk) {
        _cleanup_(cleanup_blob_lock) struct blob_lock lock = BLOB_LOCK_NONE;
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct image image;
        int r = seal_wait(request->service, disk->store, disk->id, BLOB_LOCK_SEAL, &lock);

        if (r == 0)
                r = catalog_read(request->service->catalog, &c);
        if (r == 0)
                r = catalog_image_of_id(c, disk->id, &image);
        if (r == 0 && image.has_disk)
                r = -EEXIST;
        return r < 0 ? r : blob_set_aside(disk->store, disk->id);
}

static int create_disk_file(struct request *request, struct disk *disk) {
        int r = -EEXIST;

        for (int tries = 0; tries < 2 && r == -EEXIST; tries++) {
                if (tries > 0) {
                        r = clear_leftover(request, disk);
                        if (r < 0)
                                return r;
                }
                r = blob_lock(disk->store, disk->id, BLOB_LOCK_WRITE, BLOB_SWEEP_MS, &disk->lock);
                if (r == 0)
                        r = blob_create(disk->store, disk->id, &disk->fd);
                if (r < 0)
                        disk->lock = blob_unlock(disk->lock);
        }
        return r;
}

int disk_create(struct request *request, int64_t place, int flags, struct image *ret_image,
                struct disk_handle **ret_handle) {
        _cleanup_(disk_cleanup) struct disk *disk = NULL;
        struct disk_handle *handle;
        struct decision d;
        int r = service_writable(request->service);

        if (r < 0)
                return r;
        r = disk_decision(request, place, &d);
        if (r == 0)
                r = judge_open(request, &d, O_WRONLY, d.image.state == IMAGE_SEALED);
        if (r == 0 && d.image.has_disk)
                r = -EEXIST;
        if (r == 0)
                r = disk_new(request->service, d.image.region, request->caller.account, d.image.id, &disk);
        if (r == 0)
                r = create_disk_file(request, disk);
        if (r != 0)
                return decision_end(&d, r);
        r = handle_new(request->service, disk, flags, &handle);
        if (r == 0) {
                r = decision_end(&d, request_write(request, run_disk_create, &d));
                if (r != 0)
                        free(handle);
        }
        if (r != 0) {
                (void)blob_unlink(disk->store, disk->id); /* else swept */
                return r;
        }
        disk->separate = true;
        disk->writers = handle->writes ? 1 : 0;
        disk_written_by(disk, request);
        if (!handle->writes)
                disk->lock = blob_unlock(disk->lock);
        disk_insert(request->service, TAKE_PTR(disk));
        *ret_image = d.image;
        *ret_handle = handle;
        return 0;
}
