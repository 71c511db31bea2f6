/* SPDX-License-Identifier: MIT
 * Places: images' names, unique among the live ones of an owner in a region; ids are never used again.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

static int64_t north, south, alice, bob;

static int setup(void **state) {
        (void)scratch_setup(state); /* 0 */
        (void)must(REGION_PUT, 0, 0, "north");
        (void)must(REGION_PUT, 0, 0, "south");
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        north = region_id("north");
        south = region_id("south");
        alice = account_id("alice");
        bob = account_id("bob");
        return 0;
}

static int64_t find(int64_t region, int64_t owner, const char *name) {
        int64_t place = 0;
        int r = catalog_place_find(scratch_reader, region, owner, name, &place);

        return r < 0 ? r : place;
}

static int64_t count(int64_t region, int64_t owner) {
        int64_t n = -1;

        assert_int_equal(catalog_image_count(scratch_reader, region, owner, &n), 0);
        return n;
}

static void test_new_place_is_an_empty_draft(void **state) {
        struct image image;
        int64_t place = must(PLACE_PUT, north, alice, "web");

        (void)state;
        assert_int_equal(find(north, alice, "web"), place);
        assert_int_equal(catalog_image_get(scratch_reader, place, &image), 0);
        assert_int_equal(image.place, place);
        assert_int_equal(image.id, place);
        assert_int_equal(image.region, north);
        assert_int_equal(image.owner, alice);
        assert_string_equal(image.region_name, "north");
        assert_string_equal(image.owner_name, "alice");
        assert_string_equal(image.name, "web");
        assert_int_equal(image.state, IMAGE_DRAFT);
        assert_false(image.has_disk);
        assert_false(image.digested);
        assert_int_equal(image.description, 0);
        assert_int_equal(image.shares_link, 0);
        assert_int_equal(image.size, 0);
        assert_int_equal(image.mtime, 0);
        assert_int_equal(image.created, sql_number("SELECT time FROM event ORDER BY id DESC LIMIT 1"));
        assert_int_equal(image.place_created, image.created);
}

static void test_names_are_unique_per_owner_and_region(void **state) {
        int64_t place = must(PLACE_PUT, north, alice, "web"), events = chain_check();

        (void)state;
        assert_int_equal(change(PLACE_PUT, north, alice, "web"), -EEXIST);
        assert_int_equal(chain_check(), events);
        assert_int_not_equal(must(PLACE_PUT, north, bob, "web"), place);
        assert_int_not_equal(must(PLACE_PUT, south, alice, "web"), place);
        (void)must(PLACE_PUT, north, alice, "Web"); /* images' names are case-sensitive */
        assert_int_equal(find(north, alice, "web"), place);
        assert_int_equal(find(south, bob, "web"), -ENOENT);
        assert_int_equal(find(north, alice, "we"), -ENOENT);
}

static void test_a_name_is_free_again_after_its_end(void **state) {
        int64_t last = 0;

        (void)state;
        for (int i = 0; i < 3; i++) {
                int64_t place = must(PLACE_PUT, north, alice, "web");

                assert_true(place > last); /* ids are never used again */
                assert_int_equal(find(north, alice, "web"), place);
                (void)must(PLACE_END, place, 0, NULL);
                assert_int_equal(find(north, alice, "web"), -ENOENT);
                assert_int_equal(change(PLACE_END, place, 0, NULL), -ENOENT);
                assert_int_equal(change(PLACE_RENAME, place, 0, "db"), -ENOENT);
                last = place;
        }
        assert_int_equal(sql_number("SELECT count(*) FROM place"), 3); /* all rows are kept */
}

static void test_rename_moves_the_name_and_nothing_else(void **state) {
        int64_t place = must(PLACE_PUT, north, alice, "web"), other = must(PLACE_PUT, north, alice, "db");
        struct image image;

        (void)state;
        assert_int_equal(change(PLACE_RENAME, place, 0, "db"), -EEXIST); /* taken; the rename has no effect */
        assert_int_equal(find(north, alice, "web"), place);
        (void)must(PLACE_RENAME, place, 0, "app");
        assert_int_equal(find(north, alice, "web"), -ENOENT);
        assert_int_equal(find(north, alice, "app"), place);
        assert_int_equal(find(north, alice, "db"), other);
        assert_int_equal(catalog_image_get(scratch_reader, place, &image), 0);
        assert_string_equal(image.name, "app");
        assert_int_equal(image.id, place);
        (void)must(PLACE_RENAME, place, 0, "app"); /* to its own name */
        (void)must(PLACE_RENAME, place, 0, "web"); /* and back */
        assert_int_equal(find(north, alice, "web"), place);
        assert_int_equal(find(north, alice, "app"), -ENOENT);
        (void)must(PLACE_PUT, north, alice, "app");
}

static void test_count_is_of_the_living(void **state) {
        int64_t place = must(PLACE_PUT, north, alice, "a");

        (void)state;
        (void)must(PLACE_PUT, north, alice, "b");
        (void)must(PLACE_PUT, south, alice, "c");
        (void)must(PLACE_PUT, north, bob, "d");
        assert_int_equal(count(north, alice), 2);
        assert_int_equal(count(south, alice), 1);
        assert_int_equal(count(south, bob), 0);
        (void)must(PLACE_RENAME, place, 0, "e");
        (void)must(IMAGE_RENEW, place, 0, NULL);
        assert_int_equal(count(north, alice), 2);
        (void)must(PLACE_END, place, 0, NULL);
        assert_int_equal(count(north, alice), 1);
}

/* The services remove its parts first. */
static void test_the_end_takes_the_image_along(void **state) {
        int64_t place = must(PLACE_PUT, north, alice, "web"), description, link;
        char text[TEXT_SIZE];
        size_t length;
        int64_t mtime, of;
        struct image image;

        (void)state;
        description = must(DESCRIPTION_PUT, place, 7, "text");
        link = must(LINK_PUT, place, 0, NULL);
        (void)must(IMAGE_DISK, place, 0, NULL);
        (void)must(DESCRIPTION_END, place, 0, NULL);
        (void)must(LINK_END, place, 0, NULL);
        (void)must(PLACE_END, place, 0, NULL);
        assert_int_equal(catalog_image_get(scratch_reader, place, &image), -ENOENT);
        assert_int_equal(catalog_image_of_id(scratch_reader, place, &image), -ENOENT);
        assert_int_equal(catalog_description_get(scratch_reader, description, text, &length, &mtime, &of), -ENOENT);
        assert_int_equal(catalog_shares_link_get(scratch_reader, link, &of), -ENOENT);
        assert_int_equal(catalog_disk_wanted(scratch_reader, north, place), 0);
}

static void test_an_image_keeps_the_name_it_had_last(void **state) {
        int64_t first = must(PLACE_PUT, north, alice, "web"), second, place = 0;
        char object[OBJECT_SIZE];

        (void)state;
        (void)must(PLACE_RENAME, first, 0, "app");
        assert_int_equal(catalog_image_name(scratch_reader, first, object, &place), 0);
        assert_string_equal(object, "north/app@alice");
        assert_int_equal(place, first);
        (void)must(PLACE_RENAME, first, 0, "db");
        (void)must(PLACE_END, first, 0, NULL);
        second = must(PLACE_PUT, north, alice, "db");
        assert_int_equal(catalog_image_name(scratch_reader, first, object, &place), 0);
        assert_string_equal(object, "north/db@alice");
        assert_int_equal(place, first);
        assert_int_equal(catalog_image_name(scratch_reader, second, object, &place), 0);
        assert_int_equal(place, second);
        assert_int_equal(catalog_image_name(scratch_reader, 999, object, &place), -ENOENT);
}

static void test_a_place_needs_its_region_and_owner(void **state) {
        (void)state;
        assert_true(change(PLACE_PUT, 77, alice, "web") < 0);
        assert_true(change(PLACE_PUT, north, 77, "web") < 0);
        assert_int_equal(sql_number("SELECT count(*) FROM place_name"), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_new_place_is_an_empty_draft),
                CASE(test_names_are_unique_per_owner_and_region),
                CASE(test_a_name_is_free_again_after_its_end),
                CASE(test_rename_moves_the_name_and_nothing_else),
                CASE(test_count_is_of_the_living),
                CASE(test_the_end_takes_the_image_along),
                CASE(test_an_image_keeps_the_name_it_had_last),
                CASE(test_a_place_needs_its_region_and_owner),
        };

        return cmocka_run_group_tests_name("catalog place", tests, NULL, NULL);
}
