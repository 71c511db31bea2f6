/* SPDX-License-Identifier: MIT
 * The log: adds and renders events, reads them by its indexes, reports them as changes to caches (feed.h), verifies
 * them.
 */
#pragma once

#include "connection.h"

/* Calls each with an event's line: its JSON, hashed: with the hash as the last member, and a newline. The first columns
 * of the statement are JSON and hash. */
int event_line(sqlite3_stmt *s, bool hashed, int (*each)(const char *line, size_t length, void *context), void *context);

/* Renders an event's JSON, as EVENT_JSON does. detail: JSON without spaces; NULL: none. Returns its length; 0: only
 * EVENT_JSON can render it. */
size_t event_render(const struct event *e, int64_t id, const char *stamp, const char *actor, const char *via,
                    const char *op, const char *detail, char *ret_json, size_t size);
/* Renders the details, as EVENT_DETAIL does; false: only that can. */
bool detail_render(const struct event *e, char *ret_json, size_t size);
/* A time as timestamp_format writes it; valid until the next call. */
const char *event_stamp(struct stamp *stamp, int64_t time);
/* SHA-256 of the previous event's hash and an event's JSON. */
void event_hash(const uint8_t previous[static EVENT_HASH_SIZE], const char *json, size_t length,
                uint8_t ret_hash[static EVENT_HASH_SIZE]);
/* Bytes of an event's line in the log, given those of its JSON. */
int64_t event_line_length(size_t json);

/* The last event up to a number and its time; 0 and INT64_MIN: there is none. */
int log_event_at(struct catalog_connection *c, int64_t number, int64_t *ret_id, int64_t *ret_time);
/* The last event before a time, of those up to high; the caller knows that it is not before low. 0: there is none. */
int log_before(struct catalog_connection *c, int64_t time, int64_t low, int64_t high, int64_t *ret_id);

/* Call it before a commit: brings the log's indexes up to the last event if too many are missing. */
int indexed_consider(struct catalog_connection *c);
int indexed_fill(struct catalog_connection *c);
#define INDEXES 4 /* by place, actor, account, object */
/* Whether each event has its entries in the indexes, and there are no others. That the numbers tell: each is there
 * once. */
struct indexed_check {
        int64_t last;             /* the event up to which entries have been looked for; INT64_MIN: none yet */
        int64_t entries[INDEXES]; /* how many there should be so far, in each */
        bool wrong;
};
/* Looks on from the last event, a page a statement, so that no read lasts long. */
int indexed_check(struct catalog_connection *c, struct indexed_check *check);
/* Counts, in the transaction of a last look. */
int indexed_check_end(struct catalog_connection *c, struct indexed_check *check);
#define INDEX_EVENTS 128 /* readers look at fewer one by one; a test may set another number */

/* As catalog_verify does, by a connection that is of no use to others behind it: it is left in a transaction that has
 * read only, with a temporary table. */
int log_verify(struct catalog_connection *c, const uint8_t *kept,
               int (*each)(const struct discrepancy *discrepancy, void *context), void *context,
               struct log_head *ret_head);

/* --- feed.c; change.c: what an event changed --- */

struct feed {
        int watch_fd; /* -errno: none */
        struct catalog_connection *c;  /* kept open: its version shows others' writes */
        int64_t version, event;        /* the last ones read */
        int64_t expired;               /* shares that expired until then have been reported */
        int64_t due;                   /* when the next share expires; 0: none does */
};
/* watch.c: a descriptor that is readable once somebody writes in the directory; -errno, as where there are too many. */
int watch_open(const struct home *home);
/* Takes all it has to tell: has the log been written to? */
bool watch_read(int fd);

struct feed_reader;
struct change;
/* Passes a change to the reader, if it concerns the reader. object: the event's. */
int feed_tell(struct feed *feed, const struct feed_reader *reader, const char *object, struct change *change);
/* Makes a change from a row of FEED_PAGE, as far as the row says: 1, or 0 if no cache is concerned. ret_object: valid
 * until the next step, NULL: none. */
int change_read(struct feed *feed, sqlite3_stmt *s, struct change *ret_change, const char **ret_object);
/* Looks up the rest of a change. -ENOENT: there is nothing to report. */
int change_resolve(struct feed *feed, const char *object, struct change *change);
