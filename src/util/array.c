/* SPDX-License-Identifier: MIT
 * A growing array: the room doubles.
 */
#include "array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 16 /* items */

int array_room(void *items, size_t *room, size_t count, size_t size) {
        const size_t more = *room > 0 ? 2 * *room : FIRST;
        void *old, *grown;

        if (count < *room)
                return 0;
        memcpy(&old, items, sizeof(old));
        grown = reallocarray(old, more, size);
        if (!grown)
                return -ENOMEM;
        memcpy(items, &grown, sizeof(grown));
        *room = more;
        return 0;
}
