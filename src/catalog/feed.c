/* SPDX-License-Identifier: MIT
 * What has changed since one last looked: events and what each one changed, shares that have expired, times set by
 * hand. Also which events this process wrote itself.
 */
#include "internal.h"

#include "timestamp.h"

#define TOUCH_KEPT_MS INT64_C(7200000) /* nobody who caches looks less often */

/* --- this process's own events --- */

void own_events(struct catalog *catalog, int64_t first, int64_t last, bool own) {
        if (first == 0)
                return;
        (void)pthread_mutex_lock(&catalog->lock);
        for (int64_t id = first; id <= last; id++)
                catalog->own[id % OWN_EVENTS] = own ? id : 0;
        (void)pthread_mutex_unlock(&catalog->lock);
}

bool catalog_event_own(struct catalog *catalog, int64_t id) {
        bool own;

        (void)pthread_mutex_lock(&catalog->lock);
        own = catalog->own[id % OWN_EVENTS] == id;
        (void)pthread_mutex_unlock(&catalog->lock);
        return own;
}

void own_committed(struct catalog *catalog) {
        (void)pthread_mutex_lock(&catalog->lock);
        if (catalog->committed)
                catalog->committed(catalog->committed_context);
        (void)pthread_mutex_unlock(&catalog->lock);
}

void catalog_watch(struct catalog *catalog, void (*committed)(void *context), void *context) {
        (void)pthread_mutex_lock(&catalog->lock);
        catalog->committed = committed;
        catalog->committed_context = context;
        (void)pthread_mutex_unlock(&catalog->lock);
}

/* --- events --- */

/* The first row of a statement that has just been started with result r: 0, or -ENOENT. */
static int one(sqlite3_stmt **s, int r) {
        if (r == 0)
                r = statement_row(*s);
        return r < 0 ? r : r == 0 ? -ENOENT : 0;
}

int catalog_version(struct catalog_connection *c, int64_t *ret_version) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = one(&s, statement_start(c, S_DATA_VERSION, &s, ""));

        if (r == 0)
                *ret_version = sqlite3_column_int64(s, 0);
        return r;
}

int catalog_feed_last(struct catalog_connection *c, int64_t *ret_event, int64_t *ret_touch) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = one(&s, statement_start(c, S_FEED_LAST, &s, ""));

        if (r < 0)
                return r;
        *ret_event = sqlite3_column_int64(s, 0);
        *ret_touch = sqlite3_column_int64(s, 1);
        return 0;
}

int catalog_feed(struct catalog_connection *c, int64_t after,
                 int (*each)(const struct feed_event *event, void *context), void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows, r = statement_start(c, S_FEED_PAGE, &s, "i", after);

        for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++) {
                const char *op, *object, *account;

                r = column_pointer(s, 1, &op);
                if (r == 0)
                        r = column_pointer(s, 6, &object);
                if (r == 0)
                        r = column_pointer(s, 7, &account);
                if (r < 0)
                        return r;
                r = each(&(struct feed_event){ .id = sqlite3_column_int64(s, 0),
                                               .op = op ? event_op_of(op) : -ENOENT,
                                               .refused = sqlite3_column_int(s, 2) != 0,
                                               .actor = sqlite3_column_int64(s, 3),
                                               .place = sqlite3_column_int64(s, 4),
                                               .owner = sqlite3_column_int64(s, 5),
                                               .object = object,
                                               .account_name = account,
                                               .account = sqlite3_column_int64(s, 8) },
                         context);
        }
        return r == 0 ? rows : r;
}

int catalog_feed_is_instance(struct catalog_connection *c, int64_t event) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        char kind[16], part[16];
        int r = one(&s, statement_start(c, S_FEED_PART, &s, "i", event));

        if (r == 0)
                r = column_text(s, 0, kind, sizeof(kind));
        if (r == 0)
                r = column_text(s, 1, part, sizeof(part));
        return r < 0 ? r : strcmp(kind, "instance") == 0 || strcmp(part, "directory") == 0;
}

/* --- what an event changed --- */

#define STATE_COLUMNS 6

static int state_row(sqlite3_stmt *s, int column, struct place_state *ret_state) {
        ret_state->image = sqlite3_column_int64(s, column + 1);
        ret_state->disk = sqlite3_column_int(s, column + 2) != 0;
        ret_state->draft = sqlite3_column_int(s, column + 3) == 0;
        ret_state->description = sqlite3_column_int64(s, column + 4);
        ret_state->shares_link = sqlite3_column_int64(s, column + 5);
        return column_text(s, column, ret_state->name, sizeof(ret_state->name));
}

int catalog_feed_place(struct catalog_connection *c, int64_t place, int64_t event, struct place_change *ret_change) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = one(&s, statement_start(c, S_FEED_PLACE, &s, "ii", place, event));

        if (r < 0)
                return r;
        *ret_change = (struct place_change){ .region = sqlite3_column_int64(s, 0),
                                             .owner = sqlite3_column_int64(s, 2),
                                             .again = sqlite3_column_int(s, 4 + 2 * STATE_COLUMNS) != 0 };
        r = column_text(s, 1, ret_change->region_name, NAME_SIZE);
        if (r == 0)
                r = column_text(s, 3, ret_change->owner_name, NAME_SIZE);
        if (r == 0)
                r = state_row(s, 4, &ret_change->before);
        return r < 0 ? r : state_row(s, 4 + STATE_COLUMNS, &ret_change->after);
}

int catalog_feed_share(struct catalog_connection *c, int64_t image, int64_t account, int64_t event, int64_t *ret_share,
                       bool *ret_again, int64_t *ret_expires) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = one(&s, statement_start(c, S_FEED_SHARE, &s, "iii", image, account, event));

        if (r < 0)
                return r;
        *ret_share = sqlite3_column_int64(s, 0);
        *ret_again = sqlite3_column_int(s, 1) != 0;
        *ret_expires = sqlite3_column_int64(s, 2);
        return 0;
}

int catalog_feed_region(struct catalog_connection *c, const char *name, int64_t event, int64_t *ret_region) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = one(&s, statement_start(c, S_FEED_REGION, &s, "ti", name, event));

        if (r == 0)
                *ret_region = sqlite3_column_int64(s, 0);
        return r;
}

int catalog_feed_instance(struct catalog_connection *c, const char *region, const char *owner, const char *name,
                          int64_t event, int64_t *ret_id, int64_t *ret_region, int64_t *ret_owner, bool *ret_again) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = one(&s, statement_start(c, S_FEED_INSTANCE, &s, "ttti", region, owner, name, event));

        if (r < 0)
                return r;
        *ret_id = sqlite3_column_int64(s, 0);
        *ret_region = sqlite3_column_int64(s, 1);
        *ret_owner = sqlite3_column_int64(s, 2);
        *ret_again = sqlite3_column_int(s, 3) != 0;
        return 0;
}

/* --- shares that expire --- */

int catalog_clock(struct catalog_connection *c, int64_t *ret_now) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = one(&s, statement_start(c, S_FEED_CLOCK, &s, ""));

        if (r == 0)
                *ret_now = sqlite3_column_int64(s, 0);
        return r;
}

int catalog_feed_due(struct catalog_connection *c, int64_t after, int64_t until,
                     int (*each)(const struct feed_due *due, void *context), void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_FEED_DUE, &s, "ii", after, until);

        while (r == 0 && (r = statement_row(s)) > 0) {
                struct feed_due due = { .share = sqlite3_column_int64(s, 1),
                                        .image = sqlite3_column_int64(s, 2),
                                        .place = sqlite3_column_int64(s, 3),
                                        .account = sqlite3_column_int64(s, 4) };

                r = column_text(s, 5, due.account_name, NAME_SIZE);
                if (r == 0)
                        r = each(&due, context);
        }
        return r;
}

int catalog_feed_next(struct catalog_connection *c, int64_t after, int64_t *ret_time) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = one(&s, statement_start(c, S_FEED_NEXT, &s, "i", after));

        if (r == 0 && sqlite3_column_type(s, 0) == SQLITE_NULL)
                r = -ENOENT;
        if (r == 0)
                *ret_time = sqlite3_column_int64(s, 0);
        return r;
}

/* --- times set by hand --- */

int touch_put(struct catalog_connection *c, enum statement which, int64_t id) {
        int64_t now = timestamp_now();
        int r = statement_run(c, which, "ii", now, id);

        if (r >= 0)
                r = statement_run(c, S_TOUCH_FORGET, "i", now - TOUCH_KEPT_MS);
        return r < 0 ? r : 0;
}

int catalog_feed_touch(struct catalog_connection *c, int64_t after,
                       int (*each)(int64_t id, int64_t place, int64_t node, bool disk, void *context), void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows, r = statement_start(c, S_FEED_TOUCH, &s, "i", after);

        for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++)
                r = each(sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2),
                         sqlite3_column_int(s, 3) != 0, context);
        return r == 0 ? rows : r;
}
