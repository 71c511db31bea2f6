/* SPDX-License-Identifier: MIT
 * Instances: who may launch what, where, and whose images an account trusts. The rows' order is CONTRACT 4's.
 */
#include <errno.h>

#include "internal.h"

static bool instance_create_by_auditor(const struct instance_facts *f) { return f->role == ROLE_AUDITOR; }
static bool create_by_staff(const struct instance_facts *f) { return f->role != ROLE_ACCOUNT; }
static bool instance_create_nowhere(const struct instance_facts *f) { return !f->region_known; }
static bool instance_create_bad_name(const struct instance_facts *f) { return !f->name_valid; }
static bool instance_create_again(const struct instance_facts *f) { return f->exists; }
static bool instance_create_over(const struct instance_facts *f) { return f->instances >= f->limit; }

RULES(instance_facts) create_rules[] = {
        { instance_create_by_auditor, RULE_READ_ONLY_ROLE },
        { create_by_staff, RULE_ROLE },
        { instance_create_nowhere, -ENOENT },
        { instance_create_bad_name, -EINVAL },
        { instance_create_again, -EEXIST },
        { instance_create_over, RULE_INSTANCE_QUOTA },
};

int policy_instance_create(const struct instance_facts *facts) {
        return FIRST_REFUSAL(create_rules, facts);
}

static bool launch_by_auditor(const struct launch_facts *f) { return f->role == ROLE_AUDITOR; }
static bool launch_by_staff(const struct launch_facts *f) { return f->role != ROLE_ACCOUNT; }
static bool launch_on_hidden(const struct launch_facts *f) { return !f->instance_own; }
static bool launch_of_hidden(const struct launch_facts *f) { return !f->visible; }
static bool launch_elsewhere(const struct launch_facts *f) { return !f->same_region; }
static bool launch_of_draft(const struct launch_facts *f) { return !f->available; }
static bool launch_of_part(const struct launch_facts *f) { return f->needs_files; }
static bool launch_busy(const struct launch_facts *f) { return f->busy; }
static bool launch_untrusted(const struct launch_facts *f) { return f->trust_required && !f->trusted; }
static bool launch_over_bytes(const struct launch_facts *f) { return room_is_over(&f->room); }

RULES(launch_facts) launch_rules[] = {
        { launch_by_auditor, RULE_READ_ONLY_ROLE },
        { launch_by_staff, RULE_ROLE },
        { launch_on_hidden, -ENOENT },
        { launch_of_hidden, -ENOENT },
        { launch_elsewhere, RULE_SAME_REGION },
        { launch_of_draft, RULE_IMAGE_AVAILABLE },
        { launch_of_part, RULE_SELF_CONTAINED },
        { launch_busy, -EBUSY },
        { launch_untrusted, RULE_TRUST },
        { launch_over_bytes, RULE_BYTE_QUOTA },
};

int policy_instance_launch(const struct launch_facts *facts) {
        return FIRST_REFUSAL(launch_rules, facts);
}

static bool use_by_auditor(const struct instance_use_facts *f) { return f->change && f->role == ROLE_AUDITOR; }
static bool use_of_hidden(const struct instance_use_facts *f) { return !f->visible; }
static bool use_of_others(const struct instance_use_facts *f) { return !f->owner; }

RULES(instance_use_facts) use_rules[] = {
        { use_by_auditor, RULE_READ_ONLY_ROLE },
        { use_of_hidden, -ENOENT },
        { use_of_others, RULE_ROLE }, /* only staff sees others' instances */
};

int policy_instance_use(const struct instance_use_facts *facts) {
        return FIRST_REFUSAL(use_rules, facts);
}

static bool trust_by_auditor(const struct trust_facts *f) { return f->role == ROLE_AUDITOR; }
static bool trust_by_staff(const struct trust_facts *f) { return f->role != ROLE_ACCOUNT; }
static bool trust_in_unknown(const struct trust_facts *f) { return !f->known; }
static bool trust_in_self(const struct trust_facts *f) { return f->self; }

RULES(trust_facts) trust_rules[] = {
        { trust_by_auditor, RULE_READ_ONLY_ROLE },
        { trust_by_staff, RULE_ROLE },
        { trust_in_unknown, RULE_UNKNOWN_ACCOUNT },
        { trust_in_self, RULE_NO_SELF_SHARE },
};

int policy_trust(const struct trust_facts *facts) {
        return FIRST_REFUSAL(trust_rules, facts);
}
