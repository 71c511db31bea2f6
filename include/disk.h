/* SPDX-License-Identifier: MIT
 * An image's bytes as open files (CONTRACT 5.1, ARCHITECTURE "Bytes"). Rules are judged when a disk is opened; the
 * handle then holds what it needs, also when the image is deleted meanwhile. What a call returns: see service.h.
 *
 * A handle may be used by several threads; disk_close ends it.
 */
#pragma once

#include <sys/stat.h>

#include "service.h"

struct disk_handle;

/* flags: O_RDONLY, O_WRONLY or O_RDWR, and O_TRUNC. -EBUSY: for writing, while it is being copied or sealed. */
int disk_open(struct request *request, int64_t place, int flags, struct disk_handle **ret_handle);
/* Makes the disk of a draft and opens it for writing. -EEXIST: it has one. */
int disk_create(struct request *request, int64_t place, int flags, struct image *ret_image,
                struct disk_handle **ret_handle);
/* Removes the disk: the image ends, a new draft takes its place. -ENOENT: it has none; -EBUSY: it is being copied. */
int disk_remove(struct request *request, int64_t place);
/* Size, blocks and mtime as the owner sees them, open or not. -EIO: the region is offline. */
int disk_stat(struct request *request, const struct image *image, struct stat *ret_stat);
/* What it is, and which other files it names (model.h). -ENODATA: not known of the past; -EIO: the region is
 * offline. */
int disk_format(struct request *request, const struct image *image, char ret_text[static FORMAT_SIZE]);
/* Size, blocks and mtime of a removed disk that is still open here, by its image's id. -ENOENT: it is not. */
int disk_stat_removed(struct request *request, int64_t id, struct stat *ret_stat);
/* Without a handle, as truncate(2) does. */
int disk_truncate_path(struct request *request, int64_t place, uint64_t size);
/* Sets the mtime, nanoseconds since 1970. -ENOENT: not an own one. */
int disk_touch(struct request *request, int64_t place, int64_t mtime);

/* Returns a descriptor from which at most `size` bytes may be read until disk_read_end; for replies without a copy. */
int disk_read_begin(struct disk_handle *handle, uint64_t offset, size_t *size, int *ret_fd);
void disk_read_end(struct disk_handle *handle);
/* Before a write, an allocation, or a copy: may the disk have as many bytes more? 0 or the rule byte-quota. */
int disk_may_grow(struct request *request, struct disk_handle *handle, uint64_t offset, uint64_t length);
int disk_may_copy(struct request *request, struct disk_handle *from, uint64_t from_offset, struct disk_handle *to,
                  uint64_t to_offset, uint64_t length);
/* Makes the blob writable and returns its descriptor, for writing from a descriptor or a buffer. */
int disk_write_begin(struct disk_handle *handle, int *ret_fd);
void disk_write_end(struct disk_handle *handle, ssize_t result);
int disk_truncate(struct disk_handle *handle, uint64_t size);
int disk_allocate(struct disk_handle *handle, int mode, uint64_t offset, uint64_t length);
/* SEEK_DATA, SEEK_HOLE. -ENXIO. */
int64_t disk_seek(struct disk_handle *handle, uint64_t offset, int whence);
/* Bytes done; 0 at the source's end. By reference where that is possible, until the last flush. -EBUSY. */
ssize_t disk_copy_range(struct disk_handle *from, uint64_t from_offset, struct disk_handle *to, uint64_t to_offset,
                        uint64_t length);
/* Makes durable what was written, through any handle. -EBUSY: it is a copy of a disk that cannot be sealed now. */
int disk_sync(struct request *request, struct disk_handle *handle);
/* May the kernel read and write the file itself? 1: the descriptor is the disk's file, and stays that until disk_close;
 * 0: not this one, it is empty or shares its file with a copy, and a write or a copy would give it another. */
int disk_pin(struct disk_handle *handle, int *ret_fd);
/* close(2) of a descriptor: if something was written the image becomes available; a reference becomes a hard link. */
int disk_flush(struct request *request, struct disk_handle *handle);
/* Starts to write the disk back once a close is answered, so that sealing waits less. disk_write_back_begin returns a
 * descriptor for disk_write_back, valid after the handle is closed. disk_write_back ignores a negative one. */
int disk_write_back_begin(struct disk_handle *handle);
void disk_write_back(int fd);
/* Ends the handle. Returns NULL. */
struct disk_handle *disk_close(struct request *request, struct disk_handle *handle);
