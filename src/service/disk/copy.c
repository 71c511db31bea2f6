/* SPDX-License-Identifier: MIT
 * Copies by reference. While cp asks for a copy piece by piece, the new disk is the first bytes of the old one; its
 * last flush makes it a hard link to the sealed blob. Whatever does not fit this is copied as bytes.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "disk/wing.h"
#include "keep.h"
#include "nouns.h"

#define COPY_MAX UINT64_C(0xfffff000)  /* libfuse 3.14's reply has 32 bits */

/* A new descriptor of a disk's file, which is locked against changes; of the open file, if the disk was removed. */
static int source_file(struct disk *from) {
        int fd, r = blob_open(from->store, from->id, O_RDONLY, &fd);

        if (r != -ENOENT)
                return r < 0 ? r : fd;
        (void)pthread_rwlock_rdlock(&from->io);
        fd = fcntl(from->fd, F_DUPFD_CLOEXEC, 0);
        if (fd < 0)
                fd = -errno;
        (void)pthread_rwlock_unlock(&from->io);
        return fd;
}

/* Locks the source against changes, from the first piece to the flush. */
static int hold_source(struct service *service, struct disk *to, struct disk *from) {
        int r;

        if (to->source == from)
                return 0;
        if (to->referring) {
                r = disk_separate(service, to);
                if (r < 0)
                        return r;
        }
        disk_copied(service, to);
        r = seal_wait(service, from->store, from->id, BLOB_LOCK_COPY, &to->source_lock);
        if (r < 0)
                return r;
        r = source_file(from);
        if (r < 0) {
                to->source_lock = blob_unlock(to->source_lock);
                return r;
        }
        to->source_fd = r;
        (void)pthread_mutex_lock(&service->disks_lock);
        from->references++;
        (void)pthread_mutex_unlock(&service->disks_lock);
        to->source = from;
        return 0;
}

/* Can the reference grow to take in a piece at from_offset? 1, 0 or -errno. */
static int can_refer(struct disk *to, uint64_t from_offset, uint64_t to_offset, uint64_t source_size) {
        struct stat st;
        int r;

        if (is_launch(to->source->id)) /* an instance's disk goes on changing */
                return 0;
        if (to->pinned > 0) /* its file must stay the same */
                return 0;
        if (from_offset != to_offset || from_offset > source_size ||
            !blob_store_same_filesystem(to->source->store, to->store))
                return 0;
        if (!to->referring) {
                if (is_launch(to->id))
                        return 0;
                if (fstat(to->fd, &st) < 0)
                        return -errno;
                if (st.st_size > 0)
                        return 0;
        }
        if (from_offset <= to->referred)
                return 1;
        r = blob_is_hole(to->source_fd, to->referred, from_offset - to->referred);
        return r;
}

/* Keeps writers in other processes off the empty file. False: one has it open already, so bytes are copied. */
static bool begin_referring(struct disk *to) {
        if (!to->referring && blob_lock_refer(&to->lock, true) == 0) {
                to->referring = true;
                to->referred = 0;
        }
        return to->referring;
}

/* The target's io is held exclusively. */
static ssize_t copy_range(struct service *service, struct disk *to, uint64_t from_offset, uint64_t to_offset,
                          uint64_t length) {
        struct stat st;
        int r;

        if (fstat(to->source_fd, &st) < 0)
                return -errno;
        if (from_offset >= (uint64_t)st.st_size || length == 0)
                return 0;
        if (length > (uint64_t)st.st_size - from_offset)
                length = (uint64_t)st.st_size - from_offset;
        r = can_refer(to, from_offset, to_offset, (uint64_t)st.st_size);
        if (r > 0 && begin_referring(to)) {
                if (from_offset + length > to->referred)
                        to->referred = from_offset + length;
                return (ssize_t)length;
        }
        if (r >= 0 && (to->referring || !to->separate)) {
                struct disk *source = to->source;

                r = disk_separate(service, to);
                if (r == 0 && !to->source)
                        r = hold_source(service, to, source);
        }
        return r < 0 ? r : blob_copy_range(to->source_fd, from_offset, to->fd, to_offset, length, COPY_STEP);
}

/* Remembers a source before it is copied. */
static int add_source(struct disk *to, int64_t id) {
        struct stat st;

        if (fstat(to->fd, &st) < 0)
                return -errno;
        if (st.st_size == 0 && !(to->referring && to->referred > 0)) {
                to->sources_count = 0;
                to->sources_all = true;
        }
        for (size_t i = 0; i < to->sources_count; i++)
                if (to->sources[i] == id)
                        return 0;
        if (to->sources_count == DISK_SOURCES)
                return -EMLINK;
        to->sources[to->sources_count++] = id;
        return 0;
}

ssize_t disk_copy_range(struct disk_handle *from, uint64_t from_offset, struct disk_handle *to, uint64_t to_offset,
                        uint64_t length) {
        struct disk *disk = to->disk;
        ssize_t n;

        if (!from->reads || !to->writes)
                return -EBADF;
        if (from->disk == disk)
                return -EOPNOTSUPP; /* the kernel does it by reading and writing */
        if (length > COPY_MAX)
                length = COPY_MAX;
        (void)pthread_rwlock_wrlock(&disk->io);
        n = add_source(disk, from->disk->id);
        if (n == 0)
                n = hold_source(to->service, disk, from->disk);
        if (n == 0)
                do
                        n = copy_range(to->service, disk, from_offset, to_offset, length);
                while (n == -ENOSPC && purge_for_room(to->service, disk->region) > 0);
        if (n < 0)
                to->failed = true;
        else
                disk_wrote(disk);
        (void)pthread_rwlock_unlock(&disk->io);
        return n;
}
