/* SPDX-License-Identifier: MIT
 * Looking at accounts: what one received and owns, whom it trusts, what it uses (CONTRACT 3, /accounts). What a call
 * returns: see service.h. -ENOENT also for every account that the caller may not look into: an ordinary account sees
 * only itself, staff everybody (CONTRACT 3.2).
 */
#pragma once

#include "service.h"

int account_find(struct request *request, const char *name, struct account *ret_account);
int account_get(struct request *request, int64_t id, struct account *ret_account);
/* Accounts that the caller may look into, id > after. */
int account_list(struct request *request, int64_t after, int (*each)(const struct account *account, void *context),
                 void *context);

/* --- what it received and owns, by region --- */

/* The share by which it received `<img>@<owner>`. */
int received_find(struct request *request, int64_t account, int64_t region, const char *name, int64_t *ret_share);
int received_get(struct request *request, int64_t share, struct share *ret_share, struct image *ret_image);
/* entry->cursor (the share's id) > after, in the order of granting. */
int received_list(struct request *request, int64_t account, int64_t region, int64_t after,
                  int (*each)(const struct image_entry *entry, void *context), void *context);

/* The place of its image `<img>`. */
int owned_find(struct request *request, int64_t account, int64_t region, const char *name, int64_t *ret_place);
int owned_get(struct request *request, int64_t place, struct image *ret_image);
/* entry->cursor (the place) > after. */
int owned_list(struct request *request, int64_t account, int64_t region, int64_t after,
               int (*each)(const struct image_entry *entry, void *context), void *context);

/* --- whose images it trusts --- */

int trust_find(struct request *request, int64_t account, const char *owner, struct trust *ret_trust);
int trust_get(struct request *request, int64_t id, struct trust *ret_trust);
/* id > after, in the order of trusting. */
int trust_list(struct request *request, int64_t account, int64_t after,
               int (*each)(const struct trust *trust, void *context), void *context);
/* The caller's account trusts this owner. -ENOENT. */
int trust_given(struct request *request, int64_t owner);
/* The caller's account begins and stops trusting. -EEXIST. */
int trust_add(struct request *request, const char *owner, int64_t *ret_id);
int trust_remove(struct request *request, const char *owner);

/* --- what it uses, by region --- */

struct usage {
        char region_name[NAME_SIZE];
        int64_t images, quota, bytes;
};
/* Every region; none for a role that owns nothing. */
int usage_list(struct request *request, int64_t account, int (*each)(const struct usage *usage, void *context),
               void *context);
