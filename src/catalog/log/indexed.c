/* SPDX-License-Identifier: MIT
 * Adds events to the log's indexes, many at a time. A single change would write a page of each index; many changes
 * share them.
 */
#include "log/log.h"

/* Brings the indexes up to the last event. */
int indexed_fill(struct catalog_connection *c) {
        static const enum statement steps[] = { S_INDEX_PLACE, S_INDEX_ACTOR, S_INDEX_ACCOUNT, S_INDEX_OBJECT };
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(steps) && r >= 0; i++)
                r = statement_run(c, steps[i], "");
        if (r >= 0)
                r = statement_run(c, S_INDEXED_PUT, "");
        return r < 0 ? r : 0;
}

static int indexed_last(struct catalog_connection *c, int64_t *ret_last) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_INDEXED_LAST, &s, "");

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : ORIGIN(-EIO);
        *ret_last = sqlite3_column_int64(s, 0);
        return *ret_last < 0 ? ORIGIN(-EIO) : 0; /* a damaged catalog */
}

int indexed_consider(struct catalog_connection *c) {
        const int64_t most = c->catalog->index_events;
        int r;

        if (c->last_event - c->indexed < most) /* it only rises: other processes fill the indexes, too */
                return 0;
        r = indexed_last(c, &c->indexed);
        if (r < 0 || c->last_event - c->indexed < most)
                return r;
        r = indexed_fill(c);
        if (r == 0)
                c->indexed = c->last_event;
        return r;
}

/* --- whether they are right --- */

enum { ENTRY_EVENTS, ENTRY_LAST, ENTRY_COUNT, ENTRY_LACKING = ENTRY_COUNT + INDEXES }; /* columns */

int indexed_check(struct catalog_connection *c, struct indexed_check *check) {
        int64_t events;
        int r;

        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(c, S_VERIFY_INDEX_PAGE, &s, "i", check->last);
                if (r == 0)
                        r = statement_row(s);
                if (r <= 0)
                        return r < 0 ? r : ORIGIN(-EIO);
                events = sqlite3_column_int64(s, ENTRY_EVENTS);
                if (events > 0)
                        check->last = sqlite3_column_int64(s, ENTRY_LAST);
                for (int i = 0; i < INDEXES; i++)
                        check->entries[i] += sqlite3_column_int64(s, ENTRY_COUNT + i);
                check->wrong = check->wrong || sqlite3_column_int64(s, ENTRY_LACKING) > 0;
        } while (events > 0);
        return 0;
}

int indexed_check_end(struct catalog_connection *c, struct indexed_check *check) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_VERIFY_INDEX_COUNTS, &s, "");

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : ORIGIN(-EIO);
        for (int i = 0; i < INDEXES; i++)
                check->wrong = check->wrong || check->entries[i] != sqlite3_column_int64(s, i);
        return 0;
}
