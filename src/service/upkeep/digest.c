/* SPDX-License-Identifier: MIT
 * Digests of sealed disks; smaller disks come in between where one takes long.
 */
#include <fcntl.h>

#include "content.h"
#include "disk/stores.h"
#include "hex.h"
#include "request.h"
#include "upkeep/wing.h"

#define TURN 1024 /* reads of one disk, of 1 MiB each, before smaller disks have their turn */

/* --- what is logged --- */

struct digest {
        const struct caller *caller;
        struct image_content content;
        int64_t same;   /* with an older image; 0: with none */
        bool relating; /* it has that digest already, perhaps, and may be gone: only what it is the same as is new */
};

static int run_digest(struct catalog_connection *c, void *context) {
        const struct digest *d = context;
        char object[OBJECT_SIZE], text[DIGEST_TEXT_SIZE];
        struct event event = {
                .caller = d->caller,
                .op = EVENT_DIGEST,
                .object = object,
                .about.image = d->content.id,
                .detail = { { .key = "digest", .text = digest_format(d->content.digest, text) },
                            { .key = "image", .number = d->content.id },
                            { .key = d->same ? "same" : NULL, .number = d->same } },
        };
        uint8_t digest[DIGEST_SIZE];
        struct image image;
        bool digested;
        int64_t id, same;
        int r = d->relating ? 0 : catalog_image_of_id(c, d->content.id, &image);

        if (r == 0)
                r = catalog_image_content(c, d->content.id, &digested, digest, &same);
        if (r == 0 && digested != d->relating)
                return 0; /* another process was faster */
        if (r == 0 && digested && same == d->same)
                return 0;
        if (r == 0)
                r = catalog_image_name(c, d->content.id, object, &event.place);
        if (r < 0)
                return r == -ENOENT ? 0 : r; /* the image is gone */
        return catalog_event_add(c, &event, &id);
}

static int digest_commit(struct service *service, const struct image_content *content, int64_t same, bool relating) {
        const struct caller caller = service_itself();

        return catalog_write(service->catalog, run_digest,
                             &(struct digest){ .caller = &caller, .content = *content, .same = same, .relating = relating });
}

/* --- which images are the same. All is looked up outside the writer's transaction. --- */

static int look_twin(struct service *service, const struct image_content *content, int64_t *ret_twin) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(service->catalog, &c);

        return r < 0 ? r : catalog_image_twin(c, content->id, content->digest, ret_twin);
}

typedef int (*content_page)(struct catalog_connection *c, int64_t id, const uint8_t digest[static DIGEST_SIZE],
                            struct image_content ret_page[static IMAGE_CONTENTS]);

static int look_page(struct service *service, const struct image_content *content, content_page which,
                     struct image_content *ret_page) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(service->catalog, &c);

        return r < 0 ? r : which(c, content->id, content->digest, ret_page);
}

/* Marks younger imports as the same as this image. */
static int relate_younger(struct service *service, const struct image_content *content) {
        _cleanup_free_ struct image_content *page = calloc(IMAGE_CONTENTS, sizeof(*page));
        int r = page ? look_page(service, content, catalog_image_younger, page) : -ENOMEM;

        for (int i = 0, n = r; i < n && r >= 0; i++)
                r = digest_commit(service, &page[i], content->id, true);
        return r < 0 ? r : 0;
}

/* What was held to be the same as this image before there were such digests, and is not. */
static int part_others(struct service *service, const struct image_content *content) {
        _cleanup_free_ struct image_content *page = calloc(IMAGE_CONTENTS, sizeof(*page));
        int n, r = page ? 0 : -ENOMEM;

        do {
                n = r < 0 ? r : look_page(service, content, catalog_image_others, page);
                r = n < 0 ? n : 0;
                for (int i = 0; i < n && r == 0; i++) {
                        int64_t twin;

                        r = look_twin(service, &page[i], &twin);
                        if (r == 0)
                                r = digest_commit(service, &page[i], twin, true);
                }
        } while (r == 0 && n == IMAGE_CONTENTS);
        return r;
}

/* Logs a digest, and what is the same. Younger images come first: if that is interrupted, the digest is computed again.
 * Another process may have done so with another image meanwhile, so all is looked up once more afterwards. */
static int digest_log(struct service *service, const struct image_content *content) {
        int64_t twin = 0;
        int r = relate_younger(service, content);

        if (r == 0)
                r = look_twin(service, content, &twin);
        if (r == 0)
                r = digest_commit(service, content, twin, false);
        if (r == 0)
                r = part_others(service, content);
        if (r == 0)
                r = look_twin(service, content, &twin);
        if (r == 0 && twin != 0)
                r = digest_commit(service, content, twin, true);
        return r < 0 ? r : relate_younger(service, content);
}

/* --- computing --- */

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
        struct image_content content = { .id = id };
        struct blob_store *store;
        int r = service_store(service, region, &store);

        if (r == 0)
                r = blob_lock(store, id, BLOB_LOCK_DIGEST, 0, &lock);
        if (r == 0)
                r = blob_open(store, id, O_RDONLY, &fd);
        if (r == 0)
                r = blob_digest(fd, digest_interrupted, &turn, content.digest);
        return r < 0 ? r : digest_log(service, &content);
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
