/* SPDX-License-Identifier: MIT
 * The log's clock (CONTRACT 5.4): the machine's while that is right, never before the last event's time, and going on
 * by itself while the machine's is doubted.
 */
#pragma once

#include "connection.h"

struct log_clock {
        struct instant now;
        int64_t last; /* the last event's time */
        int64_t log;  /* the log's clock: spans begin at it, events happen at it */
        int64_t due;  /* shares that expire until then are dead: by the log's clock or the machine's */
        int64_t over; /* and those that expire until then may be ended by events: in doubt none, INT64_MIN */
        bool doubted;
        int64_t ahead; /* by how much the clock was ahead when the log began to doubt it, 0: it does not; below 0: behind */
        bool set; /* an operator has set it, in this boot */
};

/* What the clock is held against; from now on. */
struct anchor log_clock_anchor(const struct catalog *catalog);
void log_clock_hold(struct catalog *catalog, const struct anchor *anchor);
/* What the clock is held against, read or made, for a catalog that is being opened. */
int log_clock_open(struct catalog_connection *c);
/* For a copy of the catalog that is being made, which is no file yet, or has none beside it. */
void log_clock_copy(const struct catalog *from, struct catalog *to);
/* Reads all of it. Another process may have begun to trust another clock: that is seen as long as this one is in doubt,
 * and by catalog_clock_stale. */
int log_clock_read(struct catalog_connection *c, struct log_clock *ret_clock);
/* The clock as of the catalog's moment, whose event is known: where the events' times stood still because an operator
 * had set the clock back, it is the time that he set. */
int log_clock_then(struct catalog_connection *c, int64_t *time);
/* As log_clock_read, but what the log says is not known, for who knows the last event's time: mostly without looking
 * anything up. */
int log_clock_quick(struct catalog_connection *c, int64_t last, struct log_clock *ret_clock);
