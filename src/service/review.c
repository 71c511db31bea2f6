/* SPDX-License-Identifier: MIT
 * The owner's word that an image was reviewed for secrets (FAQ 10).
 */
#include "disk/seal.h"
#include "disk/stores.h"
#include "nouns.h"

int review_commit(struct catalog_connection *c, struct decision *d, bool reviewed) {
        struct event event = decision_event(d, reviewed ? EVENT_REVIEW : EVENT_REVIEW_CLEAR);
        int64_t id;

        event.detail[0] = (struct event_detail){ .key = "reviewed", .number = reviewed };
        return catalog_event_add(c, &event, &id);
}

struct review {
        struct decision decision;
        bool reviewed;
        int64_t held; /* the image whose disk nobody writes meanwhile; 0: none */
};

static int run_review(struct catalog_connection *c, void *context) {
        struct review *n = context;
        struct decision *d = &n->decision;
        int r = decision_read(c, d);

        if (r == 0)
                r = policy_image_edit(&(struct edit_facts){
                        .role = d->request->caller.role, .visible = d->visible, .owner = d->owner, .valid = true });
        if (r == 0 && n->reviewed && d->image.has_disk && d->image.state != IMAGE_SEALED && d->image.id != n->held)
                r = -EBUSY;
        if (r != 0 || d->image.reviewed == n->reviewed)
                return r;
        return review_commit(c, d, n->reviewed);
}

/* Keeps writers out while the word is given: it is about bytes that somebody has looked at. */
static int review_hold(struct request *request, struct review *n, struct blob_lock *ret_lock) {
        struct blob_store *store;
        struct image image;
        int r = image_get(request, n->decision.place, &image);

        if (r < 0 || !image_is_own(request, &image) || !image.has_disk || image.state == IMAGE_SEALED)
                return r == -ENOENT ? 0 : r; /* judged later */
        r = service_store(request->service, image.region, &store);
        if (r == 0)
                r = seal_wait(request->service, store, image.id, BLOB_LOCK_SEAL, ret_lock);
        n->held = r == 0 ? image.id : 0;
        return r == -EBUSY ? 0 : r; /* the rules speak first */
}

int image_review(struct request *request, int64_t place, bool reviewed) {
        _cleanup_(cleanup_blob_lock) struct blob_lock lock = BLOB_LOCK_NONE;
        struct review n = { .decision = { .request = request, .op = EVENT_REVIEW, .asked = "set reviewed of {object}",
                                          .place = place },
                            .reviewed = reviewed };
        int r = service_writable(request->service);

        if (r == 0 && reviewed)
                r = review_hold(request, &n, &lock);
        if (r < 0)
                return r;
        return decision_end(&n.decision, request_write(request, run_review, &n));
}

struct resetting {
        struct decision decision;
        int64_t image;
};

static int run_reset(struct catalog_connection *c, void *context) {
        struct resetting *n = context;
        int r = decision_read(c, &n->decision);

        if (r < 0 || n->decision.image.id != n->image || !n->decision.image.reviewed)
                return r;
        return review_commit(c, &n->decision, false);
}

int review_reset(struct request *request, const struct image *image) {
        struct resetting n = { .decision = { .request = request, .place = image->place }, .image = image->id };

        return image->reviewed ? request_write(request, run_reset, &n) : 0;
}
