/* SPDX-License-Identifier: MIT
 * UTF-8 (RFC 3629): every code point, and invalid sequences.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "utf8.h"

/* Encodes a code point in that many bytes, valid or not. Returns the length. */
static size_t encode(uint32_t c, size_t length, char ret_text[static 4]) {
        static const unsigned char marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

        for (size_t i = length; i-- > 1; c >>= 6)
                ret_text[i] = (char)(0x80 | (c & 0x3f));
        ret_text[0] = (char)(marks[length] | c);
        return length;
}

static size_t length_of(uint32_t c) {
        return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

static void check(const char *text, size_t size, int expected, size_t expected_whole) {
        size_t whole = 12345;

        assert_int_equal(utf8_check(text, size, &whole), expected);
        assert_int_equal(whole, expected_whole);
}

static void every_code_point_and_no_surrogate(void **state) {
        (void)state;
        for (uint32_t c = 1; c < 0x140000; c++) {
                char text[4];
                size_t n = encode(c, length_of(c), text);

                if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                        check(text, n, -EINVAL, 0);
                else
                        check(text, n, 1, n);
        }
}

static void cut_at_every_place_more_may_come(void **state) {
        static const uint32_t points[] = { 0x80, 0x7ff, 0x800, 0xfff, 0x1000, 0xcfff, 0xd7ff, 0xe000, 0xffff,
                                           0x10000, 0x3ffff, 0x40000, 0xfffff, 0x100000, 0x10ffff };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
                char text[8] = "ab";
                size_t n = encode(points[i], length_of(points[i]), text + 2);

                for (size_t size = 3; size < 2 + n; size++)
                        check(text, size, -EAGAIN, 2);
                check(text, 2 + n, 3, 2 + n);
                text[2 + n] = 'z';
                check(text, 3 + n, 4, 3 + n);
                for (size_t size = 3; size < 2 + n; size++) { /* another character in place of a continuation byte */
                        char broken[8];

                        memcpy(broken, text, sizeof(broken));
                        broken[size] = 'z';
                        check(broken, size + 1, -EINVAL, 2);
                }
        }
}

static void longer_forms_of_a_shorter_one_are_refused(void **state) {
        static const struct {
                uint32_t last; /* the greatest code point that needs fewer bytes */
                size_t length;
        } forms[] = { { 0x7f, 2 }, { 0x7ff, 3 }, { 0xffff, 4 } };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
                for (uint32_t c = 0; c <= forms[i].last; c++) {
                        char text[4];

                        check(text, encode(c, forms[i].length, text), -EINVAL, 0);
                }
}

/* A beginning that no further byte can complete is refused at once. */
static void bad_beginnings_do_not_wait_for_more(void **state) {
        static const struct {
                const char *text;
                size_t size;
        } cases[] = {
                { "\xc0", 1 }, { "\xc1", 1 }, { "\xf5", 1 }, { "\xff", 1 }, { "\xfe", 1 }, { "\x80", 1 }, { "\xbf", 1 },
                { "\xe0\x9f", 2 }, { "\xed\xa0", 2 }, { "\xf0\x8f", 2 }, { "\xf4\x90", 2 }, { "\xe2z", 2 },
                { "\xf0\x9fz", 3 }, { "\xe2\x82\xc0", 3 }, { "\xc3\x28", 2 }, { "\xc3\xc3", 2 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                check(cases[i].text, cases[i].size, -EINVAL, 0);
}

static void every_first_byte(void **state) {
        (void)state;
        for (int c = 0; c < 256; c++) {
                const char text[] = { (char)c };

                if (c >= 1 && c < 0x80)
                        check(text, 1, 1, 1);
                else
                        check(text, 1, c >= 0xc2 && c <= 0xf4 ? -EAGAIN : -EINVAL, 0);
        }
}

static void a_nul_is_no_text(void **state) {
        (void)state;
        check("\0", 1, -EINVAL, 0);
        check("a\0b", 3, -EINVAL, 1);
        check("\xe2\x82\0", 3, -EINVAL, 0);
}

static void characters_are_counted_not_bytes(void **state) {
        char text[256 * 4];

        (void)state;
        check("", 0, 0, 0);
        check(NULL, 0, 0, 0);
        check("plain text\n", 11, 11, 11);
        check("h\xc3\xa9llo \xe2\x82\xac \xf0\x9f\x98\x80", 15, 9, 15);
        for (size_t i = 0; i < 256; i++)
                (void)encode(0x1f600, 4, text + 4 * i);
        check(text, sizeof(text), 256, sizeof(text));
        check(text, sizeof(text) - 1, -EAGAIN, sizeof(text) - 4);
}

static void what_is_shown_has_no_controls(void **state) {
        static const struct {
                const char *text, *clean;
        } cases[] = {
                { "", "" },
                { "web-1.0@alice", "web-1.0@alice" },
                { "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },
                { "\x1b[31mred", "?[31mred" },
                { "a\nrule: x\r\t\x7f", "a?rule: x???" },
                { "\xc2\x9b" "31m\xc2\xa0", "?31m\xc2\xa0" },
                { "\xe2\x80\xae" "evil\xe2\x80\xa8\xe2\x81\xa6", "?evil??" },
                { "\xe2\x80\xa7\xe2\x80\xaf", "\xe2\x80\xa7\xe2\x80\xaf" },
                { "\xe2\x81\xa5\xe2\x81\xaa", "\xe2\x81\xa5\xe2\x81\xaa" },
                { "\xff\xfe", "??" },
                { "a\xe2\x82", "a??" },
                { "\xc3(", "?(" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[64];
                size_t whole;

                strcpy(text, cases[i].text);
                utf8_clean(text);
                assert_string_equal(text, cases[i].clean);
                assert_true(utf8_check(text, strlen(text), &whole) >= 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_code_point_and_no_surrogate),
                cmocka_unit_test(cut_at_every_place_more_may_come),
                cmocka_unit_test(longer_forms_of_a_shorter_one_are_refused),
                cmocka_unit_test(bad_beginnings_do_not_wait_for_more),
                cmocka_unit_test(every_first_byte),
                cmocka_unit_test(a_nul_is_no_text),
                cmocka_unit_test(characters_are_counted_not_bytes),
                cmocka_unit_test(what_is_shown_has_no_controls),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
