/* SPDX-License-Identifier: MIT
 * Remembers rows that lookups have read, for connections that read together, until somebody commits (memo.c).
 */
#pragma once

#include "statements.h"

#define MEMO_INDEX_PAGE 32768 /* bytes of the part of SQLite's index of its log that has the header */

struct memo;
/* The statement and parameters that a row was read by. */
struct memo_key {
        enum statement which;
        int64_t a, b;
        const char *text; /* NULL: none */
};
/* Everything in the log has been copied back to the database. */
bool memo_log_is_copied(const struct catalog_connection *c);
/* Pages in the log; 0 where that cannot be seen. */
int64_t memo_log_frames(const struct catalog_connection *c);
struct memo *memo_new(void);
struct memo *memo_free(struct memo *memo);
/* Maps the header that shows commits, for a new connection. If that fails, every lookup asks the catalog. */
void memo_open(struct catalog_connection *c);
/* Notes what is committed by now. Call it before the first read after borrowing. */
void memo_look(struct catalog_connection *c);
/* Copies a row put under that key, if still valid; false: none. A row has no pointers. */
bool memo_get(struct catalog_connection *c, const struct memo_key *key, void *ret_row, size_t size);
/* Remembers a row just read by the statement of its key. Not for rows that change by themselves, as a share that
 * expires does. */
void memo_put(struct catalog_connection *c, const struct memo_key *key, const void *row, size_t size);
/* For the writer: its transaction has begun; it ends a share; it is about to commit; it has committed or failed to. Any
 * other statement that changes something (statements.c) makes all rows invalid. */
void memo_write_begin(struct catalog_connection *c);
void memo_share_ends(struct catalog_connection *c, const struct share *share);
void memo_commit_begin(struct catalog_connection *c);
void memo_commit_end(struct catalog_connection *c, bool committed);
