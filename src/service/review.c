/* SPDX-License-Identifier: MIT
 * The owner's word that an image was reviewed for secrets (FAQ 10).
 */
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
};

static int run_review(struct catalog_connection *c, void *context) {
        struct review *n = context;
        struct decision *d = &n->decision;
        int r = decision_read(c, d);

        if (r == 0)
                r = policy_image_edit(&(struct edit_facts){
                        .role = d->request->caller.role, .visible = d->visible, .owner = d->owner, .valid = true });
        if (r != 0 || d->image.reviewed == n->reviewed)
                return r;
        return review_commit(c, d, n->reviewed);
}

int image_review(struct request *request, int64_t place, bool reviewed) {
        struct review n = { .decision = { .request = request, .op = EVENT_REVIEW, .asked = "set reviewed of {object}",
                                          .place = place },
                            .reviewed = reviewed };

        return decision_end(&n.decision, catalog_write(request->service->catalog, run_review, &n));
}
