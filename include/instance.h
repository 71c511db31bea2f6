/* SPDX-License-Identifier: MIT
 * Instances: machines' writable disks, cloned from an image in the same region (CONTRACT 3, 5.2). What a call returns:
 * see service.h.
 */
#pragma once

#include <sys/stat.h>

#include "disk.h"
#include "service.h"

/* -ENOENT if the caller may not know of it: an ordinary account sees its own. */
int instance_get(struct request *request, int64_t id, struct instance *ret_instance);
/* The instance that a disk node belongs to: the node's id is the launch's. */
int instance_get_disk(struct request *request, int64_t launch, struct instance *ret_instance);
/* `vm1`: the caller's own; `vm1@bob`: bob's, for staff. */
int instance_lookup(struct request *request, int64_t region, const char *name, struct instance *ret_instance);
/* The caller's own (for staff: all), id > after. */
int instance_list(struct request *request, int64_t region, int64_t after,
                  int (*each)(const struct image_entry *entry, void *context), void *context);

/* mkdir. -EINVAL, -ENAMETOOLONG, -ENOENT (region), -EEXIST. */
int instance_create(struct request *request, int64_t region, const char *name, struct instance *ret_instance);
/* rmdir: -ENOTEMPTY while it has `image` or `disk`. */
int instance_remove(struct request *request, int64_t id);
int instance_image_remove(struct request *request, int64_t id);
int instance_disk_remove(struct request *request, int64_t id);

/* Launches, or reinstalls, from `[<region>/]<img>[@<owner>]`. -ENOENT: the caller sees no such image; -EBUSY: the
 * image's disk is open for writing, or the instance's is open. */
int instance_launch(struct request *request, int64_t id, const char *image);

int instance_disk_open(struct request *request, int64_t id, int flags, struct disk_handle **ret_handle);
int instance_disk_stat(struct request *request, const struct instance *instance, struct stat *ret_stat);
/* A custom image: the instance's disk becomes that of a draft. -EBUSY while it is open for writing. */
int instance_disk_copy(struct request *request, int64_t launch, int64_t to_place, struct image *ret_image);
