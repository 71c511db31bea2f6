/* SPDX-License-Identifier: MIT
 * Every query once more, as of a moment of the past: the event asof() and the time asof_time(), SQL functions of the
 * connection. Statements that write are included, but never used.
 */
#include "connection.h"
#include "sql.h"

#define LIVE(t) t ".id <= asof() AND " t ".until_event > asof()"
#define LIVE_FROM(t) t ".from_event <= asof() AND " t ".until_event > asof()"
#define PRESENT(what, t)                                                                                       \
        " AND NOT EXISTS (SELECT 1 FROM absence y WHERE y.what = '" what "' AND y.id = " t ".id"                  \
        " AND y.from_event <= asof() AND y.until_event > asof())"
#define ENDED(what, t)                                                                                              \
        "max(iif(" t ".until_event <= asof(), " t ".until_event, 0), coalesce((SELECT max(y.from_event) FROM absence y" \
        " WHERE y.what = '" what "' AND y.id = " t ".id AND y.from_event <= asof()), 0))"
#define EXISTED(t) t ".id <= asof()"
/* Merges two lists in the order of ids: rows that still live, by the index of today's listings, and rows that have
 * ended since, by the index of ended ones. A single range of until_event would have to be sorted for each page. */
#define MERGED(query, t, from)                                                                                 \
        query " AND " t ".until_event = " FAR " AND " from " <= asof() UNION ALL "                                \
        query " AND " t ".until_event < " FAR " AND " t ".until_event > asof() AND " from " <= asof()"
#define LISTED(query, t) MERGED(query, t, t ".id")
#define LISTED_FROM(query, t) MERGED(query, t, t ".from_event")
#define HAPPENED(event) event " <= asof()"
#define ONCE(event, value) "CASE WHEN " event " <= asof() THEN " value " END"
#define STILL(until) until " > asof()"
#define TIMES(t) "CASE WHEN " t ".times_event <= asof() THEN " t ".mtime END"
#define THEN(event) "(SELECT 1000000 * time FROM event WHERE id = " event ")"
#define UP_TO(event) "min(" event ", asof())"
#define NOW "asof_time()"
#define OVER NOW
#define UNEXPIRED(t)                                                                                           \
        "NOT EXISTS (SELECT 1 FROM share_expiry x WHERE x.share = " t ".id AND " LIVE_FROM("x")                   \
        " AND x.expires <= " NOW ")"
#define LIVE_SHARE(t) LIVE(t) " AND " UNEXPIRED(t)
#define HELD_SHARE(t) LIVE_SHARE(t)

const char *const statement_past_sql[STATEMENT_COUNT] = {
#define STATEMENT(name, sql) [S_##name] = sql,
#include "statements.def"
#undef STATEMENT
};
