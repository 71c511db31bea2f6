/* SPDX-License-Identifier: MIT
 * Walks for those who have found the image already.
 */
#pragma once

#include "exposure.h"

/* own: the caller owns it. -EACCES: the caller is neither that nor staff. */
int exposure_walk_new(const struct request *request, int64_t image, bool own, struct exposure_walk **ret_walk);
/* All rows that are left. */
int exposure_walk_all(struct request *request, struct exposure_walk *walk,
                      int (*each)(const struct exposure *exposure, void *context), void *context);
