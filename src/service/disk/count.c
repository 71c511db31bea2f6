/* SPDX-License-Identifier: MIT
 * Counting what an account's disks take. A count asks the store for each of them, so a writer is granted some bytes
 * more, and counts again when they are written.
 */
#include <stdatomic.h>
#include <sys/stat.h>

#include "array.h"
#include "disk/meter.h"
#include "disk/stores.h"
#include "disk/wing.h"

#define GRANT_BYTES (INT64_C(16) << 20) /* each process may overshoot by as much; CONTRACT 4 says 64 MiB */
#define BLOCK 512                       /* of st_blocks */

struct ids {
        int64_t *items;
        size_t room, count;
};

static int ids_add(int64_t id, void *context) {
        struct ids *ids = context;
        int r = ARRAY_ROOM(ids->items, &ids->room, ids->count);

        if (r == 0)
                ids->items[ids->count++] = id;
        return r;
}

/* Marks an open disk as counted. One that is just being changed, which may take long, is counted by its name. */
static int stat_counted(struct meter *m, const struct blob_store *store, int64_t id, struct stat *ret_stat) {
        struct disk *disk = disk_find(m->service, id);
        int r = -ENOENT;

        if (disk) {
                disk->counted = m->round;
                if (pthread_rwlock_tryrdlock(&disk->io) == 0) {
                        if (disk->referring)
                                r = disk_stat_open(disk, ret_stat);
                        (void)pthread_rwlock_unlock(&disk->io);
                }
                disk_put(m->service, disk);
        }
        return r == 0 ? 0 : blob_stat(store, id, ret_stat);
}

/* Removed disks that the account has open: what they take is not given back yet, whether they are kept or not. */
static int64_t count_removed(struct meter *m) {
        struct service *service = m->service;
        int64_t bytes = 0;
        struct stat st;

        (void)pthread_mutex_lock(&service->disks_lock);
        for (size_t i = 0; i < DISK_SLOTS; i++)
                for (struct disk *disk = service->disks[i]; disk; disk = disk->next) {
                        if (disk->meter != m || disk->counted == m->round || pthread_rwlock_tryrdlock(&disk->io) != 0)
                                continue;
                        if (fstat(disk->fd, &st) == 0)
                                bytes += (int64_t)st.st_blocks * BLOCK;
                        (void)pthread_rwlock_unlock(&disk->io);
                }
        (void)pthread_mutex_unlock(&service->disks_lock);
        return bytes;
}

/* ret_room: what is taken, promises included; 0 if there is no limit. Under the meter's lock; io of no disk is held. */
static int meter_count(struct meter *m, struct room_facts *ret_room) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct blob_store *store;
        struct ids ids = { 0 };
        struct stat st;
        int r = catalog_read(m->service->catalog, &c);

        *ret_room = (struct room_facts){ 0 };
        if (r == 0)
                r = catalog_setting_get(c, LIMIT_BYTES, LIMIT_BYTES_NONE, &ret_room->limit);
        if (r < 0 || ret_room->limit == LIMIT_BYTES_NONE)
                return r;
        r = service_store(m->service, m->region, &store);
        if (r == 0)
                r = catalog_disk_ids(c, m->region, m->account, ids_add, &ids);
        m->round++;
        for (size_t i = 0; i < ids.count && r == 0; i++) {
                r = stat_counted(m, store, ids.items[i], &st);
                if (r == 0)
                        ret_room->bytes += (int64_t)st.st_blocks * BLOCK;
                else if (r == -ENOENT) /* removed just now */
                        r = 0;
        }
        free(ids.items);
        ret_room->bytes += m->promised + count_removed(m);
        return r;
}

/* --- what is asked for --- */

int promise_begin(struct service *service, int64_t region, int64_t account, int64_t bytes, struct promise *ret_promise,
                  struct room_facts *ret_room) {
        struct room_facts room;
        struct meter *m;
        int r = meter_get(service, region, account, &m);

        if (r < 0)
                return r;
        (void)pthread_mutex_lock(&m->lock);
        r = meter_count(m, &room);
        room.bytes += bytes;
        if (r < 0 || policy_disk_grow(&room) != 0)
                bytes = 0;
        m->promised += bytes;
        (void)pthread_mutex_unlock(&m->lock);
        *ret_promise = (struct promise){ .meter = m, .bytes = bytes }; /* ended in any case */
        if (r == 0)
                *ret_room = room;
        return r;
}

void promise_end(struct promise *promise) {
        struct meter *m = promise->meter;

        if (!m)
                return;
        (void)pthread_mutex_lock(&m->lock);
        m->promised -= promise->bytes;
        (void)pthread_mutex_unlock(&m->lock);
        promise->meter = meter_put(m);
}

bool meter_is_limited(struct service *service) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int64_t limit;
        int r = catalog_read(service->catalog, &c);

        if (r == 0)
                r = catalog_setting_get(c, LIMIT_BYTES, LIMIT_BYTES_NONE, &limit);
        return r < 0 || limit != LIMIT_BYTES_NONE;
}

int meter_blob(const struct blob_store *store, int64_t id, int64_t *ret_bytes) {
        struct stat st;
        int r = blob_stat(store, id, &st);

        if (r == 0)
                *ret_bytes = (int64_t)st.st_blocks * BLOCK;
        return r;
}

int meter_grant(struct meter *m, int64_t bytes, struct room_facts *ret_room) {
        int64_t left;
        int r = 0;

        *ret_room = (struct room_facts){ 0 };
        if (m->granted >= bytes && atomic_fetch_sub(&m->granted, bytes) >= bytes)
                return 0;
        (void)pthread_mutex_lock(&m->lock);
        if (m->granted >= bytes) { /* another thread has just counted */
                m->granted -= bytes;
        } else {
                r = meter_count(m, ret_room);
                ret_room->bytes += bytes;
                left = ret_room->limit - ret_room->bytes;
                m->granted = r < 0 || left < 0 ? 0 : left < GRANT_BYTES ? left : GRANT_BYTES;
        }
        (void)pthread_mutex_unlock(&m->lock);
        return r;
}
