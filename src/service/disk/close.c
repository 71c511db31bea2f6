/* SPDX-License-Identifier: MIT
 * Closing disks: what a close makes of the image.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "disk/wing.h"
#include "nouns.h"
#include "upkeep/wing.h"

struct closing {
        struct decision decision;
        struct settling settling;
        const struct disk *disk;
        uint64_t size;
        bool written;
        bool failed;  /* a write did: what there is may be half of something */
        bool matters; /* what the close makes of the image; else only what it makes of a source */
};

/* What a close makes of the image: available with its first content, a copy, no set mtime after a write. */
static int run_close(struct catalog_connection *c, void *context) {
        struct closing *n = context;
        struct decision *d = &n->decision;
        int64_t lineage = n->disk->lineage, source = 0, same, id;
        char source_object[SOURCE_SIZE];
        struct event event;
        bool copied, fills;
        int r = disk_settle_commit(c, d->request, &n->settling);

        if (r < 0 || !n->matters)
                return r;
        r = decision_read(c, d);
        if (r == 0 && d->image.id == n->disk->id)
                r = catalog_image_source(c, n->disk->id, &source, &same);
        if (r < 0 || d->image.id != n->disk->id || d->image.state == IMAGE_SEALED)
                return r; /* the disk was removed, or a link to this sealed image took its place */
        fills = d->image.state == IMAGE_DRAFT && n->size > 0 && !n->failed;
        copied = lineage != 0 && lineage != source && (fills || d->image.state != IMAGE_DRAFT);
        if (n->written && !n->disk->timed && d->image.mtime != 0)
                r = times_commit(c, d, EVENT_TIMES_DISK, 0);
        if (r == 0 && n->written && d->image.reviewed)
                r = review_commit(c, d, false);
        if (r < 0 || !(copied || fills))
                return r;
        if (copied)
                r = source_name(c, NULL, lineage, source_object);
        event = copied ? copy_event(d, source_object, lineage, n->size) : decision_event(d, EVENT_AVAILABLE);
        return r < 0 ? r : catalog_event_add(c, &event, &id);
}

/* Is there anything for run_close to do? Most closes find the image as they left it. */
static int close_matters(struct request *request, const struct closing *n, int64_t *ret_place) {
        const struct disk *disk = n->disk;
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct image image;
        int64_t source, same;
        int r = catalog_read(request->service->catalog, &c);

        if (r == 0)
                r = catalog_image_of_id(c, disk->id, &image);
        if (r == 0)
                r = catalog_image_source(c, disk->id, &source, &same);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        *ret_place = image.place;
        return (image.state == IMAGE_DRAFT && !n->failed) || (disk->lineage != 0 && disk->lineage != source) ||
               (disk->written && (image.mtime != 0 || image.reviewed));
}

/* One transaction for all that is to be told. */
static int tell(struct request *request, struct disk *disk, struct closing *n) {
        int r = 0;

        if (n->matters || n->settling.place)
                r = catalog_write(request->service->catalog, run_close, n);
        if (r < 0)
                return r;
        disk_copied(request->service, disk);
        if (n->settling.place)
                digest_wake(request->service);
        return 0;
}

int disk_settle_now(struct request *request, struct disk *disk) {
        struct closing n = { .settling = { .seal = SEAL_NONE }, .decision = { .request = request }, .disk = disk };
        int r = disk_settle(request, disk, &n.settling);

        if (r == 0)
                r = tell(request, disk, &n);
        seal_end(&n.settling.seal);
        return r;
}

static void remove_writer(struct request *request, struct disk *disk) {
        (void)pthread_rwlock_wrlock(&disk->io);
        if (--disk->writers == 0) {
                (void)disk_settle_now(request, disk); /* told by the last flush, which tried it too */
                disk_copied(request->service, disk);
                disk->lock = blob_unlock(disk->lock);
        }
        (void)pthread_rwlock_unlock(&disk->io);
}

static int flush_settled(struct request *request, struct disk_handle *handle, struct closing *n) {
        struct disk *disk = handle->disk;
        struct stat st;
        int r;

        disk_look(disk);
        n->written = disk->written;
        if (fstat(disk->fd, &st) < 0)
                return -errno;
        n->size = (uint64_t)st.st_size;
        n->failed = handle->failed;
        r = close_matters(request, n, &n->decision.place);
        n->matters = r > 0;
        if (r >= 0)
                r = tell(request, disk, n);
        if (r < 0)
                return r;
        disk->written = false;
        disk->lineage = 0;
        if (!disk->flushed) /* where that fails, who wants to seal is told at once that it is busy */
                disk->flushed = blob_lock_flushed(&disk->lock, true) == 0;
        return 0;
}

/* io is held exclusively. */
static int flush(struct request *request, struct disk_handle *handle) {
        struct closing n = { .decision = { .request = request, .op = EVENT_AVAILABLE, .asked = "fill {object}" },
                             .settling = { .seal = SEAL_NONE },
                             .disk = handle->disk };
        int r = disk_settle(request, handle->disk, &n.settling);

        if (r == 0)
                r = flush_settled(request, handle, &n);
        seal_end(&n.settling.seal);
        return r;
}

int disk_flush(struct request *request, struct disk_handle *handle) {
        int r;

        if (!handle->writes)
                return 0;
        (void)pthread_rwlock_wrlock(&handle->disk->io);
        r = flush(request, handle);
        (void)pthread_rwlock_unlock(&handle->disk->io);
        return r;
}

struct disk_handle *disk_close(struct request *request, struct disk_handle *handle) {
        if (!handle)
                return NULL;
        if (handle->pinned)
                disk_unpin(handle->disk);
        if (handle->writes)
                remove_writer(request, handle->disk);
        disk_handle_put(handle);
        return NULL;
}
