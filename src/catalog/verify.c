/* SPDX-License-Identifier: MIT
 * The log verified: the hash chain from the first event on, in constant memory, and what else an event must be. It ends
 * at the first event that does not follow, for what comes behind that proves nothing.
 */
#include <inttypes.h>

#include "internal.h"
#include "verdict.h"

struct verification {
        struct catalog_connection *c;
        const uint8_t *kept;
        int (*each)(const struct discrepancy *discrepancy, void *context);
        void *context;
        int found;
        int told; /* of what is wrong with single events */
        int64_t id, time; /* of the last event */
        uint8_t hash[EVENT_HASH_SIZE], before[EVENT_HASH_SIZE]; /* its hash, that of the event before it */
        bool broken, kept_found;
};

static int found(struct verification *v, const char *what, const char *object, const char *problem) {
        v->found++;
        return v->each(&(struct discrepancy){ .what = what, .object = object, .problem = problem }, v->context);
}

static int found_event(struct verification *v, int64_t id, const char *problem) {
        char object[24];

        (void)snprintf(object, sizeof(object), "%" PRId64, id); /* fits */
        return found(v, "event", object, problem);
}

static int break_at(struct verification *v, int64_t id, const char *problem) {
        v->broken = true;
        return found_event(v, id, problem);
}

/* Whether the stored hash of an event is that of its content with this number, behind a given hash: 1 or 0. */
static int follows(struct verification *v, int64_t id, int64_t number, const uint8_t *hash_before) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        uint8_t hash[EVENT_HASH_SIZE];
        const char *json;
        int r = statement_start(v->c, S_VERIFY_RENUMBERED, &s, "ii", id, number);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r;
        r = column_pointer(s, 0, &json);
        if (r < 0)
                return r;
        if (!json || sqlite3_column_bytes(s, 1) != EVENT_HASH_SIZE)
                return 0;
        event_hash(hash_before, json, (size_t)sqlite3_column_bytes(s, 0), hash);
        return memcmp(hash, sqlite3_column_blob(s, 1), EVENT_HASH_SIZE) == 0;
}

/* The event behind the last one has a hash that is not its content's. Its neighbours tell what happened. */
static int tell_break(struct verification *v, const uint8_t *hash) {
        const int64_t id = v->id + 1;
        char problem[128];
        int r = follows(v, id, id - 1, v->before);

        if (r > 0)
                return break_at(v, id - 1, "it was inserted, and those behind it numbered anew");
        if (r == 0)
                r = follows(v, id + 1, id, v->hash);
        if (r > 0)
                return break_at(v, id, "it was inserted, and those behind it numbered anew");
        if (r == 0)
                r = follows(v, id + 1, id + 2, hash);
        if (r > 0)
                return break_at(v, id, "it was removed, and those behind it numbered anew");
        if (r == 0)
                r = follows(v, id + 1, id + 1, hash);
        if (r < 0)
                return r;
        if (r > 0 && id == 1)
                return break_at(v, id, "it was changed");
        if (r == 0)
                return break_at(v, id, "it was changed or inserted: it does not follow from the one before");
        (void)snprintf(problem, sizeof(problem), "it was changed, or event %" PRId64 " with its hash", id - 1);
        return break_at(v, id, problem);
}

static int tell_gap(struct verification *v, int64_t id) {
        char problem[128] = "it was removed";

        if (id <= v->id)
                return break_at(v, id, "it was inserted: events are numbered from 1");
        if (id > v->id + 2)
                (void)snprintf(problem, sizeof(problem), "it was removed, and all behind it up to %" PRId64, id - 1);
        return break_at(v, v->id + 1, problem);
}

/* What the chain does not say: a column of no hash, or a chain that was computed anew over what cannot be. */
static int check_event(struct verification *v, sqlite3_stmt *s) {
        const char *rule, *op, *problem = NULL;
        int r = column_pointer(s, 5, &rule);

        if (r == 0)
                r = column_pointer(s, 6, &op);
        if (r < 0)
                return r;
        if (sqlite3_column_int64(s, 3) < v->time)
                problem = "its time is before that of the event before it";
        else if (sqlite3_column_int64(s, 4) != event_line_length((size_t)sqlite3_column_bytes(s, 0)))
                problem = "its length is not that of its line";
        else if (rule && !rule_find(rule))
                problem = "it was refused by a rule that does not exist";
        else if (!op || !event_op_known(op))
                problem = "there is no such operation";
        if (!problem || v->told++ >= PAGE)
                return 0;
        return found_event(v, v->id + 1, problem);
}

/* SQLite calls JSON that it has no memory for invalid, too: asked again, it would say something else. */
static int tell_no_json(struct verification *v, int64_t id) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(v->c, S_VERIFY_RENUMBERED, &s, "ii", id, id);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r;
        if (sqlite3_column_type(s, 0) != SQLITE_NULL)
                return -ENOMEM;
        return break_at(v, id, "it was changed: its detail is no JSON");
}

static int verify_event(struct verification *v, sqlite3_stmt *s) {
        const uint8_t *stored = sqlite3_column_blob(s, 1);
        const int64_t id = sqlite3_column_int64(s, 2);
        uint8_t hash[EVENT_HASH_SIZE];
        const char *json;
        int r = column_pointer(s, 0, &json);

        if (r < 0)
                return r;
        if (id != v->id + 1)
                return tell_gap(v, id);
        if (!json)
                return tell_no_json(v, id);
        if (sqlite3_column_bytes(s, 1) != EVENT_HASH_SIZE)
                return break_at(v, id, "its hash was changed");
        event_hash(v->hash, json, (size_t)sqlite3_column_bytes(s, 0), hash);
        if (memcmp(hash, stored, EVENT_HASH_SIZE) != 0)
                return tell_break(v, stored);
        r = check_event(v, s);
        v->id = id;
        v->time = sqlite3_column_int64(s, 3);
        memcpy(v->before, v->hash, EVENT_HASH_SIZE);
        memcpy(v->hash, hash, EVENT_HASH_SIZE);
        v->kept_found = v->kept_found || (v->kept && memcmp(v->kept, hash, EVENT_HASH_SIZE) == 0);
        return r;
}

/* All events there are, a page a statement: no read is held for long. */
static int verify_chain(struct verification *v) {
        int r, rows;

        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(v->c, S_VERIFY_EVENT, &s, "i", v->id == 0 ? INT64_MIN : v->id);
                for (rows = 0; r == 0 && !v->broken && (r = statement_row(s)) > 0; rows++)
                        r = verify_event(v, s);
        } while (r == 0 && rows == PAGE && !v->broken);
        return r;
}

static int verify_kept(struct verification *v) {
        if (v->id == 0 && !v->broken)
                return found_event(v, 1, "it was removed, and all behind it");
        if (!v->kept || v->kept_found)
                return 0;
        return found(v, "log", "head", v->broken ? "no event before the one that was found has the hash that was kept"
                                                 : "no event has the hash that was kept: the log was rewritten or cut");
}

static int read_head(struct verification *v, struct log_head *ret_head) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(v->c, S_EVENT_LAST, &s, "");

        if (r == 0)
                r = statement_row(s);
        if (r < 0)
                return r;
        *ret_head = (struct log_head){ 0 };
        if (r == 0 || sqlite3_column_bytes(s, 2) != EVENT_HASH_SIZE)
                return 0; /* which has been found */
        ret_head->event = sqlite3_column_int64(s, 0);
        memcpy(ret_head->hash, sqlite3_column_blob(s, 2), EVENT_HASH_SIZE);
        return 0;
}

/* Rows must be seen with the events that made them: what has come meanwhile is verified in the same transaction. */
static int verify_snapshot(struct verification *v, struct log_head *ret_head) {
        int r = v->broken ? 0 : verify_chain(v);

        if (r == 0)
                r = verify_kept(v);
        if (r == 0)
                r = verify_rows(v->c, v->each, v->context);
        if (r < 0)
                return r;
        v->found += r;
        r = read_head(v, ret_head);
        return r;
}

static void cleanup_connection(struct catalog_connection **c) {
        *c = connection_close(*c);
}

int catalog_verify(struct catalog *catalog, const uint8_t *kept,
                   int (*each)(const struct discrepancy *discrepancy, void *context), void *context,
                   struct log_head *ret_head) {
        _cleanup_(cleanup_connection) struct catalog_connection *c = NULL; /* of its own: the cache is freed again */
        struct verification v = { .kept = kept, .each = each, .context = context };
        int r = connection_open(catalog, false, &c);

        if (r == 0)
                r = connection_run(c, "PRAGMA cache_size = -65536");
        v.c = c;
        if (r == 0)
                r = verify_chain(&v);
        if (r == 0)
                r = connection_run(c, "BEGIN");
        if (r == 0)
                r = verify_snapshot(&v, ret_head);
        return r != 0 ? r : v.found; /* closing ends the transaction, which has read only */
}
