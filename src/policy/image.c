/* SPDX-License-Identifier: MIT
 * An image as a whole: making, deleting, bringing back, renaming, describing and sealing it. The rows' order is
 * CONTRACT 4's.
 */
#include <errno.h>

#include "internal.h"

static bool image_create_by_auditor(const struct create_facts *f) { return f->role == ROLE_AUDITOR; }
static bool create_by_operator(const struct create_facts *f) { return f->role == ROLE_OPERATOR; }
static bool image_create_nowhere(const struct create_facts *f) { return !f->region_known; }
static bool image_create_bad_name(const struct create_facts *f) { return !f->name_valid; }
static bool create_over_quota(const struct create_facts *f) { return f->images >= f->quota; }
static bool image_create_again(const struct create_facts *f) { return f->name_taken; }

RULES(create_facts) create_rules[] = {
        { image_create_by_auditor, RULE_READ_ONLY_ROLE },
        { create_by_operator, RULE_ROLE },
        { image_create_nowhere, -ENOENT },
        { image_create_bad_name, -EINVAL },
        { create_over_quota, RULE_QUOTA_OWN_ONLY },
        { image_create_again, RULE_NAME_TAKEN },
};

int policy_image_create(const struct create_facts *facts) {
        return FIRST_REFUSAL(create_rules, facts);
}

static bool delete_by_auditor(const struct delete_facts *f) { return f->role == ROLE_AUDITOR; }
static bool delete_hidden(const struct delete_facts *f) { return !f->visible; }
static bool delete_of_others(const struct delete_facts *f) { return !f->owner; }
static bool delete_shared(const struct delete_facts *f) { return f->shares > 0; }
static bool delete_busy(const struct delete_facts *f) { return f->busy; }

RULES(delete_facts) delete_rules[] = {
        { delete_by_auditor, RULE_READ_ONLY_ROLE },
        { delete_hidden, -ENOENT },
        { delete_of_others, RULE_OWNER_DELETES },
        { delete_shared, RULE_UNSHARE_BEFORE_DELETE },
        { delete_busy, -EBUSY },
};

int policy_image_delete(const struct delete_facts *facts) {
        return FIRST_REFUSAL(delete_rules, facts);
}

static bool undelete_by_auditor(const struct undelete_facts *f) { return f->role == ROLE_AUDITOR; }
static bool undelete_hidden(const struct undelete_facts *f) { return !f->visible; }
static bool undelete_bad_name(const struct undelete_facts *f) { return !f->name_valid; }
static bool undelete_over_quota(const struct undelete_facts *f) { return f->images >= f->quota; }
static bool undelete_too_many(const struct undelete_facts *f) { return f->instances >= f->instances_limit; }
static bool undelete_over_bytes(const struct undelete_facts *f) { return room_is_over(&f->room); }
static bool undelete_name_taken(const struct undelete_facts *f) { return f->name_taken; }

RULES(undelete_facts) undelete_rules[] = {
        { undelete_by_auditor, RULE_READ_ONLY_ROLE },
        { undelete_hidden, -ENOENT },
        { undelete_bad_name, -EINVAL },
        { undelete_over_quota, RULE_QUOTA_OWN_ONLY },
        { undelete_too_many, RULE_INSTANCE_QUOTA },
        { undelete_over_bytes, RULE_BYTE_QUOTA },
        { undelete_name_taken, RULE_NAME_TAKEN },
};

int policy_undelete(const struct undelete_facts *facts) {
        return FIRST_REFUSAL(undelete_rules, facts);
}

static bool edit_by_auditor(const struct edit_facts *f) { return f->role == ROLE_AUDITOR; }
static bool edit_hidden(const struct edit_facts *f) { return !f->visible; }
static bool edit_frozen(const struct edit_facts *f) { return !f->owner || f->shares > 0; }
static bool edit_bad(const struct edit_facts *f) { return !f->valid; }
static bool edit_name_taken(const struct edit_facts *f) { return f->name_taken; }

RULES(edit_facts) edit_rules[] = {
        { edit_by_auditor, RULE_READ_ONLY_ROLE },
        { edit_hidden, -ENOENT },
        { edit_frozen, RULE_SHARED_FROZEN },
        { edit_bad, -EINVAL },
        { edit_name_taken, RULE_NAME_TAKEN },
};

int policy_image_edit(const struct edit_facts *facts) {
        return FIRST_REFUSAL(edit_rules, facts);
}

static bool seal_by_auditor(const struct seal_facts *f) { return f->role == ROLE_AUDITOR; }
static bool seal_hidden(const struct seal_facts *f) { return !f->visible; }
static bool seal_of_others(const struct seal_facts *f) { return !f->owner; }
static bool seal_of_draft(const struct seal_facts *f) { return !f->available; }
static bool seal_busy(const struct seal_facts *f) { return f->busy; }

RULES(seal_facts) seal_rules[] = {
        { seal_by_auditor, RULE_READ_ONLY_ROLE },
        { seal_hidden, -ENOENT },
        { seal_of_others, RULE_SHARED_FROZEN },
        { seal_of_draft, RULE_IMAGE_AVAILABLE },
        { seal_busy, -EBUSY },
};

int policy_image_seal(const struct seal_facts *facts) {
        return FIRST_REFUSAL(seal_rules, facts);
}
