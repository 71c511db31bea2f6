/* SPDX-License-Identifier: MIT
 * The catalog's part of exposure (CONTRACT 6): where an image's bytes went.
 */
#pragma once

#include "catalog.h"

/* An image or launch that got its bytes from another one. */
struct exposure_child {
        int64_t id;
        char how[16]; /* `copy`, `custom`, `same-content`, `launch` */
        int64_t owner;
        char owner_name[NAME_SIZE];
        int64_t since; /* ms */
};
/* A page of those that did from an image or launch, id > after, in that order. */
int catalog_exposure_children(struct catalog_connection *c, int64_t node, int64_t after,
                              int (*each)(const struct exposure_child *child, void *context), void *context);
/* A page of an image's shares, live and past: the live ones, then those that ended, the last one first. */
struct exposure_after {
        int64_t until, account;
};
#define EXPOSURE_FIRST ((struct exposure_after){ INT64_MAX, 0 })
struct exposure_share {
        char account_name[NAME_SIZE];
        int64_t since; /* ms */
        bool live;
        struct exposure_after next; /* goes on behind this one */
};
int catalog_exposure_shares(struct catalog_connection *c, int64_t image, const struct exposure_after *after,
                            int (*each)(const struct exposure_share *share, void *context), void *context);
/* What of an image is left at an account: instances, and images derived from it. It looks at `most` objects of
 * anybody's, nearest first; what is beyond is not counted. */
int catalog_exposure_remains(struct catalog_connection *c, int64_t image, int64_t account, int64_t most,
                             int64_t *ret_instances, int64_t *ret_images);

/* The name of an account, also of a removed one. -ENOENT. */
int catalog_account_name(struct catalog_connection *c, int64_t id, char ret_name[static NAME_SIZE]);
/* What has happened after an event: the number of the last event, and of the last one that could change an exposure (0:
 * none did). */
int catalog_exposure_changed(struct catalog_connection *c, int64_t after, int64_t *ret_last, int64_t *ret_changed);
