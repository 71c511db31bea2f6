/* SPDX-License-Identifier: MIT
 * Days of the log as they must be: what reading the whole log gives, beside what is told of each day.
 */
#pragma once

#include "catalog.h"

#define DAY_MS INT64_C(86400000)
#define FIRST 20576 /* 2026-05-03 */
#define DAYS 8

/* Accounts by their ids; zoe is refused before she is made. */
extern const struct caller alice, bob, zoe;

/* Who reads, and up to which event; viewer NULL: all. */
struct log_filter view_of(const struct caller *viewer, int64_t last);

struct sums {
        struct day days[DAYS]; /* from FIRST on; after: the viewer's last event before it */
        int64_t first[DAYS];   /* the viewer's first event of each */
        int64_t last, events;
};
/* What reading the whole log gives. */
struct sums sum_log(struct log_filter filter);

struct lengths {
        int64_t bytes, last, events;
};
/* Adds an event's to the lengths: for catalog_log_lengths. */
int sum_length(const struct log_length *length, void *context);

/* Days listed so far; sums, day: those expected, and which comes next; stop_at: after how many it ends the listing. */
struct listed {
        const struct sums *sums;
        int day, count, stop_at;
};
/* The next one is as expected: for catalog_day_list. */
int check_listed(int64_t number, void *context);

/* Every day, listed and by itself, and the lengths, are what the log gives. Returns how many events. */
int64_t check_view(const struct caller *viewer, int64_t last);
/* The same for all of them, and for the operator as if it were an ordinary account. */
void check_all(int64_t last);
