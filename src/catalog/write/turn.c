/* SPDX-License-Identifier: MIT
 * The changes that wait, and whose turn it is to write them: one thread has the turn, and the connection with it.
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
                job = NULL; /* it wants a flush: the next batch */
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

/* Under the lock. The log's copying back goes first: it has waited for the pause between two batches. */
void turn_end(struct catalog *catalog) {
        catalog->writing = false;
        if (catalog->checkpoint_waits)
                (void)pthread_cond_signal(&catalog->checkpoint);
        else if (!STAILQ_EMPTY(&catalog->queue))
                (void)pthread_cond_signal(&catalog->work);
}

/* Takes a change back that nobody has taken yet. */
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
