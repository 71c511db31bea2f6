/* SPDX-License-Identifier: MIT
 * Room on a file system: the reserve, and what kept bytes would give.
 */
#pragma once

#include <sys/statvfs.h>

#include "state.h"

/* Is less than twice the reserve free? */
bool room_is_short(struct service *service, const struct statvfs *space);
/* Counts as free what is kept in a region, or (0) in all that have their stores in DIR. */
int room_with_kept(struct service *service, int64_t region, struct statvfs *space);
