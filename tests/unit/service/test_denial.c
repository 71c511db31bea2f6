/* SPDX-License-Identifier: MIT
 * Refusals in the log: the first is a line, and another line counts its repeats. Each caller's lines are rationed, and
 * no refusal is lost.
 */
#include "scratch.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

static struct share share;

/* The monotonic clock of the rations advances only when the test says so. */
static _Atomic int64_t seconds = 1000;

int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time) {
        if (clock != CLOCK_MONOTONIC)
                return __real_clock_gettime(clock, ret_time);
        *ret_time = (struct timespec){ .tv_sec = seconds };
        return 0;
}

static void test_repeats_are_counted(void **state) {
        int64_t place = filled(north, "web", 100), before = events("1");

        (void)state;
        for (int i = 0; i < 10; i++)
                assert_int_equal(share_grant(as("alice"), place, "nobody", &share, NULL), RULE_UNKNOWN_ACCOUNT);
        assert_int_equal(limit_set(as("operator"), LIMIT_SHARES, 50), 0); /* posted lines are written before this */
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
        assert_int_equal(share_grant(as("alice"), place, "nobody", &share, NULL), RULE_UNKNOWN_ACCOUNT);
        scratch_reopen(0);
        assert_int_equal(events("rule IS NOT NULL"), 1);
}

/* Another account, object, operation, rule or uid makes another refusal. */
static void test_different_refusals_are_lines_of_their_own(void **state) {
        int64_t place = filled(north, "web", 100), other = filled(north, "db", 100);
        struct request *root = as("alice");

        (void)state;
        root->caller.uid = 0;
        assert_int_equal(share_grant(root, place, "nobody", &share, NULL), RULE_UNKNOWN_ACCOUNT);
        assert_int_equal(share_grant(as("alice"), place, "nobody", &share, NULL), RULE_UNKNOWN_ACCOUNT);
        assert_int_equal(share_grant(as("alice"), place, "none", &share, NULL), RULE_UNKNOWN_ACCOUNT);
        assert_int_equal(share_grant(as("alice"), other, "nobody", &share, NULL), RULE_UNKNOWN_ACCOUNT);
        assert_int_equal(share_grant(as("alice"), place, "alice", &share, NULL), RULE_NO_SELF_SHARE);
        assert_int_equal(share_grant(as("eve"), place, "nobody", &share, NULL), RULE_READ_ONLY_ROLE);
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
        assert_int_equal(share_grant(as("bob"), place, "carol", &share, NULL), -ENOENT);
        assert_int_equal(share_revoke(as("alice"), place, "bob", NULL, NULL), -ENOENT);
        assert_int_equal(image_create(as("alice"), north, "a@b", &image), -EINVAL);
        assert_int_equal(fixed_tree(as("alice"), false, "north/web@alice/.x.swp", true), RULE_FIXED_TREE);
        scratch_reopen(0);
        assert_int_equal(events("1"), before);
        assert_int_equal(fixed_tree(as("alice"), true, "north", false), RULE_FIXED_TREE);
        assert_int_equal(fixed_tree(as("eve"), true, "north", false), RULE_READ_ONLY_ROLE);
        scratch_reopen(0);
        assert_int_equal(events("1"), before + 2);
}

/* --- floods --- */

#define AT_ONCE 100 /* imgsharefs(1) "The log" */
#define A_MINUTE 10

/* A new kind of refusal each time. */
static void refuse_next(struct request *request, int64_t place) {
        static int next;
        struct request one = *request;
        char name[32];

        (void)snprintf(name, sizeof(name), "nobody%d", next++);
        assert_int_equal(share_grant(&one, place, name, &share, NULL), RULE_UNKNOWN_ACCOUNT);
}

/* Number of refusals in the log, as lines or counted. */
static int64_t logged(void) {
        return sql_number("SELECT coalesce(sum(coalesce(json_extract(detail, '$.repeated'), 1)), 0) FROM event"
                          " WHERE rule IS NOT NULL");
}

#define FOLDED "rule IS NOT NULL AND object IS NULL AND account IS NULL AND detail IS NOT NULL"

static void test_varied_refusals_are_rationed(void **state) {
        int64_t place = filled(north, "web", 100);

        (void)state;
        for (int i = 0; i < 1000; i++)
                refuse_next(as("alice"), place);
        (void)draft(north, "next"); /* posted lines are written before this */
        assert_int_equal(events("rule IS NOT NULL"), AT_ONCE);
        assert_int_equal(logged(), AT_ONCE);
        scratch_reopen(0);
        assert_int_equal(events("rule IS NOT NULL"), AT_ONCE + 1);
        assert_int_equal(events(FOLDED " AND op = 'share' AND rule = 'unknown-account' AND uid = 1000 AND"
                                       " detail = '{\"repeated\":900}'"), 1);
        assert_int_equal(logged(), 1000);
}

/* In each minute: some lines of their own, and one that counts the rest. */
static void test_a_ration_comes_back(void **state) {
        const int minutes = 10, each = 200;
        int64_t place = filled(north, "web", 100);

        (void)state;
        for (int minute = 0; minute < minutes; minute++, seconds += 60)
                for (int i = 0; i < each; i++)
                        refuse_next(as("alice"), place);
        (void)draft(north, "next");
        assert_int_equal(events("rule IS NOT NULL AND detail IS NULL"), AT_ONCE + (minutes - 1) * A_MINUTE);
        assert_int_equal(events(FOLDED), minutes - 1);
        scratch_reopen(0);
        assert_int_equal(events(FOLDED), minutes);
        assert_int_equal(logged(), minutes * each);
}

static void test_operations_and_rules_are_counted_apart(void **state) {
        int64_t place = filled(north, "web", 100);

        (void)state;
        for (int i = 0; i < AT_ONCE; i++)
                refuse_next(as("alice"), place);
        assert_int_equal(share_grant(as("alice"), place, "alice", &share, NULL), RULE_NO_SELF_SHARE);
        assert_int_equal(share_grant(as("alice"), place, "alice", &share, NULL), RULE_NO_SELF_SHARE);
        assert_int_equal(fixed_tree(as("alice"), true, "north", false), RULE_FIXED_TREE);
        assert_int_equal(fixed_tree(as("alice"), false, "south", false), RULE_FIXED_TREE);
        refuse_next(as("alice"), place);
        scratch_reopen(0);
        assert_int_equal(events("rule IS NOT NULL AND detail IS NULL"), AT_ONCE);
        assert_int_equal(events(FOLDED), 4);
        assert_int_equal(events(FOLDED " AND op = 'share' AND rule = 'no-self-share' AND"
                                       " detail = '{\"repeated\":2}'"), 1);
        assert_int_equal(events(FOLDED " AND op = 'delete' AND rule = 'fixed-tree'"), 1);
        assert_int_equal(logged(), AT_ONCE + 5);
}

/* A caller that floods exhausts only its own ration. */
static void test_each_caller_has_a_ration(void **state) {
        int64_t place = filled(north, "web", 100);
        struct request other = *as("alice");

        (void)state;
        other.caller.uid = 1001;
        for (int i = 0; i < 300; i++)
                refuse_next(as("alice"), place);
        refuse_next(&other, place);
        assert_int_equal(image_remove(as("eve"), place, "web"), RULE_READ_ONLY_ROLE);
        (void)draft(north, "next");
        assert_int_equal(events("rule IS NOT NULL AND detail IS NULL AND uid = 1001"), 1);
        assert_int_equal(events("rule = 'read-only-role' AND object = 'north/web@alice'"), 1);
        scratch_reopen(0);
        assert_int_equal(logged(), 302);
}

/* Repeats are counted with their line, even when the ration is used up; after a minute a repeat is a line again. */
static void test_repeats_belong_to_their_row(void **state) {
        int64_t place = filled(north, "web", 100);

        (void)state;
        assert_int_equal(share_grant(as("alice"), place, "x", &share, NULL), RULE_UNKNOWN_ACCOUNT);
        for (int i = 0; i < 200; i++)
                refuse_next(as("alice"), place);
        seconds += 59;
        assert_int_equal(share_grant(as("alice"), place, "x", &share, NULL), RULE_UNKNOWN_ACCOUNT);
        seconds += 1;
        assert_int_equal(share_grant(as("alice"), place, "x", &share, NULL), RULE_UNKNOWN_ACCOUNT);
        (void)draft(north, "next");
        assert_int_equal(events("account = 'x' AND detail IS NULL"), 2);
        assert_int_equal(events("account = 'x' AND detail = '{\"repeated\":1}' AND object = 'north/web@alice'"), 1);
        scratch_reopen(0);
        assert_int_equal(logged(), 203);
}

/* With any number of callers: few lines, and each refusal in one of them. */
static void test_many_callers_share_a_ration(void **state) {
        int64_t place = filled(north, "web", 100);
        struct request request = *as("alice");

        (void)state;
        for (uid_t uid = 1; uid <= 2500; uid++) {
                request.caller.uid = uid;
                refuse_next(&request, place);
        }
        scratch_reopen(0);
        assert_int_equal(logged(), 2500);
        assert_in_range(events("rule IS NOT NULL AND detail IS NULL"), 1, 256);
        assert_in_range(events("rule IS NOT NULL"), 1024, 256 + 1024 + 1);
        assert_int_equal(events("json_extract(detail, '$.callers') = 'several'"), 1);
        assert_int_equal(events("json_extract(detail, '$.callers') = 'several' AND " FOLDED " AND op = 'share' AND"
                                " rule = 'unknown-account' AND actor = 1"), 1);
}

/* Over minutes: no more lines than the common ration; the rest is counted and waits. */
static void test_the_common_ration_holds(void **state) {
        int64_t place = filled(north, "web", 100), rows;
        struct request request = *as("alice");

        (void)state;
        for (int minute = 0; minute < 10; minute++, seconds += 60)
                for (uid_t uid = 1; uid <= 500; uid++) {
                        request.caller.uid = uid;
                        refuse_next(&request, place);
                }
        (void)draft(north, "next");
        rows = events("rule IS NOT NULL");
        assert_in_range(rows, 500, 1000 + 9 * 200);
        scratch_reopen(0);
        assert_int_equal(logged(), 5000);
        assert_in_range(events("rule IS NOT NULL") - rows, 0, 2048 + 1);
}

/* Lines that cannot be written now are counted and written later. */
static void test_a_failing_log_loses_nothing(void **state) {
        int64_t place = filled(north, "web", 100);

        (void)state;
        sql_run("CREATE UNIQUE INDEX taken ON event ((1)) WHERE id = 1 OR rule IS NOT NULL"); /* rejects refusals */
        for (int i = 0; i < 30; i++)
                refuse_next(as("alice"), place);
        (void)draft(north, "next");
        assert_int_equal(events("rule IS NOT NULL"), 0);
        sql_run("DROP INDEX taken");
        refuse_next(as("alice"), place);
        scratch_reopen(0);
        assert_int_equal(events(FOLDED " AND detail = '{\"repeated\":30}'"), 1);
        assert_int_equal(logged(), 31);
}

static void *refuse_thread(void *context) {
        struct request request = { .service = scratch_service };
        const int64_t place = *(const int64_t *)context;
        char name[32];

        if (service_caller(scratch_service, "alice", 1000, VIA_MOUNT, &request.caller) < 0)
                return NULL;
        for (int i = 0; i < 300; i++) {
                struct share unused;

                (void)snprintf(name, sizeof(name), "no%d", i / 2);
                if (share_grant(&request, place, name, &unused, NULL) != RULE_UNKNOWN_ACCOUNT)
                        return NULL;
        }
        return context;
}

static void test_threads_lose_nothing(void **state) {
        int64_t place = filled(north, "web", 100);
        pthread_t threads[6];
        void *result;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, refuse_thread, &place), 0);
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
                assert_int_equal(pthread_join(threads[i], &result), 0);
                assert_ptr_equal(result, &place);
        }
        scratch_reopen(0);
        assert_int_equal(logged(), 6 * 300);
        assert_in_range(events("rule IS NOT NULL"), AT_ONCE + 1, 2 * AT_ONCE + 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_repeats_are_counted),
                CASE(test_one_refusal_is_one_line),
                CASE(test_different_refusals_are_lines_of_their_own),
                CASE(test_failures_and_quiet_refusals_are_not_logged),
                CASE(test_varied_refusals_are_rationed),
                CASE(test_a_ration_comes_back),
                CASE(test_operations_and_rules_are_counted_apart),
                CASE(test_each_caller_has_a_ration),
                CASE(test_repeats_belong_to_their_row),
                CASE(test_many_callers_share_a_ration),
                CASE(test_the_common_ration_holds),
                CASE(test_a_failing_log_loses_nothing),
                CASE(test_threads_lose_nothing),
        };

        return cmocka_run_group_tests_name("service denial", tests, NULL, NULL);
}
