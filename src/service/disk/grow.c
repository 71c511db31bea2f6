/* SPDX-License-Identifier: MIT
 * May an open disk grow? byte-quota of writes, allocations and copies into it.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "disk/meter.h"
#include "disk/wing.h"
#include "nouns.h"

/* Refuses in the words of the disk's image or instance. */
static int refuse_growth(struct request *request, const struct disk *disk, const struct room_facts *room,
                         int64_t bytes) {
        struct decision d = { .request = request,
                              .op = is_launch(disk->id) ? EVENT_LAUNCH : EVENT_AVAILABLE,
                              .asked = "write the disk of {object}" };
        _cleanup_read_ struct catalog_connection *c = NULL;
        _cleanup_region_ struct region region = { 0 };
        int64_t image, owner;
        int r = catalog_read(request->service->catalog, &c);

        if (r == 0)
                r = is_launch(disk->id) ? catalog_launch_name(c, disk->id, d.object, &image, &owner)
                                        : catalog_image_name(c, disk->id, d.object, &d.image.place);
        if (r == 0)
                r = catalog_region_get(c, disk->region, &region);
        if (r < 0)
                return r == -ENOENT ? -EDQUOT : r; /* the region is gone, the disk still open */
        d.region = region.name;
        return decision_end(&d, decision_room(&d, room, bytes));
}

/* Is there nothing to be added: the file has these bytes already? */
static bool is_in_place(struct disk_handle *handle, uint64_t offset, uint64_t length) {
        int64_t hole = disk_seek(handle, offset, SEEK_HOLE);

        return hole >= 0 && (uint64_t)hole - offset >= length;
}

static int may_grow_by(struct request *request, struct disk_handle *handle, uint64_t offset, uint64_t length,
                       uint64_t more) {
        const int64_t bytes = more < INT64_MAX / 2 ? (int64_t)more : INT64_MAX / 2;
        struct room_facts room;
        int r;

        if (!handle->writes)
                return 0; /* refused as such */
        r = meter_grant(handle->disk->meter, bytes, &room);
        if (r < 0 || policy_disk_grow(&room) == 0 || is_in_place(handle, offset, length))
                return r;
        handle->failed = true;
        return refuse_growth(request, handle->disk, &room, bytes);
}

int disk_may_grow(struct request *request, struct disk_handle *handle, uint64_t offset, uint64_t length) {
        return may_grow_by(request, handle, offset, length, length);
}

/* A reference takes what its source does, from the first byte on; so it grows by less than the length where that has
 * holes. Bytes are copied in steps. */
int disk_may_copy(struct request *request, struct disk_handle *from, uint64_t from_offset, struct disk_handle *to,
                  uint64_t to_offset, uint64_t length) {
        uint64_t taken = 0, end, blocks, more;
        struct stat st;
        int r;

        (void)pthread_rwlock_rdlock(&from->disk->io);
        r = disk_stat_open(from->disk, &st);
        (void)pthread_rwlock_unlock(&from->disk->io);
        if (r < 0 || from_offset >= (uint64_t)st.st_size)
                return r;
        if (length > (uint64_t)st.st_size - from_offset)
                length = (uint64_t)st.st_size - from_offset;
        end = from_offset + length;
        blocks = (uint64_t)st.st_blocks * 512;
        (void)pthread_rwlock_rdlock(&to->disk->io);
        if (to->disk->referring)
                taken = to->disk->referred;
        (void)pthread_rwlock_unlock(&to->disk->io);
        if (from_offset == to_offset) {
                end = end < blocks ? end : blocks;
                taken = taken < blocks ? taken : blocks;
                more = taken < end ? end - taken : 0;
        } else {
                more = length < blocks ? length : blocks;
        }
        return may_grow_by(request, to, to_offset, length, more < COPY_STEP ? more : COPY_STEP);
}
