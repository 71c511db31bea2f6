/* SPDX-License-Identifier: MIT
 * Times to the nanosecond, as in the log: every 64-bit number survives writing and reading, and only texts as they are
 * written are read.
 */
#include "timestamp.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
        int64_t ns;
        const char *text;
} known[] = {
        { 0, "1970-01-01T00:00:00.000000000Z" },
        { 1, "1970-01-01T00:00:00.000000001Z" },
        { 999999, "1970-01-01T00:00:00.000999999Z" },
        { 1000000, "1970-01-01T00:00:00.001000000Z" },
        { -1, "1969-12-31T23:59:59.999999999Z" },
        { -999999, "1969-12-31T23:59:59.999000001Z" },
        { -1000000, "1969-12-31T23:59:59.999000000Z" },
        { -1000001, "1969-12-31T23:59:59.998999999Z" },
        { -1000000000, "1969-12-31T23:59:59.000000000Z" },
        { 1777803072345678901, "2026-05-03T10:11:12.345678901Z" },
        { 951782400000000000, "2000-02-29T00:00:00.000000000Z" },
        { INT64_MAX, "2262-04-11T23:47:16.854775807Z" },
        { INT64_MAX - 1, "2262-04-11T23:47:16.854775806Z" },
        { INT64_MIN, "1677-09-21T00:12:43.145224192Z" },
        { INT64_MIN + 1, "1677-09-21T00:12:43.145224193Z" },
};

static void same(int64_t ns) {
        char text[TIMESTAMP_SIZE];
        int64_t back;

        assert_ptr_equal(timestamp_format_ns(ns, text), text);
        assert_int_equal(strlen(text), strlen(known[0].text));
        if (timestamp_parse_ns(text, &back) != 0 || back != ns)
                fail_msg("%" PRId64 " is '%s'", ns, text);
}

static void test_known_times(void **state) {
        char text[TIMESTAMP_SIZE];
        int64_t ns;

        (void)state;
        for (size_t i = 0; i < COUNT(known); i++) {
                assert_string_equal(timestamp_format_ns(known[i].ns, text), known[i].text);
                assert_int_equal(timestamp_parse_ns(known[i].text, &ns), 0);
                assert_true(ns == known[i].ns);
        }
}

/* The extremes, all limits of digits and bits, and values between. */
static void test_every_number_comes_back(void **state) {
        uint64_t seed = 1;

        (void)state;
        for (int64_t n = 0; n < 3000; n++) {
                same(INT64_MIN + n);
                same(INT64_MAX - n);
                same(n - 1500);
        }
        for (int bit = 0; bit < 63; bit++)
                for (int64_t d = -2; d <= 2; d++) {
                        same((INT64_C(1) << bit) + d);
                        same(-(INT64_C(1) << bit) + d);
                }
        for (int64_t unit = 1; unit <= INT64_C(100000000000000000); unit *= 10)
                for (int64_t n = -99; n < 99; n++) {
                        int64_t ns;

                        if (!__builtin_mul_overflow(unit, n, &ns)) {
                                same(ns);
                                same(ns == INT64_MIN ? ns : ns - 1);
                        }
                }
        for (int i = 0; i < 200000; i++) {
                seed = seed * 6364136223846793005U + 1442695040888963407U;
                same((int64_t)(seed ^ seed >> 29));
        }
}

/* A later time has a later text: the log's order is that of its lines. */
static void test_texts_are_in_the_order_of_times(void **state) {
        char a[TIMESTAMP_SIZE], b[TIMESTAMP_SIZE];

        (void)state;
        for (int64_t ns = INT64_MIN; ns < INT64_MAX - INT64_C(12345678901234567); ns += INT64_C(12345678901234567)) {
                (void)timestamp_format_ns(ns, a);     /* returns the text */
                (void)timestamp_format_ns(ns + 1, b); /* likewise */
                assert_true(strcmp(a, b) < 0);
        }
}

static void bad(const char *text) {
        int64_t ns = 42;

        if (timestamp_parse_ns(text, &ns) != -EINVAL)
                fail_msg("'%s' is read as %" PRId64, text, ns);
        assert_true(ns == 42); /* set only on success */
}

static void test_what_is_no_time(void **state) {
        static const char *const texts[] = {
                "", "Z", "+30d", "never", "2026-05-03", "2026-05-03T10:11:12Z", "2026-05-03T10:11:12.345Z",
                "2026-05-03T10:11:12.345678Z", "2026-05-03T10:11:12.34567890Z", "2026-05-03T10:11:12.3456789012Z",
                "2026-05-03T10:11:12.345678901", "2026-05-03T10:11:12.345678901z",
                "2026-05-03T10:11:12.345678901+00:00", "2026-05-03t10:11:12.345678901Z",
                "2026-05-03 10:11:12.345678901Z", "2026-05-03T10:11:12,345678901Z",
                "2026-05-03T10:11:60.345678901Z", /* a leap second is the next minute's first second */
                "2026-05-03T24:00:00.000000000Z", "2026-05-03T10:60:12.345678901Z", "2026-05-03T10:11:61.345678901Z",
                "2026-02-29T10:11:12.345678901Z", "2026-13-03T10:11:12.345678901Z", "2026-00-03T10:11:12.345678901Z",
                "2026-05-00T10:11:12.345678901Z", "2026-05-32T10:11:12.345678901Z", "-026-05-03T10:11:12.345678901Z",
                " 2026-05-03T10:11:12.345678901Z", "2026-05-03T10:11:12.345678901Z ",
                "2026-05-03T10:11:12.345678901Z\n",
                "2026-05-03T10:11:12.+45678901Z", "2026-05-03T10:11:12.345 78901Z", "2026-05-03T10:11:12.345-78901Z",
                /* just beyond 64 bits, and far beyond */
                "2262-04-11T23:47:16.854775808Z", "1677-09-21T00:12:43.145224191Z", "2262-04-11T23:47:16.855000000Z",
                "1677-09-21T00:12:43.144000000Z", "2262-04-12T00:00:00.000000000Z", "1677-09-20T00:00:00.000000000Z",
                "9999-12-31T23:59:59.999999999Z", "0000-01-01T00:00:00.000000000Z", "0001-01-01T00:00:00.000000000Z",
        };

        (void)state;
        for (size_t i = 0; i < COUNT(texts); i++)
                bad(texts[i]);
}

/* Each character wrong alone, and each end cut off. */
static void test_one_character_wrong(void **state) {
        static const char good[] = "2026-05-03T10:11:12.345678901Z";
        char text[sizeof(good)];

        (void)state;
        for (size_t i = 0; i < strlen(good); i++) {
                for (int c = 1; c < 256; c++) {
                        int64_t ns;

                        strcpy(text, good);
                        text[i] = (char)c;
                        if (timestamp_parse_ns(text, &ns) == 0) {
                                char again[TIMESTAMP_SIZE];

                                assert_string_equal(timestamp_format_ns(ns, again), text);
                        } else {
                                bad(text);
                        }
                }
                strcpy(text, good);
                text[i] = '\0';
                bad(text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_known_times),
                cmocka_unit_test(test_every_number_comes_back),
                cmocka_unit_test(test_texts_are_in_the_order_of_times),
                cmocka_unit_test(test_what_is_no_time),
                cmocka_unit_test(test_one_character_wrong),
        };

        return cmocka_run_group_tests_name("util timestamp, nanoseconds", tests, NULL, NULL);
}
