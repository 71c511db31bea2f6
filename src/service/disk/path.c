/* SPDX-License-Identifier: MIT
 * Disks by their image, without a handle: remove, stat, truncate, touch.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "disk/wing.h"
#include "keep.h"
#include "nouns.h"
#include "origin.h"

struct removal {
        struct decision decision;
        bool busy; /* it is being copied */
        struct keeping keeping;
};

static int run_disk_remove(struct catalog_connection *c, void *context) {
        struct removal *n = context;
        struct decision *d = &n->decision;
        int64_t image = d->image.id, id;
        struct event event;
        int r = decision_read(c, d);

        if (r < 0)
                return r;
        r = policy_image_delete(&(struct delete_facts){
                .role = d->request->caller.role,
                .visible = d->visible,
                .owner = d->owner,
                .shares = d->shares,
                .busy = n->busy,
        });
        if (r != 0)
                return decision_judged(c, d, r);
        if (!d->image.has_disk || d->image.id != image)
                return -ENOENT;
        event = decision_event(d, EVENT_DELETE_DISK);
        if (d->image.state != IMAGE_DRAFT) /* what never had content is not kept */
                r = keep_in(c, &n->keeping, &event);
        return r < 0 ? r : catalog_event_add(c, &event, &id);
}

int disk_remove(struct request *request, int64_t place) {
        _cleanup_(cleanup_blob_lock) struct blob_lock lock = BLOB_LOCK_NONE;
        struct removal n = { 0 };
        struct blob_store *store = NULL;
        int64_t id;
        int r = service_writable(request->service);

        if (r == 0)
                r = disk_decision(request, place, &n.decision);
        if (r < 0)
                return r;
        n.decision.op = EVENT_DELETE;
        n.decision.asked = "remove the disk of {object}";
        id = n.decision.image.id;
        if (n.decision.owner && n.decision.image.has_disk) {
                r = service_store(request->service, n.decision.image.region, &store);
                if (r == 0)
                        r = blob_lock(store, id, BLOB_LOCK_REMOVE, 0, &lock);
                n.busy = r == -EBUSY;
                if (r == 0)
                        r = keep_look(store, id, &n.keeping);
                if (r < 0 && r != -EBUSY)
                        return r;
        }
        r = decision_end(&n.decision, request_write(request, run_disk_remove, &n));
        if (r == 0 && store)
                keep_done(request->service, store, id, &n.keeping);
        return r;
}

/* Stats the open disk of an image; only_referring: only if it is a reference. -ENOENT: there is none. */
static int stat_if_open(struct service *service, int64_t id, bool only_referring, struct stat *ret_stat) {
        struct disk *disk = disk_find(service, id);
        int r = -ENOENT;

        if (!disk)
                return r;
        (void)pthread_rwlock_rdlock(&disk->io);
        if (disk->referring || !only_referring)
                r = disk_stat_open(disk, ret_stat);
        (void)pthread_rwlock_unlock(&disk->io);
        disk_put(service, disk);
        return r;
}

int disk_stat_removed(struct request *request, int64_t id, struct stat *ret_stat) {
        return stat_if_open(request->service, id, false, ret_stat);
}

void disk_stat_past(int64_t size, int64_t mtime, struct stat *ret_stat) {
        *ret_stat = (struct stat){ .st_size = size, .st_blocks = (size + 511) / 512, .st_mtim = timestamp_split(mtime) };
}

int disk_stat(struct request *request, const struct image *image, struct stat *ret_stat) {
        struct blob_store *store;
        int r;

        if (request->service->past) {
                disk_stat_past(image->size, image->mtime, ret_stat);
                return 0;
        }
        request_done(request);
        r = stat_if_open(request->service, image->id, true, ret_stat);
        if (r == -ENOENT) {
                r = service_store(request->service, image->region, &store);
                if (r == 0)
                        r = blob_stat(store, image->id, ret_stat);
        }
        if (r < 0 && image->state == IMAGE_SEALED) { /* offline: the catalog knows what was sealed */
                *ret_stat = (struct stat){ .st_size = image->size, .st_blocks = (image->size + 511) / 512 };
                r = 0;
        }
        if (r < 0)
                return r == -ENOENT ? ORIGIN(-EIO) : r;
        if (image->mtime != 0)
                ret_stat->st_mtim = timestamp_split(image->mtime);
        return 0;
}

/* -ENOENT: it was not told when it was sealed, or is not sealed. */
static int format_told(struct request *request, const struct image *image, char ret_text[static FORMAT_SIZE]) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = request_read(request, &c);

        return r < 0 ? r : catalog_image_format(c, image->id, ret_text);
}

/* -ENOENT: it is not a reference that is open here. */
static int format_of_reference(struct service *service, int64_t id, char ret_text[static FORMAT_SIZE]) {
        struct disk *disk = disk_find(service, id);
        int r = -ENOENT;

        if (!disk)
                return r;
        (void)pthread_rwlock_rdlock(&disk->io);
        if (disk->referring)
                r = blob_format(disk->source_fd, ret_text);
        (void)pthread_rwlock_unlock(&disk->io);
        disk_put(service, disk);
        return r;
}

int disk_format(struct request *request, const struct image *image, char ret_text[static FORMAT_SIZE]) {
        _cleanup_fd_ int fd = -1;
        struct blob_store *store;
        int r = image->whole == WHOLE_UNKNOWN ? -ENOENT : format_told(request, image, ret_text);

        if (r != -ENOENT)
                return r;
        if (request->service->past)
                return -ENODATA;
        request_done(request);
        r = format_of_reference(request->service, image->id, ret_text);
        if (r != -ENOENT)
                return r;
        r = service_store(request->service, image->region, &store);
        if (r == 0)
                r = blob_open(store, image->id, O_RDONLY, &fd);
        if (r == 0)
                r = blob_format(fd, ret_text);
        return r == -ENOENT ? ORIGIN(-EIO) : r;
}

int disk_truncate_path(struct request *request, int64_t place, uint64_t size) {
        struct disk_handle *handle;
        int r = disk_open(request, place, O_WRONLY, &handle), e;

        if (r != 0)
                return r;
        r = disk_truncate(handle, size);
        e = disk_flush(request, handle);
        (void)disk_close(request, handle); /* returns NULL */
        return r < 0 ? r : e;
}

struct touching {
        struct decision decision;
        int64_t mtime;
};

static int run_disk_touch(struct catalog_connection *c, void *context) {
        struct touching *n = context;
        struct decision *d = &n->decision;
        int r = decision_read(c, d);

        if (r < 0)
                return r;
        return d->owner && d->image.has_disk ? times_commit(c, d, EVENT_TIMES_DISK, n->mtime) : -ENOENT;
}

int disk_touch(struct request *request, int64_t place, int64_t mtime) {
        struct touching n = { .decision = { .request = request, .place = place },
                              .mtime = mtime ?: 1 }; /* 0 would mean: the blob's own */
        struct disk *disk;
        int r = request_write(request, run_disk_touch, &n);

        disk = r == 0 ? disk_find(request->service, n.decision.image.id) : NULL;
        if (disk) {
                (void)pthread_rwlock_wrlock(&disk->io);
                disk_catch_up(disk);
                disk->timed = true; /* later than the writes */
                (void)pthread_rwlock_unlock(&disk->io);
                disk_put(request->service, disk);
        }
        return r;
}
