/* SPDX-License-Identifier: MIT
 * A growing array: items, room (allocated), count (used).
 */
#pragma once

#include <stddef.h>

/* Makes room for one more item after `count`; the items may move. 0 or -ENOMEM, which changes nothing. */
#define ARRAY_ROOM(items, room, count) array_room(&(items), (room), (count), sizeof(*(items)))
int array_room(void *items /* T **, sizeof(T) == size */, size_t *room, size_t count, size_t size);
