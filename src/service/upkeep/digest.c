/* SPDX-License-Identifier: MIT
 * Digests of sealed disks; smaller disks come in between where one takes long.
 */
#include <fcntl.h>

#include "disk/stores.h"
#include "hex.h"
#include "request.h"
#include "upkeep/wing.h"

#define TURN 1024 /* reads of one disk, of 1 MiB each, before smaller disks have their turn */

struct digest {
        const struct caller *caller;
        int64_t image;
        uint8_t value[DIGEST_SIZE];
};

/* Logs an image's digest, and the older image that has the same bytes (0: none). */
static int digest_commit(struct catalog_connection *c, const struct digest *d, int64_t image, int64_t twin) {
        char object[OBJECT_SIZE], text[2 * DIGEST_SIZE + 1];
        struct event event = {
                .caller = d->caller,
                .op = EVENT_DIGEST,
                .object = object,
                .about.image = image,
                .detail = { { .key = "digest", .text = hex_format(d->value, DIGEST_SIZE, text) },
                            { .key = "image", .number = image },
                            { .key = twin ? "same" : NULL, .number = twin } },
        };
        int64_t id;
        int r = catalog_image_name(c, image, object, &event.place);

        return r < 0 ? r : catalog_event_add(c, &event, &id);
}

static int run_digest(struct catalog_connection *c, void *context) {
        const struct digest *d = context;
        int64_t twin, younger = d->image;
        struct image image;
        int r = catalog_image_of_id(c, d->image, &image);

        if (r < 0 || image.digested)
                return r == -ENOENT ? 0 : r; /* the image is gone, or another process was faster */
        r = catalog_image_twin(c, d->image, d->value, &twin);
        if (r == 0)
                r = digest_commit(c, d, d->image, twin);
        while (r == 0 && (r = catalog_image_younger(c, d->image, d->value, younger, &younger)) == 0)
                r = digest_commit(c, d, younger, d->image);
        return r == -ENOENT ? 0 : r;
}

struct turn {
        struct service *service;
        int64_t size;
        uint64_t reads;
};

/* Called between two reads. A disk of many terabytes may be nothing but holes: disks of less than half its size come in
 * between, so that none of them waits for it. At most some thirty are under way. */
static bool digest_interrupted(void *context) {
        struct turn *turn = context;

        if (++turn->reads % TURN == 0 && !service_stopping(turn->service)) {
                (void)due_round(turn->service); /* digest_main() asks again when to wake */
                digest_round(turn->service, turn->size / 2);
        }
        return service_stopping(turn->service);
}

static int digest_one(struct service *service, int64_t id, int64_t region, int64_t size) {
        _cleanup_(cleanup_blob_lock) struct blob_lock lock = BLOB_LOCK_NONE;
        _cleanup_fd_ int fd = -1;
        struct turn turn = { .service = service, .size = size };
        const struct caller caller = service_itself();
        struct digest d = { .caller = &caller, .image = id };
        struct blob_store *store;
        int r = service_store(service, region, &store);

        if (r == 0)
                r = blob_lock(store, id, BLOB_LOCK_DIGEST, 0, &lock);
        if (r == 0)
                r = blob_open(store, id, O_RDONLY, &fd);
        if (r == 0)
                r = blob_digest(fd, digest_interrupted, &turn, d.value);
        return r < 0 ? r : catalog_write(service->catalog, run_digest, &d);
}

static int next_undigested(struct service *service, int64_t after, int64_t below, int64_t *ret_id,
                           int64_t *ret_region, int64_t *ret_size) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(service->catalog, &c);

        return r < 0 ? r : catalog_undigested(c, after, below, ret_id, ret_region, ret_size);
}

void digest_round(struct service *service, int64_t below) {
        int64_t id = 0, region, size;

        while (service_writable(service) == 0 && !service_stopping(service) && next_undigested(service, id, below, &id, &region, &size) == 0)
                (void)digest_one(service, id, region, size); /* stays `pending` */
}
