/* SPDX-License-Identifier: MIT
 * The clock, samples of latencies, and fatal errors of the benchmark's programs.
 */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double seconds_now(void) {
        struct timespec t;

        (void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail on Linux */
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

_Noreturn void die(const char *what) {
        (void)fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
        exit(1);
}

int64_t number(const char *text) {
        char *end;
        long long n = strtoll(text, &end, 10);

        if (end == text || *end) {
                errno = EINVAL;
                die(text);
        }
        return n;
}

double fraction(const char *text) {
        char *end;
        double n = strtod(text, &end);

        if (end == text || *end) {
                errno = EINVAL;
                die(text);
        }
        return n;
}

static void grow(struct sample *sample, size_t count) {
        if (count <= sample->room)
                return;
        sample->room = count > 2 * sample->room ? count : 2 * sample->room;
        sample->values = realloc(sample->values, sample->room * sizeof(*sample->values));
        if (!sample->values)
                die("memory");
}

void sample_add(struct sample *sample, double seconds) {
        grow(sample, sample->count + 1);
        sample->values[sample->count++] = seconds < 4 ? (uint32_t)(seconds * 1e9) : UINT32_MAX;
}

void sample_join(struct sample *sample, const struct sample *other) {
        if (other->count == 0)
                return;
        grow(sample, sample->count + other->count);
        memcpy(sample->values + sample->count, other->values, other->count * sizeof(*other->values));
        sample->count += other->count;
}

void sample_free(struct sample *sample) {
        free(sample->values);
        *sample = (struct sample){ 0 };
}

static int compare(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return x < y ? -1 : x > y;
}

void sample_print(struct sample *sample) {
        size_t n = sample->count;

        if (n == 0) {
                (void)printf("\t0\t0\t0");
                return;
        }
        qsort(sample->values, n, sizeof(*sample->values), compare);
        (void)printf("\t%.0f\t%.0f\t%.0f", sample->values[n / 2] / 1e3, sample->values[n - 1 - n / 100] / 1e3,
                     sample->values[n - 1] / 1e3);
}
