/* SPDX-License-Identifier: MIT
 * Regions: names unique among the live ones, stores, and totals.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

static int run_store(struct catalog_connection *c, void *context) {
        int64_t id, event;
        int r = catalog_region_next(c, &id);

        if (r == 0)
                r = change_in(c, REGION_PUT, 0, 0, "far", &event);
        return r < 0 ? r : catalog_store_put(c, id, context);
}

static void test_a_region_and_its_store(void **state) {
        _cleanup_region_ struct region near = { 0 }, far = { 0 };
        char path[] = "/mnt/a store/'x'";
        int64_t event = must(REGION_PUT, 0, 0, "near");

        (void)state;
        assert_int_equal(catalog_write(scratch_catalog, run_store, path), 0);
        assert_int_equal(catalog_region_find(scratch_reader, "near", &near), 0);
        assert_int_equal(catalog_region_find(scratch_reader, "far", &far), 0);
        assert_string_equal(near.name, "near");
        assert_null(near.store);
        assert_string_equal(far.store, path);
        assert_true(far.id > near.id);
        assert_int_equal(event, 2);
        assert_int_equal(near.created, sql_number("SELECT time FROM event WHERE id = 2"));
        region_done(&far);
        assert_int_equal(catalog_region_get(scratch_reader, near.id + 1, &far), 0);
        assert_string_equal(far.name, "far");
        assert_int_equal(catalog_region_find(scratch_reader, "nea", &near), -ENOENT);
        assert_int_equal(catalog_region_get(scratch_reader, 99, &near), -ENOENT);
}

static void test_names_are_unique_among_the_living(void **state) {
        struct region region;
        int64_t last = 0;

        (void)state;
        for (int i = 0; i < 3; i++) {
                (void)must(REGION_PUT, 0, 0, "north");
                assert_int_equal(change(REGION_PUT, 0, 0, "north"), -EEXIST);
                assert_true(region_id("north") > last);
                last = region_id("north");
                (void)must(REGION_END, last, 0, NULL);
                assert_int_equal(catalog_region_find(scratch_reader, "north", &region), -ENOENT);
                assert_int_equal(catalog_region_get(scratch_reader, last, &region), -ENOENT);
                assert_int_equal(change(REGION_END, last, 0, NULL), -ENOENT);
        }
}

/* An inode number has 16 bits for a region and 20 for an account: ids beyond are refused. */
static void test_ids_fit_into_inode_numbers(void **state) {
        (void)state;
        (void)must(REGION_PUT, 0, 0, "first");
        (void)log_event(&(struct event){ .caller = &scratch_operator, .op = EVENT_REGION_ADD, .object = "other",
                                         .detail = { { .key = "id", .number = 65534 } } });
        (void)must(REGION_PUT, 0, 0, "last");
        assert_int_equal(region_id("last"), 65535);
        assert_int_equal(change(REGION_PUT, 0, 0, "more"), -EEXIST);
        (void)log_event(&(struct event){ .caller = &scratch_operator, .op = EVENT_ACCOUNT_ADD, .account = "other",
                                         .detail = { { .key = "role", .text = "account" },
                                                     { .key = "id", .number = 1048574 } } });
        (void)must(ACCOUNT_PUT, 0, 0, "last");
        assert_int_equal(account_id("last"), 1048575);
        assert_int_equal(change(ACCOUNT_PUT, 0, 0, "more"), -EEXIST);
}

static void totals(int64_t region, int64_t owner, int64_t images, int64_t bytes) {
        struct region r = { .id = region };

        assert_int_equal(catalog_region_totals(scratch_reader, owner, &r), 0);
        assert_int_equal(r.images, images);
        assert_int_equal(r.bytes, bytes);
}

static void test_totals_count_live_images_and_sealed_bytes(void **state) {
        int64_t north, south, alice, a, b;

        (void)state;
        (void)must(REGION_PUT, 0, 0, "north");
        (void)must(REGION_PUT, 0, 0, "south");
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        north = region_id("north");
        south = region_id("south");
        alice = account_id("alice");
        totals(north, 0, 0, 0);
        a = must(PLACE_PUT, north, alice, "a");
        b = must(PLACE_PUT, north, OPERATOR, "b");
        (void)must(PLACE_PUT, south, alice, "c");
        (void)must(IMAGE_SEAL, a, 1000, NULL);
        (void)must(IMAGE_SEAL, b, 50, NULL);
        totals(north, 0, 2, 1050);
        totals(north, alice, 1, 1000);
        totals(south, 0, 1, 0);
        totals(south, OPERATOR, 0, 0);
        totals(south, alice, 1, 0);
        (void)must(IMAGE_RENEW, a, 0, NULL);
        totals(north, 0, 2, 50);
        (void)must(PLACE_END, b, 0, NULL);
        totals(north, 0, 1, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_a_region_and_its_store),
                CASE(test_names_are_unique_among_the_living),
                CASE(test_ids_fit_into_inode_numbers),
                CASE(test_totals_count_live_images_and_sealed_bytes),
        };

        return cmocka_run_group_tests_name("catalog region", tests, NULL, NULL);
}
