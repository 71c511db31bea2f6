/* SPDX-License-Identifier: MIT
 * One wanted change: the actor, the facts, the verdict; then the same rows as for a change that was asked alone. Never
 * waits, never reports.
 */
#include "apply/wing.h"
#include "nouns.h"

/* The operator acts as the owner, under its rules (CONTRACT 8). */
static int act_as_owner(struct catalog_connection *c, struct apply *a, const char *image) {
        char name[NAME_SIZE], owner[NAME_SIZE];
        struct account account;
        int r;

        a->acting = *a->request;
        if (a->request->caller.role != ROLE_OPERATOR)
                return 0;
        r = name_split(image, name, owner);
        if (r == 0)
                r = catalog_account_find(c, owner, &account);
        if (r < 0)
                return r;
        a->acting.caller.account = account.id;
        a->acting.caller.role = account.role;
        strcpy(a->acting.caller.name, account.name);
        return 0;
}

/* It has been, or would have been, shared. */
static void apply_sealed(struct decision *d) {
        d->image.state = IMAGE_SEALED;
        d->image.whole = WHOLE_YES;
}

static int apply_read_image(struct catalog_connection *c, struct apply *a, int64_t place) {
        struct decision *d = &a->decision;
        int r;

        *d = (struct decision){ .request = &a->acting, .place = place };
        r = decision_read(c, d);
        if (r == 0 && !d->visible)
                r = -ENOENT;
        if (r == 0)
                r = decision_shares(c, d);
        if (r < 0 || !a->plan)
                return r;
        d->shares += numbers_get(&a->more, (uint64_t)place);
        if (numbers_get(&a->planned, apply_pair(place, 0)) > 0)
                apply_sealed(d);
        return 0;
}

static int apply_find_place(struct catalog_connection *c, const char *region, const char *image, int64_t *ret_place) {
        _cleanup_region_ struct region row = { 0 };
        int r = strchr(image, '@') ? catalog_region_find(c, region, &row) : -ENOENT;

        return r < 0 ? r : place_by_name(c, row.id, 0, image, ret_place);
}

int apply_find(struct catalog_connection *c, struct apply *a, const char *region, const char *image) {
        int64_t place;

        if (a->known && strcmp(region, a->region) == 0 && strcmp(image, a->image) == 0)
                return a->found;
        a->found = strlen(region) < sizeof(a->region) && strlen(image) < sizeof(a->image) ? 0 : -ENOENT;
        a->known = a->found == 0;
        if (a->known) {
                strcpy(a->region, region);
                strcpy(a->image, image);
                a->found = act_as_owner(c, a, image);
        }
        if (a->found == 0)
                a->found = apply_find_place(c, region, image, &place);
        if (a->found == 0)
                a->found = apply_read_image(c, a, place);
        return a->found;
}

/* Notes a planned change for later lines, as the catalog still has the image as it was. */
static int plan_change(struct apply *a, int64_t account, int more) {
        const int64_t place = a->decision.place;
        int r = numbers_add(&a->more, (uint64_t)place, more);

        if (r >= 0 && more > 0)
                r = numbers_add(&a->planned, apply_pair(place, account), 1);
        if (r >= 0 && more > 0)
                r = numbers_add(&a->planned, apply_pair(place, 0), 1);
        return r < 0 ? r : 0;
}

/* Updates the image at hand after a share more or less. */
static int apply_changed(struct apply *a, int64_t account, int more) {
        a->decision.shares += more;
        if (more > 0)
                apply_sealed(&a->decision);
        return a->plan ? plan_change(a, account, more) : 0;
}

static int apply_expire(struct catalog_connection *c, struct apply *a, struct apply_job *job,
                        const struct share *share) {
        struct decision *d = &a->decision;
        int r;

        if (!job->line.has_expires || job->line.expires == share->expires)
                return 0;
        d->op = EVENT_SET_EXPIRY;
        d->asked = "set the expiry of the share of {object} with {account}";
        r = share_expire_judge(d, true, true);
        if (r != 0)
                return r;
        job->expiry_set = true;
        return a->plan ? 0 : share_expire_commit(c, d, share->id, job->line.account, job->line.expires);
}

/* The live share that the line is about, if the actor may know of it: then there is nothing to grant. */
static int apply_find_share(struct catalog_connection *c, struct apply *a, const char *name, struct share *ret_share) {
        struct account account;
        int r = catalog_account_find(c, name, &account);

        if (r == 0)
                r = catalog_share_find(c, a->decision.image.id, account.id, ret_share);
        if (r == 0 && !a->decision.owner && a->acting.caller.role == ROLE_ACCOUNT &&
            account.id != a->acting.caller.account)
                r = -ENOENT;
        return r;
}

static int apply_grant(struct catalog_connection *c, struct apply *a, struct apply_job *job) {
        struct decision *d = &a->decision;
        struct account account = { 0 };
        struct share share = { 0 };
        int r = share_grant_judge(c, d, &a->seal, &account);

        if (a->plan && account.id != 0 && numbers_get(&a->planned, apply_pair(d->place, account.id)) > 0)
                return 0; /* an earlier line would have granted it */
        if (r == RULE_SHARE_EXISTS || (r != 0 && !d->owner)) {
                int e = apply_find_share(c, a, job->line.account, &share);

                if (e != -ENOENT)
                        return e < 0 ? e : apply_expire(c, a, job, &share);
        }
        if (r != 0)
                return r;
        if (!a->plan)
                r = share_grant_commit(c, d, &a->seal, &account, &share.id);
        if (r == 0)
                r = apply_changed(a, account.id, 1);
        job->shared = r == 0;
        return r < 0 ? r : apply_expire(c, a, job, &share);
}

static int apply_revoke(struct catalog_connection *c, struct apply *a, struct apply_job *job) {
        struct decision *d = &a->decision;
        struct share share;
        int r = share_revoke_judge(c, d, &share);

        if (r == -ENOENT) /* it has ended meanwhile */
                return 0;
        if (r == 0 && !a->plan)
                r = share_revoke_commit(c, d, &share, &job->remains);
        if (r == 0)
                r = apply_changed(a, share.account, -1);
        job->unshared = r == 0;
        return r;
}

static struct apply_note *note_new(const struct apply *a, int rule) {
        const struct decision *d = &a->decision;
        struct apply_note *note = malloc(sizeof(*note));

        if (!note)
                return NULL;
        *note = (struct apply_note){ .caller = a->acting.caller, .op = d->op, .place = d->image.place };
        strcpy(note->object, d->object);
        decision_explain(d, (enum rule)rule, &note->refusal);
        return note;
}

/* Is r an -errno about the line, not the machine? */
static bool is_answer(int r) {
        return r == -ENOENT || r == -EINVAL || r == -ENAMETOOLONG || r == -EBUSY;
}

static int judge_line(struct catalog_connection *c, struct apply *a, struct apply_job *job) {
        struct decision *d = &a->decision;
        int r = apply_find(c, a, job->line.region, job->line.image);

        if (r < 0 || !job->line.account)
                return r;
        d->account = job->line.account;
        d->op = job->place ? EVENT_UNSHARE : EVENT_SHARE;
        d->asked = job->place ? "unshare {object} from {account}" : "share {object} with {account}";
        r = job->place ? apply_revoke(c, a, job) : apply_grant(c, a, job);
        if (r == -EINVAL)
                r = name_check(NAME_ACCOUNT, job->line.account);
        if (r > 0)
                job->note = note_new(a, r);
        d->account = NULL; /* it belongs to the job */
        return r;
}

int apply_judge(struct catalog_connection *c, struct apply *a, struct apply_job *job) {
        int r;

        job->shared = job->unshared = job->expiry_set = false;
        r = judge_line(c, a, job);
        if (r == -EBUSY && a->sealed != a->decision.place)
                return 1;
        job->result = r;
        return r > 0 || is_answer(r) ? 0 : r;
}
