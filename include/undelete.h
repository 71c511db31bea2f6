/* SPDX-License-Identifier: MIT
 * What was deleted and is kept: listed, brought back, purged (CONTRACT 5.8). What a call returns: see service.h.
 * `REGION/NAME@OWNER` is the youngest disk of an image or instance of that name, `REGION/NAME@OWNER#ID` the one with
 * that number. An ordinary account knows of its own.
 */
#pragma once

#include "service.h"

/* What is kept, in the order in which it was deleted. until: when it goes by age, ms; 0: it is due. */
int kept_list(struct request *request, int (*each)(const struct kept *kept, int64_t until, void *context), void *context);
/* How much of it is of a region, or (NULL) of an account: what would go with that. -ENOENT; -ENOTEMPTY: it cannot
 * go. */
struct kept_sum {
        int64_t count, bytes;
};
int kept_sum(struct request *request, const char *region, const char *account, struct kept_sum *ret_sum);

/* Brings it back; name: that it gets, NULL: the old one. -ENOENT: nothing of that name is kept; -ENXIO: the region or
 * the owner is gone; -ENOTUNIQ: an image and an instance of that name are; -EINVAL, -ENAMETOOLONG: the new name;
 * -EEXIST: its place has another disk now, or (an instance) its name is in use; -EOPNOTSUPP: an instance keeps its
 * name; -ENODATA: its bytes are not in the store. */
int undelete(struct request *request, const char *what, const char *name);

/* Destroys its bytes; before, each hears of the disks, live and kept, that have the same ones. -EBUSY: it is not
 * deleted; -ENOTUNIQ: several are kept, and none is named by its number. */
struct holder {
        const char *object;
        bool instance, kept;
};
int image_purge(struct request *request, const char *what, int (*each)(const struct holder *holder, void *context),
                void *context);
