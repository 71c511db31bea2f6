/* SPDX-License-Identifier: MIT
 * The queue of changes, and the turn to write them: one thread at a time has the turn, and with it the connection.
 */
#include "write/write.h"

void turn_queue(struct catalog *catalog, struct pending *job) {
        STAILQ_INSERT_TAIL(&catalog->queue, job, next);
        catalog->waiting += job->flush;
}

struct pending *turn_next(struct catalog *catalog, struct batch *b) {
        struct pending *job;

        (void)pthread_mutex_lock(&catalog->lock);
        if (STAILQ_EMPTY(&b->jobs))
                b->relaxed = catalog->waiting == 0;
        job = STAILQ_FIRST(&catalog->queue);
        if (job && job->flush && b->relaxed)
                job = NULL; /* it wants a flush: left to the next batch */
        if (job) {
                STAILQ_REMOVE_HEAD(&catalog->queue, next);
                catalog->waiting -= job->flush;
                STAILQ_INSERT_TAIL(&b->jobs, job, next);
        }
        (void)pthread_mutex_unlock(&catalog->lock);
        return job;
}

/* Under the lock. */
bool turn_begin(struct catalog *catalog) {
        if (catalog->writing || catalog->checkpoint_waits)
                return false;
        catalog->writing = true;
        return true;
}

/* Under the lock. A waiting checkpoint goes first: it needs the pause between two batches. */
void turn_end(struct catalog *catalog) {
        catalog->writing = false;
        if (catalog->checkpoint_waits)
                (void)pthread_cond_signal(&catalog->checkpoint);
        else if (!STAILQ_EMPTY(&catalog->queue))
                (void)pthread_cond_signal(&catalog->work);
}

/* Removes a change from the queue; false: a writer has taken it. */
bool turn_withdraw(struct catalog *catalog, struct pending *job) {
        struct pending *waiting;
        bool found;

        (void)pthread_mutex_lock(&catalog->lock);
        STAILQ_FOREACH(waiting, &catalog->queue, next)
                if (waiting == job)
                        break;
        found = waiting != NULL;
        if (found) {
                STAILQ_REMOVE(&catalog->queue, job, pending, next);
                catalog->waiting -= job->flush;
        }
        (void)pthread_mutex_unlock(&catalog->lock);
        return found;
}
