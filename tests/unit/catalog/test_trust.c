/* SPDX-License-Identifier: MIT
 * Trust: begun once, ended, begun again with another id; of one account, in the order of trusting.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

#define N 600

static int64_t alice, bob, carol;

static int setup(void **state) {
        (void)scratch_setup(state); /* 0 */
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        (void)must(ACCOUNT_PUT, 0, 0, "carol");
        alice = account_id("alice");
        bob = account_id("bob");
        carol = account_id("carol");
        return 0;
}

static void test_begin_and_end(void **state) {
        int64_t first = must(TRUST_PUT, bob, alice, NULL), second;
        struct trust trust, again;

        (void)state;
        assert_int_equal(catalog_trust_find(scratch_reader, bob, alice, &trust), 0);
        assert_int_equal(trust.id, first);
        assert_int_equal(trust.account, bob);
        assert_int_equal(trust.owner, alice);
        assert_string_equal(trust.owner_name, "alice");
        assert_int_equal(trust.since, sql_number("SELECT time FROM event ORDER BY id DESC LIMIT 1"));
        assert_int_equal(catalog_trust_get(scratch_reader, first, &again), 0);
        assert_int_equal(again.id, first);
        assert_int_equal(again.account, bob);
        assert_int_equal(again.owner, alice);
        assert_string_equal(again.owner_name, "alice");
        assert_int_equal(again.since, trust.since);
        assert_int_equal(catalog_trust_find(scratch_reader, alice, bob, &trust), -ENOENT);
        assert_int_equal(catalog_trust_find(scratch_reader, carol, alice, &trust), -ENOENT);
        assert_true(change(TRUST_PUT, bob, alice, NULL) < 0); /* only once */
        (void)must(TRUST_END, bob, alice, NULL);
        assert_int_equal(change(TRUST_END, bob, alice, NULL), -ENOENT);
        assert_int_equal(catalog_trust_get(scratch_reader, first, &trust), -ENOENT);
        second = must(TRUST_PUT, bob, alice, NULL);
        assert_true(second > first);
        assert_int_equal(catalog_trust_get(scratch_reader, first, &trust), -ENOENT);
        assert_int_equal(catalog_trust_get(scratch_reader, second, &trust), 0);
        /* removing an account ends the trust in it */
        (void)must(ACCOUNT_END, alice, 0, NULL);
        assert_int_equal(catalog_trust_get(scratch_reader, second, &trust), -ENOENT);
        assert_int_equal(catalog_trust_find(scratch_reader, bob, alice, &trust), -ENOENT);
}

struct seen {
        int count, stop_at;
        int64_t first, last;
};

static int see(const struct trust *trust, void *context) {
        struct seen *seen = context;

        assert_int_equal(trust->account, bob);
        assert_true(trust->id > seen->last);
        seen->first = seen->first ? seen->first : trust->id;
        seen->last = trust->id;
        return ++seen->count == seen->stop_at ? 17 : 0;
}

static void test_listing(void **state) {
        struct seen seen = { .count = 0 }, rest;
        int64_t carols;

        (void)state;
        many(ACCOUNT_PUT, N, 0, 0, false, "n");
        carols = must(TRUST_PUT, carol, alice, NULL);
        many(TRUST_PUT, N, bob, account_id("n0"), true, "");
        (void)must(TRUST_PUT, bob, alice, NULL); /* last in order, but with the smallest owner's id */
        assert_int_equal(catalog_trust_list(scratch_reader, bob, 0, see, &seen), 0);
        assert_int_equal(seen.count, N + 1);
        assert_true(seen.first > carols);
        rest = (struct seen){ .last = seen.first + 300 };
        assert_int_equal(catalog_trust_list(scratch_reader, bob, seen.first + 300, see, &rest), 0);
        assert_int_equal(rest.count, N - 300);
        rest = (struct seen){ .stop_at = 257 };
        assert_int_equal(catalog_trust_list(scratch_reader, bob, 0, see, &rest), 17);
        assert_int_equal(rest.count, 257);
        (void)must(TRUST_END, bob, alice, NULL);
        rest = (struct seen){ .count = 0 };
        assert_int_equal(catalog_trust_list(scratch_reader, bob, 0, see, &rest), 0);
        assert_int_equal(rest.count, N);
        rest = (struct seen){ .count = 0 };
        assert_int_equal(catalog_trust_list(scratch_reader, alice, 0, see, &rest), 0);
        assert_int_equal(rest.count, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_begin_and_end),
                CASE(test_listing),
        };

        return cmocka_run_group_tests_name("catalog trust", tests, NULL, NULL);
}
