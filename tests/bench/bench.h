/* SPDX-License-Identifier: MIT
 * Shared by the benchmark's programs: the clock, samples of latencies, names. They print numbers, one line per run,
 * separated by tabs; the function that prints a number explains it. Any failure ends the program with 1.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

/* Seconds of the monotonic clock. */
double seconds_now(void);
/* Ends the program with a message: what failed, and errno's text. */
_Noreturn void die(const char *what);
/* Parses a number of the command line, or ends the program. */
int64_t number(const char *text);
double fraction(const char *text);

/* Latencies, in nanoseconds; grows as needed. */
struct sample {
        uint32_t *values;
        size_t count, room;
};
void sample_add(struct sample *sample, double seconds);
void sample_join(struct sample *sample, const struct sample *other);
/* Prints p50, p99 and the maximum, in microseconds, each after a tab. Sorts. */
void sample_print(struct sample *sample);
void sample_free(struct sample *sample);
#define _cleanup_sample_ _cleanup_(sample_free)

/* The names in catalogs and null servers. */
#define BENCH_NAME 32
void image_name(int64_t image, char ret_name[static BENCH_NAME]);
void account_name(int64_t account, char ret_name[static BENCH_NAME]);
/* Account j (0 to shares - 1) that image i is shared with. They are neighbours of the image's: real sharing is not
 * random, and a catalog of ten million shares must be made in minutes. j = shares: an account without a share. */
struct shape {
        int64_t images, shares, accounts;
};
int64_t shape_account(const struct shape *shape, int64_t image, int64_t j);

/* The next random number; state is not 0. */
static inline uint64_t random_next(uint64_t *state) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        return *state;
}
