/* SPDX-License-Identifier: MIT
 * Shares: granting, revoking and listing them (CONTRACT 3.2, 4). What a call returns: see service.h.
 */
#pragma once

#include "service.h"

/* Seals the image first if it is not sealed. ret_image (or NULL): as it was when that was decided. -ENOENT (image), -EINVAL,
 * -ENAMETOOLONG (the account's name), -EBUSY. */
int share_grant(struct request *request, int64_t place, const char *account, struct share *ret_share,
                struct image *ret_image);
/* What has ended, and of which image (or NULL). -ENOENT: no such image or share. */
int share_revoke(struct request *request, int64_t place, const char *account, struct share *ret_share,
                 struct image *ret_image);

/* Sets when a share ends: a date (the end of that day in UTC), an RFC 3339 time, `+30d`, `+12h`, `never` or "".
 * -EINVAL: something else, or past. Only the owner. */
int share_expire(struct request *request, int64_t share, const char *text);
/* May who asks set it at all? For opening the file that says it. */
int share_judge_expiry(struct request *request, int64_t share);
/* Such a time in ms; 0: never. -EINVAL. */
int share_expiry_parse(const char *text, int64_t *ret_expires);

/* A directory `shares` cannot be made by hand: always > 0 or -ENOENT, `image-available` in a draft (CONTRACT 5.1). */
int share_directory(struct request *request, int64_t place);

/* The share of an image with an account, as far as who asks may see it, and the image. -ENOENT. */
int share_find(struct request *request, int64_t place, const char *account, struct share *ret_share,
               struct image *ret_image);
/* By its id, with the image it is for. */
int share_get(struct request *request, int64_t id, struct share *ret_share, struct image *ret_image);
/* Live shares that who asks may see, id > after, in the order of granting. */
int share_list(struct request *request, const struct image *image, int64_t after,
               int (*each)(const struct share *share, void *context), void *context);
