/* SPDX-License-Identifier: MIT
 * What days of the log must be: sums from reading the whole log, compared with what the catalog says of each day.
 */
#pragma once

#include "catalog.h"

#define DAY_MS INT64_C(86400000)
#define FIRST 20576 /* 2026-05-03 */
#define DAYS 8

/* Accounts with their ids; zoe is refused something before her account exists. */
extern const struct caller alice, bob, zoe;

/* The view of a reader up to an event; viewer NULL: everything. */
struct log_filter view_of(const struct caller *viewer, int64_t last);

struct sums {
        struct day days[DAYS]; /* from FIRST on; after: the viewer's last event before the day */
        int64_t first[DAYS];   /* the viewer's first event of each day */
        int64_t last, events;
};
/* Sums up the whole log. */
struct sums sum_log(struct log_filter filter);

struct lengths {
        int64_t bytes, last, events;
};
/* For catalog_log_lengths: adds an event to the lengths. */
int sum_length(const struct log_length *length, void *context);

/* State of a listing: sums and day say which days are expected and which comes next; the listing ends after stop_at of
 * them. */
struct listed {
        const struct sums *sums;
        int day, count, stop_at;
};
/* For catalog_day_list: checks that the next day is the expected one. */
int check_listed(int64_t number, void *context);

/* Checks every day, from the list and alone, and the lengths, against the log. Returns the number of events. */
int64_t check_view(const struct caller *viewer, int64_t last);
/* Checks all accounts' views, and the operator's as if it were an ordinary account. */
void check_all(int64_t last);
