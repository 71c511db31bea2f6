/* SPDX-License-Identifier: MIT
 * Turns a reference into a hard link to its source, which is sealed with that, or else into bytes.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "disk/wing.h"
#include "upkeep/wing.h"

static int image_of_disk(struct service *service, const struct disk *disk, struct image *ret_image) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(service->catalog, &c);

        return r < 0 ? r : catalog_image_of_id(c, disk->id, ret_image);
}

static int prepare_source(struct service *service, const struct disk *source, struct settling *s) {
        struct image image;
        int r = image_of_disk(service, source, &image);

        if (r < 0 || image.state == IMAGE_SEALED)
                return r;
        r = seal_prepare(service, &image, &s->seal);
        s->place = r == 0 ? image.place : 0;
        return r;
}

static int link_source(struct service *service, struct disk *disk, struct settling *s) {
        int fd, r = prepare_source(service, disk->source, s);

        if (r == 0)
                r = blob_link(disk->source->store, disk->source->id, disk->store, disk->id);
        if (r == 0)
                r = blob_open(disk->store, disk->id, O_RDWR, &fd);
        if (r < 0)
                return r;
        (void)fd_close(disk->fd);
        disk->fd = fd;
        disk->separate = false;
        return 0;
}

int disk_settle(struct request *request, struct disk *disk, struct settling *s) {
        struct stat st;
        int r;

        if (!disk->referring)
                return 0;
        if (fstat(disk->source_fd, &st) < 0)
                return -errno;
        if (disk->referred == (uint64_t)st.st_size) {
                r = link_source(request->service, disk, s);
                if (r != -EXDEV && r != -EMLINK)
                        return r;
        }
        /* An interrupted copy leaves what it wrote; its source stays unsealed. */
        return disk_separate(request->service, disk);
}

int disk_settle_commit(struct catalog_connection *c, struct request *request, const struct settling *s) {
        struct decision d = { .request = request, .op = EVENT_SEAL, .place = s->place };
        int r = s->place ? decision_read(c, &d) : 0;

        if (r < 0 || !s->place)
                return r;
        return seal_possible(&s->seal, &d.image) ? seal_commit(c, &d, &s->seal) : -EBUSY;
}

void disk_settle_done(struct service *service, struct disk *disk, const struct settling *s) {
        disk_copied(service, disk);
        if (s->place)
                digest_wake(service);
}

struct settling_alone {
        struct request *request;
        const struct settling *settling;
};

static int run_settle(struct catalog_connection *c, void *context) {
        const struct settling_alone *alone = context;

        return disk_settle_commit(c, alone->request, alone->settling);
}

int disk_settle_now(struct request *request, struct disk *disk) {
        struct settling s = { .seal = SEAL_NONE };
        int r = disk_settle(request, disk, &s);

        if (r == 0 && s.place)
                r = request_write(request, run_settle,
                                  &(struct settling_alone){ .request = request, .settling = &s });
        if (r == 0)
                disk_settle_done(request->service, disk, &s);
        seal_end(&s.seal);
        return r;
}
