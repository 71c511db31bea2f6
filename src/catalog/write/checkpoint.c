/* SPDX-License-Identifier: MIT
 * Keeps the write-ahead log short. A thread copies it back into the catalog's file while others write on, then, in a
 * pause between two batches, the little that has come meanwhile, so that the log begins again. SQLite's own way would
 * make the change that fills the log wait for all of it. Every process that writes does this, so that nobody depends on
 * a daemon; the last one that closes copies all and removes the log, as SQLite does.
 */
#include "write/write.h"

#define FRAMES 2048     /* pages in the log, 8 MiB, that are worth a copy */
#define PAUSE_FRAMES 512 /* as many may be left for the pause */
#define PASSES 4        /* to come that near */
#define PAUSE_TRIES 20  /* of busy(), 100 us each: for readers that began before the last change */

/* Copies what no reader still needs as it is; what is left then. */
static int64_t checkpoint_copy(struct catalog *catalog, struct catalog_connection *c, int mode) {
        int frames, copied, r;
        int64_t left;

        r = sqlite_error(c->db, sqlite3_wal_checkpoint_v2(c->db, NULL, mode, &frames, &copied));
        (void)pthread_mutex_lock(&catalog->lock);
        catalog->stats.checkpoints += r == 0;
        if (r == 0)
                catalog->copied = copied;
        left = catalog->stats.log_pages - catalog->copied;
        (void)pthread_mutex_unlock(&catalog->lock);
        return left;
}

/* The rest, while nobody writes here: behind it the log begins again. */
static void copy_rest(struct catalog *catalog, struct catalog_connection *c) {
        (void)pthread_mutex_lock(&catalog->lock);
        catalog->checkpoint_waits = true;
        while (catalog->writing)
                (void)pthread_cond_wait(&catalog->checkpoint, &catalog->lock);
        catalog->checkpoint_waits = false;
        catalog->writing = true;
        (void)pthread_mutex_unlock(&catalog->lock);
        (void)checkpoint_copy(catalog, c, SQLITE_CHECKPOINT_RESTART); /* where a reader stays for long, the next round does it */
        (void)pthread_mutex_lock(&catalog->lock);
        turn_end(catalog);
        (void)pthread_mutex_unlock(&catalog->lock);
}

static void copy_back(struct catalog *catalog, struct catalog_connection **c) {
        int64_t left = PAUSE_FRAMES + 1;

        if (!*c && connection_open(catalog, true, c) < 0)
                return;
        (*c)->tries = PAUSE_TRIES;
        for (int i = 0; i < PASSES && left > PAUSE_FRAMES; i++)
                left = checkpoint_copy(catalog, *c, SQLITE_CHECKPOINT_PASSIVE);
        if (left > 0)
                copy_rest(catalog, *c);
}

static void *checkpoint_main(void *argument) {
        struct catalog *catalog = argument;
        struct catalog_connection *c = NULL;

        (void)pthread_mutex_lock(&catalog->lock);
        for (;;) {
                while (!catalog->checkpoint_wanted && !catalog->checkpoint_stops)
                        (void)pthread_cond_wait(&catalog->checkpoint, &catalog->lock);
                if (!catalog->checkpoint_wanted)
                        break;
                (void)pthread_mutex_unlock(&catalog->lock);
                copy_back(catalog, &c);
                (void)pthread_mutex_lock(&catalog->lock);
                catalog->checkpoint_wanted = false;
                catalog->looked = catalog->stats.log_pages;
        }
        (void)pthread_mutex_unlock(&catalog->lock);
        (void)connection_close(c); /* returns NULL */
        return NULL;
}

int checkpoint_restart(struct catalog_connection *c) {
        return sqlite_error(c->db, sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL));
}

void checkpoint_consider(struct catalog *catalog) {
        int64_t pages = catalog->connection ? catalog->connection->frames : 0;

        if (pages < catalog->stats.log_pages) /* it has begun again */
                catalog->copied = catalog->looked = 0;
        catalog->stats.log_pages = pages;
        if (pages - catalog->looked < FRAMES || catalog->checkpoint_wanted)
                return;
        if (!catalog->has_checkpoint) /* where that fails, the next change tries again */
                catalog->has_checkpoint = pthread_create(&catalog->checkpointer, NULL, checkpoint_main, catalog) == 0;
        catalog->checkpoint_wanted = catalog->has_checkpoint;
        (void)pthread_cond_signal(&catalog->checkpoint);
}

void checkpoint_stop(struct catalog *catalog) {
        if (!catalog->has_checkpoint)
                return;
        (void)pthread_mutex_lock(&catalog->lock);
        catalog->checkpoint_stops = true;
        (void)pthread_cond_signal(&catalog->checkpoint);
        (void)pthread_mutex_unlock(&catalog->lock);
        (void)pthread_join(catalog->checkpointer, NULL); /* it is joinable and not ourselves */
        catalog->has_checkpoint = false;
}
