/* SPDX-License-Identifier: MIT
 * Tries a policy function with every combination of violated rules, for every role and relation to the image. It
 * expects the first outcome in a list that the test copies from CONTRACT 4.
 */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>

#include <cmocka.h>

#include "cleanup.h"
#include "policy.h"

#define BIT(place) (1U << (place))
#define PLACES_MAX 14 /* the longest list has 13, and its terminator */

enum relation { OWNER, RECIPIENT, STRANGER, HIDDEN_OWNER, RELATION_COUNT };
#define ROLE_COUNT (ROLE_OPERATOR + 1)

union facts {
        struct share_facts share;
        struct revoke_facts revoke;
        struct create_facts create;
        struct undelete_facts undelete;
        struct delete_facts delete;
        struct edit_facts edit;
        struct copy_facts copy;
        struct write_facts write;
        struct seal_facts seal;
        struct role_facts role;
        struct expiry_facts expiry;
        struct instance_facts instance;
        struct launch_facts launch;
        struct instance_use_facts use;
        struct trust_facts trust;
};

/* One way to break the rule at a place of the order. A rule can have several. */
struct fault {
        unsigned place;
        void (*commit)(union facts *facts);
};

struct order {
        int outcomes[PLACES_MAX]; /* in order of precedence, ended by 0 */
        struct fault faults[PLACES_MAX];
        /* Facts that break only what role and relation break. */
        union facts (*blameless)(enum role role, bool visible, bool owner);
        int (*judge)(const union facts *facts);
        unsigned by_role[ROLE_COUNT];         /* places that this role alone breaks */
        unsigned by_relation[RELATION_COUNT]; /* places that this relation breaks */
        unsigned spared[ROLE_COUNT];          /* places that this role may break */
};

/* Returns the number of combinations tried. */
unsigned order_check(const struct order *order);
