/* SPDX-License-Identifier: MIT
 * Writes changes. They queue up (turn.c). A caller that finds nobody writing takes all that wait and writes them at
 * once (batch.c), in its own thread, which saves two wake-ups. Changes that come meanwhile are left to the writer's
 * thread, so that a caller is not kept writing for others once its own change is done. catalog_post() never writes in
 * its caller's thread.
 */
#include "clock.h"
#include "write/write.h"

/* If another process holds the catalog's lock, the first 48 callers wait up to 20 s, which leaves some threads free.
 * Further ones give up after 1 s, far longer than a disk takes. */
#define PATIENT_MAX 48
#define IMPATIENT_MS 1000

static void writer_count(struct catalog *catalog, const struct batch *b) {
        struct catalog_stats *stats = &catalog->stats;
        size_t size = 0;

        for (const struct pending *job = b->first_done; job; job = STAILQ_NEXT(job, next))
                size += job->result == 0;
        if (size == 0)
                return;
        stats->commits++;
        stats->changes += size;
        stats->largest = size > stats->largest ? size : stats->largest;
        for (size_t i = 0; i < CATALOG_STATS_SIZES; i++)
                if (size >> i == 1 || i + 1 == CATALOG_STATS_SIZES) {
                        stats->sizes[i]++;
                        break;
                }
}

/* Answers all; a job that is waited for is gone once its semaphore is posted. */
static void writer_answer(struct batch *b) {
        struct pending *job;

        while ((job = STAILQ_FIRST(&b->jobs))) {
                STAILQ_REMOVE_HEAD(&b->jobs, next);
                if (job->wake) {
                        (void)sem_post(job->wake); /* no overflow: it is posted once */
                } else {
                        origin_set(job->origin);
                        if (job->done)
                                job->done(job->context, job->result);
                        free(job);
                }
        }
}

static void write_batch(struct catalog *catalog) {
        struct batch b = { .jobs = STAILQ_HEAD_INITIALIZER(b.jobs) };

        batch_run(catalog, &b);
        (void)pthread_mutex_lock(&catalog->lock);
        writer_count(catalog, &b);
        (void)pthread_mutex_unlock(&catalog->lock);
        writer_answer(&b);
}

static void *writer_main(void *argument) {
        struct catalog *catalog = argument;

        (void)pthread_mutex_lock(&catalog->lock);
        while (!STAILQ_EMPTY(&catalog->queue) || !catalog->stopping) {
                if (STAILQ_EMPTY(&catalog->queue) || !turn_begin(catalog)) {
                        (void)pthread_cond_wait(&catalog->work, &catalog->lock);
                        continue;
                }
                (void)pthread_mutex_unlock(&catalog->lock);
                write_batch(catalog);
                (void)pthread_mutex_lock(&catalog->lock);
                checkpoint_consider(catalog);
                turn_end(catalog);
        }
        (void)pthread_mutex_unlock(&catalog->lock);
        return NULL;
}

int writer_start(struct catalog *catalog) {
        int r = pthread_create(&catalog->writer, NULL, writer_main, catalog);

        catalog->has_writer = r == 0;
        return -r;
}

void writer_stop(struct catalog *catalog) {
        if (!catalog->has_writer)
                return;
        (void)pthread_mutex_lock(&catalog->lock);
        catalog->stopping = true;
        (void)pthread_cond_signal(&catalog->work);
        (void)pthread_mutex_unlock(&catalog->lock);
        (void)pthread_join(catalog->writer, NULL); /* it is joinable, and not this thread */
        checkpoint_stop(catalog);
        checkpoint_shorten(catalog);
        catalog->connection = connection_close(catalog->connection);
        catalog->has_writer = false;
}

/* Writes until the caller's job is answered: a batch may be full before that job's turn comes. */
static void writer_lead(struct catalog *catalog, sem_t *wake) {
        do
                write_batch(catalog);
        while (sem_trywait(wake) < 0);
        (void)pthread_mutex_lock(&catalog->lock);
        checkpoint_consider(catalog);
        turn_end(catalog);
        (void)pthread_mutex_unlock(&catalog->lock);
}

/* Waits until another thread has written the change. An impatient caller may withdraw it: -EAGAIN. */
static void follow(struct catalog *catalog, struct pending *job) {
        const bool patient = catalog->followers++ < PATIENT_MAX;
        bool done = !patient && clock_wait(job->wake, IMPATIENT_MS);

        if (!patient && !done && turn_withdraw(catalog, job)) {
                job->result = -EAGAIN;
                done = true;
        }
        while (!done)
                done = sem_wait(job->wake) == 0; /* else a signal interrupted it */
        catalog->followers--;
}

int catalog_write(struct catalog *catalog, catalog_run run, void *context) {
        return catalog_write_for(catalog, 0, run, context);
}

int catalog_write_for(struct catalog *catalog, int64_t account, catalog_run run, void *context) {
        struct pending job = { .account = account, .run = run, .context = context, .flush = true };
        sem_t wake;
        bool leading;

        if (!catalog->has_writer || catalog->frozen)
                return -EROFS;
        (void)sem_init(&wake, 0, 0); /* cannot fail for these values */
        job.wake = &wake;
        (void)pthread_mutex_lock(&catalog->lock);
        turn_queue(catalog, &job);
        leading = turn_begin(catalog);
        (void)pthread_mutex_unlock(&catalog->lock);
        if (leading)
                writer_lead(catalog, &wake);
        else
                follow(catalog, &job);
        (void)sem_destroy(&wake); /* nobody waits any more */
        origin_set(job.origin);
        return job.result;
}

static struct pending *pending_new(catalog_run run, void *context, void (*done)(void *context, int r)) {
        struct pending *job = malloc(sizeof(*job));

        if (job)
                *job = (struct pending){ .run = run, .context = context, .done = done };
        return job;
}

int catalog_post(struct catalog *catalog, catalog_run run, void *context, void (*done)(void *context, int r)) {
        struct pending *job;

        if (!catalog->has_writer || catalog->frozen)
                return -EROFS;
        job = pending_new(run, context, done);
        if (!job)
                return -ENOMEM;
        (void)pthread_mutex_lock(&catalog->lock);
        turn_queue(catalog, job);
        if (!catalog->writing)
                (void)pthread_cond_signal(&catalog->work);
        (void)pthread_mutex_unlock(&catalog->lock);
        return 0;
}

void catalog_freeze(struct catalog *catalog) {
        catalog->frozen = true;
}

void catalog_stats(struct catalog *catalog, struct catalog_stats *ret_stats) {
        (void)pthread_mutex_lock(&catalog->lock);
        *ret_stats = catalog->stats;
        (void)pthread_mutex_unlock(&catalog->lock);
}
