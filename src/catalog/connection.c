/* SPDX-License-Identifier: MIT
 * Opening and closing: the catalog's file, its connections and the pool of readers.
 */
#include "effects.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>

#include "timestamp.h"

static const char schema[] =
#include "schema.sql.h"
        ;

/* Another process holds the write lock for a commit, some 100 us: ask again soon, not after SQLite's 100 ms. */
static int busy(void *context, int tries) {
        const struct catalog_connection *c = context;

        if (tries >= c->tries)
                return 0;
        (void)usleep(tries < 20 ? 100 : 1000); /* an early return only asks sooner */
        return 1;
}

#define VALUE_BYTES (16 << 20) /* of a value or row: no true one comes near */
#define PATTERN_BYTES 64

/* The file may define what it likes. A trigger or view could run a query without end, or another than was meant; there
 * are none in a catalog, so none is obeyed. */
static int distrust_schema(sqlite3 *db) {
        int r = sqlite_error(db, sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL));

        if (r == 0)
                r = sqlite_error(db, sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL));
        (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_BYTES); /* returns the limit before */
        (void)sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_BYTES);
        return r;
}

#define LOG_BYTES "33554432" /* what is kept of a log's file that one large change made longer */

int connection_run(struct catalog_connection *c, const char *sql) {
        return sqlite_error(c->db, sqlite3_exec(c->db, sql, NULL, NULL, NULL));
}

struct catalog_connection *connection_close(struct catalog_connection *c) {
        if (!c)
                return NULL;
        for (int i = 0; i < STATEMENT_COUNT; i++) {
                (void)sqlite3_finalize(c->statements[i]); /* repeats an error told before */
                (void)sqlite3_finalize(c->past_statements[i]);
        }
        effects_forget(c);
        (void)sqlite3_close(c->db); /* cannot be busy: all statements are gone */
        free(c);
        return NULL;
}

static void cleanup_connection(struct catalog_connection **c) {
        *c = connection_close(*c);
}

/* Before anything else of SQLite's: counting memory would take a lock at each allocation. */
static void configure(void) {
        (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* refused if the program has used SQLite already: no harm */
}

int connection_open(struct catalog *catalog, bool writer, struct catalog_connection **ret_connection) {
        static pthread_once_t configured = PTHREAD_ONCE_INIT;
        _cleanup_(cleanup_connection) struct catalog_connection *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        (void)pthread_once(&configured, configure); /* cannot fail */
        c->catalog = catalog;
        c->tries = CATALOG_BUSY_MS;
        r = sqlite_error(NULL,
                         sqlite3_open_v2(catalog->path, &c->db,
                                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL));
        if (r < 0)
                return r;
        r = sqlite_error(c->db, sqlite3_busy_handler(c->db, busy, c));
        if (r == 0)
                r = distrust_schema(c->db);
        if (r == 0)
                r = functions_add(c->db, &catalog->moment);
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
                checkpoint_hook(c);
        memo_open(c);
        *ret_connection = TAKE_PTR(c);
        return 0;
}

static int number_of(struct catalog_connection *c, const char *pragma, int64_t *ret_number) {
        sqlite3_stmt *s = NULL;
        int r = sqlite_error(c->db, sqlite3_prepare_v2(c->db, pragma, -1, &s, NULL));

        if (r == 0)
                r = statement_row(s);
        if (r > 0)
                *ret_number = sqlite3_column_int64(s, 0);
        (void)sqlite3_finalize(s); /* told by statement_row */
        return r > 0 ? 0 : r < 0 ? r : -EIO;
}

/* "IMGS" in the file's header tells a catalog from other databases. */
#define APPLICATION_ID 0x494d4753
#define UUID_LENGTH 36 /* what stores insist on */

int catalog_format(struct catalog_connection *c, int64_t *ret_format) {
        int64_t application, format;
        int r = number_of(c, "PRAGMA application_id", &application);

        if (r == 0)
                r = number_of(c, "PRAGMA user_version", &format);
        if (r < 0)
                return r;
        if (application != APPLICATION_ID || format < 1)
                return -EMEDIUMTYPE;
        *ret_format = format;
        return format > CATALOG_VERSION ? -EPROTONOSUPPORT : 0;
}

int catalog_mark(struct catalog_connection *c) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        char *uuid = c->catalog->uuid;
        int r = statement_start(c, S_META_GET, &s, "t", "uuid");

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : -EMEDIUMTYPE;
        r = column_text(s, 0, uuid, sizeof(c->catalog->uuid));
        return r == 0 && strlen(uuid) != UUID_LENGTH ? -EMEDIUMTYPE : r;
}

static int check_kind(struct catalog_connection *c) {
        int64_t format;
        int r = catalog_format(c, &format);

        if (r < 0)
                return r;
        return format < CATALOG_VERSION ? -EPROTOTYPE : catalog_mark(c);
}

struct catalog *catalog_close(struct catalog *catalog) {
        if (!catalog)
                return NULL;
        writer_stop(catalog);
        while (catalog->idle) {
                struct catalog_connection *c = catalog->idle;

                catalog->idle = c->next;
                (void)connection_close(c); /* returns NULL */
        }
        (void)pthread_cond_destroy(&catalog->work); /* nobody waits any more */
        (void)pthread_cond_destroy(&catalog->checkpoint);
        (void)pthread_mutex_destroy(&catalog->lock);
        catalog->memo = memo_free(catalog->memo);
        free(catalog->path);
        free(catalog);
        return NULL;
}

static void cleanup_catalog(struct catalog **catalog) {
        *catalog = catalog_close(*catalog);
}

int catalog_new(const char *path, enum catalog_flags flags, struct catalog **ret_catalog) {
        struct catalog *catalog = calloc(1, sizeof(*catalog));

        if (!catalog)
                return -ENOMEM;
        catalog->flags = flags;
        catalog->index_events = INDEX_EVENTS;
        catalog->last = &catalog->first;
        (void)pthread_mutex_init(&catalog->lock, NULL); /* cannot fail with default attributes */
        (void)pthread_cond_init(&catalog->work, NULL);
        (void)pthread_cond_init(&catalog->checkpoint, NULL);
        catalog->path = strdup(path);
        catalog->memo = memo_new();
        if (!catalog->path || !catalog->memo) {
                (void)catalog_close(catalog); /* returns NULL */
                return -ENOMEM;
        }
        *ret_catalog = catalog;
        return 0;
}

int catalog_open(const char *path, enum catalog_flags flags, struct catalog **ret_catalog) {
        _cleanup_(cleanup_catalog) struct catalog *catalog = NULL;
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r;

        if (access(path, R_OK | (flags & CATALOG_READ_ONLY ? 0 : W_OK)) < 0)
                return -errno;
        r = catalog_new(path, flags, &catalog);
        if (r == 0)
                r = catalog_read(catalog, &c);
        if (r == 0)
                r = check_kind(c);
        if (r == 0 && !(flags & CATALOG_READ_ONLY))
                r = writer_start(catalog);
        if (r < 0)
                return r;
        catalog_read_end(&c);
        *ret_catalog = TAKE_PTR(catalog);
        return 0;
}

/* Fills in what of a moment was not given: the event's time, or the last event up to the time. */
static int resolve(struct catalog_connection *c, struct catalog_moment *moment) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int64_t now;
        int r;

        if (moment->event == 0) { /* before the first */
                moment->time = 0;
                return 0;
        }
        if (moment->event > 0)
                r = statement_start(c, S_EVENT_TIME, &s, "i", moment->event);
        else
                r = statement_start(c, S_CLOCK, &s, "");
        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : -ERANGE;
        now = sqlite3_column_int64(s, 0);
        if (moment->event < 0)
                return moment->time > now ? -ERANGE : catalog_log_at(c, moment->time, true, &moment->event);
        moment->time = now;
        return 0;
}

int catalog_open_asof(const char *path, const struct catalog_moment *moment, struct catalog **ret_catalog) {
        _cleanup_(cleanup_catalog) struct catalog *catalog = NULL;
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_open(path, CATALOG_READ_ONLY, &catalog);

        if (r < 0)
                return r;
        catalog->moment = *moment;
        r = catalog_read(catalog, &c);
        if (r == 0)
                r = resolve(c, &catalog->moment);
        if (r < 0)
                return r;
        catalog_read_end(&c);
        catalog->past = true;
        *ret_catalog = TAKE_PTR(catalog);
        return 0;
}

int64_t catalog_last(const struct catalog *catalog) {
        return catalog->past ? catalog->moment.event : INT64_MAX;
}

const char *catalog_uuid(const struct catalog *catalog) {
        return catalog->uuid;
}

static int lend(struct catalog *catalog, bool past, struct catalog_connection **ret_connection) {
        struct catalog_connection *c;
        int r;

        (void)pthread_mutex_lock(&catalog->lock); /* a plain mutex, not held by this thread */
        c = catalog->idle;
        if (c)
                catalog->idle = c->next;
        (void)pthread_mutex_unlock(&catalog->lock);
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

int together_begin(struct catalog_connection *c) {
        int r;

        if (!c->looked)
                memo_look(c);
        c->begun = true;
        r = statement_run(c, S_READ_BEGIN, "");
        c->begun = r >= 0;
        return r < 0 ? r : 0;
}

/* false: the connection is of no more use. */
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

int schema_create(struct catalog_connection *c) {
        return connection_run(c, schema);
}

/* The first event makes the account that it is of. */
static int fill(struct catalog_connection *c, const char *uuid, uid_t uid, enum via via) {
        const struct caller operator = {
                .account = 1, .name = "operator", .role = ROLE_OPERATOR, .uid = uid, .via = via
        };
        int64_t event;

        return catalog_event_add(c, &(struct event){ .caller = &operator, .op = EVENT_INIT,
                                                     .detail[0] = { .key = "uuid", .text = uuid } }, &event);
}

/* Before SQLite opens it: closing any descriptor of a file drops a process' POSIX locks on it. */
int file_make(const char *path) {
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        if (fd < 0)
                return -errno;
        (void)fd_close(fd); /* returns -1 */
        return 0;
}

int schema_seal(struct catalog_connection *c) {
        char sql[128];

        (void)snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
                       CATALOG_VERSION); /* fits; pragmas take no parameters */
        return connection_run(c, sql);
}

static int create_file(const char *path, const char *uuid, uid_t uid, enum via via) {
        _cleanup_(cleanup_catalog) struct catalog *catalog = NULL;
        _cleanup_(cleanup_connection) struct catalog_connection *c = NULL;
        int r = file_make(path);

        if (r == 0)
                r = catalog_new(path, 0, &catalog);
        if (r == 0)
                r = connection_open(catalog, true, &c);
        if (r == 0)
                r = connection_run(c, "BEGIN IMMEDIATE");
        if (r == 0)
                r = schema_create(c);
        if (r == 0)
                r = fill(c, uuid, uid, via);
        if (r == 0)
                r = schema_seal(c);
        if (r == 0)
                r = connection_run(c, "COMMIT");
        return r < 0 ? r : connection_run(c, "PRAGMA journal_mode = wal"); /* last: so all of it is in this one file */
}

void file_remove(const char *path) {
        static const char *const suffixes[] = { "", "-journal", "-wal", "-shm" };
        char name[PATH_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
                if (snprintf(name, sizeof(name), "%s%s", path, suffixes[i]) < (int)sizeof(name))
                        (void)unlink(name); /* most are not there */
}

int catalog_create(const char *path, const char *uuid, uid_t uid, enum via via) {
        _cleanup_free_ char *unfinished = NULL;
        int r;

        if (access(path, F_OK) == 0)
                return -EEXIST;
        if (asprintf(&unfinished, "%s.new", path) < 0) {
                unfinished = NULL;
                return -ENOMEM;
        }
        file_remove(unfinished); /* of one that was interrupted */
        r = create_file(unfinished, uuid, uid, via);
        if (r == 0 && rename(unfinished, path) < 0)
                r = -errno;
        if (r < 0)
                file_remove(unfinished); /* the error told is the first one */
        return r;
}
