/* SPDX-License-Identifier: MIT
 * Changes written: callers and the writer's thread (writer.c), a transaction for all that wait (batch.c), checkpoints
 * of the log (checkpoint.c), who has the turn (turn.c), which events are this process's own (own.c). Each of these
 * files calls only later ones.
 */
#pragma once

#include "connection.h"

/* Marks events as this process's own: before their transaction commits, and not own again if that fails. */
void own_events(struct catalog *catalog, int64_t first, int64_t last, bool own);
/* Whether an event is this process's own. An old one may be forgotten: false. */
bool own_event(struct catalog *catalog, int64_t id);
/* Call it after each commit: it calls what own_watch() has set. */
void own_committed(struct catalog *catalog);
/* Has `committed` called after each commit of this process, under the lock. NULL: no more, and no call is under way
 * when this returns. */
void own_watch(struct catalog *catalog, void (*committed)(void *context), void *context);

int writer_start(struct catalog *catalog);
void writer_stop(struct catalog *catalog);
/* --- turn.c --- */

/* Under the lock: queues a change; takes the turn if it is free; gives it up and wakes a waiting thread. */
void turn_queue(struct catalog *catalog, struct pending *job);
bool turn_begin(struct catalog *catalog);
void turn_end(struct catalog *catalog);
/* Removes a change from the queue; false: a writer has taken it. */
bool turn_withdraw(struct catalog *catalog, struct pending *job);

#define BATCH_ACCOUNTS 64 /* that take turns in a transaction; what others have there is not counted */

/* Changes of one transaction, in order. */
struct batch {
        struct {
                int64_t account;
                int changes;
        } shares[BATCH_ACCOUNTS];
        int accounts;
        struct pending_queue jobs;
        struct pending *first_done; /* from here on all depend on the commit */
        bool relaxed;           /* only posted ones: no flush */
};
/* Takes waiting changes, all or for some 10 ms, and commits them; every job has its result then. */
void batch_run(struct catalog *catalog, struct batch *b);
/* turn.c: moves the next waiting change to the batch, of the account that has the fewest in it. NULL: none, or all
 * accounts that wait have had their share. */
struct pending *turn_next(struct catalog *catalog, struct batch *b);

#define ROOM_TRIES 20 /* of busy(), 100 us each: how long a checkpoint in a pause waits for readers that began before */

/* Copies all of the log back, so that the next change restarts it. -EAGAIN: a reader stays long. */
int checkpoint_restart(struct catalog_connection *c);
/* Under the lock, with the writer's turn: starts a checkpoint if the log has grown. */
void checkpoint_consider(struct catalog *catalog);
void checkpoint_stop(struct catalog *catalog);
/* Before the writer ends: a log that stays must not be long, as who opens it next goes through it. */
void checkpoint_shorten(struct catalog *catalog);
