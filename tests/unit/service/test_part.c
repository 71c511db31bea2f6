/* SPDX-License-Identifier: MIT
 * Descriptions and `shares` links as an owner and a recipient use them.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

static struct image image;

static void reads(const char *who, int64_t place, const char *expected) {
        char text[TEXT_SIZE];
        size_t length;
        int64_t mtime;

        assert_int_equal(description_read(as(who), row(place).description, text, &length, &mtime, &image), 0);
        assert_string_equal(text, expected);
        assert_int_equal(length, strlen(expected));
        assert_int_equal(image.place, place);
}

static void test_a_drafts_parts_are_made_and_removed(void **state) {
        int64_t place = draft(north, "web");

        (void)state;
        assert_int_equal(description_write(as("alice"), place, "x", 1), -ENOENT);
        assert_int_equal(description_create(as("alice"), place, &image), 0);
        assert_int_equal(description_create(as("alice"), place, &image), -EEXIST);
        reads("alice", place, "");
        assert_int_equal(image_remove(as("alice"), place, "web"), -ENOTEMPTY);
        assert_int_equal(shares_link_create(as("alice"), place, &image), 0);
        assert_int_equal(shares_link_create(as("alice"), place, &image), -EEXIST);
        assert_int_equal(shares_link_get(as("alice"), image.shares_link, &image), 0);
        assert_int_equal(shares_link_get(as("bob"), image.shares_link, &image), -ENOENT);
        assert_int_equal(shares_link_remove(as("alice"), place), 0);
        assert_int_equal(shares_link_remove(as("alice"), place), -ENOENT);
        assert_int_equal(description_remove(as("alice"), place), 0);
        assert_int_equal(description_remove(as("alice"), place), -ENOENT);
        assert_int_equal(share_directory(as("alice"), place), RULE_IMAGE_AVAILABLE);
        assert_int_equal(image_remove(as("alice"), place, "web"), 0);
        assert_int_equal(image_get(as("alice"), place, &image), -ENOENT);
        assert_int_equal(events("op = 'describe'"), 0);
}

static void test_texts(void **state) {
        static const struct {
                const char *text;
                size_t length;
                int result;
        } cases[] = {
                { "web server\n", 11, 0 }, { "", 0, 0 },         { "\n", 1, 0 },        { "\xc3\xa4", 2, 0 },
                { "\xc3", 1, -EINVAL },    { "\xff", 1, -EINVAL }, { "a\0b", 3, -EINVAL }, { "two\nlines\n", 10, 0 },
        };
        char text[2 * TEXT_SIZE] = "";
        int64_t place = filled(north, "web", 10);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_int_equal(description_write(as("alice"), place, "before", 6), 0);
                assert_int_equal(description_write(as("alice"), place, cases[i].text, cases[i].length), cases[i].result);
                reads("alice", place, cases[i].result == 0 ? cases[i].text : "before");
        }
        for (int i = 0; i < TEXT_MAX_CHARACTERS; i++)
                strcat(text, "\xf0\x9f\x98\x80");
        strcat(text, "\n");
        assert_int_equal(description_write(as("alice"), place, text, strlen(text)), 0);
        reads("alice", place, text);
        strcpy(strrchr(text, '\n'), "x");
        assert_int_equal(description_write(as("alice"), place, text, strlen(text)), -EINVAL); /* 257 characters */
        memset(text, 'x', sizeof(text));
        assert_int_equal(description_write(as("alice"), place, text, TEXT_MAX_CHARACTERS + 1), -EINVAL);
        assert_int_equal(description_write(as("alice"), place, text, TEXT_SIZE), -EINVAL);
        assert_int_equal(description_write(as("alice"), place, text, sizeof(text)), -EINVAL);
        assert_int_equal(description_write(as("alice"), place, text, TEXT_MAX_CHARACTERS), 0);
        assert_int_equal(events("op = 'describe' AND json_extract(detail, '$.text') = 'web server' || char(10)"), 1);
}

static void test_a_recipient_reads_what_it_cannot_write(void **state) {
        int64_t place = filled(north, "web", 10);
        struct share share;
        char text[TEXT_SIZE];
        size_t length;
        int64_t mtime;

        (void)state;
        assert_int_equal(description_write(as("alice"), place, "text", 4), 0);
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        reads("bob", place, "text");
        assert_int_equal(description_read(as("carol"), row(place).description, text, &length, &mtime, &image), -ENOENT);
        assert_int_equal(description_judge(as("alice"), place), RULE_SHARED_FROZEN);
        assert_int_equal(description_judge(as("bob"), place), RULE_SHARED_FROZEN);
        assert_int_equal(description_judge(as("carol"), place), -ENOENT);
        assert_int_equal(description_touch(as("bob"), place, 5), -ENOENT);
        assert_int_equal(description_touch(as("alice"), place, 5), 0);
        assert_int_equal(share_directory(as("alice"), place), RULE_FIXED_TREE);
}

static void test_history_and_source_are_told_by_who_asks(void **state) {
        int64_t place = filled(north, "web", 10), other = draft(south, "web");
        char source[SOURCE_SIZE], *lines[2] = { NULL };
        const char *who[] = { "alice", "bob" };
        struct share share;

        (void)state;
        assert_int_equal(share_grant(as("alice"), place, "carol", &share, NULL), 0);
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        image = row(place);
        for (int i = 0; i < 2; i++) {
                size_t size;
                FILE *to = open_memstream(&lines[i], &size);

                assert_int_equal(image_history(as(who[i]), &image, to), 0);
                assert_int_equal(fclose(to), 0);
        }
        assert_non_null(strstr(lines[0], "\"account\":\"carol\""));
        assert_non_null(strstr(lines[1], "\"account\":\"bob\""));
        assert_null(strstr(lines[1], "carol"));
        free(lines[0]);
        free(lines[1]);
        assert_int_equal(image_source_text(as("alice"), &image, source), 0);
        assert_string_equal(source, "import");
        assert_int_equal(image_copy(as("alice"), place, other, &image), 0);
        assert_int_equal(share_grant(as("alice"), other, "carol", &share, NULL), 0);
        assert_int_equal(share_revoke(as("alice"), place, "carol", NULL, NULL), 0);
        assert_int_equal(share_grant(as("alice"), other, "bob", &share, NULL), 0);
        assert_int_equal(image_source_text(as("alice"), &image, source), 0);
        assert_string_equal(source, "copy of north/web@alice");
        assert_int_equal(image_source_text(as("bob"), &image, source), 0);
        assert_string_equal(source, "copy of north/web@alice");
        assert_int_equal(image_source_text(as("carol"), &image, source), 0);
        assert_string_equal(source, "copy of hidden");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_a_drafts_parts_are_made_and_removed),
                CASE(test_texts),
                CASE(test_a_recipient_reads_what_it_cannot_write),
                CASE(test_history_and_source_are_told_by_who_asks),
        };

        return cmocka_run_group_tests_name("service part", tests, NULL, NULL);
}
