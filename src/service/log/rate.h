/* SPDX-License-Identifier: MIT
 * Rate limits: an allowance of so many at once that comes back at so many a minute. Pure but for the clock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

struct rate {
        int64_t at_once, a_minute;
};

/* The rate_now() when all of it will have come back; 0: it is whole. */
struct allowance {
        int64_t whole;
};

/* Milliseconds of the monotonic clock. */
static inline int64_t rate_now(void) {
        return clock_ns() / MS_NS;
}

static inline bool allowance_whole(const struct allowance *a, int64_t now) {
        return a->whole <= now;
}

/* Is there one left? */
static inline bool allowance_left(const struct allowance *a, const struct rate *rate, int64_t now) {
        return allowance_whole(a, now) || a->whole - now <= (rate->at_once - 1) * 60000 / rate->a_minute;
}

/* Uses one, even if none is left. */
static inline void allowance_spend(struct allowance *a, const struct rate *rate, int64_t now) {
        a->whole = (allowance_whole(a, now) ? now : a->whole) + 60000 / rate->a_minute;
}
