/* SPDX-License-Identifier: MIT
 * An image's bytes: reading and copying them, writing them. The rows' order is CONTRACT 4's.
 */
#include <errno.h>

#include "internal.h"

static bool copy_hidden(const struct copy_facts *f) { return !f->visible; }
static bool copy_of_others(const struct copy_facts *f) { return !f->owner; }
static bool copy_busy(const struct copy_facts *f) { return f->busy; }
static bool copy_over_quota(const struct copy_facts *f) { return f->images >= f->quota; }
static bool copy_over_bytes(const struct copy_facts *f) { return room_is_over(&f->room); }
static bool copy_name_taken(const struct copy_facts *f) { return f->name_taken; }

RULES(copy_facts) copy_rules[] = {
        { copy_hidden, -ENOENT },
        { copy_of_others, RULE_NO_COPY_OF_SHARED }, /* auditor and operator too: they own no image */
        { copy_busy, -EBUSY },
        { copy_over_quota, RULE_QUOTA_OWN_ONLY },
        { copy_over_bytes, RULE_BYTE_QUOTA },
        { copy_name_taken, RULE_NAME_TAKEN },
};

int policy_image_copy(const struct copy_facts *facts) {
        return FIRST_REFUSAL(copy_rules, facts);
}

static bool write_by_auditor(const struct write_facts *f) { return f->role == ROLE_AUDITOR; }
static bool write_hidden(const struct write_facts *f) { return !f->visible; }
static bool write_by_operator(const struct write_facts *f) { return f->role == ROLE_OPERATOR; }
static bool write_busy(const struct write_facts *f) { return f->busy; }

/* Sharing seals, so a recipient sees only sealed images: it gets `sealed`, whatever else is the case. */
static bool write_sealed(const struct write_facts *f) { return f->sealed || !f->owner; }

RULES(write_facts) write_rules[] = {
        { write_by_auditor, RULE_READ_ONLY_ROLE },
        { write_hidden, -ENOENT },
        { write_by_operator, RULE_ROLE },
        { write_sealed, RULE_SEALED },
        { write_busy, -EBUSY },
};

int policy_disk_write(const struct write_facts *facts) {
        return FIRST_REFUSAL(write_rules, facts);
}

int policy_disk_grow(const struct room_facts *facts) {
        return room_is_over(facts) ? RULE_BYTE_QUOTA : 0;
}
