/* SPDX-License-Identifier: MIT
 * Replays the log: applies its events' effects to an empty catalog. Compares the rows that follow with those of a
 * catalog.
 */
#pragma once

#include "effects/effects.h"

/* A separate catalog, empty at first: in a file at path, or, "": a temporary one, gone when it is closed. It is not
 * flushed to disk unless that is asked for. */
struct replay {
        struct catalog *catalog;
        struct catalog_connection *c;
        void (*progress)(int64_t events, void *context); /* called now and then with the last event read; NULL: none */
        void *context;
        int64_t last; /* event that it has */
};
int replay_open(const char *path, struct replay *ret_replay);
void replay_close(struct replay *replay);

/* Appends the events of another catalog that it does not have yet, and applies their effects. What of an event is not
 * hashed is set anew. Calls failed for an event that cannot be applied: what it is about is missing, it is unknown, or
 * no row may hold what it says. Goes on if that returns 0. */
int replay_log(struct replay *replay, struct catalog_connection *from, int (*failed)(int64_t event, void *context),
               void *context);

/* Reports each row of `is` that is not as in `should`, at most a page of each table. Returns how many, or -errno. */
int compare_rows(struct catalog_connection *is, struct catalog_connection *should,
                 int (*each)(const struct discrepancy *discrepancy, void *context), void *context);
/* The same for an `is` of format 1, or of an earlier revision of format 2, which lacks some columns. */
int compare_format(int64_t format, struct catalog_connection *is, struct catalog_connection *should,
                   int (*each)(const struct discrepancy *discrepancy, void *context), void *context);
