/* SPDX-License-Identifier: MIT
 * Room on a file system: the reserve, and what kept bytes would give.
 */
#pragma once

#include <sys/statvfs.h>

#include "state.h"

/* Bytes that revoking, deleting and the log are to find free: 64 MiB, of a small file system an eighth. */
uint64_t room_reserve(const struct statvfs *space);
/* Is less than twice the reserve free? */
bool room_is_short(const struct statvfs *space);
/* Counts as free what is kept in a region, or (0) in all that have their stores in DIR. */
int room_with_kept(struct service *service, int64_t region, struct statvfs *space);
