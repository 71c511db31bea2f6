/* SPDX-License-Identifier: MIT
 * What has changed since the feed was last read: events (change.c says what each one changed) and shares that have
 * expired.
 */
#include "feed.h"
#include "log_clock.h"
#include "write/write.h"

#include "log/log.h"

/* --- the position of the feed --- */

/* Differs from the last time's if anybody but this connection has written something. */
static int read_version(struct feed *feed, int64_t *ret_version) {
        return statement_number(feed->c, S_DATA_VERSION, ret_version);
}

static int read_last(struct feed *feed) {
        return statement_number(feed->c, S_FEED_LAST, &feed->event);
}

/* Reads the clock that shares expire by, and when the next share expires that has not been reported. */
static int read_clock(struct feed *feed, int64_t *ret_now) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_one(&s, statement_start(feed->c, S_FEED_CLOCK, &s, "i", feed->expired));

        if (r < 0)
                return r;
        *ret_now = sqlite3_column_int64(s, 0);
        feed->due = sqlite3_column_int64(s, 1);
        return 0;
}

struct feed *feed_close(struct feed *feed) {
        if (!feed)
                return NULL;
        if (feed->c)
                own_watch(feed->c->catalog, NULL, NULL);
        catalog_read_end(&feed->c);
        feed->watch_fd = fd_close(feed->watch_fd);
        free(feed);
        return NULL;
}

static void cleanup_feed(struct feed **feed) {
        *feed = feed_close(*feed);
}

int feed_open(struct catalog *catalog, void (*wake)(void *context), void *context, struct feed **ret_feed) {
        _cleanup_(cleanup_feed) struct feed *feed = calloc(1, sizeof(*feed));
        int64_t now;
        int r;

        if (!feed)
                return -ENOMEM;
        feed->watch_fd = watch_open(&catalog->home); /* first: what comes later is told */
        r = catalog_read(catalog, &feed->c);
        if (r == 0)
                r = read_version(feed, &feed->version);
        if (r == 0)
                r = read_clock(feed, &feed->expired);
        if (r == 0)
                r = read_last(feed);
        if (r == 0)
                r = read_clock(feed, &now); /* again: feed->due depends on feed->expired */
        if (r < 0)
                return r;
        own_watch(catalog, wake, context);
        *ret_feed = TAKE_PTR(feed);
        return 0;
}

int feed_descriptor(const struct feed *feed) {
        return feed->watch_fd;
}

bool feed_written(struct feed *feed) {
        return feed->watch_fd >= 0 && watch_read(feed->watch_fd);
}

int64_t feed_last(const struct feed *feed) {
        return feed->event;
}

int64_t feed_due(const struct feed *feed) {
        return feed->due;
}

/* --- what is new --- */

int feed_tell(struct feed *feed, const struct feed_reader *reader, const char *object, struct change *change) {
        int r;

        if (!reader->concerns(change, reader->context))
                return 0;
        r = change_resolve(feed, object, change);
        if (r == 0)
                reader->each(change, reader->context);
        return r == -ENOENT ? 0 : r;
}

static int read_events(struct feed *feed, const struct feed_reader *reader) {
        int rows, r;

        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(feed->c, S_FEED_PAGE, &s, "i", feed->event);
                for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++) {
                        struct change change;
                        const char *object;

                        r = change_read(feed, s, &change, &object);
                        if (r > 0)
                                r = feed_tell(feed, reader, object, &change);
                        if (r == 0)
                                feed->event = sqlite3_column_int64(s, 0); /* only now: a failed event is read again */
                }
        } while (r == 0 && rows == PAGE);
        return r;
}

enum { DUE_SHARE, DUE_PLACE, DUE_OWNER, DUE_ACCOUNT, DUE_ACCOUNT_NAME }; /* columns */

static int read_due(struct feed *feed, const struct feed_reader *reader, int64_t now) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(feed->c, S_FEED_DUE, &s, "ii", feed->expired, now);

        while (r == 0 && (r = statement_row(s)) > 0) {
                struct change change = { .kind = CHANGE_UNSHARED,
                                         .share = sqlite3_column_int64(s, DUE_SHARE),
                                         .place = sqlite3_column_int64(s, DUE_PLACE),
                                         .owner = sqlite3_column_int64(s, DUE_OWNER),
                                         .account = sqlite3_column_int64(s, DUE_ACCOUNT) };

                r = column_text(s, DUE_ACCOUNT_NAME, change.account_name, NAME_SIZE);
                if (r == 0)
                        r = feed_tell(feed, reader, NULL, &change);
        }
        return r;
}

/* What was reported as expired lives again: the clock was wrong, and was set back. Nobody knows what else was
 * remembered meanwhile. */
static int read_revived(struct feed *feed, const struct feed_reader *reader, int64_t now) {
        const int64_t reported = feed->expired;
        int r;

        if (now >= reported)
                return 0;
        feed->expired = now;
        r = read_clock(feed, &now);
        if (r == 0 && feed->due != 0 && feed->due <= reported)
                r = feed_tell(feed, reader, NULL, &(struct change){ .kind = CHANGE_UNKNOWN });
        return r;
}

static int read_expired(struct feed *feed, const struct feed_reader *reader) {
        int64_t now;
        int r = read_clock(feed, &now);

        if (r == 0)
                r = read_revived(feed, reader, now);
        if (r < 0 || feed->due == 0 || feed->due > now)
                return r;
        r = read_due(feed, reader, now);
        if (r < 0)
                return r;
        feed->expired = now;
        return read_clock(feed, &now);
}

/* Somebody has begun to write what was at rest: its connection never sees that. */
static int feed_renew(struct feed *feed) {
        struct catalog_connection *c;
        int r;

        if (!reader_is_old(feed->c))
                return 0;
        r = catalog_read(feed->c->catalog, &c);
        if (r < 0)
                return r;
        catalog_read_end(&feed->c);
        feed->c = c;
        feed->version = -1; /* none: read on */
        return 0;
}

int feed_read(struct feed *feed, const struct feed_reader *reader) {
        struct log_clock clock;
        int64_t version;
        int r = feed_renew(feed);

        if (r == 0)
                r = read_version(feed, &version);
        if (r == 0)
                r = version != feed->version ? log_clock_read(feed->c, &clock) /* somebody may have set it */
                                             : log_clock_quick(feed->c, feed->expired, &clock);
        if (r < 0 || (version == feed->version && (feed->due == 0 || feed->due > clock.due) && clock.due >= feed->expired))
                return r;
        r = read_events(feed, reader);
        if (r == 0)
                r = read_expired(feed, reader);
        if (r < 0)
                return r;
        feed->version = version;
        return 1;
}
