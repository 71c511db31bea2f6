/* SPDX-License-Identifier: MIT
 * The changes that wait, and whose turn it is to write them: one thread has the turn, and the connection with it.
 */
#include "write/write.h"

void turn_queue(struct catalog *catalog, struct pending *job) {
        *catalog->last = job;
        catalog->last = &job->next;
        catalog->waiting += job->flush;
}

struct pending *turn_next(struct catalog *catalog, struct batch *b) {
        struct pending *job;

        (void)pthread_mutex_lock(&catalog->lock);
        if (!b->first)
                b->relaxed = catalog->waiting == 0;
        job = catalog->first;
        if (job && job->flush && b->relaxed)
                job = NULL; /* it wants a flush: the next batch */
        if (job) {
                catalog->first = job->next;
                if (!catalog->first)
                        catalog->last = &catalog->first;
                catalog->waiting -= job->flush;
                job->next = NULL;
                *b->last = job;
                b->last = &job->next;
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
        else if (catalog->first)
                (void)pthread_cond_signal(&catalog->work);
}

/* Takes a change back that nobody has taken yet. */
bool turn_withdraw(struct catalog *catalog, struct pending *job) {
        struct pending **link, *before = NULL;
        bool found;

        (void)pthread_mutex_lock(&catalog->lock);
        for (link = &catalog->first; *link && *link != job; link = &(*link)->next)
                before = *link;
        found = *link != NULL;
        if (found) {
                *link = job->next;
                if (catalog->last == &job->next)
                        catalog->last = before ? &before->next : &catalog->first;
                catalog->waiting -= job->flush;
        }
        (void)pthread_mutex_unlock(&catalog->lock);
        return found;
}
