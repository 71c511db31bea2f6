/* SPDX-License-Identifier: MIT
 * Reading, copying and writing a disk, CONTRACT 4: which answer comes first.
 */
#include "order.h"

enum { C_HIDDEN, C_SHARED, C_BUSY, C_QUOTA, C_ROOM, C_TAKEN };

static union facts copy_blameless(enum role role, bool visible, bool owner) {
        (void)role; /* irrelevant: only owners read images */
        return (union facts){ .copy = { .visible = visible, .owner = owner, .images = 499, .quota = 500,
                                        .room = { .bytes = 8, .limit = 8 } } };
}

static int copy(const union facts *f) { return policy_image_copy(&f->copy); }
static void copy_busy(union facts *f) { f->copy.busy = true; }
static void over_quota(union facts *f) { f->copy.images = 500; }
static void copy_no_room(union facts *f) { f->copy.room.limit = 7; }
static void copy_taken(union facts *f) { f->copy.name_taken = true; }

static void every_combination_of_refusals_to_copy(void **state) {
        static const struct order order = {
                .outcomes = { -ENOENT, RULE_NO_COPY_OF_SHARED, -EBUSY, RULE_QUOTA_OWN_ONLY, RULE_BYTE_QUOTA, RULE_NAME_TAKEN },
                .faults = { { C_BUSY, copy_busy }, { C_QUOTA, over_quota }, { C_ROOM, copy_no_room }, { C_TAKEN, copy_taken } },
                .blameless = copy_blameless,
                .judge = copy,
                .by_relation = { [RECIPIENT] = BIT(C_SHARED),
                                 [STRANGER] = BIT(C_HIDDEN) | BIT(C_SHARED),
                                 [HIDDEN_OWNER] = BIT(C_HIDDEN) },
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4 * 16);
}

static void the_quota_counts_where_the_copy_goes(void **state) {
        static const struct {
                int64_t images, quota;
                int expected;
        } cases[] = {
                { 499, 500, 0 },
                { 500, 500, RULE_QUOTA_OWN_ONLY },
                { 501, 500, RULE_QUOTA_OWN_ONLY },
                { 500, 3, RULE_QUOTA_OWN_ONLY },
                { 0, 0, RULE_QUOTA_OWN_ONLY },
                { 0, 1, 0 }, /* a mere read */
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                union facts f = copy_blameless(ROLE_ACCOUNT, true, true);

                f.copy.images = cases[i].images;
                f.copy.quota = cases[i].quota;
                assert_int_equal(copy(&f), cases[i].expected);
        }
}

static void an_auditor_reads_no_disk(void **state) {
        const struct copy_facts read = { .visible = true, .quota = 1 };

        (void)state;
        assert_int_equal(policy_image_copy(&read), RULE_NO_COPY_OF_SHARED);
}

enum { W_READ_ONLY, W_HIDDEN, W_ROLE, W_SEALED, W_BUSY };

static union facts write_blameless(enum role role, bool visible, bool owner) {
        return (union facts){ .write = { .role = role, .visible = visible, .owner = owner } };
}

static int writing(const union facts *f) { return policy_disk_write(&f->write); }
static void write_sealed(union facts *f) { f->write.sealed = true; }
static void write_busy(union facts *f) { f->write.busy = true; }

static void every_combination_of_refusals_to_write(void **state) {
        static const struct order order = {
                .outcomes = { RULE_READ_ONLY_ROLE, -ENOENT, RULE_ROLE, RULE_SEALED, -EBUSY },
                .faults = { { W_SEALED, write_sealed }, { W_BUSY, write_busy } },
                .blameless = write_blameless,
                .judge = writing,
                .by_role = { [ROLE_AUDITOR] = BIT(W_READ_ONLY), [ROLE_OPERATOR] = BIT(W_ROLE) },
                .by_relation = { [RECIPIENT] = BIT(W_SEALED), /* even if `sealed` is false */
                                 [STRANGER] = BIT(W_HIDDEN) | BIT(W_SEALED),
                                 [HIDDEN_OWNER] = BIT(W_HIDDEN) },
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4 * 4);
}

static void a_disk_grows_up_to_the_limit(void **state) {
        static const struct {
                int64_t bytes, limit;
                int expected;
        } cases[] = {
                { 0, 0, 0 }, { 1, 0, RULE_BYTE_QUOTA }, { 8, 8, 0 }, { 9, 8, RULE_BYTE_QUOTA },
                { INT64_MAX, INT64_MAX, 0 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(policy_disk_grow(&(struct room_facts){ cases[i].bytes, cases[i].limit }),
                                 cases[i].expected);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_combination_of_refusals_to_copy),
                cmocka_unit_test(the_quota_counts_where_the_copy_goes),
                cmocka_unit_test(an_auditor_reads_no_disk),
                cmocka_unit_test(every_combination_of_refusals_to_write),
                cmocka_unit_test(a_disk_grows_up_to_the_limit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
