/* SPDX-License-Identifier: MIT
 * Opens a connection with the settings that all connections need, and closes it.
 */
#include "effects/effects.h"
#include "memo.h"
#include "reserve.h"

/* Another process holds the write lock for one commit, some 100 us. Retry soon, not after SQLite's 100 ms. */
static int busy(void *context, int tries) {
        const struct catalog_connection *c = context;

        if (tries >= c->tries)
                return 0;
        (void)usleep(tries < 20 ? 100 : 1000); /* an early return only retries sooner */
        return 1;
}

#define VALUE_BYTES (16 << 20) /* of a value or row: valid ones are far smaller */
#define PATTERN_BYTES 64

/* The file may be hostile: a trigger or view could run an endless query, or another one than was meant. A catalog has
 * none, so they are disabled. */
static int distrust_schema(sqlite3 *db) {
        int r = sqlite_error(db, sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL));

        if (r == 0)
                r = sqlite_error(db, sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL));
        (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_BYTES); /* returns the previous limit */
        (void)sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_BYTES);
        return r;
}

#define LOG_BYTES "33554432" /* the log's file is cut to this size after one large change made it longer */

struct catalog_connection *connection_close(struct catalog_connection *c) {
        if (!c)
                return NULL;
        for (int i = 0; i < STATEMENT_COUNT; i++) {
                (void)sqlite3_finalize(c->statements[i]); /* repeats an error reported before */
                (void)sqlite3_finalize(c->past_statements[i]);
        }
        effects_forget(c);
        reserve_hold(c);
        if (c->db && c->catalog->keeps_log) /* with a limit the one who closes last cuts the log to nothing */
                (void)sqlite3_exec(c->db, "PRAGMA journal_size_limit = -1", NULL, NULL, NULL);
        (void)sqlite3_close(c->db); /* cannot be busy: all statements are finalized */
        if (c->counted)
                home_closed(c->catalog);
        free(c);
        return NULL;
}

/* Keeps SQLite's message about a failure for the error report (origin.h). */
static void note_sqlite(void *context, int code, const char *words) {
        (void)context;
        (void)code;
        origin_note(words);
}

/* Runs before any other SQLite call. Counting memory would take a lock at each allocation. */
static void configure(void) {
        (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* fails harmlessly if the program has used SQLite already */
        (void)sqlite3_config(SQLITE_CONFIG_LOG, note_sqlite, NULL); /* likewise */
}

/* A writing connection only counts the pages of the log. Unlike SQLite's own hook it starts no checkpoint
 * (checkpoint.c). */
static int count_frames(void *argument, sqlite3 *db, const char *name, int frames) {
        struct catalog_connection *c = argument;

        (void)db;
        (void)name;
        c->frames = frames;
        return SQLITE_OK;
}

static int database_open(struct catalog_connection *c, enum rest rest) {
        const char *vfs;
        _cleanup_free_ char *uri = home_uri(&c->catalog->home, rest, &vfs);
        int r;

        if (!uri)
                return -ENOMEM;
        c->rest = rest;
        r = sqlite_error(NULL, sqlite3_open_v2(uri, &c->db,
                                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                                                       (rest == AT_REST ? SQLITE_OPEN_URI : 0), vfs));
        if (r == 0 && rest == AT_REST_WITH_LOG) /* nobody to share an index with */
                r = connection_run(c, "PRAGMA locking_mode = exclusive");
        return r;
}

/* The index of the log that others left: reading by it alone, SQLite would go through the log at each transaction. */
static bool index_is_stale(const struct catalog_connection *c) {
        sqlite3_file *file = NULL;
        void volatile *part = NULL;
        bool stale;

        if (sqlite3_file_control(c->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file->pMethods ||
            file->pMethods->iVersion < 2 || !file->pMethods->xShmMap)
                return false;
        stale = file->pMethods->xShmMap(file, 0, MEMO_INDEX_PAGE, 0, &part) == SQLITE_READONLY_CANTINIT;
        (void)file->pMethods->xShmUnmap(file, 0); /* SQLite does not know that it is mapped */
        return stale;
}

static int database_find(struct catalog_connection *c) {
        int r;

        if (!c->catalog->home.unwritable)
                return database_open(c, IN_USE);
        r = home_state_read(&c->catalog->home, &c->opened);
        if (r == 0)
                r = database_open(c, home_rest(&c->opened, false));
        if (r < 0 || c->rest != IN_USE || !index_is_stale(c))
                return r;
        (void)sqlite3_close(c->db); /* nothing has been prepared */
        c->db = NULL;
        return database_open(c, home_rest(&c->opened, true));
}

static int connection_try(struct catalog *catalog, bool writer, struct catalog_connection **ret_connection) {
        static pthread_once_t configured = PTHREAD_ONCE_INIT;
        _cleanup_connection_ struct catalog_connection *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        (void)pthread_once(&configured, configure); /* cannot fail */
        c->catalog = catalog;
        c->tries = CATALOG_BUSY_MS;
        r = database_find(c);
        if (r < 0)
                return r;
        if (catalog->keeps_log && c->rest == IN_USE)
                reserve_keep_log(c);
        r = sqlite_error(c->db, sqlite3_busy_handler(c->db, busy, c));
        if (r == 0)
                r = distrust_schema(c->db);
        if (r == 0)
                r = functions_add(c);
        if (r == 0)
                r = connection_run(c,
                                   "PRAGMA foreign_keys = on; PRAGMA trusted_schema = off; PRAGMA cell_size_check = on;"
                                   "PRAGMA temp_store = memory");
        if (r == 0)
                r = connection_run(c, writer ? "PRAGMA cache_size = -8192; PRAGMA journal_size_limit = " LOG_BYTES
                                             : "PRAGMA cache_size = -2048; PRAGMA query_only = on");
        if (r == 0)
                r = connection_run(c, catalog->flags & CATALOG_NOT_DURABLE ? "PRAGMA synchronous = normal"
                                                                           : "PRAGMA synchronous = full");
        if (r < 0)
                return r;
        if (writer)
                (void)sqlite3_wal_hook(c->db, count_frames, c); /* replaces SQLite's own; returns that one's argument */
        if (c->rest == IN_USE)
                memo_open(c);
        r = home_opened(catalog);
        if (r < 0)
                return r;
        c->counted = true;
        *ret_connection = TAKE_PTR(c);
        return 0;
}

int connection_open(struct catalog *catalog, bool writer, struct catalog_connection **ret_connection) {
        int r = connection_try(catalog, writer, ret_connection);

        /* the log's index is made anew by who opens first */
        while ((r == -ENOSPC || r == -EIO) && catalog->keeps_log && reserve_give(&catalog->home))
                r = connection_try(catalog, writer, ret_connection);
        return r;
}
