/* SPDX-License-Identifier: MIT
 * The clock that nobody sets: how long something takes, and until when somebody waits. What day it is: timestamp.h.
 */
#pragma once

#include <stdint.h>
#include <time.h>

#define SECOND_NS INT64_C(1000000000)
#define MS_NS INT64_C(1000000)

/* Nanoseconds since some moment, the same one in all processes until the machine starts again (CLOCK_MONOTONIC). */
static inline int64_t clock_ns(void) {
        struct timespec t;

        (void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
        return t.tv_sec * SECOND_NS + t.tv_nsec;
}

/* The moment so many nanoseconds (>= 0) from now, for those who wait by that clock. */
static inline struct timespec clock_after_ns(int64_t ns) {
        const int64_t then = clock_ns() + ns;

        return (struct timespec){ .tv_sec = then / SECOND_NS, .tv_nsec = then % SECOND_NS };
}
