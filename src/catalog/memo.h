/* SPDX-License-Identifier: MIT
 * What lookups have read, of a connection that reads together: valid as long as nobody has committed anything (memo.c).
 */
#pragma once

#include "statements.h"

struct memo;
/* What a row was asked by. */
struct memo_key {
        enum statement which;
        int64_t a, b;
        const char *text; /* NULL: none */
};
struct memo *memo_new(void);
struct memo *memo_free(struct memo *memo);
/* Finds where a new connection sees what is committed. Where it cannot, everything is asked. */
void memo_open(struct catalog_connection *c);
/* Before its first read since it was borrowed: what is committed by now. */
void memo_look(struct catalog_connection *c);
/* A row without pointers, as it was put under that key since the last commit. */
bool memo_get(struct catalog_connection *c, const struct memo_key *key, void *ret_row, size_t size);
/* A row just read by the statement of its key. Not one that changes by itself, as a share that expires does. */
void memo_put(struct catalog_connection *c, const struct memo_key *key, const void *row, size_t size);
/* The writer's: its transaction has begun; ends a share; is about to be committed, and has been or not. Whatever other
 * statement changes something (statements.c) makes all rows void. */
void memo_write_begin(struct catalog_connection *c);
void memo_share_ends(struct catalog_connection *c, const struct share *share);
void memo_commit_begin(struct catalog_connection *c);
void memo_commit_end(struct catalog_connection *c, bool committed);
