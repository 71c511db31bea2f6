/* SPDX-License-Identifier: MIT
 * The monotonic clock, for durations and timeouts. Dates: timestamp.h.
 */
#pragma once

#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define SECOND_NS INT64_C(1000000000)
#define MS_NS INT64_C(1000000)

/* CLOCK_MONOTONIC in nanoseconds: the same in all processes until the machine restarts. */
static inline int64_t clock_ns(void) {
        struct timespec t;

        (void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
        return t.tv_sec * SECOND_NS + t.tv_nsec;
}

/* The moment `ns` (>= 0) nanoseconds from now, for waits on CLOCK_MONOTONIC. */
static inline struct timespec clock_after_ns(int64_t ns) {
        const int64_t then = clock_ns() + ns;

        return (struct timespec){ .tv_sec = then / SECOND_NS, .tv_nsec = then % SECOND_NS };
}

/* Waits for a semaphore by CLOCK_MONOTONIC, whatever is set meanwhile. false: not within so many ms. */
bool clock_wait(sem_t *semaphore, int64_t ms);
