/* SPDX-License-Identifier: MIT
 * The queue of changes, and the turn to write them: one thread at a time has the turn, and with it the connection.
 * Accounts whose changes wait share the transactions (CONTRACT 5.9).
 */
#include <limits.h>

#include "write/write.h"

/* Changes of an account in one transaction, while others have some, too. With one, two accounts would share each flush
 * with nobody else of theirs; with eight, one client beside 256 has half of what it has now. */
#define TURN_CHANGES 2

void turn_queue(struct catalog *catalog, struct pending *job) {
        STAILQ_INSERT_TAIL(&catalog->queue, job, next);
        catalog->waiting += job->flush;
}

/* The account's count in the batch; NULL: there is no more room for one. */
static int *share_of(struct batch *b, int64_t account) {
        int i = 0;

        while (i < b->accounts && b->shares[i].account != account)
                i++;
        if (i == BATCH_ACCOUNTS)
                return NULL;
        if (i == b->accounts) {
                b->shares[i].account = account;
                b->shares[i].changes = 0;
                b->accounts++;
        }
        return &b->shares[i].changes;
}

/* The first waiting change of the account that has the fewest in the batch. As long as one account is alone it goes on;
 * if others are there, it leaves its further changes to the next batch, which is their turn, too. */
static struct pending *turn_choose(struct catalog *catalog, struct batch *b) {
        struct pending *job, *best = NULL;
        int *share, fewest = INT_MAX;

        STAILQ_FOREACH(job, &catalog->queue, next) {
                share = share_of(b, job->account);
                if ((share ? *share : 0) < fewest) {
                        best = job;
                        fewest = share ? *share : 0;
                }
                if (fewest == 0)
                        break;
        }
        return fewest >= TURN_CHANGES && b->accounts > 1 ? NULL : best;
}

struct pending *turn_next(struct catalog *catalog, struct batch *b) {
        struct pending *job;
        int *share;

        (void)pthread_mutex_lock(&catalog->lock);
        if (STAILQ_EMPTY(&b->jobs))
                b->relaxed = catalog->waiting == 0;
        job = turn_choose(catalog, b);
        if (job && job->flush && b->relaxed)
                job = NULL; /* it wants a flush: left to the next batch */
        if (job) {
                STAILQ_REMOVE(&catalog->queue, job, pending, next);
                catalog->waiting -= job->flush;
                STAILQ_INSERT_TAIL(&b->jobs, job, next);
                share = share_of(b, job->account);
                if (share)
                        (*share)++;
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
