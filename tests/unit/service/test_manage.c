/* SPDX-License-Identifier: MIT
 * Regions, accounts and limits: only for an operator, all or nothing, each change in the log.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void test_only_an_operator_manages(void **state) {
        static const struct {
                const char *who;
                int result;
        } cases[] = { { "alice", RULE_ROLE }, { "eve", RULE_READ_ONLY_ROLE } };
        struct account_change quota = { ACCOUNT_QUOTA, 5 };
        int64_t before;

        (void)state;
        before = events("rule IS NULL");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_int_equal(region_add(as(cases[i].who), "east", NULL), cases[i].result);
                assert_int_equal(region_remove(as(cases[i].who), "north", NULL, NULL), cases[i].result);
                assert_int_equal(account_add(as(cases[i].who), "dan", ROLE_ACCOUNT, -1, -1), cases[i].result);
                assert_int_equal(account_set(as(cases[i].who), "bob", &quota, 1), cases[i].result);
                assert_int_equal(account_remove(as(cases[i].who), "bob"), cases[i].result);
                assert_int_equal(limit_set(as(cases[i].who), LIMIT_SHARES, 5), cases[i].result);
        }
        assert_int_equal(access(scratch_name("dir/store/east"), F_OK), -1);
        scratch_reopen(0);
        assert_int_equal(events("rule IS NULL"), before);
        assert_int_equal(events("rule = 'role' AND errno = 'EPERM'"), 6);
        assert_int_equal(events("rule = 'read-only-role' AND errno = 'EROFS'"), 6);
}

static void test_regions(void **state) {
        char store[200];

        (void)state;
        (void)snprintf(store, sizeof(store), "%s", scratch_name("far store"));
        assert_int_equal(region_add(as("operator"), "far", store), 0);
        assert_int_equal(region_add(as("operator"), "far", store), -EEXIST);
        assert_int_equal(region_add(as("operator"), "far", NULL), -EEXIST);
        assert_int_equal(region_add(as("operator"), "other", store), -EEXIST); /* the store is in use */
        assert_int_equal(access(store, F_OK), 0);
        assert_int_equal(region_add(as("operator"), "North", NULL), -EINVAL);
        assert_int_equal(region_add(as("operator"), "north", NULL), -EEXIST);
        (void)draft(north, "web");
        assert_int_equal(region_remove(as("operator"), "north", NULL, NULL), -ENOTEMPTY);
        assert_int_equal(region_remove(as("operator"), "none", NULL, NULL), -ENOENT);
        assert_int_equal(region_remove(as("operator"), "far", NULL, NULL), 0);
        assert_int_equal(access(store, F_OK), -1);
        assert_int_equal(region_remove(as("operator"), "far", NULL, NULL), -ENOENT);
        assert_int_equal(region_add(as("operator"), "far", store), 0);
        assert_int_equal(events("op = 'region-add' AND object = 'far'"), 2);
        assert_int_equal(sql_number("SELECT count(*) FROM region r JOIN store s ON s.region = r.id WHERE name = 'far'"),
                         2);
        assert_int_equal(events("op = 'region-rm' AND object = 'far'"), 1);
}

static void test_accounts_are_changed_wholly_or_not(void **state) {
        const struct account_change two[] = { { ACCOUNT_QUOTA, 5 }, { ACCOUNT_UID, 77 } };
        int64_t before;

        (void)state;
        assert_int_equal(account_add(as("operator"), "dan", ROLE_ACCOUNT, 77, -1), 0);
        assert_int_equal(account_add(as("operator"), "fay", ROLE_ACCOUNT, 77, -1), -EADDRINUSE);
        assert_int_equal(account_add(as("operator"), "dan", ROLE_ACCOUNT, -1, -1), -EEXIST);
        assert_int_equal(account_add(as("operator"), "Dan", ROLE_ACCOUNT, -1, -1), -EINVAL);
        before = events("1");
        assert_int_equal(account_set(as("operator"), "bob", two, 2), -EADDRINUSE);
        assert_int_equal(events("1"), before);
        assert_int_equal(sql_number("SELECT quota IS NULL FROM account WHERE name = 'bob'"), 1);
        assert_int_equal(account_set(as("operator"), "dan", two, 2), 0); /* its own uid */
        assert_int_equal(events("op = 'account-set' AND account = 'dan' AND json_extract(detail, '$.quota') = 5"), 1);
        assert_int_equal(account_set(as("operator"), "none", two, 2), -ENOENT);
        assert_int_equal(account_set(as("operator"), "operator", &(struct account_change){ ACCOUNT_ROLE, ROLE_ACCOUNT }, 1), -EPERM);
        (void)draft(north, "web");
        assert_int_equal(account_set(as("operator"), "alice", &(struct account_change){ ACCOUNT_ROLE, ROLE_AUDITOR }, 1), RULE_ROLE);
}

static void test_a_removed_account_loses_its_shares_and_its_name(void **state) {
        int64_t place = filled(north, "web", 10);
        struct share share;

        (void)state;
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_int_equal(share_grant(as("alice"), place, "carol", &share, NULL), 0);
        assert_int_equal(account_remove(as("operator"), "alice"), -ENOTEMPTY);
        assert_int_equal(account_remove(as("operator"), "operator"), -EPERM);
        assert_int_equal(account_remove(as("operator"), "bob"), 0);
        assert_int_equal(live_shares(place), 1);
        assert_int_equal(events("op = 'unshare' AND account = 'bob' AND object = 'north/web@alice' AND actor = 1"), 1);
        assert_int_equal(events("op = 'account-rm' AND account = 'bob'"), 1);
        assert_int_equal(account_remove(as("operator"), "bob"), -ENOENT);
        assert_int_equal(account_add(as("operator"), "bob", ROLE_ACCOUNT, -1, -1), -EEXIST);
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), RULE_UNKNOWN_ACCOUNT);
}

static int caller_of_uid(uid_t uid, struct caller *ret_caller, uid_t *ret_owner) {
        struct request request = { .service = scratch_service, .caller = { .uid = uid, .via = VIA_MOUNT } };
        int r = request_identify(&request, ret_owner);

        *ret_caller = request.caller;
        return r;
}

/* CONTRACT 7: the uid determines the account, at once; a uid that can read the catalog anyway is the operator. */
static void test_a_uid_is_an_account(void **state) {
        struct account_change uid = { ACCOUNT_UID, 7001 };
        struct caller caller;
        uid_t owner;

        (void)state;
        assert_int_equal(caller_of_uid(7001, &caller, &owner), -ENOENT);
        assert_int_equal(account_set(as("operator"), "eve", &uid, 1), 0);
        assert_int_equal(caller_of_uid(7001, &caller, &owner), 0);
        assert_string_equal(caller.name, "eve");
        assert_int_equal(caller.account, as("eve")->caller.account);
        assert_int_equal(caller.role, ROLE_AUDITOR);
        assert_int_equal(caller.uid, 7001);
        assert_int_equal(owner, 7001);
        uid.value = 7002;
        assert_int_equal(account_set(as("operator"), "eve", &uid, 1), 0);
        assert_int_equal(caller_of_uid(7001, &caller, &owner), -ENOENT);
        assert_int_equal(account_remove(as("operator"), "eve"), 0);
        assert_int_equal(caller_of_uid(7002, &caller, &owner), -ENOENT);
        assert_int_equal(caller_of_uid((uid_t)-1, &caller, &owner), -ENOENT);
}

static void test_root_is_the_operator(void **state) {
        struct account_change uid = { ACCOUNT_UID, 7001 };
        struct caller caller;
        uid_t owner;

        (void)state;
        for (int i = 0; i < 2; i++) {
                uid_t self = i == 0 ? 0 : geteuid();

                assert_int_equal(caller_of_uid(self, &caller, &owner), 0);
                assert_string_equal(caller.name, "operator");
                assert_int_equal(owner, geteuid());
        }
        assert_int_equal(account_set(as("operator"), "operator", &uid, 1), 0);
        assert_int_equal(caller_of_uid(0, &caller, &owner), 0);
        assert_string_equal(caller.name, "operator");
        assert_int_equal(caller.uid, 0);
        assert_int_equal(owner, 7001); /* for everybody who acts as it */
        uid.value = 0;
        assert_int_equal(account_set(as("operator"), "alice", &uid, 1), 0);
        assert_int_equal(caller_of_uid(0, &caller, &owner), 0);
        assert_string_equal(caller.name, "alice");
}

static void test_limits(void **state) {
        struct limit limit;

        (void)state;
        assert_int_equal(limit_get(as("alice"), LIMIT_SHARES, &limit), 0);
        assert_int_equal(limit.value, 50);
        assert_int_equal(limit_get(as("alice"), LIMIT_IMAGES, &limit), 0);
        assert_int_equal(limit.value, 500);
        assert_int_equal(limit_get(as("alice"), "none", &limit), -ENOENT);
        assert_int_equal(limit_set(as("operator"), "none", 1), -ENOENT);
        assert_int_equal(limit_set(as("operator"), LIMIT_SHARES, -1), -EINVAL);
        assert_int_equal(limit_set(as("operator"), LIMIT_SHARES, 3), 0);
        assert_int_equal(limit_get(as("alice"), LIMIT_SHARES, &limit), 0);
        assert_int_equal(limit.value, 3);
        assert_int_equal(events("op = 'limit' AND object = 'shares-per-image' AND json_extract(detail, '$.value') = 3"), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_only_an_operator_manages),
                CASE(test_regions),
                CASE(test_accounts_are_changed_wholly_or_not),
                CASE(test_a_removed_account_loses_its_shares_and_its_name),
                CASE(test_a_uid_is_an_account),
                CASE(test_root_is_the_operator),
                CASE(test_limits),
        };

        return cmocka_run_group_tests_name("service manage", tests, NULL, NULL);
}
