/* SPDX-License-Identifier: MIT
 * RFC 3339 in UTC, and the wall clock.
 */
#include "timestamp.h"

#include <stdio.h>
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

int64_t timestamp_now(void) {
        return timestamp_now_ns() / 1000000;
}
