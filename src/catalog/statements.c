/* SPDX-License-Identifier: MIT
 * Every query of today, and prepared statements, lent for a scope (statements.h).
 */
#include <assert.h>
#include <stdarg.h>

#include "connection.h"
#include "memo.h"

#include "sql.h"

#define LIVE(t) t ".until_event = " FAR
#define LIVE_FROM(t) LIVE(t)
#define PRESENT(what, t)
#define ENDED(what, t) t ".until_event"
#define EXISTED(t) "1"
#define LISTED(query, t) query " AND " LIVE(t)
#define LISTED_FROM(query, t) LISTED(query, t)
#define HAPPENED(event) event " IS NOT NULL"
#define ONCE(event, value) value
#define STILL(until) until " = " FAR
#define TIMES(t) t ".mtime"
#define THEN(event) "NULL"
#define UP_TO(event) event
/* The log's clock, or the machine's if that is ahead (log_clock.c): never before the last event, so that a clock set
 * back revives nothing. */
#define NOW "due_ms((SELECT time FROM event ORDER BY id DESC LIMIT 1))"
#define OVER "over_ms((SELECT time FROM event ORDER BY id DESC LIMIT 1))"
/* A live share has neither ended nor expired, whether or not its expiry is in the log yet. The first DUE is evaluated
 * once a query: rows are checked one by one only if some share is due. */
#define DUE(time) "SELECT 1 FROM share_expiry WHERE until_event = " FAR " AND expires <= " time
#define NOT_DUE(t, time) "(NOT EXISTS (" DUE(time) ") OR NOT EXISTS (" DUE(time) " AND share = " t ".id))"
#define UNEXPIRED(t) NOT_DUE(t, NOW)
#define HELD_SHARE(t) LIVE(t) " AND " NOT_DUE(t, OVER)
#define LIVE_SHARE(t) LIVE(t) " AND " UNEXPIRED(t)

const char *const statement_sql[STATEMENT_COUNT] = {
#define STATEMENT(name, sql) [S_##name] = sql,
#include "statements.def"
#undef STATEMENT
};

/* SQLite calls it corrupt, too, if the system cannot read a page (SQLITE_IOERR_CORRUPTFS). */
static bool read_failed(sqlite3 *db) {
        sqlite3_file *log = NULL;
        int file_error = 0, log_error = 0;

        (void)sqlite3_file_control(db, NULL, SQLITE_FCNTL_LAST_ERRNO, &file_error); /* 0 if there is none */
        (void)sqlite3_file_control(db, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &log);
        if (log && log->pMethods)
                (void)log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &log_error);
        return file_error == EIO || log_error == EIO;
}

int sqlite_error(sqlite3 *db, int code) {
        int system;

        switch (code & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
                return 0;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL: /* another process was stopped while it began to read */
                return -EAGAIN;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_PERM:
        case SQLITE_AUTH:
                return -EACCES;
        case SQLITE_CONSTRAINT: /* the row conflicts with another one */
                return -EEXIST;
        case SQLITE_TOOBIG:
                return -EFBIG;
        case SQLITE_NOTADB:
                return -EMEDIUMTYPE;
        case SQLITE_CORRUPT:
                return read_failed(db) ? ORIGIN_NOTED(-EIO) : ORIGIN_NOTED(-EUCLEAN);
        case SQLITE_ERROR: /* of our statements: a table, column or index is missing */
                return strncmp(sqlite3_errmsg(db), "no such ", 8) == 0 ? ORIGIN_NOTED(-EUCLEAN) : ORIGIN_NOTED(-EIO);
        default: /* for an I/O error the system's errno may say more */
                system = sqlite3_system_errno(db);
                return system == ENOSPC || system == EDQUOT ? -ENOSPC : ORIGIN_NOTED(-EIO);
        }
}

static int bind(sqlite3_stmt *s, const char *format, va_list arguments) {
        int code = SQLITE_OK;

        for (int i = 1; format[i - 1] != '\0' && code == SQLITE_OK; i++) {
                int64_t number;
                const void *data;

                switch (format[i - 1]) {
                case 'i':
                        code = sqlite3_bind_int64(s, i, va_arg(arguments, int64_t));
                        break;
                case 'n':
                        number = va_arg(arguments, int64_t);
                        code = number == 0 ? sqlite3_bind_null(s, i) : sqlite3_bind_int64(s, i, number);
                        break;
                case 'm':
                        number = va_arg(arguments, int64_t);
                        code = number < 0 ? sqlite3_bind_null(s, i) : sqlite3_bind_int64(s, i, number);
                        break;
                case 't':
                        code = sqlite3_bind_text(s, i, va_arg(arguments, const char *), -1, SQLITE_STATIC);
                        break;
                default:
                        assert(format[i - 1] == 'b');
                        data = va_arg(arguments, const void *);
                        code = sqlite3_bind_blob(s, i, data, va_arg(arguments, int), SQLITE_STATIC);
                }
        }
        return sqlite_error(sqlite3_db_handle(s), code);
}

/* Statements that change no row that memo.c remembers. */
static bool is_kept(enum statement which) {
        switch (which) {
        case S_EVENT_PUT:
        case S_INDEX_PLACE:
        case S_INDEX_ACTOR:
        case S_INDEX_ACCOUNT:
        case S_INDEX_OBJECT:
        case S_INDEXED_PUT:
                return true;
        default:
                return false;
        }
}

/* Begins the transaction that several reads share, before the first of them. */
static int together_begin(struct catalog_connection *c) {
        int r;

        if (!c->looked)
                memo_look(c);
        c->begun = true;
        r = statement_run(c, S_READ_BEGIN, "");
        c->begun = r >= 0;
        return r < 0 ? r : 0;
}

static int statement_begin(struct catalog_connection *c, enum statement which, sqlite3_stmt **ret_statement, const char *format,
                 va_list arguments) {
        sqlite3_stmt **s = c->past ? &c->past_statements[which] : &c->statements[which];
        const char *sql = c->past ? statement_past_sql[which] : statement_sql[which];
        int r = c->together && !c->begun ? together_begin(c) : 0;

        if (r < 0)
                return r;
        if (!*s) {
                r = sqlite_error(c->db, sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, s, NULL));
                if (r < 0)
                        return r;
        }
        if (!c->touching.all && !is_kept(which) && !sqlite3_stmt_readonly(*s))
                c->touching.all = true;
        r = bind(*s, format, arguments);
        *ret_statement = *s; /* set on failure too: its scope resets it */
        return r;
}

int statement_start(struct catalog_connection *c, enum statement which, sqlite3_stmt **ret_statement,
                    const char *format, ...) {
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = statement_begin(c, which, ret_statement, format, arguments);
        va_end(arguments);
        return r;
}

int statement_row(sqlite3_stmt *statement) {
        int code = sqlite3_step(statement);

        return code == SQLITE_ROW ? 1 : sqlite_error(sqlite3_db_handle(statement), code);
}

int statement_one(sqlite3_stmt **statement, int r) {
        if (r == 0)
                r = statement_row(*statement);
        return r < 0 ? r : r == 0 ? -ENOENT : 0;
}

void statement_end(sqlite3_stmt **statement) {
        if (!*statement)
                return;
        (void)sqlite3_reset(*statement);          /* repeats the error that sqlite3_step has returned */
        (void)sqlite3_clear_bindings(*statement); /* cannot fail */
}

int statement_run(struct catalog_connection *c, enum statement which, const char *format, ...) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = statement_begin(c, which, &s, format, arguments);
        va_end(arguments);
        if (r < 0)
                return r;
        r = statement_row(s);
        return r < 0 ? r : sqlite3_changes(c->db);
}

int statement_number(struct catalog_connection *c, enum statement which, int64_t *ret_number) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, which, &s, "");

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : ORIGIN(-EIO);
        *ret_number = sqlite3_column_int64(s, 0);
        return 0;
}

int changed_one(int changed) {
        return changed < 0 ? changed : changed == 0 ? -ENOENT : 0;
}

int column_pointer(sqlite3_stmt *statement, int column, const char **ret_text) {
        const char *text = (const char *)sqlite3_column_text(statement, column);

        if (!text && sqlite3_errcode(sqlite3_db_handle(statement)) == SQLITE_NOMEM)
                return -ENOMEM;
        *ret_text = text;
        return 0;
}

int column_text(sqlite3_stmt *statement, int column, char *ret_text, size_t size) {
        const char *text;
        int n, r = column_pointer(statement, column, &text);

        if (r < 0)
                return r;
        n = sqlite3_column_bytes(statement, column);
        if ((size_t)n >= size)
                return ORIGIN(-EIO);
        if (n > 0)
                memcpy(ret_text, text, (size_t)n);
        ret_text[n] = '\0';
        return 0;
}

int connection_run(struct catalog_connection *c, const char *sql) {
        return sqlite_error(c->db, sqlite3_exec(c->db, sql, NULL, NULL, NULL));
}

int connection_number(struct catalog_connection *c, const char *sql, int64_t *ret_number) {
        sqlite3_stmt *s = NULL;
        int r = sqlite_error(c->db, sqlite3_prepare_v2(c->db, sql, -1, &s, NULL));

        if (r == 0)
                r = statement_row(s);
        if (r > 0)
                *ret_number = sqlite3_column_int64(s, 0);
        (void)sqlite3_finalize(s); /* statement_row has returned the error */
        return r > 0 ? 0 : r < 0 ? r : ORIGIN(-EIO);
}
