/* SPDX-License-Identifier: MIT
 * Times as written, CONTRACT 9, and as read, CONTRACT 5.4. Expected values are from `date -u`.
 */
#include <errno.h>
#include <inttypes.h>
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

/* Texts sort like times: the log and its `--since` may rely on it. */
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

#define NOW INT64_C(1777803072345) /* 2026-05-03T10:11:12.345Z */

struct reading {
        const char *text;
        int64_t ms;
};

static void check_readings(const struct reading *readings, size_t count) {
        for (size_t i = 0; i < count; i++) {
                int64_t ms = INT64_MIN;
                int r = timestamp_parse(readings[i].text, NOW, &ms);

                if (r != 0 || ms != readings[i].ms)
                        fail_msg("'%s': %d, %" PRId64 ", not %" PRId64, readings[i].text, r, ms, readings[i].ms);
        }
}

/* A refused text leaves the result unchanged. */
static void check_refused(const char *text) {
        int64_t ms = 4711;
        int r = timestamp_parse(text, NOW, &ms);

        if (r != -EINVAL || ms != 4711)
                fail_msg("'%s': %d, %" PRId64, text, r, ms);
}

static void a_date_is_the_end_of_that_day(void **state) {
        static const struct reading readings[] = {
                { "2026-12-31", 1798761599999 },
                { "2024-02-29", 1709251199999 },
                { "2000-02-29", 951868799999 },
                { "2026-02-28", 1772323199999 },
                { "2026-04-30", 1777593599999 },
                { "1970-01-01", 86399999 },
                { "1969-12-31", -1 },
                { "1969-12-30", -86400001 },
                { "0000-01-01", -62167132800001 },
                { "0000-02-29", -62162035200001 },
                { "9999-12-31", 253402300799999 },
        };

        (void)state;
        check_readings(readings, ARRAY_SIZE(readings));
}

static void days_there_are_not(void **state) {
        static const char *const texts[] = {
                "2026-02-29", "2025-02-29", "1900-02-29", "2100-02-29", "2024-02-30", "2026-02-31", "2026-04-31",
                "2026-06-31", "2026-09-31", "2026-11-31", "2026-01-32", "2026-12-32", "2026-12-99", "2026-01-00",
                "2026-00-01", "2026-13-01", "2026-99-01", "2026-00-00", "0000-00-00", "2026-02-29T10:11:12Z",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                check_refused(texts[i]);
}

/* Each day of 400 years, the calendar's whole cycle, follows the day before without a gap. */
static void every_day_of_the_calendar(void **state) {
        int64_t end = 951868799999, days = 0; /* 2000-02-29 */

        (void)state;
        for (int year = 2000; year < 2400; year++)
                for (int month = 1; month <= 12; month++)
                        for (int day = 1; day <= 31; day++) {
                                char text[64];
                                int64_t ms;

                                (void)snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, day);
                                if (timestamp_parse(text, NOW, &ms) != 0)
                                        continue;
                                if (days++ == 0)
                                        end = ms - 86400000;
                                end += 86400000;
                                assert_int_equal(ms, end);
                        }
        assert_int_equal(days, 146097);
}

static void rfc_3339_with_its_zones(void **state) {
        static const struct reading readings[] = {
                { "2026-05-03T10:11:12Z", 1777803072000 },
                { "2026-05-03T10:11:12z", 1777803072000 },
                { "2026-05-03t10:11:12z", 1777803072000 },
                { "2026-05-03 10:11:12Z", 1777803072000 },
                { "2026-05-03T10:11:12+00:00", 1777803072000 },
                { "2026-05-03T10:11:12-00:00", 1777803072000 },
                { "2026-05-03T10:11:12+02:00", 1777795872000 },
                { "2026-05-03T10:11:12-08:30", 1777833672000 },
                { "2026-05-03T10:11:12+23:59", 1777716732000 },
                { "2026-05-03T10:11:12-23:59", 1777889412000 },
                { "2027-01-01T00:30:00+01:00", 1798759800000 }, /* another year in UTC */
                { "2026-12-31T23:30:00-01:00", 1798763400000 },
                { "2026-05-03T00:00:00Z", 1777766400000 }, /* the start of the day, not its end */
                { "2026-12-31T23:59:59.999Z", 1798761599999 },
                { "2016-12-31T23:59:60Z", 1483228800000 }, /* a leap second: Unix time has none */
                { "1969-12-31T23:59:59Z", -1000 },         /* mktime's error value */
                { "1969-12-31T23:59:59.999Z", -1 },
                { "0000-01-01T00:00:00Z", -62167219200000 },
                { "9999-12-31T23:59:59.999Z", 253402300799999 },
        };

        (void)state;
        check_readings(readings, ARRAY_SIZE(readings));
}

/* Digits beyond milliseconds are cut off, so that no time is read as a later one. */
static void fractions_of_a_second(void **state) {
        static const struct reading readings[] = {
                { "2026-05-03T10:11:12.0Z", 1777803072000 },
                { "2026-05-03T10:11:12.3Z", 1777803072300 },
                { "2026-05-03T10:11:12.34Z", 1777803072340 },
                { "2026-05-03T10:11:12.345Z", 1777803072345 },
                { "2026-05-03T10:11:12.3456Z", 1777803072345 },
                { "2026-05-03T10:11:12.34567Z", 1777803072345 },
                { "2026-05-03T10:11:12.345678Z", 1777803072345 },
                { "2026-05-03T10:11:12.3456789Z", 1777803072345 },
                { "2026-05-03T10:11:12.34567891Z", 1777803072345 },
                { "2026-05-03T10:11:12.345678912Z", 1777803072345 },
                { "2026-05-03T10:11:12.999999999Z", 1777803072999 },
                { "2026-05-03T10:11:12.000000001Z", 1777803072000 },
                { "2026-05-03T10:11:12.005+02:00", 1777795872005 },
                { "2026-05-03T10:11:12.05-08:30", 1777833672050 },
                { "1969-12-31T23:59:59.9999Z", -1 },
        };

        (void)state;
        check_readings(readings, ARRAY_SIZE(readings));
}

static void spans_from_now_on(void **state) {
        static const struct reading readings[] = {
                { "+30d", NOW + INT64_C(30) * 86400000 },
                { "+12h", NOW + INT64_C(12) * 3600000 },
                { "+1d", NOW + 86400000 },
                { "+1h", NOW + 3600000 },
                { "+0d", NOW }, /* the service refuses it, as any past time */
                { "+0h", NOW },
                { "+007d", NOW + INT64_C(7) * 86400000 },
                { "+999999d", NOW + INT64_C(999999) * 86400000 },
                { "+999999h", NOW + INT64_C(999999) * 3600000 },
        };
        int64_t ms;

        (void)state;
        check_readings(readings, ARRAY_SIZE(readings));
        assert_int_equal(timestamp_parse("+1d", 0, &ms), 0);
        assert_int_equal(ms, 86400000);
        assert_int_equal(timestamp_parse("+1h", -3600000, &ms), 0);
        assert_int_equal(ms, 0);
}

static void whatever_else_is_no_time(void **state) {
        static const char *const texts[] = {
                "", " ", "\n", "+", "-", "never", "now", "tomorrow", "0", "1777803072",
                /* spans */
                "+d", "+h", "+1", "+12", "30d", "12h", "-30d", "+30", "+30D", "+12H", "+30m", "+30s", "+1w", "+ 30d",
                "+30 d", "++3d", "+-3d", "+3.5d", "+0x3d", "+30dd", "+30d ", "+30d\n", "+1d12h", "+1000000d",
                "+9999999999999999999d", "+\u0663d",
                /* dates */
                "2026", "2026-12", "2026-12-3", "26-12-31", "2026-1-01", "2026-01-1", "20261231", "2026/12/31",
                "2026-12/31", "2026/12-31", "31-12-2026", "12026-12-31", "-2026-12-31", "+2026-12-31", " 2026-12-31",
                "2026-12-31 ", "2026-12-31\n", "2026-12-31x", "2026-12-311", "2026-12-31Z", "2026-12-31+01:00",
                "2026-+1-01", "2026- 1-01", "2026-01- 1", "2026-01--1", "x026-12-31", "2026-x2-31", "2026-12-x1",
                /* times */
                "2026-05-03T", "2026-05-03 ", "2026-05-03T10", "2026-05-03T10:11", "2026-05-03T10:11Z",
                "2026-05-03T10:11:12", "2026-05-03T10:11:12.345", "2026-05-03_10:11:12Z", "2026-05-03T 10:11:12Z",
                "2026-05-03  10:11:12Z", "2026-05-03T24:00:00Z", "2026-05-03T25:00:00Z", "2026-05-03T10:60:12Z",
                "2026-05-03T10:11:61Z", "2026-05-03T99:99:99Z", "2026-05-03T-1:11:12Z", "2026-05-03T1:11:12Z",
                "2026-05-03T10:1:12Z", "2026-05-03T10:11:1Z", "2026-05-03T10.11.12Z", "2026-05-03T10:11.12Z",
                "2026-05-03T101112Z", "2026-05-03T10:11:xZ", "10:11:12Z", "T10:11:12Z",
                /* fractions */
                "2026-05-03T10:11:12.Z", "2026-05-03T10:11:12.", "2026-05-03T10:11:12,345Z",
                "2026-05-03T10:11:12.3.4Z", "2026-05-03T10:11:12.-3Z", "2026-05-03T10:11:12. 3Z",
                "2026-05-03T10:11:12.xZ", "2026-05-03T10:11:12.+02:00",
                /* zones */
                "2026-05-03T10:11:12+", "2026-05-03T10:11:12+02", "2026-05-03T10:11:12+0200",
                "2026-05-03T10:11:12+2:00", "2026-05-03T10:11:12+02:0", "2026-05-03T10:11:12+02:000",
                "2026-05-03T10:11:12+24:00", "2026-05-03T10:11:12+02:60", "2026-05-03T10:11:12-24:00",
                "2026-05-03T10:11:12 02:00", "2026-05-03T10:11:12*02:00", "2026-05-03T10:11:12+02:00Z",
                "2026-05-03T10:11:12ZZ", "2026-05-03T10:11:12Z+02:00", "2026-05-03T10:11:12UTC",
                "2026-05-03T10:11:12 Z", "2026-05-03T10:11:12Z ", "2026-05-03T10:11:12Z\n", "2026-05-03T10:11:12A",
                "2026-05-03T10:11:12.345Zx", "2026-05-03T10:11:12.345+02:00 ", "2026-05-03T10:11:12++2:00",
                "2026-05-03T10:11:12+-2:00", "2026-05-03T10:11:12+02-00",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                check_refused(texts[i]);
}

/* Copies the prefix to a block of its length, so that a sanitizer detects reading beyond it. */
static int parse_prefix(const char *text, size_t length, int64_t *ret_ms) {
        _cleanup_free_ char *prefix = strndup(text, length);

        assert_non_null(prefix);
        return timestamp_parse(prefix, NOW, ret_ms);
}

/* Only one truncation is still a time: the date alone. */
static void every_truncation(void **state) {
        static const char *const texts[] = {
                "2026-05-03T10:11:12Z",
                "2026-05-03 10:11:12.345678901z",
                "2026-05-03T10:11:12.345+02:00",
                "2026-05-03T10:11:12-08:30",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                for (size_t n = 0; n <= strlen(texts[i]); n++) {
                        int64_t ms = 4711;
                        int r = parse_prefix(texts[i], n, &ms);

                        if (n == strlen("2026-05-03")) {
                                assert_int_equal(r, 0);
                                assert_int_equal(ms, 1777852799999);
                        } else if (n < strlen(texts[i])) {
                                assert_int_equal(r, -EINVAL);
                                assert_int_equal(ms, 4711);
                        } else
                                assert_int_equal(r, 0);
                }
        for (size_t n = 0; n < strlen("+123456d"); n++) {
                int64_t ms = 4711;

                assert_int_equal(parse_prefix("+123456d", n, &ms), -EINVAL);
                assert_int_equal(ms, 4711);
        }
}

/* Every byte at every position: an accepted text is a time that is written like that. */
static void every_byte_at_every_place(void **state) {
        static const char text[] = "2026-05-03T10:11:12.345Z";

        (void)state;
        for (size_t at = 0; at < strlen(text); at++)
                for (int byte = 1; byte < 256; byte++) {
                        char changed[sizeof(text)], again[TIMESTAMP_SIZE];
                        int64_t ms;

                        memcpy(changed, text, sizeof(text));
                        changed[at] = (char)byte;
                        if (timestamp_parse(changed, NOW, &ms) != 0)
                                continue;
                        if (at == strlen("2026-05-03") && strchr("t ", byte))
                                changed[at] = 'T';
                        if (at == strlen(text) - 1 && byte == 'z')
                                changed[at] = 'Z';
                        if (changed[0] != '0') /* years before 1000 are not written */
                                assert_string_equal(timestamp_format(ms, again), changed);
                }
}

static void what_is_written_is_read_again(void **state) {
        (void)state;
        for (int64_t ms = -30610223999999; ms < 253402300799999; ms += 86413000007 /* some 1000 days */) {
                char text[TIMESTAMP_SIZE];
                int64_t again;

                assert_int_equal(timestamp_parse(timestamp_format(ms, text), NOW, &again), 0);
                assert_int_equal(again, ms);
        }
}

static void the_local_zone_has_no_say_in_reading(void **state) {
        static const struct reading readings[] = {
                { "2026-12-31", 1798761599999 },
                { "2026-05-03T10:11:12Z", 1777803072000 },
                { "2026-03-08T02:30:00Z", 1772937000000 }, /* an hour that New York's clocks leave out */
        };

        (void)state;
        assert_int_equal(setenv("TZ", "America/New_York", 1), 0);
        tzset();
        check_readings(readings, ARRAY_SIZE(readings));
        assert_int_equal(unsetenv("TZ"), 0);
        tzset();
}

static void files_times_are_whole_seconds_and_a_rest(void **state) {
        static const struct {
                int64_t ns;
                struct timespec time;
        } cases[] = {
                { 0, { 0, 0 } },
                { 1, { 0, 1 } },
                { -1, { -1, 999999999 } },
                { 1500000000, { 1, 500000000 } },
                { -1500000000, { -2, 500000000 } },
                { -1000000000, { -1, 0 } },
                { INT64_MAX, { 9223372036, 854775807 } },
                { INT64_MIN + 224192, { -9223372037, 145448384 } },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct timespec time = timestamp_split(cases[i].ns);

                assert_int_equal(time.tv_sec, cases[i].time.tv_sec);
                assert_int_equal(time.tv_nsec, cases[i].time.tv_nsec);
                assert_int_equal(timestamp_join(&time), cases[i].ns);
        }
}

static void files_times_out_of_range_are_the_nearest(void **state) {
        (void)state;
        assert_int_equal(timestamp_join(&(struct timespec){ INT64_MAX, 0 }), INT64_MAX);
        assert_int_equal(timestamp_join(&(struct timespec){ 9223372036, 854775808 }), INT64_MAX);
        assert_int_equal(timestamp_join(&(struct timespec){ INT64_MIN, 999999999 }), INT64_MIN);
        assert_int_equal(timestamp_join(&(struct timespec){ -9223372038, 0 }), INT64_MIN);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(times_are_written_in_utc_with_milliseconds),
                cmocka_unit_test(years_have_four_digits),
                cmocka_unit_test(the_local_zone_has_no_say),
                cmocka_unit_test(texts_sort_as_times_do),
                cmocka_unit_test(now_is_the_wall_clock_in_milliseconds),
                cmocka_unit_test(a_date_is_the_end_of_that_day),
                cmocka_unit_test(days_there_are_not),
                cmocka_unit_test(every_day_of_the_calendar),
                cmocka_unit_test(rfc_3339_with_its_zones),
                cmocka_unit_test(fractions_of_a_second),
                cmocka_unit_test(spans_from_now_on),
                cmocka_unit_test(whatever_else_is_no_time),
                cmocka_unit_test(every_truncation),
                cmocka_unit_test(every_byte_at_every_place),
                cmocka_unit_test(what_is_written_is_read_again),
                cmocka_unit_test(the_local_zone_has_no_say_in_reading),
                cmocka_unit_test(files_times_are_whole_seconds_and_a_rest),
                cmocka_unit_test(files_times_out_of_range_are_the_nearest),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
