/* SPDX-License-Identifier: MIT
 * What is logged of a digest, and which images are the same by it. All is looked up outside the writer's transaction.
 */
#include "content.h"
#include "hex.h"
#include "request.h"
#include "state.h"
#include "upkeep/wing.h"

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

/* --- which images are the same --- */

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
int digest_log(struct service *service, const struct image_content *content) {
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
