/* SPDX-License-Identifier: MIT
 * The days of the log, as each viewer sees them. They are found by binary search. A day's length is summed up when it
 * is first asked for; the sum is remembered, and later only extended. Renders nothing.
 */
#include "log/log.h"

#define DAY_MS INT64_C(86400000)
#define DAY_LAST INT64_C(2932896) /* 9999-12-31, the last that timestamp_format knows: later events count to it */
#define STEP 16384                /* events that one statement sums up: some milliseconds, as for a page of the log */

/* Starts one of two statements, for the view's events with after < number <= last. */
static int sum_start(struct catalog_connection *c, enum statement of_all, enum statement of_viewer,
                 const struct log_filter *view, int64_t after, int64_t last, sqlite3_stmt **ret_statement) {
        if (view->viewer == 0)
                return statement_start(c, of_all, ret_statement, "ii", after, last);
        return statement_start(c, of_viewer, ret_statement, "iiit", after, last, view->viewer, view->viewer_name);
}

enum { LENGTH_ID, LENGTH_LENGTH, LENGTH_TIME }; /* columns */

int catalog_log_lengths(struct catalog_connection *c, const struct log_filter *filter,
                        int (*each)(const struct log_length *length, void *context), void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows, r = sum_start(c, S_LENGTHS, S_LENGTHS_OF_VIEWER, filter, filter->after, filter->last, &s);

        for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++)
                r = each(&(struct log_length){ .id = sqlite3_column_int64(s, LENGTH_ID),
                                               .length = sqlite3_column_int64(s, LENGTH_LENGTH),
                                               .time = sqlite3_column_int64(s, LENGTH_TIME) },
                         context);
        return r == 0 ? rows : r;
}

static int64_t day_of(int64_t time) {
        return time < 0 ? 0 : time / DAY_MS < DAY_LAST ? time / DAY_MS : DAY_LAST;
}

/* --- what is remembered --- */

/* Days of a viewer have different entries, as have viewers of a day. NULL: the view does not end at the catalog's last
 * event. */
static struct day_sum *place_of(struct catalog_connection *c, const struct log_filter *view, int64_t number) {
        const uint64_t place = (uint64_t)number + (uint64_t)view->viewer * 613;

        return view->last == catalog_last(c->catalog) ? &c->catalog->day_sums[place % DAY_SUMS] : NULL;
}

static bool is_of(const struct day_sum *sum, int64_t viewer, int64_t number) {
        return sum->day.bytes > 0 && sum->viewer == viewer && sum->day.number == number;
}

static bool recall(struct catalog_connection *c, const struct log_filter *view, int64_t number,
                   struct day_sum *ret_sum) {
        const struct day_sum *sum = place_of(c, view, number);
        bool known;

        if (!sum)
                return false;
        (void)pthread_mutex_lock(&c->catalog->lock);
        known = is_of(sum, view->viewer, number);
        if (known)
                *ret_sum = *sum;
        (void)pthread_mutex_unlock(&c->catalog->lock);
        return known;
}

/* Remembers a sum, unless another thread has counted further. */
static void sum_keep(struct catalog_connection *c, const struct log_filter *view, const struct day_sum *sum) {
        struct day_sum *place = place_of(c, view, sum->day.number);

        if (!place)
                return;
        (void)pthread_mutex_lock(&c->catalog->lock);
        if (!is_of(place, sum->viewer, sum->day.number) || sum->counted > place->counted || sum->over)
                *place = *sum;
        (void)pthread_mutex_unlock(&c->catalog->lock);
}

/* --- which days there are --- */

/* Finds the viewer's first event with after < number <= last: 1, 0 (none) or -errno. */
static int next_event(struct catalog_connection *c, const struct log_filter *view, int64_t after, int64_t last,
                      int64_t *ret_id, int64_t *ret_time) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = sum_start(c, S_DAY_NEXT, S_DAY_NEXT_OF_VIEWER, view, after, last, &s);

        if (r == 0)
                r = statement_row(s);
        if (r > 0) {
                *ret_id = sqlite3_column_int64(s, 0);
                *ret_time = sqlite3_column_int64(s, 1);
        }
        return r;
}

int catalog_day_list(struct catalog_connection *c, const struct log_filter *view, int64_t from,
                     int (*each)(int64_t number, void *context), void *context) {
        int64_t last, last_time, id = 0, time, number;
        bool more = from <= DAY_LAST;
        int r = log_event_at(c, view->last, &last, &last_time);

        if (r == 0 && more && from > 0)
                r = log_before(c, from * DAY_MS, 0, last, &id);
        while (r == 0 && more && (r = next_event(c, view, id, last, &id, &time)) > 0) {
                number = day_of(time);
                if (number < from)
                        return ORIGIN(-EIO); /* times go back: a damaged log */
                r = each(number, context);
                from = number + 1;
                more = day_of(last_time) > number;
                if (r == 0 && more)
                        r = log_before(c, from * DAY_MS, id, last, &id);
        }
        return r;
}

/* --- how long a day is --- */

enum { SUM_BYTES, SUM_LAST, SUM_TIME }; /* columns */

/* Adds the viewer's events with after < number <= last to a day. */
static int day_add_length(struct catalog_connection *c, const struct log_filter *view, int64_t after, int64_t last,
               struct day *day) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int64_t bytes;
        int r = sum_start(c, S_DAY_SUM, S_DAY_SUM_OF_VIEWER, view, after, last, &s);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : ORIGIN(-EIO);
        bytes = sqlite3_column_int64(s, SUM_BYTES);
        if (bytes < 0 || bytes > INT64_MAX - day->bytes)
                return ORIGIN(-EIO);
        day->bytes += bytes;
        day->last = sqlite3_column_int64(s, SUM_LAST);
        day->time = sqlite3_column_int64(s, SUM_TIME);
        return 0;
}

static int add_all(struct catalog_connection *c, const struct log_filter *view, int64_t last, struct day_sum *sum) {
        int64_t id, time;
        int r;

        while ((r = next_event(c, view, sum->counted, last, &id, &time)) > 0) {
                sum->counted = last - id < STEP ? last : id + STEP - 1;
                r = day_add_length(c, view, id - 1, sum->counted, &sum->day);
                if (r < 0)
                        return r;
        }
        if (sum->counted < last) /* else another thread has counted further */
                sum->counted = last;
        return r;
}

/* Counts on to the day's last event, or to the view's. */
static int day_count(struct catalog_connection *c, const struct log_filter *view, struct day_sum *sum) {
        int64_t last, time;
        int r = log_event_at(c, view->last, &last, &time);

        if (r == 0 && sum->counted == 0 && sum->day.number > 0) {
                r = log_before(c, sum->day.number * DAY_MS, 0, last, &sum->day.after);
                sum->counted = sum->day.after;
        }
        sum->over = c->catalog->past;
        if (r == 0 && day_of(time) > sum->day.number) {
                r = log_before(c, (sum->day.number + 1) * DAY_MS, sum->counted, last, &last);
                sum->over = true;
        }
        return r < 0 ? r : add_all(c, view, last, sum);
}

int catalog_day_get(struct catalog_connection *c, const struct log_filter *view, int64_t number, struct day *ret_day) {
        struct day_sum sum = { .viewer = view->viewer, .day.number = number };
        int r = 0;

        if (number < 0 || number > DAY_LAST)
                return -ENOENT;
        if (!recall(c, view, number, &sum) || !sum.over) {
                r = day_count(c, view, &sum);
                if (r == 0 && sum.day.bytes > 0)
                        sum_keep(c, view, &sum);
        }
        if (r == 0 && sum.day.bytes == 0)
                r = -ENOENT;
        if (r == 0)
                *ret_day = sum.day;
        return r;
}
