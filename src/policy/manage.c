/* SPDX-License-Identifier: MIT
 * What only an operator does: regions, accounts, limits, roles.
 */
#include "internal.h"

static bool role_by_auditor(const struct role_facts *f) { return f->role == ROLE_AUDITOR; }
static bool role_by_account(const struct role_facts *f) { return f->role == ROLE_ACCOUNT; }
static bool leaves_accounts(const struct role_facts *f) { return f->to != f->from && f->to != ROLE_ACCOUNT; }
static bool role_in_use(const struct role_facts *f) {
        return leaves_accounts(f) && (f->images > 0 || f->shares > 0 || f->instances > 0);
}

RULES(role_facts) role_rules[] = {
        { role_by_auditor, RULE_READ_ONLY_ROLE },
        { role_by_account, RULE_ROLE },
        { role_in_use, RULE_ROLE },
};

int policy_role_change(const struct role_facts *facts) {
        return FIRST_REFUSAL(role_rules, facts);
}

/* Judged by the same rows, as a role change that changes nothing. */
int policy_manage(enum role role) {
        const struct role_facts facts = { .role = role };

        return policy_role_change(&facts);
}
