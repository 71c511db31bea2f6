/* SPDX-License-Identifier: MIT
 * The days of the log, as each who may read it sees them: sizes from running totals, places in a day from the lengths
 * of its lines. Renders nothing.
 */
#include "internal.h"

int catalog_log_lengths(struct catalog_connection *c, const struct log_filter *filter,
                        int (*each)(const struct log_length *length, void *context), void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows, r;

        if (filter->viewer == 0)
                r = statement_start(c, S_LENGTHS, &s, "ii", filter->after, filter->last);
        else
                r = statement_start(c, S_LENGTHS_OF_VIEWER, &s, "iiit", filter->after, filter->last, filter->viewer,
                                    filter->viewer_name);
        for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++)
                r = each(&(struct log_length){ .id = sqlite3_column_int64(s, 0),
                                               .length = sqlite3_column_int64(s, 1),
                                               .time = sqlite3_column_int64(s, 2) },
                         context);
        return r == 0 ? rows : r;
}

static int add_length(const struct log_length *length, void *context) {
        struct day *day = context;

        day->bytes += length->length;
        day->last = length->id;
        day->time = length->time;
        return 0;
}

/* Where a viewer's cut day is kept; NULL: the limit is not the catalog's own. */
static struct cut *cut_of(struct catalog_connection *c, const struct log_filter *view) {
        return view->last == catalog_last(c->catalog) ? &c->catalog->cuts[view->viewer % CUTS] : NULL;
}

static bool cut_recall(struct catalog_connection *c, const struct log_filter *view, struct day *day) {
        const struct cut *cut = cut_of(c, view);
        bool known;

        if (!cut)
                return false;
        (void)pthread_mutex_lock(&c->catalog->lock);
        known = cut->viewer == view->viewer && cut->day.number == day->number && cut->day.bytes > 0;
        if (known)
                *day = cut->day;
        (void)pthread_mutex_unlock(&c->catalog->lock);
        return known;
}

static void cut_keep(struct catalog_connection *c, const struct log_filter *view, const struct day *day) {
        struct cut *cut = cut_of(c, view);

        if (!cut)
                return;
        (void)pthread_mutex_lock(&c->catalog->lock);
        *cut = (struct cut){ .viewer = view->viewer, .day = *day };
        (void)pthread_mutex_unlock(&c->catalog->lock);
}

/* The day as it was when `last` was the last event: its lines are counted. -ENOENT: there was none yet. */
static int cut_day(struct catalog_connection *c, const struct log_filter *view, struct day *day) {
        struct log_filter filter = { .after = day->after, .last = view->last, .viewer = view->viewer,
                                     .viewer_name = view->viewer_name };
        struct day cut = { .number = day->number, .after = day->after, .last = day->after };
        int r;

        if (cut_recall(c, view, day))
                return 0;
        do {
                filter.after = cut.last;
                r = catalog_log_lengths(c, &filter, add_length, &cut);
        } while (r == CATALOG_PAGE);
        if (r < 0)
                return r;
        if (cut.bytes == 0)
                return -ENOENT;
        *day = cut;
        cut_keep(c, view, day);
        return 0;
}

#define DAYS_MAX (1 << 22) /* since 1970: some ten thousand years */

static int day_row(sqlite3_stmt *s, struct day *ret_day) {
        *ret_day = (struct day){
                .number = sqlite3_column_int64(s, 0),
                .bytes = sqlite3_column_int64(s, 1),
                .last = sqlite3_column_int64(s, 2),
                .time = sqlite3_column_int64(s, 3),
                .after = sqlite3_column_int64(s, 4),
        };
        return ret_day->number >= 0 && ret_day->number < DAYS_MAX && ret_day->bytes >= 0 ? 0 : -EIO;
}

int catalog_day_get(struct catalog_connection *c, const struct log_filter *view, int64_t number, struct day *ret_day) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        struct day day;
        int r = statement_start(c, S_DAY_GET, &s, "ii", view->viewer, number);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = day_row(s, &day);
        if (r == 0 && day.last > view->last)
                r = cut_day(c, view, &day);
        if (r == 0)
                *ret_day = day;
        return r;
}

int catalog_day_list(struct catalog_connection *c, const struct log_filter *view, int64_t from,
                     int (*each)(const struct day *day, void *context), void *context) {
        bool cut = false;
        int rows, r;

        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(c, S_DAY_LIST, &s, "ii", view->viewer, from);
                for (rows = 0; r == 0 && !cut && (r = statement_row(s)) > 0; rows++) {
                        struct day day;

                        r = day_row(s, &day);
                        if (r < 0)
                                break;
                        from = day.number + 1;
                        cut = day.last > view->last; /* the last day, if it had begun */
                        r = cut ? cut_day(c, view, &day) : 0;
                        r = r == 0 ? each(&day, context) : cut && r == -ENOENT ? 0 : r;
                }
        } while (r == 0 && rows == PAGE && !cut);
        return r;
}
