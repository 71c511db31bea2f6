/* SPDX-License-Identifier: MIT
 * Refusals in the log: the first is a line, its repeats are one further line that counts them.
 */
#include "scratch.h"

#include <errno.h>

static struct share share;

static void test_repeats_are_counted(void **state) {
        int64_t place = filled(north, "web", 100), before = events("1");

        (void)state;
        for (int i = 0; i < 10; i++)
                assert_int_equal(share_grant(as("alice"), place, "nobody", &share), RULE_UNKNOWN_ACCOUNT);
        assert_int_equal(limit_set(as("operator"), LIMIT_SHARES, 50), 0); /* what was posted is written before */
        assert_int_equal(events("rule = 'unknown-account' AND detail IS NULL"), 1);
        assert_int_equal(events("rule IS NOT NULL"), 1);
        scratch_reopen(0);
        assert_int_equal(events("rule = 'unknown-account' AND json_extract(detail, '$.repeated') = 9 AND account = 'nobody' AND"
                                " errno = 'EPERM' AND object = 'north/web@alice'"), 1);
        assert_int_equal(events("1"), before + 3);
        scratch_reopen(0);
        assert_int_equal(events("1"), before + 3);
}

static void test_one_refusal_is_one_line(void **state) {
        int64_t place = filled(north, "web", 100);

        (void)state;
        assert_int_equal(share_grant(as("alice"), place, "nobody", &share), RULE_UNKNOWN_ACCOUNT);
        scratch_reopen(0);
        assert_int_equal(events("rule IS NOT NULL"), 1);
}

/* Another account, object, operation, rule or uid is another refusal. */
static void test_different_refusals_are_lines_of_their_own(void **state) {
        int64_t place = filled(north, "web", 100), other = filled(north, "db", 100);
        struct request *root = as("alice");

        (void)state;
        root->caller.uid = 0;
        assert_int_equal(share_grant(root, place, "nobody", &share), RULE_UNKNOWN_ACCOUNT);
        assert_int_equal(share_grant(as("alice"), place, "nobody", &share), RULE_UNKNOWN_ACCOUNT);
        assert_int_equal(share_grant(as("alice"), place, "none", &share), RULE_UNKNOWN_ACCOUNT);
        assert_int_equal(share_grant(as("alice"), other, "nobody", &share), RULE_UNKNOWN_ACCOUNT);
        assert_int_equal(share_grant(as("alice"), place, "alice", &share), RULE_NO_SELF_SHARE);
        assert_int_equal(share_grant(as("eve"), place, "nobody", &share), RULE_READ_ONLY_ROLE);
        assert_int_equal(image_remove(as("eve"), place, "web"), RULE_READ_ONLY_ROLE);
        assert_int_equal(image_rename(as("eve"), place, "web", north, "x"), RULE_READ_ONLY_ROLE);
        scratch_reopen(0);
        assert_int_equal(events("rule IS NOT NULL AND detail IS NULL"), 8);
        assert_int_equal(events("rule IS NOT NULL AND detail IS NOT NULL"), 0);
        assert_int_equal(events("rule IS NOT NULL AND uid = 0"), 1);
}

static void test_failures_and_quiet_refusals_are_not_logged(void **state) {
        int64_t place = filled(north, "web", 100), before = events("1");
        struct image image;

        (void)state;
        assert_int_equal(share_grant(as("bob"), place, "carol", &share), -ENOENT);
        assert_int_equal(share_revoke(as("alice"), place, "bob"), -ENOENT);
        assert_int_equal(image_create(as("alice"), north, "a@b", &image), -EINVAL);
        assert_int_equal(fixed_tree(as("alice"), false, "north/web@alice/.x.swp", true), RULE_FIXED_TREE);
        scratch_reopen(0);
        assert_int_equal(events("1"), before);
        assert_int_equal(fixed_tree(as("alice"), true, "north", false), RULE_FIXED_TREE);
        assert_int_equal(fixed_tree(as("eve"), true, "north", false), RULE_READ_ONLY_ROLE);
        scratch_reopen(0);
        assert_int_equal(events("1"), before + 2);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_repeats_are_counted),
                CASE(test_one_refusal_is_one_line),
                CASE(test_different_refusals_are_lines_of_their_own),
                CASE(test_failures_and_quiet_refusals_are_not_logged),
        };

        return cmocka_run_group_tests_name("service denial", tests, NULL, NULL);
}
