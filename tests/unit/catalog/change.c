/* SPDX-License-Identifier: MIT
 * The catalog's changes for the tests, each in a transaction with the event that makes it so.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

const struct caller scratch_operator = { .account = OPERATOR, .name = "operator", .role = ROLE_OPERATOR, .uid = 1000,
                                         .via = VIA_CLI };

struct wish {
        enum fact what;
        int64_t a, b;
        const char *text;
        const struct event *said; /* NULL: it is only made */
        int64_t event;
        int count; /* of several */
        bool step;
};

static int64_t place_of(const struct wish *w) {
        switch (w->what) {
        case PLACE_PUT:
                return EVENT_PLACE_NEW;
        case PLACE_RENAME:
        case PLACE_END:
        case IMAGE_RENEW:
        case IMAGE_FILL:
        case DESCRIPTION_PUT:
        case DESCRIPTION_END:
                return w->a;
        default:
                return 0;
        }
}

static int apply(struct catalog_connection *c, const struct wish *w) {
        struct account account = { .uid = -1, .quota = -1 };
        struct share share;
        int64_t launch;
        int r;

        switch (w->what) {
        case ACCOUNT_PUT:
                strcpy(account.name, w->text);
                return catalog_account_put(c, w->event, &account);
        case ACCOUNT_END:
                return catalog_account_end(c, w->event, w->a);
        case REGION_PUT:
                return catalog_region_put(c, w->event, w->text, NULL);
        case REGION_END:
                return catalog_region_end(c, w->event, w->a);
        case PLACE_PUT:
                return catalog_place_put(c, w->event, w->a, w->b, w->text);
        case PLACE_RENAME:
                return catalog_place_rename(c, w->event, w->a, w->text);
        case PLACE_END:
                return catalog_place_end(c, w->event, w->a);
        case IMAGE_RENEW:
                return catalog_image_renew(c, w->event, w->a);
        case IMAGE_DISK:
                return catalog_image_disk(c, w->event, w->a, w->b);
        case IMAGE_FILL:
                return catalog_image_available(c, w->event, w->a, w->b);
        case IMAGE_SEAL:
                return catalog_image_seal(c, w->event, w->a, w->b, 5000);
        case DESCRIPTION_PUT:
                return catalog_description_put(c, w->event, w->a, w->text, w->b);
        case DESCRIPTION_END:
                return catalog_description_end(c, w->event, w->a);
        case LINK_PUT:
                return catalog_shares_link_put(c, w->event, w->a);
        case LINK_END:
                return catalog_shares_link_end(c, w->event, w->a);
        case SHARE_PUT:
                return catalog_share_put(c, w->event, w->a, w->b, 1);
        case SHARE_END:
                r = catalog_share_get(c, w->a, &share);
                return r < 0 ? r : catalog_share_end(c, w->event, &share);
        case TRUST_PUT:
                return catalog_trust_put(c, w->event, w->a, w->b);
        case TRUST_END:
                return catalog_trust_end(c, w->event, w->a, w->b);
        case EXPIRY_PUT:
                return catalog_share_expiry_put(c, w->event, w->a, w->b);
        case INSTANCE_PUT:
                return catalog_instance_put(c, w->event, w->a, w->b, w->text);
        case INSTANCE_END:
                return catalog_instance_end(c, w->event, w->a);
        case LAUNCH:
                r = catalog_launch_reserve(c, w->a, w->b, &launch);
                return r < 0 ? r : catalog_launch_start(c, w->event, w->a, launch);
        case LAUNCH_IMAGE_END:
                return catalog_instance_image_end(c, w->event, w->a);
        case LAUNCH_DISK_END:
                return catalog_instance_disk_end(c, w->event, w->a);
        }
        return -EINVAL;
}

static int run(struct catalog_connection *c, void *context) {
        struct wish *w = context;
        struct event event = w->said ? *w->said : (struct event){ .op = EVENT_CREATE, .place = place_of(w) };
        int r;

        event.caller = &scratch_operator;
        r = catalog_event_add(c, &event, &w->event);
        return r < 0 ? r : apply(c, w);
}

int64_t change(enum fact what, int64_t a, int64_t b, const char *text) {
        struct wish w = { .what = what, .a = a, .b = b, .text = text };
        int r = catalog_write(scratch_catalog, run, &w);

        assert_true(r <= 0);
        return r < 0 ? r : w.event;
}

int64_t must(enum fact what, int64_t a, int64_t b, const char *text) {
        int64_t event = change(what, a, b, text);

        assert_true(event > 0);
        return event;
}

int64_t happens(const struct event *event, enum fact what, int64_t a, int64_t b, const char *text) {
        struct wish w = { .said = event, .what = what, .a = a, .b = b, .text = text };

        assert_int_equal(catalog_write(scratch_catalog, run, &w), 0);
        return w.event;
}

static int run_many(struct catalog_connection *c, void *context) {
        const struct wish *all = context;
        char name[NAME_SIZE];

        for (int i = 0; i < all->count; i++) {
                struct wish w = *all;
                int r;

                (void)snprintf(name, sizeof(name), "%.32s%d", all->text, i);
                w.text = name;
                w.b += all->step ? i : 0;
                r = run(c, &w);
                if (r < 0)
                        return r;
        }
        return 0;
}

void many(enum fact what, int n, int64_t a, int64_t b, bool step, const char *prefix) {
        struct wish w = { .what = what, .a = a, .b = b, .text = prefix, .count = n, .step = step };

        assert_int_equal(catalog_write(scratch_catalog, run_many, &w), 0);
}

struct entry {
        const struct event *event;
        int64_t id;
};

static int run_log(struct catalog_connection *c, void *context) {
        struct entry *e = context;

        return catalog_event_add(c, e->event, &e->id);
}

int64_t log_event(const struct event *event) {
        struct entry e = { .event = event };

        assert_int_equal(catalog_write(scratch_catalog, run_log, &e), 0);
        return e.id;
}
