/* SPDX-License-Identifier: MIT
 * Reading and writing open disks, and starting their writeback. A disk that is a reference, or a hard link, gets a file
 * of its own before the first write; until then its bytes are the source's.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "disk/wing.h"
#include "keep.h"
#include "room.h"
#include "upkeep/wing.h"

#define WRITE_BACK_STEP (INT64_C(32) << 20) /* bytes until the next look whether the disk was removed */

/* Tells sealers that this writer writes again. io is held exclusively. */
static int disk_unflush(struct disk *disk) {
        int r = disk->flushed ? blob_lock_flushed(&disk->lock, false) : 0;

        if (r == 0)
                disk->flushed = false;
        return r;
}

/* Makes the disk ready to be written to, and takes io, shared. */
static int begin_write(struct disk_handle *handle) {
        struct disk *disk = handle->disk;

        for (;;) {
                int r;

                (void)pthread_rwlock_rdlock(&disk->io);
                if (disk->separate && !disk->flushed && !disk->referring)
                        return 0;
                (void)pthread_rwlock_unlock(&disk->io);
                (void)pthread_rwlock_wrlock(&disk->io);
                r = disk_separate(handle->service, disk);
                if (r == 0)
                        r = disk_unflush(disk);
                (void)pthread_rwlock_unlock(&disk->io);
                if (r < 0)
                        return r;
        }
}

#define LOOK_BYTES (UINT64_C(4) << 20) /* far below any reserve */

/* What is kept goes ahead of need: who begins to write looks for room, and again now and then. */
static void make_room(struct disk_handle *handle) {
        struct service *service = handle->service;
        struct statvfs space;

        if (handle->looked && service->grown < LOOK_BYTES)
                return;
        handle->looked = true;
        service->grown = 0; /* what another adds right now is lost: it is no account */
        if (blob_store_statvfs(handle->disk->store, &space) == 0 && room_is_short(service, &space))
                (void)purge_for_room(service, handle->disk->region); /* if there is nothing, the write tells */
}

int disk_write_begin(struct disk_handle *handle, int *ret_fd) {
        int r;

        if (!handle->writes)
                return -EBADF;
        make_room(handle);
        r = begin_write(handle);
        if (r < 0)
                handle->failed = true;
        else
                *ret_fd = handle->disk->fd;
        return r;
}

void disk_write_end(struct disk_handle *handle, ssize_t result) {
        if (result > 0)
                handle->service->grown += (uint64_t)result;
        if (result == -ENOSPC) /* of what is kept elsewhere, too */
                purge_wake(handle->service);
        if (result < 0)
                handle->failed = true;
        else
                disk_wrote(handle->disk);
        (void)pthread_rwlock_unlock(&handle->disk->io);
}

int disk_read_begin(struct disk_handle *handle, uint64_t offset, size_t *size, int *ret_fd) {
        struct disk *disk = handle->disk;

        if (!handle->reads)
                return -EBADF;
        handle->references++; /* once the reply is out, a RELEASE may come before disk_read_end */
        (void)pthread_rwlock_rdlock(&disk->io);
        if (disk->referring) {
                uint64_t left = offset < disk->referred ? disk->referred - offset : 0;

                *size = *size < left ? *size : (size_t)left;
        }
        *ret_fd = disk->referring ? disk->source_fd : disk->fd;
        return 0;
}

void disk_read_end(struct disk_handle *handle) {
        (void)pthread_rwlock_unlock(&handle->disk->io);
        disk_handle_put(handle);
}

/* Resizes a reference. 1: done, 0: it must be a file. Growing needs a hole in the source, shrinking nothing. */
static int resize_reference(struct disk *disk, uint64_t size) {
        struct stat st;
        int r;

        if (!disk->referring || size == 0)
                return 0;
        if (fstat(disk->source_fd, &st) < 0)
                return -errno;
        if (size > (uint64_t)st.st_size)
                return 0;
        r = size <= disk->referred ? 1 : blob_is_hole(disk->source_fd, disk->referred, size - disk->referred);
        if (r > 0)
                disk->referred = size;
        return r;
}

int disk_truncate(struct disk_handle *handle, uint64_t size) {
        struct disk *disk = handle->disk;
        int r;

        if (!handle->writes)
                return -EBADF;
        (void)pthread_rwlock_wrlock(&disk->io);
        r = disk_unflush(disk);
        if (r == 0)
                r = resize_reference(disk, size);
        if (r == 0) {
                r = disk_separate_size(handle->service, disk, size);
                if (r == 0 && ftruncate(disk->fd, (off_t)size) < 0)
                        r = -errno;
        }
        if (r < 0)
                handle->failed = true;
        else
                disk_wrote(disk);
        (void)pthread_rwlock_unlock(&disk->io);
        return r < 0 ? r : 0;
}

int disk_allocate(struct disk_handle *handle, int mode, uint64_t offset, uint64_t length) {
        int fd, r = disk_write_begin(handle, &fd);

        if (r < 0)
                return r;
        r = fallocate(fd, mode, (off_t)offset, (off_t)length) < 0 ? -errno : 0;
        if (r == 0)
                disk_wrote(handle->disk);
        (void)pthread_rwlock_unlock(&handle->disk->io);
        return r; /* a failed fallocate writes nothing by half, so the handle has not failed */
}

int64_t disk_seek(struct disk_handle *handle, uint64_t offset, int whence) {
        struct disk *disk = handle->disk;
        int64_t at;

        (void)pthread_rwlock_rdlock(&disk->io);
        at = lseek(disk->referring ? disk->source_fd : disk->fd, (off_t)offset, whence);
        if (at < 0)
                at = -errno;
        if (disk->referring && offset >= disk->referred)
                at = -ENXIO;
        else if (disk->referring && at >= (int64_t)disk->referred)
                at = whence == SEEK_HOLE ? (int64_t)disk->referred : -ENXIO;
        (void)pthread_rwlock_unlock(&disk->io);
        return at;
}

/* For a reader's handle, too: `sync FILE` opens for reading. A reference becomes a file, as at its last close. */
int disk_sync(struct request *request, struct disk_handle *handle) {
        struct disk *disk = handle->disk;
        int r;

        (void)pthread_rwlock_wrlock(&disk->io);
        r = disk_settle_now(request, disk);
        (void)pthread_rwlock_unlock(&disk->io);
        if (r < 0)
                return r;
        (void)pthread_rwlock_rdlock(&disk->io);
        r = blob_sync(disk->store, disk->fd);
        (void)pthread_rwlock_unlock(&disk->io);
        return r;
}

int disk_write_back_begin(struct disk_handle *handle) {
        int fd;

        if (!handle->writes)
                return -EBADF;
        (void)pthread_rwlock_rdlock(&handle->disk->io);
        fd = fcntl(handle->disk->fd, F_DUPFD_CLOEXEC, 0);
        (void)pthread_rwlock_unlock(&handle->disk->io);
        return fd < 0 ? -errno : fd;
}

void disk_write_back(int fd) {
        struct stat st;

        for (off_t at = 0; fd >= 0 && fstat(fd, &st) == 0 && at < st.st_size && st.st_nlink > 0; at += WRITE_BACK_STEP)
                (void)sync_file_range(fd, at, WRITE_BACK_STEP, SYNC_FILE_RANGE_WRITE); /* advice only; sealing syncs */
        (void)fd_close(fd);
}
