/* SPDX-License-Identifier: MIT
 * Hex digits: every byte to text and back, both cases, nothing else.
 */
#include "hex.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void test_every_byte(void **state) {
        uint8_t bytes[256], back[256] = { 0 };
        char text[2 * 256 + 1], two[3];

        (void)state;
        for (int i = 0; i < 256; i++)
                bytes[i] = (uint8_t)i;
        assert_ptr_equal(hex_format(bytes, sizeof(bytes), text), text);
        assert_int_equal(strlen(text), 2 * sizeof(bytes));
        for (int i = 0; i < 256; i++) {
                (void)snprintf(two, sizeof(two), "%02x", (unsigned)i);
                assert_memory_equal(text + 2 * i, two, 2);
        }
        assert_int_equal(hex_parse(text, back, sizeof(back)), 0);
        assert_memory_equal(back, bytes, sizeof(bytes));
}

static void test_either_case(void **state) {
        static const uint8_t expected[] = { 0xab, 0xcd, 0xef };
        static const char *const texts[] = { "abcdef", "ABCDEF", "aBcDeF" };
        uint8_t bytes[3];

        (void)state;
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                memset(bytes, 0, sizeof(bytes));
                assert_int_equal(hex_parse(texts[i], bytes, sizeof(bytes)), 0);
                assert_memory_equal(bytes, expected, sizeof(expected));
        }
}

static void test_just_so_many_digits(void **state) {
        static const char *const texts[] = { "", "a", "ab", "abc", "abcde", "abcdef", "ab cd", " abcd", "0xab" };
        uint8_t bytes[2];

        (void)state;
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                assert_int_equal(hex_parse(texts[i], bytes, sizeof(bytes)), -EINVAL);
        assert_int_equal(hex_parse("", bytes, 0), 0);
        assert_int_equal(hex_parse("a", bytes, 0), -EINVAL);
}

/* Every character in every position. */
static void test_nothing_else_is_a_digit(void **state) {
        (void)state;
        for (int c = 1; c < 256; c++)
                for (int at = 0; at < 4; at++) {
                        char text[] = "0000";
                        const int good = strchr("0123456789abcdefABCDEF", c) != NULL;
                        uint8_t bytes[2];

                        text[at] = (char)c;
                        assert_int_equal(hex_parse(text, bytes, sizeof(bytes)), good ? 0 : -EINVAL);
                }
}

static void test_nothing_is_an_empty_text(void **state) {
        char text[] = "x";

        (void)state;
        assert_string_equal(hex_format((const uint8_t *)"", 0, text), "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_byte),
                cmocka_unit_test(test_either_case),
                cmocka_unit_test(test_just_so_many_digits),
                cmocka_unit_test(test_nothing_else_is_a_digit),
                cmocka_unit_test(test_nothing_is_an_empty_text),
        };

        return cmocka_run_group_tests_name("util hex", tests, NULL, NULL);
}
