/* SPDX-License-Identifier: MIT
 * Room on a file system: the reserve, and what kept bytes would give.
 */
#include "room.h"
#include "registry.h"

bool room_is_short(struct service *service, const struct statvfs *space) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int64_t limit = RESERVE_DEFAULT;

        if (catalog_read(service->catalog, &c) == 0) /* else the default is good enough */
                (void)catalog_setting_get(c, LIMIT_RESERVE, RESERVE_DEFAULT, &limit);
        return (uint64_t)space->f_bavail * space->f_frsize <
               2 * catalog_reserve_of(limit, (uint64_t)space->f_blocks * space->f_frsize);
}

struct kept_room {
        struct catalog_connection *c;
        int64_t bytes;
};

static int add_kept(const struct kept *kept, void *context) {
        struct kept_room *room = context;

        room->bytes += kept->bytes;
        return 0;
}

static int add_region(const struct region *region, void *context) {
        struct kept_room *room = context;

        return region->store ? 0 : catalog_kept_each(room->c, region->id, 0, add_kept, room);
}

int room_with_kept(struct service *service, int64_t region, struct statvfs *space) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct kept_room room = { 0 };
        uint64_t blocks;
        int r = catalog_read(service->catalog, &c);

        room.c = c;
        if (r == 0)
                r = region ? catalog_kept_each(c, region, 0, add_kept, &room) : catalog_region_list(c, 0, add_region, &room);
        if (r < 0)
                return r;
        blocks = (uint64_t)room.bytes / space->f_frsize;
        if (blocks > space->f_blocks - space->f_bfree)
                blocks = space->f_blocks - space->f_bfree;
        space->f_bfree += blocks;
        space->f_bavail += blocks;
        return 0;
}
