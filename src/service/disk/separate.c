/* SPDX-License-Identifier: MIT
 * Gives a disk that is a reference, or a hard link, a file of its own, to be written to.
 */
#include <sys/stat.h>

#include "disk/wing.h"

void disk_copied(struct service *service, struct disk *disk) {
        if (disk->referring)
                (void)blob_lock_refer(&disk->lock, false); /* at worst, writers get -EBUSY until the lock is gone */
        disk->referring = false;
        disk->referred = 0;
        disk->source_lock = blob_unlock(disk->source_lock);
        disk->source_fd = fd_close(disk->source_fd);
        if (disk->source)
                disk_put(service, disk->source);
        disk->source = NULL;
}

/* A file's only name must be this blob's: if this copy was removed, or another process replaced its file, the name left
 * is the source's. */
int disk_sole_name(const struct disk *disk, struct stat *ret_stat) {
        struct stat named;
        int r;

        if (fstat(disk->fd, ret_stat) < 0)
                return -errno;
        r = blob_stat(disk->store, disk->id, &named);
        if (r == -ENOENT)
                return ret_stat->st_nlink == 0 ? 1 : -ESTALE;
        if (r < 0)
                return r;
        return ret_stat->st_nlink == 1 && named.st_ino == ret_stat->st_ino && named.st_dev == ret_stat->st_dev;
}

int disk_separate_size(struct service *service, struct disk *disk, uint64_t size) {
        struct stat st;
        int fd, r;

        if (disk->separate && !disk->referring)
                return 0;
        if (disk->referring) {
                r = blob_replace(disk->store, disk->id, disk->source_fd, size < disk->referred ? size : disk->referred, &fd);
        } else {
                r = disk_sole_name(disk, &st);
                disk->separate = r > 0;
                if (r > 0)
                        return 0;
                if (r == 0)
                        r = blob_separate(disk->store, disk->id, size, &fd);
                r = r == -ENOENT ? -ESTALE : r;
        }
        if (r < 0)
                return r;
        (void)fd_close(disk->fd);
        disk->fd = fd;
        disk->separate = true;
        if (disk->referring)
                disk_copied(service, disk);
        return 0;
}

int disk_separate(struct service *service, struct disk *disk) {
        return disk_separate_size(service, disk, UINT64_MAX);
}
