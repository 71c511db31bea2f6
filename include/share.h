/* SPDX-License-Identifier: MIT
 * Shares: granting, revoking and listing them (CONTRACT 3.2, 4). What a call returns: see service.h.
 */
#pragma once

#include "service.h"

/* Seals the image first if it is not sealed. ret_image (or NULL): the image when that was decided. -ENOENT (image),
 * -EINVAL, -ENAMETOOLONG (the account's name), -EBUSY. */
int share_grant(struct request *request, int64_t place, const char *account, struct share *ret_share,
                struct image *ret_image);
/* Returns the share that ended, and its image (or NULL). -ENOENT: no such image or share. */
int share_revoke(struct request *request, int64_t place, const char *account, struct share *ret_share,
                 struct image *ret_image);

/* Sets when a share ends: a date (the end of that day in UTC), an RFC 3339 time, `+30d`, `+12h`, `never` or "".
 * -EINVAL: anything else, or a past time. Only the owner may. */
int share_expire(struct request *request, int64_t share, const char *text);
/* Judges whether the caller may set an expiry at all, when `.expires` is opened. */
int share_judge_expiry(struct request *request, int64_t share);
/* Parses such a time, into ms; 0: never. A span begins at the log's clock, and must end after all that is due: a share
 * never ends at once. -EINVAL; -ETIME: it has passed. */
int share_expiry_parse(const struct clock_state *clock, const char *text, int64_t *ret_expires);

/* `mkdir shares` never works: > 0 or -ENOENT, in a draft `image-available` (CONTRACT 5.1). */
int share_directory(struct request *request, int64_t place);

/* The share of an image with an account, and the image, if the caller may see them. -ENOENT. */
int share_find(struct request *request, int64_t place, const char *account, struct share *ret_share,
               struct image *ret_image);
/* The same by the share's id. */
int share_get(struct request *request, int64_t id, struct share *ret_share, struct image *ret_image);
/* Live shares that the caller may see, id > after, in the order of granting. */
int share_list(struct request *request, const struct image *image, int64_t after,
               int (*each)(const struct share *share, void *context), void *context);
