/* SPDX-License-Identifier: MIT
 * The pool of reading connections: lends them and takes them back. Several reads of one can share a transaction.
 */
#include "connection.h"

#include <assert.h>

bool reader_is_old(const struct catalog_connection *c) {
        struct home_state now;

        if (c->rest == IN_USE)
                return false;
        return home_state_read(&c->catalog->home, &now) == 0 && !home_state_equal(&c->opened, &now);
}

static int lend(struct catalog *catalog, bool past, struct catalog_connection **ret_connection) {
        struct catalog_connection *c;
        int r = home_look(catalog, false);

        if (r < 0)
                return r;
        (void)pthread_mutex_lock(&catalog->lock); /* a plain mutex, not held by this thread */
        c = catalog->idle;
        if (c)
                catalog->idle = c->next;
        (void)pthread_mutex_unlock(&catalog->lock);
        if (c && reader_is_old(c))
                c = connection_close(c);
        if (!c) {
                r = connection_open(catalog, false, &c);
                if (r < 0)
                        return r;
        }
        c->past = past;
        c->users = 1;
        *ret_connection = c;
        return 0;
}

int catalog_read(struct catalog *catalog, struct catalog_connection **ret_connection) {
        return lend(catalog, catalog->past, ret_connection);
}

int catalog_read_today(struct catalog *catalog, struct catalog_connection **ret_connection) {
        return lend(catalog, false, ret_connection);
}

struct catalog_connection *catalog_read_again(struct catalog_connection *connection) {
        connection->users++;
        return connection;
}

void catalog_read_together(struct catalog_connection *connection) {
        assert(!connection->together);
        connection->together = true;
        connection->looked = false;
}

/* false: the connection cannot be used any more. */
static bool together_end(struct catalog_connection *c) {
        bool begun = c->begun;

        c->together = c->begun = false;
        if (begun)
                (void)statement_run(c, S_READ_END, ""); /* SQLite may have ended it by itself after an error */
        return !begun || sqlite3_get_autocommit(c->db);
}

void catalog_read_end(struct catalog_connection **connection) {
        struct catalog_connection *c = TAKE_PTR(*connection);

        if (!c || --c->users > 0)
                return;
        if (!together_end(c)) {
                (void)connection_close(c); /* returns NULL */
                return;
        }
        (void)pthread_mutex_lock(&c->catalog->lock);
        c->next = c->catalog->idle;
        c->catalog->idle = c;
        (void)pthread_mutex_unlock(&c->catalog->lock);
}
