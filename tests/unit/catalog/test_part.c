/* SPDX-License-Identifier: MIT
 * Descriptions and `shares` links: a new text keeps the file, a new file has a new id.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

static int64_t place;

static int setup(void **state) {
        (void)scratch_setup(state); /* 0 */
        (void)must(REGION_PUT, 0, 0, "north");
        place = must(PLACE_PUT, region_id("north"), OPERATOR, "web");
        return 0;
}

static struct image get(void) {
        struct image image;

        assert_int_equal(catalog_image_get(scratch_reader, place, &image), 0);
        return image;
}

static void is(int64_t id, const char *expected, int64_t mtime) {
        char text[TEXT_SIZE];
        size_t length = 0;
        int64_t time = 0, of = 0;

        assert_int_equal(catalog_description_get(scratch_reader, id, text, &length, &time, &of), 0);
        assert_string_equal(text, expected);
        assert_int_equal(length, strlen(expected));
        assert_int_equal(time, mtime);
        assert_int_equal(of, place);
}

static bool exists(int64_t id) {
        char text[TEXT_SIZE];
        size_t length;
        int64_t time, of;

        return catalog_description_get(scratch_reader, id, text, &length, &time, &of) == 0;
}

static void test_new_text_keeps_the_file(void **state) {
        int64_t id = must(DESCRIPTION_PUT, place, 7, "one\n");

        (void)state;
        assert_int_equal(get().description, id);
        is(id, "one\n", 7);
        assert_true(must(DESCRIPTION_PUT, place, 8, "") > id);
        assert_int_equal(get().description, id);
        is(id, "", 8);
        (void)must(DESCRIPTION_PUT, place, -9, "\xc3\xa4 \"quoted\" \\ 'x'\n\n");
        is(id, "\xc3\xa4 \"quoted\" \\ 'x'\n\n", -9);
        assert_int_equal(sql_number("SELECT count(*) FROM description"), 4); /* all are kept; the first was empty */
}

static void test_longest_text(void **state) {
        char text[TEXT_SIZE] = "";

        (void)state;
        for (int i = 0; i < TEXT_MAX_CHARACTERS; i++)
                strcat(text, "\xf0\x9f\x98\x80");
        strcat(text, "\n");
        assert_int_equal(strlen(text), TEXT_SIZE - 1);
        is(must(DESCRIPTION_PUT, place, 7, text), text, 7);
}

static void test_removed_and_made_again_is_another_file(void **state) {
        int64_t first = must(DESCRIPTION_PUT, place, 7, "one"), second;

        (void)state;
        (void)must(DESCRIPTION_END, place, 0, NULL);
        assert_int_equal(get().description, 0);
        assert_false(exists(first));
        assert_int_equal(change(DESCRIPTION_END, place, 0, NULL), -ENOENT);
        second = must(DESCRIPTION_PUT, place, 8, "two");
        assert_true(second > first);
        assert_false(exists(first));
        assert_int_equal(get().description, second);
        is(second, "two", 8);
}

static void test_touch_sets_the_time_alone(void **state) {
        int64_t id = must(DESCRIPTION_PUT, place, 7, "one"), events = chain_check();

        (void)state;
        (void)must(DESCRIPTION_TOUCH, place, 99, NULL);
        is(id, "one", 99);
        assert_int_equal(chain_check(), events + 1);
        (void)must(DESCRIPTION_END, place, 0, NULL);
        assert_int_equal(change(DESCRIPTION_TOUCH, place, 99, NULL), -ENOENT);
}

static void test_links_come_and_go(void **state) {
        int64_t of = 0, first = must(LINK_PUT, place, 0, NULL), second;

        (void)state;
        assert_int_equal(get().shares_link, first);
        assert_int_equal(catalog_shares_link_get(scratch_reader, first, &of), 0);
        assert_int_equal(of, place);
        assert_true(change(LINK_PUT, place, 0, NULL) < 0); /* one per place */
        (void)must(LINK_END, place, 0, NULL);
        assert_int_equal(get().shares_link, 0);
        assert_int_equal(catalog_shares_link_get(scratch_reader, first, &of), -ENOENT);
        assert_int_equal(change(LINK_END, place, 0, NULL), -ENOENT);
        second = must(LINK_PUT, place, 0, NULL);
        assert_true(second > first);
        assert_int_equal(get().shares_link, second);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_new_text_keeps_the_file),
                CASE(test_longest_text),
                CASE(test_removed_and_made_again_is_another_file),
                CASE(test_touch_sets_the_time_alone),
                CASE(test_links_come_and_go),
        };

        return cmocka_run_group_tests_name("catalog part", tests, NULL, NULL);
}
