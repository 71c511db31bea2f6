/* SPDX-License-Identifier: MIT
 * Shares: granted once, ended, granted again with another id.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

static int64_t image, alice, bob, carol;

static int setup(void **state) {
        (void)scratch_setup(state); /* 0 */
        (void)must(REGION_PUT, 0, 0, "north");
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        (void)must(ACCOUNT_PUT, 0, 0, "carol");
        alice = account_id("alice");
        bob = account_id("bob");
        carol = account_id("carol");
        image = must(PLACE_PUT, region_id("north"), alice, "web");
        return 0;
}

static int64_t shares(void) {
        int64_t count;

        assert_int_equal(catalog_share_count(scratch_reader, image, INT64_MAX, &count), 0);
        return count;
}

static void test_grant_and_end(void **state) {
        int64_t first = must(SHARE_PUT, image, bob, NULL), second;
        struct share share;

        (void)state;
        assert_int_equal(catalog_share_find(scratch_reader, image, bob, &share), 0);
        assert_int_equal(share.id, first);
        assert_int_equal(share.image, image);
        assert_int_equal(share.account, bob);
        assert_string_equal(share.account_name, "bob");
        assert_string_equal(share.granted_by, "alice");
        assert_int_equal(share.granted, sql_number("SELECT time FROM event ORDER BY id DESC LIMIT 1"));
        assert_int_equal(shares(), 1);
        assert_int_equal(catalog_share_find(scratch_reader, image, carol, &share), -ENOENT);
        assert_true(change(SHARE_PUT, image, bob, NULL) < 0); /* one per account */
        (void)must(SHARE_END, first, 0, NULL);
        assert_int_equal(change(SHARE_END, first, 0, NULL), -ENOENT);
        assert_int_equal(catalog_share_get(scratch_reader, first, &share), -ENOENT);
        assert_int_equal(shares(), 0);
        second = must(SHARE_PUT, image, bob, NULL);
        assert_true(second > first);
        assert_int_equal(catalog_share_get(scratch_reader, second, &share), 0);
        assert_int_equal(share.id, second);
}

static void test_shares_are_of_the_image_not_the_place(void **state) {
        int64_t old = image;
        struct share share;

        (void)state;
        (void)must(SHARE_END, must(SHARE_PUT, image, bob, NULL), 0, NULL);
        image = must(IMAGE_RENEW, image, 0, NULL);
        assert_int_equal(shares(), 0);
        (void)must(SHARE_PUT, image, carol, NULL);
        assert_int_equal(catalog_share_find(scratch_reader, old, carol, &share), -ENOENT);
        assert_int_equal(catalog_share_find(scratch_reader, image, carol, &share), 0);
}

static void test_received_and_holdings(void **state) {
        int64_t other = must(PLACE_PUT, region_id("north"), carol, "db"), a, b;
        struct holdings holdings;
        struct share share;

        (void)state;
        assert_int_equal(catalog_share_received(scratch_reader, bob, &share), -ENOENT);
        a = must(SHARE_PUT, other, bob, NULL);
        b = must(SHARE_PUT, image, bob, NULL);
        (void)must(SHARE_PUT, image, carol, NULL);
        assert_int_equal(catalog_share_received(scratch_reader, bob, &share), 0);
        assert_int_equal(share.id, a);
        assert_int_equal(share.image, other);
        assert_int_equal(catalog_account_holdings(scratch_reader, bob, &holdings), 0);
        assert_int_equal(holdings.images, 0);
        assert_int_equal(holdings.shares, 2);
        assert_int_equal(catalog_account_holdings(scratch_reader, carol, &holdings), 0);
        assert_int_equal(holdings.images, 1);
        assert_int_equal(holdings.shares, 1);
        (void)must(SHARE_END, a, 0, NULL);
        (void)must(PLACE_END, other, 0, NULL);
        assert_int_equal(catalog_share_received(scratch_reader, bob, &share), 0);
        assert_int_equal(share.id, b);
        assert_int_equal(catalog_account_holdings(scratch_reader, carol, &holdings), 0);
        assert_int_equal(holdings.images, 0);
}

struct seen {
        int64_t ids[8];
        int count, result;
};

static int collect(const struct share *share, void *context) {
        struct seen *seen = context;

        assert_true(seen->count < 8);
        seen->ids[seen->count++] = share->id;
        return seen->result;
}

static void test_list_by_account_and_cursor(void **state) {
        int64_t a = must(SHARE_PUT, image, carol, NULL), b = must(SHARE_PUT, image, bob, NULL);
        struct seen seen = { .count = 0 };

        (void)state;
        assert_int_equal(catalog_share_list(scratch_reader, image, 0, 0, collect, &seen), 0);
        assert_int_equal(seen.count, 2);
        assert_int_equal(seen.ids[0], a); /* in the order of granting */
        assert_int_equal(seen.ids[1], b);
        seen.count = 0;
        assert_int_equal(catalog_share_list(scratch_reader, image, 0, a, collect, &seen), 0);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.ids[0], b);
        seen.count = 0;
        assert_int_equal(catalog_share_list(scratch_reader, image, bob, 0, collect, &seen), 0);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.ids[0], b);
        seen.count = 0;
        assert_int_equal(catalog_share_list(scratch_reader, image, bob, b, collect, &seen), 0);
        assert_int_equal(catalog_share_list(scratch_reader, image, alice, 0, collect, &seen), 0);
        assert_int_equal(seen.count, 0);
        seen.result = 9;
        assert_int_equal(catalog_share_list(scratch_reader, image, 0, 0, collect, &seen), 9);
        assert_int_equal(seen.count, 1);
        assert_int_equal(catalog_share_list(scratch_reader, image, bob, 0, collect, &seen), 9);
}

static void found(int64_t region, int64_t account, const char *name, const char *owner, int64_t expected) {
        int64_t share = 0, place = 0;

        assert_int_equal(catalog_received_find(scratch_reader, region, account, name, owner, &share, &place),
                         expected ? 0 : -ENOENT);
        assert_int_equal(share, expected);
}

static void test_found_by_the_names_of_now(void **state) {
        int64_t north = region_id("north"), first = must(SHARE_PUT, image, bob, NULL), second;

        (void)state;
        found(north, bob, "web", "alice", first);
        found(north, carol, "web", "alice", 0);
        found(north, alice, "web", "alice", 0);
        found(north, bob, "web", "carol", 0);
        found(north, bob, "Web", "alice", 0);
        found(north, bob, "web", "nobody", 0);
        found(north + 1, bob, "web", "alice", 0);
        second = must(SHARE_PUT, image, carol, NULL);
        found(north, carol, "web", "alice", second);
        (void)must(SHARE_END, first, 0, NULL);
        found(north, bob, "web", "alice", 0);
        (void)must(PLACE_RENAME, image, 0, "db");
        found(north, carol, "web", "alice", 0);
        found(north, carol, "db", "alice", second);
        /* dead from its expiry on, though nobody has ended it */
        (void)must(EXPIRY_PUT, second, 1, NULL);
        found(north, carol, "db", "alice", 0);
        (void)must(PLACE_PUT, north, alice, "web"); /* another image under the old name */
        found(north, bob, "web", "alice", 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_grant_and_end),
                CASE(test_shares_are_of_the_image_not_the_place),
                CASE(test_received_and_holdings),
                CASE(test_list_by_account_and_cursor),
                CASE(test_found_by_the_names_of_now),
        };

        return cmocka_run_group_tests_name("catalog share", tests, NULL, NULL);
}
