/* SPDX-License-Identifier: MIT
 * Sharing and unsharing: who may, with whom, and when an image is full. The rows' order is CONTRACT 4's.
 */
#include <errno.h>

#include "internal.h"

static bool grant_by_auditor(const struct share_facts *f) { return f->role == ROLE_AUDITOR; }
static bool grant_hidden(const struct share_facts *f) { return !f->visible; }
static bool grant_of_others(const struct share_facts *f) { return !f->owner; }
static bool grant_bad_name(const struct share_facts *f) { return !f->name_valid; }
static bool grant_to_unknown(const struct share_facts *f) { return !f->known; }
static bool grant_to_self(const struct share_facts *f) { return f->self; }
static bool grant_to_staff(const struct share_facts *f) { return f->account_role != ROLE_ACCOUNT; }
static bool grant_again(const struct share_facts *f) { return f->exists; }
static bool grant_of_draft(const struct share_facts *f) { return !f->available; }
static bool grant_of_part(const struct share_facts *f) { return f->needs_files; }
static bool grant_busy(const struct share_facts *f) { return f->busy; }
static bool grant_unreviewed(const struct share_facts *f) { return f->review_required && !f->reviewed; }
static bool grant_full(const struct share_facts *f) { return f->shares >= f->shares_limit; }

RULES(share_facts) grant_rules[] = {
        { grant_by_auditor, RULE_READ_ONLY_ROLE },
        { grant_hidden, -ENOENT },
        { grant_of_others, RULE_NO_RESHARE }, /* before rows that reveal accounts and shares */
        { grant_bad_name, -EINVAL },
        { grant_to_unknown, RULE_UNKNOWN_ACCOUNT },
        { grant_to_self, RULE_NO_SELF_SHARE },
        { grant_to_staff, RULE_ROLE },
        { grant_again, RULE_SHARE_EXISTS },
        { grant_of_draft, RULE_IMAGE_AVAILABLE },
        { grant_of_part, RULE_SELF_CONTAINED },
        { grant_busy, -EBUSY },
        { grant_unreviewed, RULE_REVIEW_BEFORE_SHARE },
        { grant_full, RULE_SHARE_LIMIT },
};

int policy_share_grant(const struct share_facts *facts) {
        return FIRST_REFUSAL(grant_rules, facts);
}

static bool may_revoke(const struct revoke_facts *f) { return f->owner || f->recipient || f->role == ROLE_OPERATOR; }

static bool revoke_by_auditor(const struct revoke_facts *f) { return f->role == ROLE_AUDITOR; }
static bool revoke_hidden(const struct revoke_facts *f) { return !f->visible; }
static bool revoke_of_others(const struct revoke_facts *f) { return !may_revoke(f); }
static bool revoke_of_nothing(const struct revoke_facts *f) { return !f->exists; }

RULES(revoke_facts) revoke_rules[] = {
        { revoke_by_auditor, RULE_READ_ONLY_ROLE },
        { revoke_hidden, -ENOENT },
        { revoke_of_others, RULE_NO_RESHARE }, /* before -ENOENT: a recipient does not learn who else has a share */
        { revoke_of_nothing, -ENOENT },
};

int policy_share_revoke(const struct revoke_facts *facts) {
        return FIRST_REFUSAL(revoke_rules, facts);
}

static bool expire_by_auditor(const struct expiry_facts *f) { return f->role == ROLE_AUDITOR; }
static bool expire_hidden(const struct expiry_facts *f) { return !f->visible; }
static bool expire_of_others(const struct expiry_facts *f) { return !f->owner; }
static bool expire_of_nothing(const struct expiry_facts *f) { return !f->exists; }
static bool expire_bad_time(const struct expiry_facts *f) { return !f->valid; }

RULES(expiry_facts) expire_rules[] = {
        { expire_by_auditor, RULE_READ_ONLY_ROLE },
        { expire_hidden, -ENOENT },
        { expire_of_others, RULE_NO_RESHARE },
        { expire_of_nothing, -ENOENT },
        { expire_bad_time, -EINVAL },
};

int policy_share_expire(const struct expiry_facts *facts) {
        return FIRST_REFUSAL(expire_rules, facts);
}
