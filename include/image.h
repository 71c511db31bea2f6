/* SPDX-License-Identifier: MIT
 * Images: finding, listing, making, naming, describing, sealing, copying and deleting them (CONTRACT 3, 5). What a call
 * returns: see service.h. An image is named by its place, the id of its directory.
 */
#pragma once

#include <sys/statvfs.h>

#include "service.h"

/* The caller owns the image: the product's own verbs are for the owner. */
static inline bool image_is_own(const struct request *request, const struct image *image) {
        return image->owner == request->caller.account;
}

int image_region_find(struct request *request, const char *name, struct region *ret_region);
int image_region_get(struct request *request, int64_t id, struct region *ret_region);
int image_region_list(struct request *request, int64_t after,
                      int (*each)(const struct region *region, void *context), void *context);
/* Space of the region's store. -EIO: offline. */
int image_region_statvfs(struct request *request, int64_t region, struct statvfs *ret_space);

/* -ENOENT if the caller may not know of it. */
int image_get(struct request *request, int64_t place, struct image *ret_image);
/* The image that a disk node belongs to: the node's id is the image's. */
int image_get_disk(struct request *request, int64_t id, struct image *ret_image);
/* `web`: the caller's own; `web@alice`: alice's, also for alice herself. */
int image_lookup(struct request *request, int64_t region, const char *name, struct image *ret_image);

/* Where a listing continues: own images (for staff: all) first, then received ones. */
struct image_cursor {
        bool received;
        int64_t after;
};
int image_list(struct request *request, int64_t region, struct image_cursor cursor,
               int (*each)(const struct image_entry *entry, bool own, struct image_cursor next, void *context),
               void *context);

/* mkdir: an empty draft. -EINVAL, -ENAMETOOLONG, -ENOENT (region). */
int image_create(struct request *request, int64_t region, const char *name, struct image *ret_image);
/* rmdir: -ENOTEMPTY unless it is an empty draft. name, here and below: the name it was found by; -ENOENT if it has
 * another one by now. */
int image_remove(struct request *request, int64_t place, const char *name);
/* -EXDEV: to another region, if nothing forbids it (CONTRACT 5.2). A bad name is -EPERM, or mv misreports it. */
int image_rename(struct request *request, int64_t place, const char *name, int64_t to_region, const char *to_name);
/* Judges a rename of an image's part into another image: -EXDEV if both are own and unshared, else > 0. */
int image_rename_part(struct request *request, int64_t place, int64_t to_place);
/* Seals for good. 0 also if it is sealed already. -EBUSY, -EIO. */
int image_seal(struct request *request, int64_t place);
/* LINK: the disk of one image becomes that of a draft without one, by reference within a filesystem. -EEXIST: it has a
 * disk; -EBUSY: the source is open for writing. */
int image_copy(struct request *request, int64_t place, int64_t to_place, struct image *ret_image);
#define SOURCE_SIZE (3 * OBJECT_SIZE + 64)
/* Writes `import`, or `copy of R/I@O`, `instance R/VM@A from R/I@O` for each source, with `; ` between them, and
 * `; same-content R/I@O`; `hidden` in place of what the caller cannot see. A line; the stream's errors are the
 * caller's. */
int image_source(struct request *request, const struct image *image, FILE *to);
/* The owner says whether the image was reviewed for secrets; at any time. */
int image_review(struct request *request, int64_t place, bool reviewed);
/* Writes the events that the caller may see, as lines of JSON. */
int image_history(struct request *request, const struct image *image, FILE *to);

/* The other parts of an image. -EEXIST: the part exists. */
int description_create(struct request *request, int64_t place, struct image *ret_image);
int description_remove(struct request *request, int64_t place);
/* May the caller write the description now? Judged at open. */
int description_judge(struct request *request, int64_t place);
/* -EINVAL: not UTF-8, or more than 256 characters, a final newline not counted. */
int description_write(struct request *request, int64_t place, const char *text, size_t length);
/* Text (TEXT_SIZE bytes; NUL-terminated) of a description by its node. */
int description_read(struct request *request, int64_t id, char ret_text[static TEXT_SIZE], size_t *ret_length,
                     int64_t *ret_mtime, struct image *ret_image);
/* The last text of a removed description, for readers that still have it open. -ENOENT: the caller does not see all of
 * the image, and could learn what was written after a share had ended. */
int description_read_removed(struct request *request, int64_t id, char ret_text[static TEXT_SIZE], size_t *ret_length,
                             int64_t *ret_mtime);
/* mtime in nanoseconds. -ENOENT: the caller does not own it. */
int description_touch(struct request *request, int64_t place, int64_t mtime);
int shares_link_create(struct request *request, int64_t place, struct image *ret_image);
int shares_link_remove(struct request *request, int64_t place);
/* The image that a `shares` link belongs to. */
int shares_link_get(struct request *request, int64_t id, struct image *ret_image);

/* chmod and chown: without effect on the caller's own images, > 0 for others. */
int image_judge_attributes(struct request *request, int64_t place);

/* Refuses what no rule of an image covers (CONTRACT 4 fixed-tree): always > 0. quiet: no log line, no explanation. */
int fixed_tree(struct request *request, bool removing, const char *object, bool quiet);
