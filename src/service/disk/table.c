/* SPDX-License-Identifier: MIT
 * The disks that are open in this process, by id: one descriptor and one set of locks each, shared by the handles.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "disk/meter.h"
#include "disk/stores.h"
#include "disk/wing.h"
#include "origin.h"

#define SPARE 512 /* descriptors kept for the catalog, stores and pipes, so that other requests go on */

static struct disk *disk_free(struct disk *disk) {
        if (!disk)
                return NULL;
        (void)blob_unlock(disk->lock);
        (void)fd_close(disk->fd);
        (void)pthread_rwlock_destroy(&disk->io); /* nobody holds it any more */
        disk->service->disks_open--;
        (void)meter_put(disk->meter); /* returns NULL */
        free(disk);
        return NULL;
}

void disk_cleanup(struct disk **disk) {
        *disk = disk_free(*disk);
}

/* Counts one more open disk. -ENFILE: no more may be open at once. */
static int disk_admit(struct service *service) {
        const rlim_t each = 2; /* the file's, and its writer's lock */
        struct rlimit limit;
        rlim_t spare;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return -errno;
        spare = limit.rlim_cur / 2 < SPARE ? limit.rlim_cur / 2 : SPARE;
        if (++service->disks_open <= (limit.rlim_cur - spare) / each)
                return 0;
        service->disks_open--;
        return -ENFILE;
}

int disk_new(struct service *service, int64_t region, int64_t account, int64_t id, struct disk **ret_disk) {
        struct disk *disk;
        struct blob_store *store;
        struct meter *meter = NULL;
        int r = service_store(service, region, &store);

        if (r == 0)
                r = disk_admit(service);
        if (r < 0)
                return r;
        disk = calloc(1, sizeof(*disk));
        if (!disk || meter_get(service, region, account, &meter) < 0) {
                free(disk);
                service->disks_open--;
                return -ENOMEM;
        }
        disk->meter = meter;
        disk->service = service;
        disk->references = 1;
        disk->id = id;
        disk->region = region;
        disk->store = store;
        disk->fd = disk->source_fd = -1;
        disk->lock = disk->source_lock = BLOB_LOCK_NONE;
        (void)pthread_rwlock_init(&disk->io, NULL); /* cannot fail with default attributes */
        *ret_disk = disk;
        return 0;
}

static struct disk **disk_slot(struct service *service, int64_t id) {
        return &service->disks[(uint64_t)id % DISK_SLOTS];
}

/* Under disks_lock. */
static struct disk *slot_find(struct service *service, int64_t id) {
        struct disk *disk = *disk_slot(service, id);

        while (disk && disk->id != id)
                disk = disk->next;
        if (disk)
                disk->references++;
        return disk;
}

static void slot_add(struct service *service, struct disk *disk) {
        struct disk **first = disk_slot(service, disk->id);

        disk->next = *first;
        *first = disk;
}

struct disk *disk_find(struct service *service, int64_t id) {
        struct disk *disk;

        (void)pthread_mutex_lock(&service->disks_lock);
        disk = slot_find(service, id);
        (void)pthread_mutex_unlock(&service->disks_lock);
        return disk;
}

int disk_stat_open(const struct disk *disk, struct stat *ret_stat) {
        if (fstat(disk->referring ? disk->source_fd : disk->fd, ret_stat) < 0)
                return -errno;
        if (disk->referring && disk->referred < (uint64_t)ret_stat->st_size) {
                if (ret_stat->st_blocks > (blkcnt_t)((disk->referred + 511) / 512))
                        ret_stat->st_blocks = (blkcnt_t)((disk->referred + 511) / 512);
                ret_stat->st_size = (off_t)disk->referred;
        }
        return 0;
}

void disk_put(struct service *service, struct disk *disk) {
        struct disk **link = disk_slot(service, disk->id);

        (void)pthread_mutex_lock(&service->disks_lock);
        if (--disk->references == 0) {
                while (*link && *link != disk)
                        link = &(*link)->next;
                if (*link)
                        *link = disk->next;
        } else {
                disk = NULL;
        }
        (void)pthread_mutex_unlock(&service->disks_lock);
        (void)disk_free(disk); /* returns NULL */
}

/* Another process may have put a new file in the blob's place since this one was opened. */
int disk_reopen(struct disk *disk, int flags) {
        int fd, r;

        r = blob_open(disk->store, disk->id, flags, &fd);
        if (r < 0)
                return r == -ENOENT ? ORIGIN(-EIO) : r;
        (void)fd_close(disk->fd);
        disk->fd = fd;
        return 0;
}

/* A disk that was removed while it is open for writing keeps its file. */
static int disk_refresh(struct disk *disk) {
        int r;

        if (disk->writers == 0)
                return disk_reopen(disk, O_RDONLY);
        if (disk->separate || disk->referring)
                return 0;
        r = disk_reopen(disk, O_RDWR);
        return r == -EIO ? 0 : r;
}

int disk_get(struct service *service, int64_t region, int64_t account, int64_t id, struct disk **ret_disk) {
        _cleanup_(disk_cleanup) struct disk *fresh = NULL;
        struct disk *disk;
        int r = disk_new(service, region, account, id, &fresh);

        if (r < 0)
                return r;
        (void)pthread_mutex_lock(&service->disks_lock);
        disk = slot_find(service, id);
        if (!disk) {
                disk = TAKE_PTR(fresh);
                slot_add(service, disk);
        }
        (void)pthread_mutex_unlock(&service->disks_lock);
        (void)pthread_rwlock_wrlock(&disk->io);
        r = disk_refresh(disk);
        (void)pthread_rwlock_unlock(&disk->io);
        if (r < 0)
                disk_put(service, disk);
        else
                *ret_disk = disk;
        return r;
}

void disk_insert(struct service *service, struct disk *disk) {
        (void)pthread_mutex_lock(&service->disks_lock);
        slot_add(service, disk);
        (void)pthread_mutex_unlock(&service->disks_lock);
}

void disk_handle_put(struct disk_handle *handle) {
        if (--handle->references > 0)
                return;
        disk_put(handle->service, handle->disk);
        free(handle);
}
