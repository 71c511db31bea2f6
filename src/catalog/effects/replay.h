/* SPDX-License-Identifier: MIT
 * The log done again: its events' effects in an empty catalog, and what rows follow from it against those there are.
 */
#pragma once

#include "effects/effects.h"

/* A catalog of its own, with a log but no rows yet: in a file at path, or, "": a temporary one, gone when it is closed.
 * Nothing of it is on disk before that is asked for. */
struct replay {
        struct catalog *catalog;
        struct catalog_connection *c;
        void (*progress)(int64_t events, void *context); /* NULL, or hears now and then how many have been read */
        void *context;
};
int replay_open(const char *path, struct replay *ret_replay);
void replay_close(struct replay *replay);

/* Appends the events of another catalog, as they are, and does what they say. failed: hears of an event whose effects
 * cannot be done (-ENOENT: what it is about is not there, or it is unknown), and goes on if that returns 0. */
int replay_log(struct replay *replay, struct catalog_connection *from, int (*failed)(int64_t event, void *context),
               void *context);

/* Tells each row of `is` that is not as in `should`, at most a page of each table: how many, or -errno. */
int compare_rows(struct catalog_connection *is, struct catalog_connection *should,
                 int (*each)(const struct discrepancy *discrepancy, void *context), void *context);
/* The same of a catalog of format 1, which has no columns for some of what the other says. */
int compare_format_1(struct catalog_connection *is, struct catalog_connection *should,
                     int (*each)(const struct discrepancy *discrepancy, void *context), void *context);
