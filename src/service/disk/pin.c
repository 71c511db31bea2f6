/* SPDX-License-Identifier: MIT
 * Disks whose bytes the kernel reads and writes by itself (passthrough). Their file must stay the same, and only its
 * mtime shows that something was written.
 */
#include <sys/stat.h>
#include <time.h>

#include "disk/meter.h"
#include "disk/wing.h"
#include "room.h"

/* File times tick every few milliseconds: a write in the same tick as a young mtime would not change it. */
static bool is_young(const struct timespec *time) {
        struct timespec now, tick;
        int64_t age;

        (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for these clocks */
        (void)clock_getres(CLOCK_REALTIME_COARSE, &tick);
        age = (now.tv_sec - time->tv_sec) * INT64_C(1000000000) + now.tv_nsec - time->tv_nsec;
        return age >= 0 && age < 2 * tick.tv_nsec;
}

void disk_catch_up(struct disk *disk) {
        struct stat st;

        if (disk->pinned == 0)
                return;
        if (fstat(disk->fd, &st) < 0) {
                disk->written = true;
                return;
        }
        if (st.st_mtim.tv_sec != disk->seen.tv_sec || st.st_mtim.tv_nsec != disk->seen.tv_nsec)
                disk_wrote(disk);
        disk->seen = st.st_mtim;
}

/* The kernel asks nobody for what it writes: there is a limit of bytes, or the reserve would not be kept. */
static bool must_be_seen(const struct disk_handle *handle) {
        struct statvfs space;

        return meter_is_limited(handle->service) || (blob_store_statvfs(handle->disk->store, &space) == 0 &&
                                                     room_is_short(handle->service, &space));
}

/* io is held exclusively. Sealed bytes never change again; an empty disk may become a reference, and a copy's first
 * write gives it a file of its own. */
static int can_pin(const struct disk_handle *handle, struct stat *ret_stat) {
        const struct disk *disk = handle->disk;
        int r;

        if (disk->referring)
                return 0;
        if (fstat(disk->fd, ret_stat) < 0)
                return -errno;
        if (handle->writes && must_be_seen(handle))
                return 0;
        if (handle->sealed || disk->pinned > 0)
                return 1;
        r = disk_sole_name(disk, ret_stat);
        if (r <= 0)
                return 0; /* also if the name is gone: the daemon reads its open file */
        return ret_stat->st_size > 0 && !(handle->writes && is_young(&ret_stat->st_mtim));
}

int disk_pin(struct disk_handle *handle, int *ret_fd) {
        struct disk *disk = handle->disk;
        struct stat st;
        int r;

        (void)pthread_rwlock_wrlock(&disk->io);
        r = can_pin(handle, &st);
        if (r > 0) {
                if (disk->pinned++ == 0)
                        disk->seen = st.st_mtim;
                handle->pinned = true;
                *ret_fd = disk->fd;
        }
        (void)pthread_rwlock_unlock(&disk->io);
        return r;
}

void disk_unpin(struct disk *disk) {
        (void)pthread_rwlock_wrlock(&disk->io);
        disk->pinned--;
        (void)pthread_rwlock_unlock(&disk->io);
}
