/* SPDX-License-Identifier: MIT
 * The one writer: a thread with a connection of its own that takes changes off a queue, one transaction each.
 * Other processes write too, so each transaction begins by taking the write lock.
 */
#include "internal.h"

struct job {
        catalog_run run;
        void *context;
        void (*done)(void *context, int r); /* of a posted job, which nobody waits for */
        bool posted;
        bool finished;
        int result;
        pthread_cond_t *wake;
        struct job *next;
};

static void rollback(struct catalog_connection *c) {
        if (!sqlite3_get_autocommit(c->db))                /* SQLite rolls back by itself after some errors */
                (void)connection_run(c, "ROLLBACK"); /* seen by the next look at autocommit */
}

static int transaction(struct catalog_connection *c, const struct job *job) {
        int r = connection_run(c, "BEGIN IMMEDIATE");

        if (r < 0)
                return r;
        r = job->run(c, job->context);
        if (r == 0)
                r = connection_run(c, "COMMIT");
        if (r != 0)
                rollback(c);
        return r;
}

/* A posted job is not worth a flush: it goes to the disk with the next change. */
static int relaxed_transaction(struct catalog_connection *c, const struct job *job) {
        int r = connection_run(c, "PRAGMA synchronous = normal");

        if (r < 0)
                return r;
        r = transaction(c, job);
        if (!(c->catalog->flags & CATALOG_NOT_DURABLE)) {
                int e = connection_run(c, "PRAGMA synchronous = full");

                r = e < 0 ? e : r;
        }
        return r;
}

/* Runs one job, on a fresh connection if the last one is stuck in a transaction it cannot roll back. */
static int perform(struct catalog *catalog, struct catalog_connection **connection, const struct job *job) {
        int r;

        if (*connection && !sqlite3_get_autocommit((*connection)->db))
                *connection = connection_close(*connection);
        if (!*connection) {
                r = connection_open(catalog, true, connection);
                if (r < 0)
                        return r;
        }
        return job->posted ? relaxed_transaction(*connection, job) : transaction(*connection, job);
}

static void finish(struct catalog *catalog, struct job *job, int r) {
        if (job->posted) {
                if (job->done)
                        job->done(job->context, r);
                free(job);
                return;
        }
        (void)pthread_mutex_lock(&catalog->lock);
        job->result = r;
        job->finished = true;
        (void)pthread_cond_signal(job->wake);
        (void)pthread_mutex_unlock(&catalog->lock);
}

static void *writer_main(void *argument) {
        struct catalog *catalog = argument;
        struct catalog_connection *c = NULL;

        for (;;) {
                struct job *job;

                (void)pthread_mutex_lock(&catalog->lock);
                while (!catalog->first && !catalog->stopping)
                        (void)pthread_cond_wait(&catalog->work, &catalog->lock);
                job = catalog->first;
                if (job) {
                        catalog->first = job->next;
                        if (!catalog->first)
                                catalog->last = &catalog->first;
                }
                (void)pthread_mutex_unlock(&catalog->lock);
                if (!job)
                        break;
                finish(catalog, job, perform(catalog, &c, job));
        }
        (void)connection_close(c); /* returns NULL */
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
        (void)pthread_join(catalog->writer, NULL); /* it is joinable and not ourselves */
        catalog->has_writer = false;
}

static void queue(struct catalog *catalog, struct job *job) {
        *catalog->last = job;
        catalog->last = &job->next;
        (void)pthread_cond_signal(&catalog->work);
}

int catalog_write(struct catalog *catalog, catalog_run run, void *context) {
        pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
        struct job job = { .run = run, .context = context, .wake = &wake };

        if (!catalog->has_writer)
                return -EROFS;
        (void)pthread_mutex_lock(&catalog->lock);
        queue(catalog, &job);
        while (!job.finished)
                (void)pthread_cond_wait(&wake, &catalog->lock);
        (void)pthread_mutex_unlock(&catalog->lock);
        (void)pthread_cond_destroy(&wake);
        return job.result;
}

int catalog_post(struct catalog *catalog, catalog_run run, void *context, void (*done)(void *context, int r)) {
        struct job *job;

        if (!catalog->has_writer)
                return -EROFS;
        job = malloc(sizeof(*job));
        if (!job)
                return -ENOMEM;
        *job = (struct job){ .run = run, .context = context, .done = done, .posted = true };
        (void)pthread_mutex_lock(&catalog->lock);
        queue(catalog, job);
        (void)pthread_mutex_unlock(&catalog->lock);
        return 0;
}
