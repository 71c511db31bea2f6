/* SPDX-License-Identifier: MIT
 * RFC 3339 in UTC, and the wall clock.
 */
#include "clock.h"
#include "timestamp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

char *timestamp_format(int64_t ms, char ret_text[static TIMESTAMP_SIZE]) {
        const int64_t first = -30610224000000, last = 253402300799999; /* years 1000 to 9999: four digits */
        struct tm tm;
        time_t seconds;
        unsigned rest;
        size_t n;

        ms = ms < first ? first : ms > last ? last : ms;
        rest = (unsigned)((ms % 1000 + 1000) % 1000);
        seconds = (time_t)((ms - rest) / 1000);
        (void)gmtime_r(&seconds, &tm); /* cannot fail within the years kept above */
        n = strftime(ret_text, TIMESTAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
        (void)snprintf(ret_text + n, TIMESTAMP_SIZE - n, ".%03uZ", rest % 1000);
        return ret_text;
}

int64_t timestamp_now_ns(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
        return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}


struct timespec timestamp_split(int64_t ns) {
        int64_t rest = ns % SECOND_NS;

        return (struct timespec){ .tv_sec = ns / SECOND_NS - (rest < 0), .tv_nsec = rest + (rest < 0 ? SECOND_NS : 0) };
}

int64_t timestamp_join(const struct timespec *time) {
        bool before = time->tv_sec < 0; /* counted from the second's end: its start may not fit into 64 bits */
        int64_t ns;

        if (__builtin_mul_overflow((int64_t)time->tv_sec + before, SECOND_NS, &ns) ||
            __builtin_add_overflow(ns, (int64_t)time->tv_nsec - (before ? SECOND_NS : 0), &ns))
                return before ? INT64_MIN : INT64_MAX;
        return ns;
}

int64_t timestamp_now(void) {
        return timestamp_now_ns() / 1000000;
}

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

/* `count` digits as a number; -1 if they are not. */
static int digits(const char *text, int count) {
        int n = 0;

        for (int i = 0; i < count; i++) {
                if (text[i] < '0' || text[i] > '9')
                        return -1;
                n = n * 10 + text[i] - '0';
        }
        return n;
}

/* `YYYY-MM-DD` to its first millisecond; the day must exist. */
static int parse_date(const char *text, int64_t *ret_ms) {
        struct tm tm = { 0 };
        struct tm back;
        time_t seconds;

        if (strnlen(text, 10) < 10 || text[4] != '-' || text[7] != '-')
                return -EINVAL;
        tm.tm_year = digits(text, 4);
        tm.tm_mon = digits(text + 5, 2);
        tm.tm_mday = digits(text + 8, 2);
        if (tm.tm_year < 0 || tm.tm_mon < 1 || tm.tm_mday < 1)
                return -EINVAL;
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        back = tm;
        seconds = timegm(&back);
        if (back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday)
                return -EINVAL;
        *ret_ms = (int64_t)seconds * 1000;
        return 0;
}

/* `hh:mm`, in ms. */
static int parse_minutes(const char *text, int64_t *ret_ms) {
        int hours, minutes;

        if (strnlen(text, 5) < 5 || text[2] != ':')
                return -EINVAL;
        hours = digits(text, 2);
        minutes = digits(text + 3, 2);
        if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
                return -EINVAL;
        *ret_ms = hours * HOUR_MS + minutes * INT64_C(60000);
        return 0;
}

/* `Z` or `+hh:mm`, to the end of the text. */
static int parse_zone(const char *text, int64_t *ret_ms) {
        int r;

        if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
                *ret_ms = 0;
                return 0;
        }
        if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-'))
                return -EINVAL;
        r = parse_minutes(text + 1, ret_ms);
        if (r == 0 && text[0] == '-')
                *ret_ms = -*ret_ms;
        return r;
}

/* `hh:mm:ss[.fraction]` and the zone, to the end of the text. */
static int parse_time(const char *text, int64_t *ret_ms) {
        int64_t ms, zone, scale = 100;
        int seconds, r = parse_minutes(text, &ms);

        if (r < 0 || strnlen(text, 8) < 8 || text[5] != ':')
                return -EINVAL;
        seconds = digits(text + 6, 2);
        if (seconds < 0 || seconds > 60) /* 60: a leap second */
                return -EINVAL;
        ms += seconds * INT64_C(1000);
        text += 8;
        if (*text == '.') {
                if (digits(text + 1, 1) < 0)
                        return -EINVAL;
                for (text++; *text >= '0' && *text <= '9'; text++, scale /= 10)
                        ms += (*text - '0') * scale;
        }
        r = parse_zone(text, &zone);
        if (r == 0)
                *ret_ms = ms - zone;
        return r;
}

/* `+30d`, `+12h`: at most six digits. */
static int parse_span(const char *text, int64_t *ret_ms) {
        size_t n = strlen(text);
        int count;

        if (n < 3 || n > 8 || text[0] != '+' || (text[n - 1] != 'd' && text[n - 1] != 'h'))
                return -EINVAL;
        count = digits(text + 1, (int)n - 2);
        if (count < 0)
                return -EINVAL;
        *ret_ms = count * (text[n - 1] == 'd' ? DAY_MS : HOUR_MS);
        return 0;
}

int timestamp_parse(const char *text, int64_t now, int64_t *ret_ms) {
        int64_t date, rest;
        int r;

        if (text[0] == '+') {
                r = parse_span(text, &rest);
                date = now;
        } else {
                r = parse_date(text, &date);
                rest = DAY_MS - 1;
                if (r == 0 && text[10] != '\0')
                        r = strchr("Tt ", text[10]) ? parse_time(text + 11, &rest) : -EINVAL;
        }
        if (r == 0)
                *ret_ms = date + rest;
        return r;
}

#define MS_LENGTH strlen("YYYY-MM-DDThh:mm:ss.mmm")
#define NS_DIGITS 6 /* after those of the milliseconds */

char *timestamp_format_ns(int64_t ns, char ret_text[static TIMESTAMP_SIZE]) {
        int64_t rest = (ns % MS_NS + MS_NS) % MS_NS;

        (void)timestamp_format(ns / MS_NS - (ns % MS_NS < 0), ret_text); /* returns the text */
        (void)snprintf(ret_text + MS_LENGTH, TIMESTAMP_SIZE - MS_LENGTH, "%06uZ", (unsigned)rest % 1000000);
        return ret_text;
}

int timestamp_parse_ns(const char *text, int64_t *ret_ns) {
        char again[TIMESTAMP_SIZE];
        int64_t ms, ns;
        int rest, r;

        if (strlen(text) != MS_LENGTH + NS_DIGITS + 1 || text[MS_LENGTH + NS_DIGITS] != 'Z')
                return -EINVAL;
        rest = digits(text + MS_LENGTH, NS_DIGITS);
        r = rest < 0 ? -EINVAL : timestamp_parse(text, 0, &ms);
        if (r < 0 || __builtin_mul_overflow(ms + (ms < 0), MS_NS, &ns) || /* its start may not fit into 64 bits */
            __builtin_add_overflow(ns, rest - (ms < 0 ? MS_NS : 0), &ns))
                return -EINVAL;
        if (strcmp(timestamp_format_ns(ns, again), text) != 0) /* timestamp_parse accepts more forms */
                return -EINVAL;
        *ret_ns = ns;
        return 0;
}
