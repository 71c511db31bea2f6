/* SPDX-License-Identifier: MIT
 * The log: an event added and rendered, read by its indexes, told as changes to whoever caches (feed.h), verified.
 */
#pragma once

#include "connection.h"

/* Calls each with an event's line: of a statement whose first columns are its JSON and hash, that JSON with the hash as
 * the last member, and a newline. */
int event_line(sqlite3_stmt *s, int (*each)(const char *line, size_t length, void *context), void *context);

/* An event's JSON, as EVENT_JSON renders it with a detail (JSON without spaces; NULL: none); its length, or 0: that must
 * render it. */
size_t event_render(const struct event *e, int64_t id, const char *stamp, const char *actor, const char *via,
                    const char *op, const char *detail, char *ret_json, size_t size);
/* The details as EVENT_DETAIL renders them; false: that must. */
bool detail_render(const struct event *e, char *ret_json, size_t size);
/* A time as timestamp_format writes it; good until the next one. */
const char *event_stamp(struct stamp *stamp, int64_t time);
/* SHA-256 of the hash before and an event's JSON. */
void event_hash(const uint8_t previous[static EVENT_HASH_SIZE], const char *json, size_t length,
                uint8_t ret_hash[static EVENT_HASH_SIZE]);
/* Bytes of the line that an event with so much JSON has in the log. */
int64_t event_line_length(size_t json);

/* The last event up to a number and its time; 0 and INT64_MIN: there is none. */
int log_event_at(struct catalog_connection *c, int64_t number, int64_t *ret_id, int64_t *ret_time);
/* The last event before a time, of those up to high; it is known not to be before low. 0: there is none. */
int log_before(struct catalog_connection *c, int64_t time, int64_t low, int64_t high, int64_t *ret_id);

/* Before a commit: brings the log's indexes up to the last event if too many are behind them. */
int indexed_consider(struct catalog_connection *c);
int indexed_fill(struct catalog_connection *c);
#define INDEX_EVENTS 128 /* so many are, for readers to look at one by one; a test may want another number */

/* --- feed.c; change.c: what an event changed --- */

struct feed {
        struct catalog_connection *c;  /* one for all the time: its version tells of others' writes */
        int64_t version, event;        /* the last ones read */
        int64_t expired;               /* shares whose time came until then have been told */
        int64_t due;                   /* when the next one's comes; 0: none's does */
};
struct feed_reader;
struct change;
/* Has the reader look at a change that concerns it. object: the event's. */
int feed_tell(struct feed *feed, const struct feed_reader *reader, const char *object, struct change *change);
/* A row of FEED_PAGE as a change, as far as it tells: 1, or 0 if nobody can see anything of it. ret_object: SQLite's
 * until the next step, NULL: none. */
int change_read(struct feed *feed, sqlite3_stmt *s, struct change *ret_change, const char **ret_object);
/* Looks up the rest. -ENOENT: there is nothing to be told. */
int change_resolve(struct feed *feed, const char *object, struct change *change);
