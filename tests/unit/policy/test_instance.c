/* SPDX-License-Identifier: MIT
 * Instances and trust, CONTRACT 4 *launch*, 3.2 and 3.3: which answer comes first.
 */
#include "order.h"

enum { C_READ_ONLY, C_ROLE, C_NOWHERE, C_NAME, C_EXISTS, C_QUOTA };

static union facts create_blameless(enum role role, bool visible, bool owner) {
        (void)visible; /* concerns no other account's instance */
        (void)owner;
        return (union facts){ .instance = { .role = role, .region_known = true, .name_valid = true,
                                            .instances = 499, .limit = 500 } };
}

static int create(const union facts *f) { return policy_instance_create(&f->instance); }
static void nowhere(union facts *f) { f->instance.region_known = false; }
static void bad_name(union facts *f) { f->instance.name_valid = false; }
static void exists(union facts *f) { f->instance.exists = true; }
static void quota_reached(union facts *f) { f->instance.instances = 500; }
static void quota_lowered(union facts *f) { f->instance.limit = 3; }

static void every_combination_of_refusals_to_make_an_instance(void **state) {
        static const struct order order = {
                .outcomes = { RULE_READ_ONLY_ROLE, RULE_ROLE, -ENOENT, -EINVAL, -EEXIST,
                              RULE_INSTANCE_QUOTA },
                .faults = { { C_NOWHERE, nowhere }, { C_NAME, bad_name }, { C_EXISTS, exists },
                            { C_QUOTA, quota_reached }, { C_QUOTA, quota_lowered } },
                .blameless = create_blameless,
                .judge = create,
                .by_role = { [ROLE_AUDITOR] = BIT(C_READ_ONLY) | BIT(C_ROLE), [ROLE_OPERATOR] = BIT(C_ROLE) },
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4 * 32);
}

static void no_instances_may_be_made_at_all(void **state) {
        struct instance_facts facts = { .role = ROLE_ACCOUNT, .region_known = true, .name_valid = true, .limit = 1 };

        (void)state;
        assert_int_equal(policy_instance_create(&facts), 0);
        facts.limit = 0;
        assert_int_equal(policy_instance_create(&facts), RULE_INSTANCE_QUOTA);
}

enum { L_READ_ONLY, L_ROLE, L_HIDDEN, L_REGION, L_AVAILABLE, L_WHOLE, L_BUSY, L_TRUST, L_ROOM };

/* Uses of the relation: `visible` for the image, `owner` for the instance. */
static union facts launch_blameless(enum role role, bool visible, bool owner) {
        return (union facts){ .launch = { .role = role, .instance_own = owner, .visible = visible, .same_region = true,
                                          .available = true, .room = { .bytes = 8, .limit = 8 } } };
}

static int launch(const union facts *f) { return policy_instance_launch(&f->launch); }
static void elsewhere(union facts *f) { f->launch.same_region = false; }
static void draft(union facts *f) { f->launch.available = false; }
static void of_part(union facts *f) { f->launch.needs_files = true; }
static void busy(union facts *f) { f->launch.busy = true; }
static void untrusted(union facts *f) { f->launch.trust_required = true; }
static void launch_no_room(union facts *f) { f->launch.room.bytes = 9; }

static void every_combination_of_refusals_to_launch(void **state) {
        static const struct order order = {
                .outcomes = { RULE_READ_ONLY_ROLE, RULE_ROLE, -ENOENT, RULE_SAME_REGION, RULE_IMAGE_AVAILABLE,
                              RULE_SELF_CONTAINED, -EBUSY, RULE_TRUST, RULE_BYTE_QUOTA },
                .faults = { { L_REGION, elsewhere }, { L_AVAILABLE, draft }, { L_WHOLE, of_part },
                            { L_BUSY, busy }, { L_TRUST, untrusted }, { L_ROOM, launch_no_room } },
                .blameless = launch_blameless,
                .judge = launch,
                .by_role = { [ROLE_AUDITOR] = BIT(L_READ_ONLY) | BIT(L_ROLE), [ROLE_OPERATOR] = BIT(L_ROLE) },
                .by_relation = { [RECIPIENT] = BIT(L_HIDDEN), /* another account's instance */
                                 [STRANGER] = BIT(L_HIDDEN),
                                 [HIDDEN_OWNER] = BIT(L_HIDDEN) }, /* an image that is not, or no longer, visible */
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4 * 64);
}

static void trust_is_asked_for_only_if_required(void **state) {
        (void)state;
        for (int i = 0; i < 4; i++) {
                union facts f = launch_blameless(ROLE_ACCOUNT, true, true);

                f.launch.trust_required = i & 1;
                f.launch.trusted = i & 2;
                assert_int_equal(launch(&f), i == 1 ? RULE_TRUST : 0);
        }
}

/* Trust in its owner hides no other defect of an image. */
static void trust_mends_nothing_else(void **state) {
        static const struct {
                void (*commit)(union facts *f);
                int expected;
        } cases[] = {
                { elsewhere, RULE_SAME_REGION },
                { draft, RULE_IMAGE_AVAILABLE },
                { of_part, RULE_SELF_CONTAINED },
                { busy, -EBUSY },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                union facts f = launch_blameless(ROLE_ACCOUNT, true, true);

                f.launch.trust_required = f.launch.trusted = true;
                cases[i].commit(&f);
                assert_int_equal(launch(&f), cases[i].expected);
                f.launch.visible = false;
                assert_int_equal(launch(&f), -ENOENT);
        }
}

enum { U_READ_ONLY, U_HIDDEN, U_ROLE };

static union facts use_blameless(enum role role, bool visible, bool owner) {
        return (union facts){ .use = { .role = role, .visible = visible, .owner = owner } };
}

static union facts changing(enum role role, bool visible, bool owner) {
        union facts f = use_blameless(role, visible, owner);

        f.use.change = true;
        return f;
}

static int use(const union facts *f) { return policy_instance_use(&f->use); }

#define USE_BY_RELATION                                                                                     \
        { [RECIPIENT] = BIT(U_ROLE), /* staff sees the instance, an ordinary account does not */ \
          [STRANGER] = BIT(U_HIDDEN) | BIT(U_ROLE), [HIDDEN_OWNER] = BIT(U_HIDDEN) }

static void every_combination_of_refusals_to_read_an_instance(void **state) {
        static const struct order order = {
                .outcomes = { RULE_READ_ONLY_ROLE, -ENOENT, RULE_ROLE },
                .blameless = use_blameless,
                .judge = use,
                .by_relation = USE_BY_RELATION,
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4);
}

static void every_combination_of_refusals_to_change_an_instance(void **state) {
        static const struct order order = {
                .outcomes = { RULE_READ_ONLY_ROLE, -ENOENT, RULE_ROLE },
                .blameless = changing,
                .judge = use,
                .by_role = { [ROLE_AUDITOR] = BIT(U_READ_ONLY) },
                .by_relation = USE_BY_RELATION,
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4);
}

enum { T_READ_ONLY, T_ROLE, T_UNKNOWN, T_SELF };

static union facts trust_blameless(enum role role, bool visible, bool owner) {
        (void)visible; /* no image is concerned */
        (void)owner;
        return (union facts){ .trust = { .role = role, .known = true } };
}

static int trust(const union facts *f) { return policy_trust(&f->trust); }
static void unknown(union facts *f) { f->trust.known = false; }
static void self(union facts *f) { f->trust.self = true; }

static void every_combination_of_refusals_to_trust(void **state) {
        static const struct order order = {
                .outcomes = { RULE_READ_ONLY_ROLE, RULE_ROLE, RULE_UNKNOWN_ACCOUNT, RULE_NO_SELF_SHARE },
                .faults = { { T_UNKNOWN, unknown }, { T_SELF, self } },
                .blameless = trust_blameless,
                .judge = trust,
                .by_role = { [ROLE_AUDITOR] = BIT(T_READ_ONLY) | BIT(T_ROLE), [ROLE_OPERATOR] = BIT(T_ROLE) },
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4 * 4);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_combination_of_refusals_to_make_an_instance),
                cmocka_unit_test(no_instances_may_be_made_at_all),
                cmocka_unit_test(every_combination_of_refusals_to_launch),
                cmocka_unit_test(trust_is_asked_for_only_if_required),
                cmocka_unit_test(trust_mends_nothing_else),
                cmocka_unit_test(every_combination_of_refusals_to_read_an_instance),
                cmocka_unit_test(every_combination_of_refusals_to_change_an_instance),
                cmocka_unit_test(every_combination_of_refusals_to_trust),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
