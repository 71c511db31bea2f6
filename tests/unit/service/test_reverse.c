/* SPDX-License-Identifier: MIT
 * Who may look into which account: what it received, owns, trusts and uses; by name, by id, in listings.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

/* Alice's web, shared with bob and carol; bob trusts alice. */
static int64_t web, bobs, carols, trust, alice, bob, nobody = 999;

static int setup(void **state) {
        struct account account;
        struct share share;

        (void)scratch_setup(state); /* 0 */
        web = filled(north, "web", 1000);
        assert_int_equal(share_grant(as("alice"), web, "bob", &share, NULL), 0);
        bobs = share.id;
        assert_int_equal(share_grant(as("alice"), web, "carol", &share, NULL), 0);
        carols = share.id;
        assert_int_equal(trust_add(as("bob"), "alice", &trust), 0);
        assert_int_equal(account_find(as("operator"), "alice", &account), 0);
        alice = account.id;
        assert_int_equal(account_find(as("operator"), "bob", &account), 0);
        bob = account.id;
        return 0;
}

static const char *const all[] = { "alice", "bob", "carol", "eve", "operator" };
static bool sees_everybody(const char *who) {
        return strcmp(who, "eve") == 0 || strcmp(who, "operator") == 0;
}

static void test_an_ordinary_account_finds_only_itself(void **state) {
        struct account account;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                for (size_t k = 0; k < ARRAY_SIZE(all); k++) {
                        int64_t id;

                        assert_int_equal(account_find(as("eve"), all[k], &account), 0);
                        id = account.id;
                        assert_int_equal(account_find(as(all[i]), all[k], &account),
                                         i == k || sees_everybody(all[i]) ? 0 : -ENOENT);
                        assert_int_equal(account_get(as(all[i]), id, &account),
                                         i == k || sees_everybody(all[i]) ? 0 : -ENOENT);
                        assert_int_equal(account_find(as(all[i]), "nobody", &account), -ENOENT);
                        assert_int_equal(account_get(as(all[i]), nobody, &account), -ENOENT);
                }
}

static int count_account(const struct account *account, void *context) {
        (void)account;
        ++*(int *)context;
        return 0;
}

static int count_entry(const struct image_entry *entry, void *context) {
        assert_string_equal(entry->name, "web");
        assert_string_equal(entry->owner_name, "alice");
        ++*(int *)context;
        return 0;
}

static int count_trust(const struct trust *row, void *context) {
        assert_string_equal(row->owner_name, "alice");
        ++*(int *)context;
        return 0;
}

static int count_usage(const struct usage *usage, void *context) {
        *(int64_t *)context += 1000000 + usage->bytes;
        return 0;
}

static void test_listing_goes_on_after_a_number(void **state) {
        int n = 0;

        (void)state;
        assert_int_equal(account_list(as("bob"), bob - 1, count_account, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(account_list(as("bob"), bob, count_account, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(account_list(as("eve"), alice, count_account, &n), 0);
        assert_int_equal(n, 1 + 5 - 2); /* the operator and alice come before */
}

static void test_what_was_received(void **state) {
        struct share share;
        struct image image;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                const char *who = all[i];
                bool sees = strcmp(who, "bob") == 0 || sees_everybody(who);
                int r = sees ? 0 : -ENOENT, n = 0;
                int64_t id;

                assert_int_equal(received_find(as(who), bob, north, "web@alice", &id), r);
                assert_int_equal(received_find(as(who), bob, south, "web@alice", &id), -ENOENT);
                assert_int_equal(received_find(as(who), bob, north, "web", &id), -ENOENT);
                assert_int_equal(received_find(as(who), alice, north, "web@alice", &id), -ENOENT);
                assert_int_equal(received_get(as(who), bobs, &share, &image), r); /* not even for the image's owner */
                assert_int_equal(received_list(as(who), bob, north, 0, count_entry, &n), r);
                assert_int_equal(n, sees);
                assert_int_equal(received_list(as(who), bob, north, bobs, count_entry, &n), r);
                assert_int_equal(n, sees);
        }
        assert_int_equal(received_get(as("bob"), carols, &share, &image), -ENOENT);
        assert_int_equal(received_get(as("bob"), bobs, &share, &image), 0);
        assert_int_equal(image.place, web);
        assert_int_equal(share_revoke(as("alice"), web, "bob", NULL, NULL), 0);
        assert_int_equal(received_get(as("bob"), bobs, &share, &image), -ENOENT);
}

static void test_what_is_owned(void **state) {
        struct image image;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                const char *who = all[i];
                bool sees = strcmp(who, "alice") == 0 || sees_everybody(who);
                int r = sees ? 0 : -ENOENT, n = 0;
                int64_t id;

                assert_int_equal(owned_find(as(who), alice, north, "web", &id), r);
                assert_int_equal(owned_find(as(who), alice, north, "web@alice", &id), -ENOENT);
                assert_int_equal(owned_find(as(who), alice, south, "web", &id), -ENOENT);
                assert_int_equal(owned_get(as(who), web, &image), r); /* not even for recipients */
                assert_int_equal(owned_list(as(who), alice, north, 0, count_entry, &n), r);
                assert_int_equal(n, sees);
                assert_int_equal(owned_list(as(who), alice, north, web, count_entry, &n), r);
                assert_int_equal(n, sees);
        }
}

static void test_trust_and_usage(void **state) {
        struct trust row;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                const char *who = all[i];
                bool sees = strcmp(who, "bob") == 0 || sees_everybody(who);
                int r = sees ? 0 : -ENOENT, n = 0;
                int64_t used = 0;

                assert_int_equal(trust_find(as(who), bob, "alice", &row), r);
                assert_int_equal(trust_find(as(who), bob, "carol", &row), -ENOENT);
                assert_int_equal(trust_get(as(who), trust, &row), r);
                assert_int_equal(trust_list(as(who), bob, 0, count_trust, &n), r);
                assert_int_equal(n, sees);
                assert_int_equal(trust_list(as(who), bob, trust, count_trust, &n), r);
                assert_int_equal(n, sees);
                assert_int_equal(trust_given(as(who), alice), strcmp(who, "bob") == 0 ? 0 : -ENOENT);
                assert_int_equal(usage_list(as(who), bob, count_usage, &used), r);
                assert_int_equal(used, sees ? 2000000 : 0);
        }
}

static void test_usage_of_each_role(void **state) {
        struct account account;
        int64_t used = 0;

        (void)state;
        assert_int_equal(usage_list(as("eve"), alice, count_usage, &used), 0);
        assert_int_equal(used, 2000000 + 1000);
        used = 0;
        for (size_t i = 3; i < ARRAY_SIZE(all); i++) {
                assert_int_equal(account_find(as("eve"), all[i], &account), 0);
                assert_int_equal(usage_list(as("eve"), account.id, count_usage, &used), 0);
                assert_int_equal(used, 0); /* staff owns nothing and has no quota */
        }
        assert_int_equal(usage_list(as("eve"), nobody, count_usage, &used), -ENOENT);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_an_ordinary_account_finds_only_itself),
                CASE(test_listing_goes_on_after_a_number),
                CASE(test_what_was_received),
                CASE(test_what_is_owned),
                CASE(test_trust_and_usage),
                CASE(test_usage_of_each_role),
        };

        return cmocka_run_group_tests_name("service reverse", tests, NULL, NULL);
}
