/* SPDX-License-Identifier: MIT
 * Who can or could get an image's bytes, and how (CONTRACT 6).
 */
#pragma once

#include "service.h"

struct exposure {
        const char *account;
        const char *how;  /* `share`, `past share`, `copy`, `launch`, `custom`, `same-content` */
        const char *path; /* `north/web@alice > north/vm1@bob > …`; `hidden` for what the caller may not see */
        int64_t since;    /* ms */
};

/* An owner is told accounts and ways. Only staff is told paths through other accounts' images. -ENOENT: the image must
 * not be known to the caller; -EACCES: the caller is a recipient. */
int exposure_list(struct request *request, int64_t place, int (*each)(const struct exposure *exposure, void *context),
                  void *context);
/* The same of `REGION/IMG@OWNER` (`…#ID`), also of a deleted image. */
int exposure_of(struct request *request, const char *object, int (*each)(const struct exposure *exposure, void *context),
                void *context);
/* An image by that name: as the caller may see it; its owner and staff also by the name of now, by the last one
 * of a deleted one (the youngest that had a disk), or by its number. own: the caller owns it. -ENOENT: no, or it has not been
 * made yet. */
int exposure_image(struct request *request, const char *object, int64_t *ret_image, bool *ret_own);
/* The place of an image named `REGION/IMG@OWNER`, as the caller may see it. -ENOENT. */
int exposure_find(struct request *request, const char *object, int64_t *ret_place);

/* Who runs how many instances from an image. Only for its owner, else -EACCES. */
int exposure_usage(struct request *request, int64_t place,
                   int (*each)(const char *account, int64_t count, int64_t since, void *context), void *context);
