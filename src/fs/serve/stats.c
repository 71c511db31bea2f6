/* SPDX-License-Identifier: MIT
 * What the mount did: each operation counted and timed from its start to its return, and a few counters. Threads share
 * cache lines, but no lock.
 */
#include "serve/serve.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "kernel/kernel.h"

#define BUCKETS 24 /* of microseconds: up to 1, 2, 4 … 2^22, and more */

static const char *const operation_names[OPERATIONS] = {
#define OPERATION(name, parameters, arguments) [OPERATION_##name] = #name,
#include "verbs/operations.def"
#undef OPERATION
};

static const char *const counter_names[STATS_COUNTERS] = {
        [STATS_PASSTHROUGH_OPENS] = "opens_passthrough",
        [STATS_DAEMON_OPENS] = "opens_daemon",
};

struct timing {
        atomic_ullong count, total, longest; /* microseconds */
        atomic_ullong buckets[BUCKETS];
};

struct stats {
        struct timing operations[OPERATIONS];
        atomic_ullong counters[STATS_COUNTERS];
};

struct stats *stats_new(void) {
        return calloc(1, sizeof(struct stats));
}

struct stats *stats_free(struct stats *stats) {
        free(stats);
        return NULL;
}

void stats_count(struct stats *stats, enum stats_counter counter) {
        atomic_fetch_add_explicit(&stats->counters[counter], 1, memory_order_relaxed);
}

static int bucket_of(unsigned long long us) {
        int b = us <= 1 ? 0 : 64 - __builtin_clzll(us - 1);

        return b < BUCKETS ? b : BUCKETS - 1;
}

void stats_took(struct stats *stats, enum operation operation, int64_t began) {
        struct timing *t = &stats->operations[operation];
        unsigned long long us = (unsigned long long)(clock_ns() - began) / 1000, longest = t->longest;

        atomic_fetch_add_explicit(&t->count, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&t->total, us, memory_order_relaxed);
        atomic_fetch_add_explicit(&t->buckets[bucket_of(us)], 1, memory_order_relaxed);
        while (us > longest && !atomic_compare_exchange_weak(&t->longest, &longest, us))
                ;
}

/* The time, in microseconds, that the given share (per mille) stays within: the upper end of a bucket. */
static unsigned long long percentile(const struct timing *t, unsigned long long per_mille) {
        unsigned long long count = 0, all = 0;

        for (int b = 0; b < BUCKETS; b++)
                all += t->buckets[b];
        for (int b = 0; b < BUCKETS; b++) {
                count += t->buckets[b];
                if (count * 1000 >= all * per_mille)
                        return 1ULL << b;
        }
        return 0;
}

/* Numbers separated by commas; node_text checks the stream. */
static void print_numbers(FILE *to, size_t count, unsigned long long number(const void *numbers, size_t i),
                          const void *numbers) {
        for (size_t i = 0; i < count; i++)
                (void)fprintf(to, "%s%llu", i ? "," : "", number(numbers, i));
        (void)fputc('\n', to);
}

static unsigned long long timing_bucket(const void *timing, size_t i) {
        return ((const struct timing *)timing)->buckets[i];
}

static unsigned long long commit_size(const void *stats, size_t i) {
        return ((const struct service_stats *)stats)->sizes[i];
}

static void print_commits(const struct mount *mount, FILE *to) {
        struct service_stats stats;

        service_stats(mount->service, &stats);
        (void)fprintf(to, "commits\t%llu\nchanges\t%llu\nchanges_most\t%llu\nchanges_a_commit\t",
                      (unsigned long long)stats.commits, (unsigned long long)stats.changes,
                      (unsigned long long)stats.largest);
        print_numbers(to, SERVICE_STATS_SIZES, commit_size, &stats);
        (void)fprintf(to, "checkpoints\t%llu\nwal_bytes\t%llu\n", (unsigned long long)stats.checkpoints,
                      (unsigned long long)stats.log_bytes);
}

void stats_print(const struct mount *mount, FILE *to) {
        const struct stats *stats = mount->stats;

        for (enum operation o = 0; o < OPERATIONS; o++) {
                const struct timing *t = &stats->operations[o];

                (void)fprintf(to, "%s\t%llu\t%llu\t%llu\t%llu\t%llu\t", operation_names[o], t->count, t->total,
                              t->count ? percentile(t, 500) : 0, t->count ? percentile(t, 990) : 0, t->longest);
                print_numbers(to, BUCKETS, timing_bucket, t);
        }
        for (enum stats_counter c = 0; c < STATS_COUNTERS; c++)
                (void)fprintf(to, "%s\t%llu\n", counter_names[c], stats->counters[c]);
        print_commits(mount, to);
        (void)fprintf(to, "invalidations\t%lld\n",
                      (long long)(mount->notifier ? notifier_sent(mount->notifier) : 0));
}
