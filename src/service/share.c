/* SPDX-License-Identifier: MIT
 * Granting and revoking shares.
 */

#include "lineage.h"
#include "nouns.h"
#include "registry.h"
#include "upkeep/wing.h"

/* Reads the settings once per transaction, which may make many decisions (apply). */
static int share_settings(struct catalog_connection *c, struct decision *d) {
        int r = 0;

        if (!d->settings_known)
                r = catalog_setting_get(c, LIMIT_SHARES, LIMIT_SHARES_DEFAULT, &d->limit);
        if (r == 0 && !d->settings_known)
                r = catalog_setting_get(c, LIMIT_REVIEW, 0, &d->review);
        d->settings_known = r == 0;
        return r;
}

static int share_facts(struct catalog_connection *c, struct decision *d, const struct seal *seal,
                       struct share_facts *ret_facts, struct account *ret_account) {
        struct share existing;
        int r = share_settings(c, d);

        d->unended = false;
        if (r < 0)
                return r;
        if (!d->counted)
                r = catalog_share_count(c, d->image.id, d->limit, &d->shares);
        if (r < 0)
                return r;
        d->count = d->shares;
        *ret_facts = (struct share_facts){
                .role = d->request->caller.role,
                .visible = d->visible,
                .owner = d->owner,
                .name_valid = name_check(NAME_ACCOUNT, d->account) == 0,
                .available = d->image.state != IMAGE_DRAFT && !seal_empty(seal, &d->image),
                .needs_files = seal_whole(seal, &d->image) == WHOLE_NO,
                .busy = !seal_possible(seal, &d->image) || seal_whole(seal, &d->image) == WHOLE_UNKNOWN,
                .reviewed = d->image.reviewed,
                .shares = d->count,
                .shares_limit = d->limit,
        };
        ret_facts->review_required = d->review != 0;
        r = catalog_account_find(c, d->account, ret_account);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;
        ret_facts->known = true;
        ret_facts->self = ret_account->id == d->image.owner;
        ret_facts->account_role = ret_account->role;
        r = catalog_share_unended(c, d->image.id, ret_account->id);
        d->unended = r > 0;
        if (r <= 0)
                return r;
        r = catalog_share_find(c, d->image.id, ret_account->id, &existing);
        ret_facts->exists = r == 0;
        return r == -ENOENT ? 0 : r;
}

int share_grant_judge(struct catalog_connection *c, struct decision *d, const struct seal *seal,
                      struct account *ret_account) {
        struct share_facts facts;
        int r = share_facts(c, d, seal, &facts, ret_account);

        if (r == 0)
                r = policy_share_grant(&facts);
        if (r == RULE_SHARE_LIMIT && !d->counted) { /* the refusal says how many there are */
                int e = decision_shares(c, d);

                d->count = d->shares;
                return e < 0 ? e : r;
        }
        return decision_files(c, d, seal->image == d->image.id ? seal->format : "", r);
}

/* Ends the account's share that is dead but not ended, so that another can take its place. As long as the clock is
 * doubted nobody can say that it has expired: its owner ends it. */
static int share_take_over(struct catalog_connection *c, struct decision *d, const struct account *account) {
        struct clock_state clock;
        struct share expired;
        int r = d->unended ? catalog_share_due_of(c, d->image.id, account->id, &expired) : -ENOENT;

        if (r == 0)
                r = catalog_clock(c, &clock);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        return clock.doubted ? share_revoke_commit(c, d, &expired, NULL) : expiry_commit(c, &d->request->caller, &expired);
}

int share_grant_commit(struct catalog_connection *c, struct decision *d, const struct seal *seal,
                       const struct account *account, int64_t *ret_share) {
        struct event event;
        int r = share_take_over(c, d, account);

        if (r == 0)
                r = seal_commit(c, d, seal);
        if (r < 0)
                return r;
        event = decision_event(d, EVENT_SHARE);
        event.account = account->name;
        event.about.account = account->id;
        return catalog_event_add(c, &event, ret_share);
}

struct sharing {
        struct decision decision;
        struct seal seal;
        struct share share;
        struct remains remains;
};

static int run_grant(struct catalog_connection *c, void *context) {
        struct sharing *s = context;
        struct account account;
        int r = decision_read(c, &s->decision);

        s->share = (struct share){ 0 };
        if (r == 0)
                r = share_grant_judge(c, &s->decision, &s->seal, &account);
        if (r == 0)
                r = share_grant_commit(c, &s->decision, &s->seal, &account, &s->share.id);
        if (r != 0)
                return r;
        s->share.image = s->decision.image.id;
        s->share.account = account.id;
        s->share.granted = catalog_event_time(c);
        strcpy(s->share.account_name, account.name);
        strcpy(s->share.granted_by, s->decision.request->caller.name);
        return 0;
}

static struct sharing grant_of(struct request *request, int64_t place, const char *account) {
        return (struct sharing){
                .decision = { .request = request, .op = EVENT_SHARE, .asked = "share {object} with {account}",
                              .place = place, .account = account },
                .seal = { .lock = BLOB_LOCK_NONE },
        };
}

static int grant_end(struct sharing *s, int r) {
        r = decision_end(&s->decision, r);
        if (r == -EINVAL) /* a name that is only too long has an errno of its own */
                return name_check(NAME_ACCOUNT, s->decision.account);
        return r;
}

int share_grant(struct request *request, int64_t place, const char *account, struct share *ret_share,
                struct image *ret_image) {
        struct sharing s = grant_of(request, place, account);
        struct image image;
        int r = request_write(request, run_grant, &s);

        if (r == -EBUSY) { /* rare: most are sealed. Made durable only now, as no rule before -EBUSY refuses */
                r = seal_prepare_own(request, place, &image, &s.seal);
                s.decision.settings_known = false;
                if (r == 0)
                        r = request_write(request, run_grant, &s);
        }
        r = grant_end(&s, r);
        if (r == 0 && s.seal.image != 0)
                digest_wake(request->service);
        seal_end(&s.seal);
        if (r == 0)
                *ret_share = s.share;
        if (r == 0 && ret_image)
                *ret_image = s.decision.image;
        return r;
}

int share_directory(struct request *request, int64_t place) {
        struct decision d = { .request = request, .op = EVENT_SHARE, .asked = "make the directory shares in {object}",
                              .place = place };
        int r = service_writable(request->service);

        if (r == 0) {
                _cleanup_read_ struct catalog_connection *c = NULL;

                r = catalog_read(request->service->catalog, &c);
                if (r == 0)
                        r = decision_read(c, &d);
        }
        if (r == 0)
                r = policy_share_grant(&(struct share_facts){
                        .role = request->caller.role,
                        .visible = d.visible,
                        .owner = d.owner,
                        .name_valid = true,
                        .known = true,
                        .available = d.image.state != IMAGE_DRAFT,
                        .shares_limit = 1,
                });
        return decision_end(&d, r == 0 ? RULE_FIXED_TREE : r);
}

#define REMAINS_LOOKED_AT 1000 /* objects; in a transaction, which others wait for: */
#define REMAINS_NEAR 16

int unshare_details(struct catalog_connection *c, const struct share *share, const struct remains *remains,
                    struct event *event) {
        struct remains near = { 0 };
        int r = 0;

        if (!remains || remains->image != share->image || remains->account != share->account) {
                r = catalog_exposure_remains(c, share->image, share->account, REMAINS_NEAR, &near.instances, &near.derived);
                remains = &near;
        }
        event->about.image = share->image;
        event->about.account = share->account;
        event->detail[0] = (struct event_detail){ .key = "instances", .number = remains->instances };
        event->detail[1] = (struct event_detail){ .key = "derived", .number = remains->derived };
        event->detail[2] = (struct event_detail){ .key = "share", .number = share->id };
        return r;
}

int share_revoke_judge(struct catalog_connection *c, struct decision *d, struct share *ret_share) {
        struct account account;
        bool known;
        int r = catalog_account_find(c, d->account, &account);

        known = r == 0;
        if (known)
                r = catalog_share_find(c, d->image.id, account.id, ret_share);
        if (r < 0 && r != -ENOENT)
                return r;
        return policy_share_revoke(&(struct revoke_facts){
                .role = d->request->caller.role,
                .visible = d->visible,
                .owner = d->owner,
                .recipient = known && account.id == d->request->caller.account,
                .exists = r == 0,
        });
}

int share_remains(struct request *request, struct decision *d, struct remains *ret_remains) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct remains remains = { 0 };
        struct share share;
        int r = catalog_read(request->service->catalog, &c);

        if (r == 0)
                r = decision_read(c, d);
        if (r == 0)
                r = share_revoke_judge(c, d, &share);
        if (r == 0)
                r = catalog_exposure_remains(c, share.image, share.account, REMAINS_LOOKED_AT, &remains.instances,
                                             &remains.derived);
        if (r == 0) {
                remains.image = share.image;
                remains.account = share.account;
        }
        *ret_remains = remains;
        return r > 0 || r == -ENOENT || r == -EACCES ? 0 : r;
}

int share_revoke_commit(struct catalog_connection *c, struct decision *d, const struct share *share,
                        const struct remains *remains) {
        struct event event = decision_event(d, EVENT_UNSHARE);
        int64_t id;
        int r;

        event.account = share->account_name;
        r = unshare_details(c, share, remains, &event);
        return r < 0 ? r : catalog_event_add(c, &event, &id);
}

static int run_revoke(struct catalog_connection *c, void *context) {
        struct sharing *s = context;
        int r = decision_read(c, &s->decision);

        if (r == 0)
                r = share_revoke_judge(c, &s->decision, &s->share);
        return r != 0 ? r : share_revoke_commit(c, &s->decision, &s->share, &s->remains);
}

static struct sharing revoke_of(struct request *request, int64_t place, const char *account) {
        return (struct sharing){
                .decision = { .request = request, .op = EVENT_UNSHARE, .asked = "unshare {object} from {account}",
                              .place = place, .account = account },
        };
}

int share_revoke(struct request *request, int64_t place, const char *account, struct share *ret_share,
                 struct image *ret_image) {
        struct sharing s = revoke_of(request, place, account);
        int r = service_writable(request->service);

        if (r == 0)
                r = share_remains(request, &s.decision, &s.remains);
        if (r == 0)
                r = request_write(request, run_revoke, &s);
        r = decision_end(&s.decision, r);
        if (r == 0 && ret_share)
                *ret_share = s.share;
        if (r == 0 && ret_image)
                *ret_image = s.decision.image;
        return r;
}
