/* SPDX-License-Identifier: MIT
 * Accounts: a name is never used again, a uid belongs to one living account; settings.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

static int run_update(struct catalog_connection *c, void *context) {
        static const char *const roles[] = { "account", "auditor", "operator" };
        const struct account *account = context;
        int64_t id;

        return catalog_event_add(c, &(struct event){ .caller = &scratch_operator, .op = EVENT_ACCOUNT_SET,
                                                     .account = account->name, .about.account = account->id,
                                                     .detail = { { .key = "role", .text = roles[account->role] },
                                                                 { .key = "uid", .number = account->uid },
                                                                 { .key = "quota", .number = account->quota },
                                                                 { .key = "require-trust",
                                                                   .number = account->require_trust } } }, &id);
}

static int update(struct account account) {
        return catalog_write(scratch_catalog, run_update, &account);
}

static struct account get(const char *name) {
        struct account account;

        assert_int_equal(catalog_account_find(scratch_reader, name, &account), 0);
        return account;
}

static void test_names_are_never_used_again(void **state) {
        struct account account;
        int64_t id, last = 0;

        (void)state;
        assert_int_equal(catalog_account_used(scratch_reader, "alice"), 0);
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        assert_int_equal(catalog_account_used(scratch_reader, "alice"), 1);
        assert_int_equal(change(ACCOUNT_PUT, 0, 0, "alice"), -EEXIST);
        id = account_id("alice");
        (void)must(ACCOUNT_END, id, 0, NULL);
        assert_int_equal(catalog_account_find(scratch_reader, "alice", &account), -ENOENT);
        assert_int_equal(catalog_account_get(scratch_reader, id, &account), -ENOENT);
        assert_int_equal(change(ACCOUNT_END, id, 0, NULL), -ENOENT);
        assert_int_equal(catalog_account_used(scratch_reader, "alice"), 1);
        assert_int_equal(change(ACCOUNT_PUT, 0, 0, "alice"), -EEXIST);
        for (int i = 0; i < 3; i++) {
                char name[8];

                (void)snprintf(name, sizeof(name), "n%d", i);
                (void)must(ACCOUNT_PUT, 0, 0, name);
                assert_true(account_id(name) > id && account_id(name) > last);
                last = account_id(name);
                (void)must(ACCOUNT_END, last, 0, NULL);
        }
}

static void test_every_field_is_kept(void **state) {
        struct account account;

        (void)state;
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        account = get("alice");
        assert_int_equal(account.role, ROLE_ACCOUNT);
        assert_int_equal(account.uid, -1);
        assert_int_equal(account.quota, -1);
        assert_false(account.require_trust);
        account.role = ROLE_AUDITOR;
        account.uid = 0;
        account.quota = 0;
        account.require_trust = true;
        assert_int_equal(update(account), 0);
        account = get("alice");
        assert_int_equal(account.role, ROLE_AUDITOR);
        assert_int_equal(account.uid, 0);
        assert_int_equal(account.quota, 0);
        assert_true(account.require_trust);
        account.uid = 4294967294;
        account.quota = -1;
        assert_int_equal(update(account), 0);
        assert_int_equal(get("alice").uid, 4294967294);
        assert_int_equal(get("alice").quota, -1);
        account.id = 99;
        assert_int_equal(update(account), -ENOENT);
}

static void test_a_uid_is_one_living_accounts(void **state) {
        struct account alice, bob, found;

        (void)state;
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        alice = get("alice");
        bob = get("bob");
        assert_int_equal(catalog_account_of_uid(scratch_reader, 1000, &found), -ENOENT);
        alice.uid = bob.uid = 1000;
        assert_int_equal(update(alice), 0);
        assert_true(update(bob) < 0);
        assert_int_equal(catalog_account_of_uid(scratch_reader, 1000, &found), 0);
        assert_int_equal(found.id, alice.id);
        assert_int_equal(catalog_account_of_uid(scratch_reader, -1, &found), -ENOENT);
        (void)must(ACCOUNT_END, alice.id, 0, NULL);
        assert_int_equal(catalog_account_of_uid(scratch_reader, 1000, &found), -ENOENT);
        assert_int_equal(update(bob), 0);
        assert_int_equal(catalog_account_of_uid(scratch_reader, 1000, &found), 0);
        assert_int_equal(found.id, bob.id);
}

static void test_settings(void **state) {
        static const int64_t values[] = { 7, 0, INT64_MAX, 8 };
        int64_t value = -1;

        (void)state;
        assert_int_equal(catalog_setting_get(scratch_reader, "limit", 50, &value), 0);
        assert_int_equal(value, 50);
        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
                (void)must(SETTING_PUT, values[i], 0, "limit");
                assert_int_equal(catalog_setting_get(scratch_reader, "limit", 50, &value), 0);
                assert_int_equal(value, values[i]);
        }
        assert_int_equal(catalog_setting_get(scratch_reader, "other", 3, &value), 0);
        assert_int_equal(value, 3);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_names_are_never_used_again),
                CASE(test_every_field_is_kept),
                CASE(test_a_uid_is_one_living_accounts),
                CASE(test_settings),
        };

        return cmocka_run_group_tests_name("catalog account", tests, NULL, NULL);
}
