/* SPDX-License-Identifier: MIT
 * Who can or could get an image's bytes, and how (CONTRACT 6).
 */
#pragma once

#include "service.h"

/* What an account got. */
struct exposure {
        int64_t row;  /* its number, from 1 */
        int64_t from; /* the row whose object it got it from, an earlier one; 0: the image itself */
        const char *account;
        const char *how;    /* `share`, `past share`, `copy`, `launch`, `custom`, `same-content` */
        const char *object; /* what it has it in: the shared image, the copy, the instance. NULL: not for the caller to see */
        int64_t since;      /* ms; of several, the first */
        int64_t count;      /* how many; 1 if the object is told */
};

/* A walk through the graph, each row once. The catalog may change meanwhile; what was there from the beginning is told.
 * Staff is told every object. An owner is told its own; what others got of others' objects is counted by account and
 * way, at the end, from the last one of its own before them. It takes memory for each object, some 40 bytes. */
struct exposure_walk;
/* Of a draft: of the disk that was removed there last. -ENOENT: the image must not be known to the caller; -EACCES: the
 * caller is a recipient. */
int exposure_open(struct request *request, int64_t place, struct exposure_walk **ret_walk);
/* The next rows, some hundred; perhaps none. 1: there may be more. -EACCES: the caller's role has changed. One
 * thread at a time. `each` not 0 ends it, and the walk, and is returned. */
int exposure_next(struct request *request, struct exposure_walk *walk,
                  int (*each)(const struct exposure *exposure, void *context), void *context);
struct exposure_walk *exposure_close(struct exposure_walk *walk);
/* All rows of `REGION/IMG@OWNER` (`…#ID`), also of a deleted image. */
int exposure_of(struct request *request, const char *object, int (*each)(const struct exposure *exposure, void *context),
                void *context);
/* A number that stays the same as long as no image's rows can have changed, but by an expiry that nobody has
 * noticed. */
int exposure_stamp(struct request *request, int64_t *ret_stamp);
/* An image by that name: as the caller may see it, of a draft the one that was there; its owner and staff also by the
 * last name of a deleted one (the one that ended last), as of then or of now, by the name of now, or by its number.
 * own: the caller owns it. -ENOENT: no, or it has not been made yet. */
int exposure_image(struct request *request, const char *object, int64_t *ret_image, bool *ret_own);
/* The place of an image named `REGION/IMG@OWNER`, as the caller may see it. -ENOENT. */
int exposure_find(struct request *request, const char *object, int64_t *ret_place);

/* Who runs how many instances from an image. Only for its owner, else -EACCES. */
int exposure_usage(struct request *request, int64_t place,
                   int (*each)(const char *account, int64_t count, int64_t since, void *context), void *context);
