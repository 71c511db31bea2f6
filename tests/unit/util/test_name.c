/* SPDX-License-Identifier: MIT
 * Names, CONTRACT 2: every byte in every position, every length that matters, and names joined by `@`.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "name.h"

static const struct {
        enum name_kind kind;
        const char *first, *later; /* characters allowed there */
        size_t max;
} kinds[] = {
#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        { NAME_IMAGE, DIGITS LOWER UPPER, DIGITS LOWER UPPER "._-", 60 },
        { NAME_ACCOUNT, DIGITS LOWER, DIGITS LOWER "._-", 64 },
        { NAME_REGION, DIGITS LOWER, DIGITS LOWER "._-", 64 },
        { NAME_INSTANCE, DIGITS LOWER UPPER, DIGITS LOWER UPPER "._-", 64 },
};

static void every_byte_in_the_first_place(void **state) {
        (void)state;
        for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
                for (int c = 1; c < 256; c++) {
                        const char alone[] = { (char)c, '\0' }, followed[] = { (char)c, 'b', '\0' };
                        int expected = strchr(kinds[k].first, c) ? 0 : -EINVAL;

                        assert_int_equal(name_check(kinds[k].kind, alone), expected);
                        assert_int_equal(name_check(kinds[k].kind, followed), expected);
                }
}

static void every_byte_in_a_later_place(void **state) {
        (void)state;
        for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
                for (int c = 1; c < 256; c++) {
                        const char last[] = { 'a', (char)c, '\0' }, inner[] = { 'a', 'b', (char)c, 'd', '\0' };
                        int expected = strchr(kinds[k].later, c) ? 0 : -EINVAL;

                        assert_int_equal(name_check(kinds[k].kind, last), expected);
                        assert_int_equal(name_check(kinds[k].kind, inner), expected);
                }
}

static void lengths_and_their_errors(void **state) {
        static const size_t lengths[] = { 0, 1, 59, 60, 61, 63, 64, 65, 255, 1000 };

        (void)state;
        for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
                for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
                        size_t n = lengths[i];
                        int expected = n == 0 ? -EINVAL : n > kinds[k].max ? -ENAMETOOLONG : 0;
                        char name[1001] = "";

                        memset(name, 'a', n);
                        assert_int_equal(name_check(kinds[k].kind, name), expected);
                }
}

static void a_bad_character_is_said_before_the_length(void **state) {
        char name[102] = "";

        (void)state;
        memset(name, 'a', 101);
        name[100] = '@';
        for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
                assert_int_equal(name_check(kinds[k].kind, name), -EINVAL);
}

static void names_that_people_use(void **state) {
        static const char *const good[] = { "web", "alice", "100001234567", "ap-guangzhou", "debian-12.5_amd64",
                                            "a--" };
        static const char *const bad[] = { ".", "..", ".web", "-rf", "_x", "web@alice", "a b", "a/b", "w\xc3\xa9" };

        (void)state;
        for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
                for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                        assert_int_equal(name_check(kinds[k].kind, good[i]), 0);
                for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                        assert_int_equal(name_check(kinds[k].kind, bad[i]), -EINVAL);
        }
}

#define TEN "aaaaaaaaaa"
#define SIXTY TEN TEN TEN TEN TEN TEN

static void joined_names_are_split(void **state) {
        static const struct {
                const char *text, *image, *owner; /* image NULL: nothing is found */
        } cases[] = {
                { "web@alice", "web", "alice" },
                { "Web-1.0_x@100001234567", "Web-1.0_x", "100001234567" },
                { "a@b", "a", "b" },
                { SIXTY "@" SIXTY "bbbb", SIXTY, SIXTY "bbbb" },
                { SIXTY "a@alice" },
                { SIXTY "aaaa@alice" },
                { SIXTY "aaaaa@alice" },
                { SIXTY SIXTY "@alice" },
                { SIXTY SIXTY },
                { "web@" SIXTY "bbbbb" },
                { "" }, { "@" }, { "web" }, { "web@" }, { "@alice" }, { "web@@alice" }, { "web@alice@" },
                { "web@alice@bob" }, { "@web@alice" }, { "web@Alice" }, { ".web@alice" }, { "web@.alice" },
                { "w b@alice" }, { "web@al/ice" }, { "web @alice" }, { "web@alice\n" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char image[NAME_SIZE] = "before", owner[NAME_SIZE] = "before";
                int r = name_split(cases[i].text, image, owner);

                assert_int_equal(r, cases[i].image ? 0 : -ENOENT);
                assert_string_equal(image, cases[i].image ? cases[i].image : "before");
                assert_string_equal(owner, cases[i].image ? cases[i].owner : "before");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_byte_in_the_first_place),
                cmocka_unit_test(every_byte_in_a_later_place),
                cmocka_unit_test(lengths_and_their_errors),
                cmocka_unit_test(a_bad_character_is_said_before_the_length),
                cmocka_unit_test(names_that_people_use),
                cmocka_unit_test(joined_names_are_split),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
