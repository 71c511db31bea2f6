/* SPDX-License-Identifier: MIT
 * Closing disks: what a close changes in the image. The call tree; each function calls only those below it, here or in
 * the file named:
 *
 *   disk_flush          a descriptor is closed, at each close(2); io is held exclusively
 *     disk_settle         a reference becomes a link, its source made durable, or bytes   settle.c > seal.c, separate.c
 *     close_begin         what is there now, and does it matter?                          pin.c
 *     close_tell          if it does, one transaction, run_close:
 *       disk_settle_commit  the source of a link is sealed                                settle.c > seal.c
 *       then the image      no set mtime, a copy or available                             nouns.h, log/decision.c
 *     close_done          a reference no more, nothing unwritten, flushed                 settle.c > separate.c
 *   disk_close          a handle ends, at the last close of an open file
 *     disk_unpin          the kernel no longer reads and writes by itself                 pin.c
 *     remove_writer       the last one: what no flush could settle, as it is              settle.c, separate.c
 *     disk_handle_put     the last handle closes the file                                 table.c
 */
#include <sys/stat.h>

#include "disk/wing.h"
#include "nouns.h"

struct closing {
        struct decision decision;
        struct settling settling;
        const struct disk *disk;
        uint64_t size;
        bool written;
        bool failed;  /* a write failed: the content may be incomplete */
        bool untold;  /* the sources, as nothing came of the copy yet */
        bool matters; /* the close changes the image; else at most its source */
};

/* What the catalog knows of the sources of a disk. */
struct lineage {
        const struct disk *disk;
        bool known[DISK_SOURCES]; /* of disk->sources */
        size_t live, kept;        /* rows; of these, of disk->sources */
        bool replaces;            /* only disk->sources count from now on */
        bool changes;
};

static int lineage_row(int64_t source, void *context) {
        struct lineage *l = context;

        l->live++;
        for (size_t i = 0; i < l->disk->sources_count; i++)
                if (l->disk->sources[i] == source) {
                        l->known[i] = true;
                        l->kept++;
                }
        return 0;
}

static int lineage_read(struct catalog_connection *c, const struct disk *disk, struct lineage *ret_lineage) {
        const size_t count = disk->sources_count;
        struct lineage *l = ret_lineage;
        int r;

        *l = (struct lineage){ .disk = disk };
        r = catalog_image_sources(c, disk->id, lineage_row, l);
        l->replaces = count > 0 && (disk->sources_all || l->live == 0);
        l->changes = l->kept < count || (l->replaces && l->live > count);
        if (l->replaces) /* all are told again */
                memset(l->known, 0, sizeof(l->known));
        return r;
}

/* An event for each source that is new. The first one can be the end of those before, and make the image available. */
static int lineage_tell(struct catalog_connection *c, const struct decision *d, const struct lineage *l, uint64_t size,
                        bool fills) {
        struct event event = decision_event(d, EVENT_AVAILABLE);
        int64_t id;
        int r = fills && !l->replaces ? catalog_event_add(c, &event, &id) : 0;

        for (size_t i = 0; i < l->disk->sources_count && r == 0; i++) {
                const int64_t source = l->disk->sources[i];
                char name[SOURCE_SIZE];

                if (l->known[i])
                        continue;
                r = source_name(c, NULL, source, name);
                if (r < 0)
                        return r;
                event = l->replaces && i == 0 ? decision_copied(d, name, source, size) : decision_copied_also(d, name, source);
                r = catalog_event_add(c, &event, &id);
        }
        return r;
}

/* What a close makes of the image: available with its first content, a copy, after a write no set mtime. */
static int run_close(struct catalog_connection *c, void *context) {
        struct closing *n = context;
        struct decision *d = &n->decision;
        struct lineage lineage;
        struct event event;
        int64_t id;
        bool copied, fills;
        int r = disk_settle_commit(c, d->request, &n->settling);

        if (r < 0 || !n->matters)
                return r;
        r = decision_read(c, d);
        if (r == 0 && d->image.id == n->disk->id)
                r = lineage_read(c, n->disk, &lineage);
        if (r < 0 || d->image.id != n->disk->id || d->image.state == IMAGE_SEALED)
                return r; /* the disk was removed, or a link to this sealed image took its place */
        fills = d->image.state == IMAGE_DRAFT && n->size > 0 && !n->failed;
        copied = lineage.changes && (fills || d->image.state != IMAGE_DRAFT);
        n->untold = lineage.changes && !copied;
        if (n->written && !n->disk->timed && d->image.mtime != 0)
                r = times_commit(c, d, EVENT_TIMES_DISK, 0);
        if (r < 0 || !(copied || fills))
                return r;
        if (copied)
                return lineage_tell(c, d, &lineage, n->size, fills);
        event = decision_event(d, EVENT_AVAILABLE);
        return catalog_event_add(c, &event, &id);
}

/* Is there anything for run_close to do? 1, 0 or -errno. */
static int close_matters(struct request *request, const struct closing *n, int64_t *ret_place) {
        const struct disk *disk = n->disk;
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct image image;
        struct lineage lineage;
        int r = catalog_read(request->service->catalog, &c);

        if (r == 0)
                r = catalog_image_of_id(c, disk->id, &image);
        if (r == 0)
                r = lineage_read(c, disk, &lineage);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        *ret_place = image.place;
        return (image.state == IMAGE_DRAFT && !n->failed) || lineage.changes ||
               (disk->written && image.mtime != 0);
}

/* Looks at what was written. Most closes have nothing to commit. */
static int close_begin(struct request *request, const struct disk_handle *handle, struct closing *n) {
        struct disk *disk = handle->disk;
        struct stat st;
        int r;

        disk_catch_up(disk);
        n->written = disk->written;
        if (fstat(disk->fd, &st) < 0)
                return -errno;
        n->size = (uint64_t)st.st_size;
        n->failed = handle->failed;
        r = close_matters(request, n, &n->decision.place);
        n->matters = r > 0;
        return r < 0 ? r : 0;
}

static int close_tell(struct request *request, struct closing *n) {
        return n->matters || n->settling.place ? request_write(request, run_close, n) : 0;
}

static void close_done(struct request *request, struct disk *disk, const struct closing *n) {
        disk_settle_done(request->service, disk, &n->settling);
        disk->written = false;
        if (!n->untold) { /* a draft that is not filled yet: whoever fills it tells */
                disk->sources_count = 0;
                disk->sources_all = false;
        }
        if (!disk->flushed) /* if this fails, sealers get -EBUSY at once */
                disk->flushed = blob_lock_flushed(&disk->lock, true) == 0;
}

/* io is held exclusively. */
static int flush_writer(struct request *request, struct disk_handle *handle) {
        struct closing n = { .decision = { .request = request, .op = EVENT_AVAILABLE, .asked = "fill {object}" },
                             .settling = { .seal = SEAL_NONE },
                             .disk = handle->disk };
        int r = disk_settle(request, handle->disk, &n.settling);

        if (r == 0)
                r = close_begin(request, handle, &n);
        if (r == 0)
                r = close_tell(request, &n);
        if (r == 0)
                close_done(request, handle->disk, &n);
        seal_end(&n.settling.seal);
        return r;
}

int disk_flush(struct request *request, struct disk_handle *handle) {
        int r;

        if (!handle->writes)
                return 0;
        (void)pthread_rwlock_wrlock(&handle->disk->io);
        r = flush_writer(request, handle);
        (void)pthread_rwlock_unlock(&handle->disk->io);
        return r;
}

static void remove_writer(struct request *request, struct disk *disk) {
        (void)pthread_rwlock_wrlock(&disk->io);
        if (--disk->writers == 0) {
                (void)disk_settle_now(request, disk); /* the last flush tried it, too, and reported its error */
                disk_copied(request->service, disk);
                disk->lock = blob_unlock(disk->lock);
        }
        (void)pthread_rwlock_unlock(&disk->io);
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
