/* SPDX-License-Identifier: MIT
 * Times as they are written, SPEC 9. Expected values are from `date -u`.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cleanup.h"
#include "timestamp.h"

static void times_are_written_in_utc_with_milliseconds(void **state) {
        static const struct {
                int64_t ms;
                const char *text;
        } cases[] = {
                { 0, "1970-01-01T00:00:00.000Z" },
                { 1, "1970-01-01T00:00:00.001Z" },
                { 10, "1970-01-01T00:00:00.010Z" },
                { 999, "1970-01-01T00:00:00.999Z" },
                { 1000, "1970-01-01T00:00:01.000Z" },
                { -1, "1969-12-31T23:59:59.999Z" },
                { -999, "1969-12-31T23:59:59.001Z" },
                { -1000, "1969-12-31T23:59:59.000Z" },
                { -1001, "1969-12-31T23:59:58.999Z" },
                { 1777803072345, "2026-05-03T10:11:12.345Z" },
                { 951782400000, "2000-02-29T00:00:00.000Z" },
                { 951868799999, "2000-02-29T23:59:59.999Z" },
                { 951868800000, "2000-03-01T00:00:00.000Z" },
                { 1709164800000, "2024-02-29T00:00:00.000Z" },
                { -2203891200000, "1900-03-01T00:00:00.000Z" }, /* no leap year */
                { -2203891200001, "1900-02-28T23:59:59.999Z" },
                { 2147483648000, "2038-01-19T03:14:08.000Z" },
                { 1798761599999, "2026-12-31T23:59:59.999Z" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[TIMESTAMP_SIZE];

                assert_ptr_equal(timestamp_format(cases[i].ms, text), text);
                assert_string_equal(text, cases[i].text);
        }
}

static void years_have_four_digits(void **state) {
        static const struct {
                int64_t ms;
                const char *text;
        } cases[] = {
                { 253402300799999, "9999-12-31T23:59:59.999Z" },
                { 253402300800000, "9999-12-31T23:59:59.999Z" },
                { INT64_MAX, "9999-12-31T23:59:59.999Z" },
                { -30610224000000, "1000-01-01T00:00:00.000Z" },
                { -30610223999999, "1000-01-01T00:00:00.001Z" },
                { -30610224000001, "1000-01-01T00:00:00.000Z" },
                { INT64_MIN, "1000-01-01T00:00:00.000Z" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[TIMESTAMP_SIZE];

                assert_string_equal(timestamp_format(cases[i].ms, text), cases[i].text);
        }
}

static void the_local_zone_has_no_say(void **state) {
        char text[TIMESTAMP_SIZE];

        (void)state;
        assert_int_equal(setenv("TZ", "Asia/Shanghai", 1), 0);
        tzset();
        assert_string_equal(timestamp_format(0, text), "1970-01-01T00:00:00.000Z");
        assert_int_equal(unsetenv("TZ"), 0);
        tzset();
}

/* The order of times is the order of texts: the log and its `--since` may rely on it. */
static void texts_sort_as_times_do(void **state) {
        char before[TIMESTAMP_SIZE], text[TIMESTAMP_SIZE];

        (void)state;
        (void)timestamp_format(INT64_MIN, before);
        for (int64_t ms = -30610223999999; ms < 253402300799999; ms += 86413000007 /* some 1000 days */) {
                assert_true(strcmp(before, timestamp_format(ms, text)) < 0);
                memcpy(before, text, sizeof(before));
        }
}

static void now_is_the_wall_clock_in_milliseconds(void **state) {
        int64_t before = (int64_t)time(NULL) * 1000, now = timestamp_now(), after = (int64_t)time(NULL) * 1000;

        (void)state;
        /* time() may lag behind clock_gettime() by a tick */
        assert_true(now >= before && now < after + 1100);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(times_are_written_in_utc_with_milliseconds),
                cmocka_unit_test(years_have_four_digits),
                cmocka_unit_test(the_local_zone_has_no_say),
                cmocka_unit_test(texts_sort_as_times_do),
                cmocka_unit_test(now_is_the_wall_clock_in_milliseconds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
