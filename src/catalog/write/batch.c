/* SPDX-License-Identifier: MIT
 * Writes all waiting changes in one transaction: each is done or undone by itself, then one flush serves all of them.
 * The calling thread has the writer's turn. writer.c answers the callers.
 */
#include "clock.h"
#include "log/log.h"
#include "memo.h"
#include "write/room.h"
#include "write/write.h"

#define BATCH_NS 10000000 /* a transaction takes no more changes after this time: other processes write too */

static bool in_transaction(const struct catalog_connection *c) {
        return !sqlite3_get_autocommit(c->db);
}

static void job_set_result(struct pending *job, int r) {
        job->result = r;
        if (r < 0)
                job->origin = origin_get();
}

/* Rolls back. A connection that cannot is closed: it would keep all others from writing. */
static void rollback(struct catalog *catalog) {
        struct catalog_connection *c = catalog->connection;

        if (in_transaction(c))                        /* SQLite rolls back by itself after some errors */
                (void)statement_run(c, S_ROLLBACK, ""); /* a failure shows in the next check */
        if (in_transaction(c))
                catalog->connection = connection_close(c);
}

/* The changes cannot be committed: what was decided on top of them is void as well. */
static void batch_fail(struct batch *b, int error) {
        for (struct pending *job = b->first_done; job; job = STAILQ_NEXT(job, next))
                job_set_result(job, error);
        b->first_done = NULL;
}

/* Posted changes alone are not worth a flush: the next batch flushes them. Within a transaction the pragma would have
 * no effect. */
static int set_level(struct catalog_connection *c, bool relaxed) {
        int r;

        if (c->catalog->flags & CATALOG_NOT_DURABLE || c->relaxed == relaxed)
                return 0;
        r = connection_run(c, relaxed ? "PRAGMA synchronous = normal" : "PRAGMA synchronous = full");
        if (r == 0)
                c->relaxed = relaxed;
        return r;
}

/* Begins a transaction, on a fresh connection if there is none. */
static int batch_begin(struct catalog *catalog, bool relaxed) {
        struct catalog_connection **c = &catalog->connection;
        int r = 0;

        if (!*c)
                r = connection_open(catalog, true, c);
        if (r == 0)
                r = set_level(*c, relaxed);
        if (r == 0 && catalog->suspect)
                r = checkpoint_restart(*c);
        if (r == 0) {
                catalog->suspect = false;
                (*c)->room = ROOM_UNKNOWN;
                room_prepare(*c);
                (*c)->first_event = (*c)->last_event = 0;
                (*c)->chain.id = 0;
                r = statement_run(*c, S_BEGIN, "");
        }
        if (r >= 0)
                memo_write_begin(*c);
        return r < 0 ? r : 0;
}

/* Runs a change in a savepoint, after others in the transaction. Returns what `run` returns; ret_lost: -errno if the
 * savepoint could not be made or ended. */
static int run_behind(struct catalog_connection *c, const struct pending *job, int *ret_lost) {
        int r = 0, e = statement_run(c, S_SAVEPOINT, "");

        if (e >= 0) {
                r = job->run(c, job->context);
                e = r == 0 ? 0 : statement_run(c, S_ROLLBACK_TO, "");
        }
        if (e >= 0)
                e = statement_run(c, S_RELEASE, "");
        *ret_lost = e < 0 ? e : 0;
        return r;
}

/* The first change needs no savepoint: the transaction is its own. Negative: the transaction is lost, with all changes
 * in it. */
static int run_one(struct catalog *catalog, struct batch *b, struct pending *job) {
        struct catalog_connection *c = catalog->connection;
        int64_t first = c->first_event, last = c->last_event;
        int lost = 0;

        origin_forget();
        job_set_result(job, b->first_done ? run_behind(c, job, &lost) : job->run(c, job->context));
        if (job->result != 0) {
                c->first_event = first;
                c->last_event = last;
                c->chain.id = c->chain.actor = 0;
        }
        if (lost == 0 && !in_transaction(c))
                lost = job->result < 0 ? job->result : ORIGIN(-EIO);
        if (lost < 0) {
                job_set_result(job, lost);
                batch_fail(b, lost);
                return lost;
        }
        if (job->result == 0 && !b->first_done)
                b->first_done = job;
        if (!b->first_done)
                rollback(catalog); /* no change succeeded so far: nothing of the attempts may stay */
        return 0;
}

/* All of a failed commit may be in the log, only not flushed: recovery would find it done. So an empty commit takes its
 * place. Refusals not flushed before may be lost too, and recovery finds nothing behind such a gap. So the log is
 * restarted before anything is acknowledged again. */
static void bury(struct catalog *catalog) {
        if (batch_begin(catalog, false) == 0 && schema_same(catalog->connection) == 0)
                (void)statement_run(catalog->connection, S_COMMIT, ""); /* flushed or not, it is in the log */
        if (catalog->connection)
                rollback(catalog);
        catalog->suspect = true;
}

static void batch_commit(struct catalog *catalog, struct batch *b) {
        struct catalog_connection *c = catalog->connection;
        int r = indexed_consider(c);

        if (r == 0)
                r = home_look(catalog, true);
        const bool ready = r == 0;

        own_events(catalog, c->first_event, c->last_event, true); /* before any reader can see them */
        if (ready) {
                memo_commit_begin(c);
                r = statement_run(c, S_COMMIT, "");
                memo_commit_end(c, r >= 0);
        }
        if (r < 0) {
                c->indexed = c->chain.actor = 0; /* no longer known */
                own_events(catalog, c->first_event, c->last_event, false);
                batch_fail(b, r);
                rollback(catalog);
                if (ready)
                        bury(catalog);
                if (catalog->connection && home_can_be_saved(catalog)) /* the log's descriptor is all there is of it */
                        (void)connection_run(catalog->connection, "PRAGMA wal_checkpoint(passive)");
        } else {
                own_committed(catalog);
        }
}

void batch_run(struct catalog *catalog, struct batch *b) {
        const int64_t until = clock_ns() + BATCH_NS;
        struct pending *job;
        int r = 0;

        while ((r < 0 || clock_ns() < until) && (job = turn_next(catalog, b))) {
                if (r == 0 && !b->first_done)
                        r = batch_begin(catalog, b->relaxed);
                if (r < 0)
                        job_set_result(job, r); /* the transaction could not begin */
                else if (run_one(catalog, b, job) < 0)
                        break;
        }
        if (b->first_done)
                batch_commit(catalog, b);
        if (catalog->connection)
                rollback(catalog);
}
