/* SPDX-License-Identifier: MIT
 * Keeps the write-ahead log short. A thread copies it back into the catalog's file while others write on. What has come
 * meanwhile is little: it is copied in a pause between two batches, so that the log restarts. SQLite's own checkpoint
 * would make the change that fills the log wait for all of it. Every process that writes does this, so none depends on
 * a daemon. As usual in SQLite, the last process to close copies all and removes the log.
 */
#include "reserve.h"
#include "write/write.h"

#define FRAMES 2048     /* new pages in the log, 8 MiB, that are worth a checkpoint */
#define PAUSE_FRAMES 512 /* pages that may be left for the pause */
#define SHORT_FRAMES 256
#define PASSES 4        /* at most, to get down to PAUSE_FRAMES */
#define LONG_FRAMES 8192 /* 32 MiB, as long as the log's file may stay: from here on the pause is worth a wait */
#define LONG_TRIES 50    /* of busy(), 32 ms, for a lock: other processes that write leave gaps of some 100 us */

/* Copies back what readers allow. Returns how many pages are left. */
static int64_t checkpoint_copy(struct catalog *catalog, struct catalog_connection *c, int mode) {
        int frames, copied, r;
        int64_t left;

        reserve_hold(c);
        r = sqlite_error(c->db, sqlite3_wal_checkpoint_v2(c->db, NULL, mode, &frames, &copied));
        (void)pthread_mutex_lock(&catalog->lock);
        catalog->stats.checkpoints += r == 0;
        if (r == 0)
                catalog->copied = copied;
        left = catalog->stats.log_pages - catalog->copied;
        (void)pthread_mutex_unlock(&catalog->lock);
        return left;
}

/* Copies the rest while this process does not write. Then the log restarts. */
static void copy_rest(struct catalog *catalog, struct catalog_connection *c) {
        (void)pthread_mutex_lock(&catalog->lock);
        catalog->checkpoint_waits = true;
        while (catalog->writing)
                (void)pthread_cond_wait(&catalog->checkpoint, &catalog->lock);
        catalog->checkpoint_waits = false;
        catalog->writing = true;
        (void)pthread_mutex_unlock(&catalog->lock);
        (void)checkpoint_copy(catalog, c, SQLITE_CHECKPOINT_RESTART); /* if a reader stays, the next round does it */
        (void)pthread_mutex_lock(&catalog->lock);
        turn_end(catalog);
        (void)pthread_mutex_unlock(&catalog->lock);
}

static bool is_long(struct catalog *catalog) {
        bool is;

        (void)pthread_mutex_lock(&catalog->lock);
        is = catalog->stats.log_pages > LONG_FRAMES;
        (void)pthread_mutex_unlock(&catalog->lock);
        return is;
}

static void copy_back(struct catalog *catalog, struct catalog_connection **c) {
        int64_t left = PAUSE_FRAMES + 1;

        if (!*c && connection_open(catalog, true, c) < 0)
                return;
        (*c)->tries = ROOM_TRIES;
        for (int i = 0; i < PASSES && left > PAUSE_FRAMES; i++)
                left = checkpoint_copy(catalog, *c, SQLITE_CHECKPOINT_PASSIVE);
        if (left <= PAUSE_FRAMES && is_long(catalog)) /* of more a reader keeps back: waiting would be in vain */
                (*c)->tries = LONG_TRIES;
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
        reserve_hold(c);
        return sqlite_error(c->db, sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL));
}

void checkpoint_consider(struct catalog *catalog) {
        int64_t pages = catalog->connection ? catalog->connection->frames : 0;
        const int64_t little = catalog->log_frames, frames = little > 0 && little < FRAMES ? little : FRAMES;

        if (pages < catalog->stats.log_pages) /* the log has restarted */
                catalog->copied = catalog->looked = 0;
        catalog->stats.log_pages = pages;
        if (pages - catalog->looked < frames || catalog->checkpoint_wanted)
                return;
        if (!catalog->has_checkpoint) /* if that fails, the next change tries again */
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
        (void)pthread_join(catalog->checkpointer, NULL); /* it is joinable, and not this thread */
        catalog->has_checkpoint = false;
}

void checkpoint_shorten(struct catalog *catalog) {
        struct catalog_connection *c = catalog->connection;

        if (!c || !catalog->keeps_log || catalog->stats.log_pages < SHORT_FRAMES)
                return;
        c->tries = ROOM_TRIES;
        if (checkpoint_restart(c) == 0) /* else another process uses it; a change that changes nothing begins it anew */
                (void)schema_same(c);
}
