/* SPDX-License-Identifier: MIT
 * The log in pages, by the narrowest filter: each filter has an index, and none reads the whole log.
 */
#include "log/log.h"

static enum statement log_statement(const struct log_filter *filter) {
        if (filter->place != 0)
                return S_LOG_OF_PLACE;
        if (filter->object)
                return S_LOG_OF_OBJECT;
        if (filter->account != 0)
                return S_LOG_OF_ACCOUNT;
        if (filter->viewer != 0)
                return S_LOG_OF_VIEWER;
        return filter->denied ? S_LOG_DENIED : S_LOG_ALL;
}

static int take_line(const char *line, size_t length, void *context) {
        struct log_entry *entry = context;

        entry->line = strndup(line, length);
        entry->length = length;
        return entry->line ? 0 : -ENOMEM;
}

enum { /* columns */
        ENTRY_JSON, ENTRY_HASH, ENTRY_ID, ENTRY_TIME, ENTRY_ACTOR, ENTRY_OP, ENTRY_OBJECT, ENTRY_ACCOUNT,
        ENTRY_RULE
};

static int log_row(sqlite3_stmt *s, bool hashed, int (*each)(const struct log_entry *entry, void *context), void *context) {
        struct log_entry entry = {
                .id = sqlite3_column_int64(s, ENTRY_ID),
                .time = sqlite3_column_int64(s, ENTRY_TIME),
                .actor = (const char *)sqlite3_column_text(s, ENTRY_ACTOR),
                .op = (const char *)sqlite3_column_text(s, ENTRY_OP),
                .object = (const char *)sqlite3_column_text(s, ENTRY_OBJECT),
                .account = (const char *)sqlite3_column_text(s, ENTRY_ACCOUNT),
                .rule = (const char *)sqlite3_column_text(s, ENTRY_RULE),
        };
        int r = event_line(s, hashed, take_line, &entry);

        if (r == 0)
                r = each(&entry, context);
        free((char *)entry.line);
        return r;
}

int catalog_log(struct catalog_connection *c, const struct log_filter *filter,
                int (*each)(const struct log_entry *entry, void *context), void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows, r = statement_start(c, log_statement(filter), &s, "iiiititit", filter->after, filter->last,
                                      (int64_t)filter->denied, filter->account, filter->name, filter->place,
                                      filter->object, filter->viewer, filter->viewer_name);

        for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++)
                r = log_row(s, filter->viewer == 0, each, context);
        return r == 0 ? rows : r;
}

int log_event_at(struct catalog_connection *c, int64_t number, int64_t *ret_id, int64_t *ret_time) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_LOG_AT, &s, "i", number);
        bool found;

        if (r == 0)
                r = statement_row(s);
        if (r < 0)
                return r;
        found = r > 0 && sqlite3_column_int64(s, 0) > 0; /* others only in a damaged catalog */
        *ret_id = found ? sqlite3_column_int64(s, 0) : 0;
        *ret_time = found ? sqlite3_column_int64(s, 1) : INT64_MIN;
        return 0;
}

/* Times rise with numbers, so binary search is as fast as an index, which every event would have to update. */
int log_before(struct catalog_connection *c, int64_t time, int64_t low, int64_t high, int64_t *ret_id) {
        int64_t id, found;
        int r;

        while (low < high) {
                const int64_t middle = high - (high - low) / 2;

                r = log_event_at(c, middle, &id, &found);
                if (r < 0)
                        return r;
                if (found < time)
                        low = middle;
                else
                        high = id - 1;
        }
        return log_event_at(c, low, ret_id, &found);
}

int catalog_log_at(struct catalog_connection *c, int64_t time, bool including, int64_t *ret_id) {
        int64_t last, found;
        int r = log_event_at(c, INT64_MAX, &last, &found);

        if (r == 0 && including && time == INT64_MAX)
                *ret_id = last;
        else if (r == 0)
                r = log_before(c, time + including, 0, last, ret_id);
        return r;
}
