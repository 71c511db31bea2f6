/* SPDX-License-Identifier: MIT
 * Every query by its name (statements.def), lent prepared for a scope: bound by a format, reset when the scope ends.
 * Only statements.c translates SQLite's result codes. A pointer into a row is valid until the next step.
 */
#pragma once

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "catalog.h"
#include "cleanup.h"
#include "origin.h"

#define DATABASE_PAGE 4096 /* bytes */
#define PAGE CATALOG_PAGE /* rows of one statement of a listing: its LIMIT in statements.def */

enum statement {
#define STATEMENT(name, sql) S_##name,
#include "statements.def"
#undef STATEMENT
        STATEMENT_COUNT
};
extern const char *const statement_sql[STATEMENT_COUNT];
extern const char *const statement_past_sql[STATEMENT_COUNT]; /* the same as of the catalog's moment */

/* -errno for SQLite's result on a connection; 0 for OK, ROW and DONE. */
int sqlite_error(sqlite3 *db, int code);

/* Lends a statement for a scope. format binds the arguments, one letter each: i int64_t, t text (NULL: null), b blob
 * (pointer, int), n null if the int64_t is 0, m null if it is negative. */
int statement_start(struct catalog_connection *c, enum statement which, sqlite3_stmt **ret_statement,
                    const char *format, ...);
/* 1: a row, 0: no more, -errno. */
int statement_row(sqlite3_stmt *statement);
void statement_end(sqlite3_stmt **statement);
#define _cleanup_statement_ _cleanup_(statement_end)

/* Steps to the first row of a statement just started with result r: 0, or -ENOENT. */
int statement_one(sqlite3_stmt **statement, int r);

/* Runs a statement that has no rows. Returns the number of rows it changed. */
int statement_run(struct catalog_connection *c, enum statement which, const char *format, ...);
/* The number that a statement without parameters returns. */
int statement_number(struct catalog_connection *c, enum statement which, int64_t *ret_number);
/* For statement_run where exactly one row must change: -ENOENT if none did. */
int changed_one(int changed);

/* Runs statements that return nothing; connection_number: the first number that a query returns. */
int connection_run(struct catalog_connection *c, const char *sql);
int connection_number(struct catalog_connection *c, const char *sql, int64_t *ret_number);

/* Text of a column, valid until the next step; NULL for null. -ENOMEM, where SQLite returns NULL too. */
int column_pointer(sqlite3_stmt *statement, int column, const char **ret_text);
/* Text of a column into a fixed buffer; "" for null. Longer text (a damaged catalog) is -EIO. */
int column_text(sqlite3_stmt *statement, int column, char *ret_text, size_t size);

/* Ids that fit nodes and names of blobs. Others occur only in a damaged catalog: -EIO. */
static inline bool id_good(int64_t id) {
        return id > 0 && id < INT64_C(1) << 36;
}
static inline bool id_good_or_none(int64_t id) {
        return id == 0 || id_good(id);
}
static inline bool account_good(int64_t id) {
        return id > 0 && id < 1 << 20;
}
static inline bool region_good(int64_t id) {
        return id > 0 && id < 1 << 16;
}

/* Moves a listing's cursor to a row. -EIO: a damaged index goes back; the listing would never end. */
static inline int page_go_on(int64_t *after, int64_t id) {
        if (id <= *after)
                return ORIGIN(-EIO);
        *after = id;
        return 0;
}
