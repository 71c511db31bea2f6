/* SPDX-License-Identifier: MIT
 * An array that grows: items, how many there is room for, how many there are.
 */
#pragma once

#include <stddef.h>

/* Room for one item more behind `count`; what is there may move. 0 or -ENOMEM, and then all is as it was. */
#define ARRAY_ROOM(items, room, count) array_room(&(items), (room), (count), sizeof(*(items)))
int array_room(void *items /* T **, T of so many bytes: */, size_t *room, size_t count, size_t size);
