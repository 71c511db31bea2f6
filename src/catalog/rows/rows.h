/* SPDX-License-Identifier: MIT
 * What the files in rows/ share. Each noun has a file that reads its rows; only effects/ writes them.
 */
#pragma once

#include "connection.h"
#include "memo.h"

/* Calls each with the rows of one page of a listing (place or instance, cursor, name, owner); ret_rows: how many, PAGE
 * if there may be more. */
int statement_entries(sqlite3_stmt *s, int r, int64_t *after, image_each each, void *context, int *ret_rows);
