/* SPDX-License-Identifier: MIT
 * Times that were set by hand, for the feed: they are no events, but rows of their own for some hours.
 */
#include "internal.h"

#include "feed.h"

#define TOUCH_KEPT_MS INT64_C(7200000) /* nobody who caches looks less often */

int touch_put(struct catalog_connection *c, enum statement which, int64_t id) {
        int64_t now = timestamp_now();
        int r = statement_run(c, which, "ii", now, id);

        if (r >= 0)
                r = statement_run(c, S_TOUCH_FORGET, "i", now - TOUCH_KEPT_MS);
        return r < 0 ? r : 0;
}

int touch_read(struct feed *feed, const struct feed_reader *reader) {
        int rows, r;

        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(feed->c, S_FEED_TOUCH, &s, "i", feed->touch);
                for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++) {
                        struct change change = { .kind = CHANGE_TOUCHED,
                                                 .place = sqlite3_column_int64(s, 1),
                                                 .disk = sqlite3_column_int(s, 2) != 0,
                                                 .owner = sqlite3_column_int64(s, 3) };

                        r = feed_tell(feed, reader, NULL, &change);
                        if (r == 0)
                                feed->touch = sqlite3_column_int64(s, 0);
                }
        } while (r == 0 && rows == PAGE);
        return r;
}
