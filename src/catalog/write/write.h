/* SPDX-License-Identifier: MIT
 * Changes written: who has the turn (turn.c), a transaction for all that wait (batch.c), the log copied back (checkpoint.c),
 * which events are this process's own (own.c). From writer.c down, each calls only what stands below it.
 */
#pragma once

#include "connection.h"

/* The events of a transaction are this process's: said before it commits, and taken back if it does not. */
void own_events(struct catalog *catalog, int64_t first, int64_t last, bool own);
/* Whether an event is. At worst no for one long ago. */
bool own_event(struct catalog *catalog, int64_t id);
/* A transaction has been committed here. */
void own_committed(struct catalog *catalog);
/* Calls committed after each transaction of this process; NULL: no more, and none is under way when this returns. */
void own_watch(struct catalog *catalog, void (*committed)(void *context), void *context);

int writer_start(struct catalog *catalog);
void writer_stop(struct catalog *catalog);
/* --- turn.c --- */

/* Under the lock: a change waits; takes the writer's turn if nobody has it; gives it to who waits for it. */
void turn_queue(struct catalog *catalog, struct pending *job);
bool turn_begin(struct catalog *catalog);
void turn_end(struct catalog *catalog);
/* Takes a change back that nobody has taken yet. */
bool turn_withdraw(struct catalog *catalog, struct pending *job);

/* Changes of one transaction, in order. */
struct batch {
        struct pending_queue jobs;
        struct pending *first_done; /* all from here are as good as the commit */
        bool relaxed;           /* only posted ones */
};
/* Takes what waits, to the end or for some 10 ms, and commits it; every job has its result then. */
void batch_run(struct catalog *catalog, struct batch *b);
/* turn.c: the next one that waits, now in the batch; NULL. */
struct pending *turn_next(struct catalog *catalog, struct batch *b);

/* Copies back all of it at once, and has the next change begin it anew. -EAGAIN: somebody reads for long. */
int checkpoint_restart(struct catalog_connection *c);
/* Under the lock, with the writer's turn: has the log copied back if it has grown. */
void checkpoint_consider(struct catalog *catalog);
void checkpoint_stop(struct catalog *catalog);
