/* SPDX-License-Identifier: MIT
 * Shares that end by themselves: setting the time, and logging the end of shares that queries treat as dead.
 */
#include "nouns.h"
#include "registry.h"
#include "timestamp.h"
#include "upkeep/wing.h"

struct expiring {
        struct decision decision;
        int64_t share;
        int64_t expires;
        bool valid;
};

int share_expire_judge(struct decision *d, bool exists, bool valid) {
        return policy_share_expire(&(struct expiry_facts){
                .role = d->request->caller.role,
                .visible = d->visible,
                .owner = d->owner,
                .exists = exists,
                .valid = valid,
        });
}

int share_expire_commit(struct catalog_connection *c, struct decision *d, int64_t share, const char *account,
                        int64_t expires) {
        struct event event = decision_event(d, expires ? EVENT_SET_EXPIRY : EVENT_EXPIRY_CLEAR);
        char time[TIMESTAMP_SIZE];
        int64_t id;

        event.account = account;
        if (expires)
                event.detail[0] = (struct event_detail){ .key = "expires", .text = timestamp_format(expires, time) };
        event.detail[expires != 0] = (struct event_detail){ .key = "share", .number = share };
        return catalog_event_add(c, &event, &id);
}

static int run_expire(struct catalog_connection *c, void *context) {
        struct expiring *n = context;
        struct share share;
        int r = catalog_share_get(c, n->share, &share), exists = r == 0;

        if (r < 0 && r != -ENOENT)
                return r;
        r = decision_read(c, &n->decision);
        if (r == 0)
                r = share_expire_judge(&n->decision, exists, n->valid);
        if (r != 0 || share.expires == n->expires)
                return r;
        return share_expire_commit(c, &n->decision, share.id, share.account_name, n->expires);
}

int share_expiry_parse(const struct clock_state *clock, const char *text, int64_t *ret_expires) {
        int64_t expires;

        if (!*text || strcmp(text, "never") == 0) {
                *ret_expires = 0;
                return 0;
        }
        if (timestamp_parse(text, clock->log, &expires) < 0)
                return -EINVAL;
        if (expires <= clock->due)
                return -ETIME;
        *ret_expires = expires;
        return 0;
}

static int expiring_init(struct expiring *ret_expiring, struct request *request, int64_t share) {
        struct share found;
        struct image image;
        int r = service_writable(request->service);

        if (r == 0)
                r = share_get(request, share, &found, &image);
        if (r == 0)
                *ret_expiring = (struct expiring){ .decision = { .request = request,
                                                                 .op = EVENT_SET_EXPIRY,
                                                                 .asked = "set the expiry of a share of {object}",
                                                                 .place = image.place },
                                                   .share = share };
        return r;
}

int share_judge_expiry(struct request *request, int64_t share) {
        struct expiring n;
        int r = expiring_init(&n, request, share);

        if (r < 0)
                return r;
        {
                _cleanup_read_ struct catalog_connection *c = NULL;

                r = catalog_read(request->service->catalog, &c);
                if (r == 0)
                        r = decision_read(c, &n.decision);
                if (r == 0)
                        r = share_expire_judge(&n.decision, true, true);
        }
        return decision_end(&n.decision, r);
}

int share_expire(struct request *request, int64_t share, const char *text) {
        struct clock_state clock;
        struct expiring n;
        int r = expiring_init(&n, request, share);

        if (r == 0)
                r = clock_get(request, &clock);
        if (r < 0)
                return r;
        n.valid = share_expiry_parse(&clock, text, &n.expires) == 0;
        r = decision_end(&n.decision, request_write(request, run_expire, &n));
        if (r == 0)
                digest_wake(request->service); /* it may be due before the thread next looks */
        return r;
}

int expiry_commit(struct catalog_connection *c, const struct caller *caller, const struct share *share) {
        char object[OBJECT_SIZE], time[TIMESTAMP_SIZE];
        struct event event = { .caller = caller, .op = EVENT_EXPIRE, .object = object, .account = share->account_name,
                               .about = { .image = share->image, .account = share->account } };
        int64_t id;
        int r = catalog_image_name(c, share->image, object, &event.place);

        event.detail[0] = (struct event_detail){ .key = "expired", .text = timestamp_format(share->expires, time) };
        event.detail[1] = (struct event_detail){ .key = "share", .number = share->id };
        return r < 0 ? r : catalog_event_add(c, &event, &id);
}
