/* SPDX-License-Identifier: MIT
 * Making, deleting, renaming, describing and sealing an image, CONTRACT 4: which answer comes first.
 */
#include "order.h"

enum { C_READ_ONLY, C_ROLE, C_REGION, C_NAME, C_QUOTA, C_TAKEN };

/* A new image has no owner yet: the relation is irrelevant. */
static union facts create_blameless(enum role role, bool visible, bool owner) {
        (void)visible;
        (void)owner;
        return (union facts){ .create = { .role = role, .region_known = true, .name_valid = true, .images = 499,
                                          .quota = 500 } };
}

static int create(const union facts *f) { return policy_image_create(&f->create); }
static void nowhere(union facts *f) { f->create.region_known = false; }
static void create_bad_name(union facts *f) { f->create.name_valid = false; }
static void over_quota(union facts *f) { f->create.images = 500; }
static void create_taken(union facts *f) { f->create.name_taken = true; }

static void every_combination_of_refusals_to_create(void **state) {
        static const struct order order = {
                .outcomes = { RULE_READ_ONLY_ROLE, RULE_ROLE, -ENOENT, -EINVAL, RULE_QUOTA_OWN_ONLY, RULE_NAME_TAKEN },
                .faults = { { C_REGION, nowhere }, { C_NAME, create_bad_name }, { C_QUOTA, over_quota },
                            { C_TAKEN, create_taken } },
                .blameless = create_blameless,
                .judge = create,
                .by_role = { [ROLE_AUDITOR] = BIT(C_READ_ONLY), [ROLE_OPERATOR] = BIT(C_ROLE) },
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4 * 16);
}

static void the_quota_counts_images(void **state) {
        static const struct {
                int64_t images, quota;
                int expected;
        } cases[] = {
                { 0, 500, 0 },
                { 499, 500, 0 },
                { 500, 500, RULE_QUOTA_OWN_ONLY },
                { 501, 500, RULE_QUOTA_OWN_ONLY },
                { 500, 501, 0 },
                { 500, 3, RULE_QUOTA_OWN_ONLY },
                { 0, 0, RULE_QUOTA_OWN_ONLY },
                { 0, 1, 0 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                union facts f = create_blameless(ROLE_ACCOUNT, true, true);

                f.create.images = cases[i].images;
                f.create.quota = cases[i].quota;
                assert_int_equal(create(&f), cases[i].expected);
        }
}

enum { U_READ_ONLY, U_HIDDEN, U_NAME, U_QUOTA, U_INSTANCES, U_ROOM, U_TAKEN };

static union facts undelete_blameless(enum role role, bool visible, bool owner) {
        (void)owner; /* staff is none */
        return (union facts){ .undelete = { .role = role, .visible = visible, .name_valid = true, .images = 499, .quota = 500,
                                            .instances_limit = 1, .room = { .bytes = 8, .limit = 8 } } };
}

static int undelete(const union facts *f) { return policy_undelete(&f->undelete); }
static void undelete_bad_name(union facts *f) { f->undelete.name_valid = false; }
static void undelete_over_quota(union facts *f) { f->undelete.images = 500; }
static void undelete_too_many(union facts *f) { f->undelete.instances = 1; }
static void undelete_lowered(union facts *f) { f->undelete.instances_limit = 0; }
static void undelete_no_room(union facts *f) { f->undelete.room.bytes = 9; }
static void undelete_taken(union facts *f) { f->undelete.name_taken = true; }

static void every_combination_of_refusals_to_undelete(void **state) {
        static const struct order order = {
                .outcomes = { RULE_READ_ONLY_ROLE, -ENOENT, -EINVAL, RULE_QUOTA_OWN_ONLY, RULE_INSTANCE_QUOTA,
                              RULE_BYTE_QUOTA, RULE_NAME_TAKEN },
                .faults = { { U_NAME, undelete_bad_name }, { U_QUOTA, undelete_over_quota },
                            { U_INSTANCES, undelete_too_many }, { U_INSTANCES, undelete_lowered },
                            { U_ROOM, undelete_no_room }, { U_TAKEN, undelete_taken } },
                .blameless = undelete_blameless,
                .judge = undelete,
                .by_role = { [ROLE_AUDITOR] = BIT(U_READ_ONLY) },
                .by_relation = { [STRANGER] = BIT(U_HIDDEN), [HIDDEN_OWNER] = BIT(U_HIDDEN) },
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4 * 64);
}

enum { D_READ_ONLY, D_HIDDEN, D_OWNER, D_SHARED, D_BUSY };

static union facts delete_blameless(enum role role, bool visible, bool owner) {
        return (union facts){ .delete = { .role = role, .visible = visible, .owner = owner } };
}

static int delete(const union facts *f) { return policy_image_delete(&f->delete); }
static void delete_shared(union facts *f) { f->delete.shares = 1; }
static void delete_shared_often(union facts *f) { f->delete.shares = 51; }
static void delete_busy(union facts *f) { f->delete.busy = true; }

static void every_combination_of_refusals_to_delete(void **state) {
        static const struct order order = {
                .outcomes = { RULE_READ_ONLY_ROLE, -ENOENT, RULE_OWNER_DELETES, RULE_UNSHARE_BEFORE_DELETE, -EBUSY },
                .faults = { { D_SHARED, delete_shared }, { D_SHARED, delete_shared_often }, { D_BUSY, delete_busy } },
                .blameless = delete_blameless,
                .judge = delete,
                .by_role = { [ROLE_AUDITOR] = BIT(D_READ_ONLY) },
                .by_relation = { [RECIPIENT] = BIT(D_OWNER),
                                 [STRANGER] = BIT(D_HIDDEN) | BIT(D_OWNER),
                                 [HIDDEN_OWNER] = BIT(D_HIDDEN) },
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4 * 8);
}

enum { E_READ_ONLY, E_HIDDEN, E_FROZEN, E_INVALID, E_TAKEN };

static union facts edit_blameless(enum role role, bool visible, bool owner) {
        return (union facts){ .edit = { .role = role, .visible = visible, .owner = owner, .valid = true } };
}

static int edit(const union facts *f) { return policy_image_edit(&f->edit); }
static void edit_shared(union facts *f) { f->edit.shares = 1; }
static void edit_invalid(union facts *f) { f->edit.valid = false; }
static void edit_taken(union facts *f) { f->edit.name_taken = true; }

static void every_combination_of_refusals_to_rename_or_describe(void **state) {
        static const struct order order = {
                .outcomes = { RULE_READ_ONLY_ROLE, -ENOENT, RULE_SHARED_FROZEN, -EINVAL, RULE_NAME_TAKEN },
                .faults = { { E_FROZEN, edit_shared }, { E_INVALID, edit_invalid }, { E_TAKEN, edit_taken } },
                .blameless = edit_blameless,
                .judge = edit,
                .by_role = { [ROLE_AUDITOR] = BIT(E_READ_ONLY) },
                .by_relation = { [RECIPIENT] = BIT(E_FROZEN),
                                 [STRANGER] = BIT(E_HIDDEN) | BIT(E_FROZEN),
                                 [HIDDEN_OWNER] = BIT(E_HIDDEN) },
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4 * 8);
}

enum { S_READ_ONLY, S_HIDDEN, S_FROZEN, S_AVAILABLE, S_BUSY };

static union facts seal_blameless(enum role role, bool visible, bool owner) {
        return (union facts){ .seal = { .role = role, .visible = visible, .owner = owner, .available = true } };
}

static int seal(const union facts *f) { return policy_image_seal(&f->seal); }
static void seal_draft(union facts *f) { f->seal.available = false; }
static void seal_busy(union facts *f) { f->seal.busy = true; }

static void every_combination_of_refusals_to_seal(void **state) {
        static const struct order order = {
                .outcomes = { RULE_READ_ONLY_ROLE, -ENOENT, RULE_SHARED_FROZEN, RULE_IMAGE_AVAILABLE, -EBUSY },
                .faults = { { S_AVAILABLE, seal_draft }, { S_BUSY, seal_busy } },
                .blameless = seal_blameless,
                .judge = seal,
                .by_role = { [ROLE_AUDITOR] = BIT(S_READ_ONLY) },
                .by_relation = { [RECIPIENT] = BIT(S_FROZEN),
                                 [STRANGER] = BIT(S_HIDDEN) | BIT(S_FROZEN),
                                 [HIDDEN_OWNER] = BIT(S_HIDDEN) },
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4 * 4);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_combination_of_refusals_to_create),
                cmocka_unit_test(the_quota_counts_images),
                cmocka_unit_test(every_combination_of_refusals_to_undelete),
                cmocka_unit_test(every_combination_of_refusals_to_delete),
                cmocka_unit_test(every_combination_of_refusals_to_rename_or_describe),
                cmocka_unit_test(every_combination_of_refusals_to_seal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
