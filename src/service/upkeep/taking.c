/* SPDX-License-Identifier: MIT
 * The disks of a catalog in use, brought to another directory, so that it has all that the catalog has at one event:
 *
 *   event N ─── all that live, one by one ───► those that came since, until they are few ───► a moment: the last few
 *               (they may go meanwhile)                                                         opened, copied later
 *
 * Nobody who removes a disk or writes to one has to wait: an open disk can be copied, whatever becomes of its name. If
 * one of the last few has gone before it was opened, another moment is chosen.
 */
#include "upkeep/target.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "array.h"
#include "directory.h"
#include "log/decision.h"

#define FEW 256       /* disks that may be open at once */
#define ROUNDS 16     /* to come to so few */
#define MOMENTS 1000  /* that are tried */
#define SETTLED_NS (2 * INT64_C(1000000000)) /* an mtime that old is another one than that of a write of now */

struct taking_store {
        struct taking_store *next;
        int64_t region;
        char name[NAME_SIZE];
        struct blob_store *from; /* the service's; NULL: the region has gone there */
        struct blob_store *to;
};

struct held {
        struct disk_row row;
        const struct taking_store *store;
        int fd;
};

void taking_close(struct taking *t) {
        while (t->stores) {
                struct taking_store *s = t->stores;

                t->stores = s->next;
                (void)blob_store_close(s->to); /* returns NULL */
                free(s);
        }
        for (size_t i = 0; i < t->held_count; i++)
                (void)fd_close(t->held[i].fd);
        free(t->held);
        t->held = NULL;
        t->held_count = t->held_room = 0;
}

/* --- stores --- */

static int store_offline(struct taking *t, const char *region) {
        say_why(t->why, "the store of region '%s' is offline; mount it where region list shows it", region);
        return -EIO;
}

/* -ENOENT: the region has gone from the catalog in use. */
static int open_stores(struct taking *t, const struct region *region, struct taking_store *store) {
        int r = service_store(t->from, region->id, &store->from);

        if (r == -ENOENT && t->fixed)
                r = 0; /* and all of it has been taken */
        else if (r < 0 && r != -ENOENT)
                return store_offline(t, region->name);
        if (r < 0)
                return r;
        r = target_store(t->target, region->name, catalog_uuid(t->from->catalog), &store->to);
        if (r < 0)
                say_why(t->why, "the store for region '%s' in it: %s", region->name, strerror(-r));
        return r;
}

static int store_of(struct taking *t, const struct region *region, const struct taking_store **ret_store) {
        struct taking_store *s = t->stores;
        int r;

        while (s && s->region != region->id)
                s = s->next;
        if (!s) {
                s = calloc(1, sizeof(*s));
                if (!s)
                        return -ENOMEM;
                s->region = region->id;
                strcpy(s->name, region->name);
                r = open_stores(t, region, s);
                if (r < 0) {
                        free(s);
                        return r;
                }
                s->next = t->stores;
                t->stores = s;
        }
        *ret_store = s;
        return 0;
}

/* The one that was needed last is the first: a region's disks come one after another. */
static int store_of_id(struct taking *t, int64_t id, const struct taking_store **ret_store) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        _cleanup_region_ struct region region = { 0 };
        int r;

        if (t->stores && t->stores->region == id) {
                *ret_store = t->stores;
                return 0;
        }
        r = catalog_read(t->from->catalog, &c);
        if (r == 0)
                r = catalog_region_get(c, id, &region);
        return r < 0 ? r : store_of(t, &region, ret_store);
}

/* --- one disk --- */

struct source {
        struct taking *taking;
        const struct held *disk;
};

/* Writers are not disturbed: at most they wait for SEAL; COPY would refuse them. */
static bool source_settled(const struct stat *st, void *context) {
        const struct source *s = context;
        struct blob_lock lock = BLOB_LOCK_NONE;
        int r;

        if (s->disk->row.sealed)
                return true;
        if (timestamp_now_ns() - timestamp_join(&st->st_mtim) < SETTLED_NS)
                return false;
        r = blob_lock(s->disk->store->from, s->disk->row.id, BLOB_LOCK_SEAL, -1, &lock);
        lock = blob_unlock(lock);
        return r == 0 || r == -EROFS;
}

static void source_progress(uint64_t bytes, void *context) {
        const struct source *s = context;
        struct backup *backup = s->taking->backup;

        backup->bytes += bytes;
        if (backup->progress)
                backup->progress(backup, backup->context);
}

static int is_taken(const struct taking *t, const struct held *disk, const struct stat *from) {
        struct stat st;
        int r;

        if (!t->own)
                return blob_taken(disk->store->to, disk->row.id, from);
        r = blob_stat(disk->store->to, disk->row.id, &st);
        return r == 0 ? 1 : r == -ENOENT ? 0 : r;
}

static int disk_failed(struct taking *t, const struct held *disk, int r) {
        if (r < 0 && !t->why[0])
                say_why(t->why, "disk %lld: %s", (long long)disk->row.id, strerror(-r));
        return r;
}

static int copy_held(struct taking *t, const struct held *disk) {
        struct source source = { .taking = t, .disk = disk };
        struct blob_taking taking = { .settled = t->own ? NULL : source_settled, .progress = source_progress,
                                      .context = &source };
        int r = blob_take_copy(disk->fd, disk->store->to, disk->row.id, &taking);

        t->backup->disks += r == 0;
        return disk_failed(t, disk, r);
}

/* -ENOENT of a disk whose store is there still: it has gone. */
static int disk_gone(struct taking *t, const struct held *disk, int r) {
        if (r == -ENOENT && blob_store_check(disk->store->from) < 0)
                return store_offline(t, disk->store->name);
        return r == -ENOENT ? r : disk_failed(t, disk, r);
}

/* Opens it, unless it is there already or can be linked: then ret_disk->fd is -1. -ENOENT: it has gone. */
static int take_or_open(struct taking *t, const struct disk_row *row, struct held *ret_disk) {
        struct held disk = { .row = *row, .fd = -1 };
        struct stat st;
        int r = store_of_id(t, row->region, &disk.store);

        if (r < 0)
                return r;
        r = blob_stat(disk.store->from, row->id, &st);
        if (r < 0)
                return disk_gone(t, &disk, r);
        r = is_taken(t, &disk, &st);
        /* what link(2) refuses is copied: another filesystem, too many links, a file that is not ours */
        if (r == 0 && row->sealed && !t->own && blob_take_link(disk.store->from, disk.store->to, row->id) == 0) {
                t->backup->disks++;
                r = 1;
        }
        if (r == 0)
                r = blob_open(disk.store->from, row->id, O_RDONLY, &disk.fd);
        *ret_disk = disk;
        return r < 0 ? disk_gone(t, &disk, r) : 0;
}

static int take_row(struct taking *t, const struct disk_row *row) {
        struct held disk;
        int r = take_or_open(t, row, &disk);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (disk.fd >= 0) {
                r = copy_held(t, &disk);
                (void)fd_close(disk.fd);
        }
        if (t->backup->progress)
                t->backup->progress(t->backup, t->backup->context);
        return r;
}

/* --- all of them --- */

static int take_image(const struct disk_row *row, void *context) {
        return take_row(context, row);
}

struct launches {
        struct taking *taking;
        int64_t region;
};

static int take_launch(int64_t launch, const char *object, void *context) {
        const struct launches *l = context;

        (void)object;
        return take_row(l->taking, &(struct disk_row){ .id = launch, .region = l->region });
}

struct round {
        struct taking *taking;
        struct catalog_connection *c;
};

static int taking_region(const struct region *region, void *context) {
        const struct round *round = context;
        const struct taking_store *store;
        int r = store_of(round->taking, region, &store);

        if (r == 0)
                r = catalog_disks_live(round->c, region->id, take_image, round->taking);
        if (r == 0)
                r = catalog_launch_each(round->c, region->id, take_launch,
                                        &(struct launches){ round->taking, region->id });
        return r == -ENOENT ? 0 : r; /* it was removed meanwhile */
}

int taking_all(struct taking *t) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(t->from->catalog, &c);

        return r < 0 ? r : catalog_region_list(c, 0, taking_region, &(struct round){ t, c });
}

/* --- the last ones --- */

struct rows {
        struct disk_row *rows;
        size_t count, room;
};

static int add_row(const struct disk_row *row, void *context) {
        struct rows *rows = context;

        if (ARRAY_ROOM(rows->rows, &rows->room, rows->count) < 0)
                return -ENOMEM;
        rows->rows[rows->count++] = *row;
        return 0;
}

static bool is_held(const struct taking *t, const struct disk_row *row) {
        for (size_t i = 0; i < t->held_count; i++)
                if (t->held[i].row.id == row->id && t->held[i].row.sealed == row->sealed)
                        return true;
        return false;
}

/* 0: all are taken or held. -ENOENT: one has gone. */
static int hold_rows(struct taking *t, const struct rows *rows) {
        bool gone = false;

        for (size_t i = 0; i < rows->count; i++) {
                struct held disk;
                int r;

                if (is_held(t, &rows->rows[i]))
                        continue;
                if (ARRAY_ROOM(t->held, &t->held_room, t->held_count) < 0)
                        return -ENOMEM;
                r = take_or_open(t, &rows->rows[i], &disk);
                if (r < 0 && r != -ENOENT)
                        return r;
                gone = gone || r < 0;
                if (r == 0 && disk.fd >= 0)
                        t->held[t->held_count++] = disk;
        }
        return gone ? -ENOENT : 0;
}

static int take_rows(struct taking *t, const struct rows *rows) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < rows->count; i++)
                r = take_row(t, &rows->rows[i]);
        return r;
}

/* 1: this moment it is; 0, and the reading ended: there were many, which are taken now; -ENOENT: one of the few has
 * gone. */
static int try_moment(struct taking *t, int64_t after, bool few, struct catalog_connection **c,
                      struct log_head *head) {
        struct rows rows = { 0 };
        int r;

        catalog_read_together(*c);
        r = catalog_head(*c, head);
        if (r == 0 && !t->backup->without_disks)
                r = catalog_disks_since(*c, after, add_row, &rows);
        if (r == 0 && (few || rows.count <= FEW)) {
                r = hold_rows(t, &rows);
                r = r < 0 ? r : 1;
        } else if (r == 0) {
                catalog_read_end(c);
                r = take_rows(t, &rows);
        }
        free(rows.rows);
        return r;
}

int taking_moment(struct taking *t, int64_t after, struct catalog_connection **ret_connection,
                  struct log_head *ret_head) {
        for (int i = 0;; i++) {
                _cleanup_read_ struct catalog_connection *c = NULL;
                int r = catalog_read(t->from->catalog, &c);

                if (r == 0)
                        r = try_moment(t, after, i >= ROUNDS, &c, ret_head);
                if (r < 0 && (r != -ENOENT || !c))
                        return r;
                if (r > 0 || i == MOMENTS) { /* one that has always been missing: taking_verify tells */
                        t->fixed = true;
                        *ret_connection = TAKE_PTR(c);
                        return 0;
                }
                if (r == 0)
                        after = ret_head->event;
        }
}

int taking_held(struct taking *t) {
        int r = 0;

        while (r == 0 && t->held_count > 0) {
                struct held *disk = &t->held[t->held_count - 1];

                r = copy_held(t, disk);
                disk->fd = fd_close(disk->fd);
                t->held_count--;
        }
        return r;
}

/* --- is all there --- */

struct verifying {
        struct taking *taking;
        struct catalog_connection *c;
        const struct taking_store *store;
};

/* object NULL: an image's, which is asked for. */
static int tell(struct verifying *v, int64_t id, const char *object, const char *problem, bool missing) {
        struct backup *backup = v->taking->backup;
        char name[OBJECT_SIZE];
        struct image image;

        if (!object) {
                int r = catalog_image_of_id(v->c, id, &image);

                if (r < 0)
                        return r;
                object_name(&image, name);
        }
        backup->missing += missing;
        return backup->each(&(struct finding){ .what = object ? "instance" : "image", .object = object ?: name,
                                               .problem = problem, .repair = "" }, backup->context);
}

static int verify_disk(struct verifying *v, int64_t id, const char *object, int64_t size) {
        char problem[128];
        struct stat st;
        int r = blob_stat(v->store->to, id, &st);

        if (r == -ENOENT)
                return tell(v, id, object, "its disk is not in the store", true);
        if (r < 0)
                return r;
        if (size >= 0 && st.st_size != size) {
                (void)snprintf(problem, sizeof(problem), "its disk has %lld bytes, %lld were sealed",
                               (long long)st.st_size, (long long)size); /* fits */
                return tell(v, id, object, problem, true);
        }
        if (size >= 0 || v->taking->own)
                return 0;
        return tell(v, id, object, blob_is_settled(&st) ? "can still be written: copied as found"
                                                        : "is being written: copied as found", false);
}

static int verify_image(const struct disk_row *row, void *context) {
        return verify_disk(context, row->id, NULL, row->sealed ? row->size : -1);
}

static int verify_launch(int64_t launch, const char *object, void *context) {
        return verify_disk(context, launch, object, -1);
}

static int verify_region(const struct region *region, void *context) {
        struct verifying *v = context;
        int r = store_of(v->taking, region, &v->store);

        if (r == 0)
                r = catalog_disks_live(v->c, region->id, verify_image, v);
        if (r == 0)
                r = catalog_launch_each(v->c, region->id, verify_launch, v);
        return r < 0 ? r : blob_store_sync(v->store->to);
}

int taking_verify(struct taking *t, struct catalog_connection *c) {
        return catalog_region_list(c, 0, verify_region, &(struct verifying){ .taking = t, .c = c });
}
