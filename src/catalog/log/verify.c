/* SPDX-License-Identifier: MIT
 * Verifies the log in one pass and constant memory: the hash chain from the first event on, what else must hold of an
 * event, and whether the rows are as the event left them. The pass ends at the first event that breaks the chain: what
 * comes after it proves nothing. If anything differs, all rows are made again from the log and compared.
 */
#include <inttypes.h>

#include "effects/replay.h"
#include "log/log.h"
#include "verdict.h"

struct verification {
        struct catalog_connection *c;
        const uint8_t *kept;
        int (*each)(const struct discrepancy *discrepancy, void *context);
        void *context;
        int found;
        int told; /* problems of single events reported so far */
        int64_t id, time; /* of the last event */
        uint8_t hash[EVENT_HASH_SIZE], before[EVENT_HASH_SIZE]; /* its hash, that of the event before it */
        bool broken, kept_found;
        bool damaged; /* the file itself: what is in it may be impossible to read */
        bool differs; /* some row is not as an event left it */
        struct stamp stamp;
        struct effect_counts counts;
        struct indexed_check indexed;
};

static int verify_found(struct verification *v, const char *what, const char *object, const char *problem) {
        v->found++;
        return v->each(&(struct discrepancy){ .what = what, .object = object, .problem = problem }, v->context);
}

/* Of the log itself. */
static int found_lasting(struct verification *v, const char *what, const char *object, const char *problem) {
        v->found++;
        return v->each(&(struct discrepancy){ .what = what, .object = object, .problem = problem, .lasting = true },
                       v->context);
}

/* object: its number, for at most 24 bytes. */
static const char *event_number(int64_t id, char object[static 24]) {
        (void)snprintf(object, 24, "%" PRId64, id); /* fits */
        return object;
}

static int break_at(struct verification *v, int64_t id, const char *problem) {
        char object[24];

        v->broken = true;
        return found_lasting(v, "event", event_number(id, object), problem);
}

/* Whether an event's stored hash is that of its content with a given number, after a given hash: 1, 0 or -errno. */
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

/* The next event's hash is not that of its content. Its neighbours tell what happened. */
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

static int verify_tell_event(struct verification *v, int64_t id, const char *problem, bool lasting) {
        char object[24];

        if (v->told++ >= PAGE)
                return 0;
        return (lasting ? found_lasting : verify_found)(v, "event", event_number(id, object), problem);
}

/* SQLite also calls JSON invalid if it has no memory for it: -ENOMEM if a second try finds it valid. */
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

/* The hash of SQLite's JSON, which is what counts: 1, or 0 if the detail is no JSON. */
static int hash_by_sql(struct verification *v, int64_t id, size_t *ret_length, uint8_t ret_hash[static EVENT_HASH_SIZE]) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        const char *json;
        int r = statement_start(v->c, S_VERIFY_RENUMBERED, &s, "ii", id, id);

        if (r == 0)
                r = statement_row(s);
        if (r == 0)
                r = ORIGIN(-EIO); /* the event was there just now */
        if (r > 0)
                r = column_pointer(s, 0, &json);
        if (r < 0 || !json)
                return r;
        *ret_length = (size_t)sqlite3_column_bytes(s, 0);
        event_hash(v->hash, json, *ret_length, ret_hash);
        return 1;
}

#define JSON_MOST 2048

/* The event's hash after the last event's. Our own JSON will do if it gives the stored hash: SQLite takes ten times as
 * long. */
static int hash_of(struct verification *v, sqlite3_stmt *s, const struct logged *logged, size_t *ret_length,
                   uint8_t ret_hash[static EVENT_HASH_SIZE]) {
        char json[JSON_MOST];
        const bool plain = sqlite3_column_int64(s, LOGGED_UID) == (int64_t)logged->caller.uid && logged->via && logged->op;

        *ret_length = plain ? event_render(&logged->event, logged->id, event_stamp(&v->stamp, logged->time),
                                           logged->caller.name, logged->via, logged->op, logged->event.json, json,
                                           sizeof(json)) : 0;
        if (*ret_length > 0) {
                event_hash(v->hash, json, *ret_length, ret_hash);
                if (memcmp(ret_hash, sqlite3_column_blob(s, LOGGED_HASH), EVENT_HASH_SIZE) == 0)
                        return 1;
        }
        return hash_by_sql(v, logged->id, ret_length, ret_hash);
}

/* What the chain does not prove: a column that is not hashed, or values that cannot be, in a chain computed anew. */
static int check_event(struct verification *v, sqlite3_stmt *s, const struct logged *logged, size_t length) {
        const char *rule = logged->event.rule, *problem = NULL;
        bool unhashed = false;

        if (logged->time < v->time)
                problem = "its time is before that of the event before it";
        else if (rule && strcmp(rule, RULE_NONE_ID) != 0 && !rule_find(rule))
                problem = "it was refused by a rule that does not exist";
        else if (!logged->op || !operation_known(logged->op))
                problem = "there is no such operation";
        else if ((unhashed = sqlite3_column_int64(s, LOGGED_LENGTH) != event_line_length(length)))
                problem = "its length is not that of its line";
        return problem ? verify_tell_event(v, logged->id, problem, !unhashed) : 0;
}

#define MISPLACED "the catalog counts it among the events of another image or account"

static int check_refusal(struct verification *v, const struct logged *logged) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(v->c, S_VERIFY_REFUSAL, &s, "i", logged->id);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : ORIGIN(-EIO);
        return sqlite3_column_int(s, 0) ? 0 : verify_tell_event(v, logged->id, MISPLACED, false);
}

/* Whether the rows are as the event left them, and whether it is counted among the events of what it is about. */
static int check_effects(struct verification *v, struct logged *logged) {
        const int64_t owner = logged->owner;
        int r = logged_read(v->c, logged);

        if (r == 0)
                r = logged_resolve(v->c, logged);
        if (r == -ENOENT) { /* an operation of a newer version: nothing is known of its rows */
                v->differs = true;
                return 0;
        }
        if (r == 0 && (logged->event.place != logged->place ||
                       owner != (logged->place_owner == logged->caller.account ? 0 : logged->place_owner)))
                r = verify_tell_event(v, logged->id, MISPLACED, false);
        if (r == 0)
                r = effects_check(v->c, &logged->event, logged->id, &v->counts);
        if (r == 0)
                v->differs = true;
        return r < 0 ? r : 0;
}

static int verify_event(struct verification *v, sqlite3_stmt *s) {
        uint8_t hash[EVENT_HASH_SIZE];
        struct logged logged;
        size_t length;
        int r = logged_row(s, &logged);

        if (r < 0)
                return r;
        if (logged.id != v->id + 1)
                return tell_gap(v, logged.id);
        if (sqlite3_column_bytes(s, LOGGED_HASH) != EVENT_HASH_SIZE)
                return break_at(v, logged.id, "its hash was changed");
        r = hash_of(v, s, &logged, &length, hash);
        if (r <= 0)
                return r < 0 ? r : tell_no_json(v, logged.id);
        if (memcmp(hash, sqlite3_column_blob(s, LOGGED_HASH), EVENT_HASH_SIZE) != 0)
                return tell_break(v, sqlite3_column_blob(s, LOGGED_HASH));
        r = check_event(v, s, &logged, length);
        v->id = logged.id;
        v->time = logged.time;
        memcpy(v->before, v->hash, EVENT_HASH_SIZE);
        memcpy(v->hash, hash, EVENT_HASH_SIZE);
        v->kept_found = v->kept_found || (v->kept && memcmp(v->kept, hash, EVENT_HASH_SIZE) == 0);
        if (r < 0)
                return r;
        return logged.event.rule ? check_refusal(v, &logged) : check_effects(v, &logged);
}

/* All events, a page a statement, so that no read lasts long. Changes that come meanwhile make no answer wrong: they
 * end rows, and make others, under numbers of their own. */
static int verify_chain(struct verification *v) {
        int r, rows;

        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(v->c, S_VERIFY_PAGE, &s, "i", v->id == 0 ? INT64_MIN : v->id);
                for (rows = 0; r == 0 && !v->broken && (r = statement_row(s)) > 0; rows++)
                        r = verify_event(v, s);
        } while (r == 0 && rows == PAGE && !v->broken);
        return r;
}

static int verify_kept(struct verification *v) {
        if (v->id == 0 && !v->broken)
                return found_lasting(v, "event", "1", "it was removed, and all behind it");
        if (!v->kept || v->kept_found)
                return 0;
        return found_lasting(v, "log", "head", v->broken
                             ? "no event before the one that was found has the hash that was kept"
                             : "no event has the hash that was kept: the log was rewritten or cut");
}

enum { LAST_ID, LAST_TIME, LAST_HASH }; /* columns */

static int read_head(struct verification *v, struct log_head *ret_head) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(v->c, S_EVENT_LAST, &s, "");

        if (r == 0)
                r = statement_row(s);
        if (r < 0)
                return r;
        *ret_head = (struct log_head){ 0 };
        if (r == 0 || sqlite3_column_bytes(s, LAST_HASH) != EVENT_HASH_SIZE)
                return 0; /* reported already */
        ret_head->event = sqlite3_column_int64(s, LAST_ID);
        memcpy(ret_head->hash, sqlite3_column_blob(s, LAST_HASH), EVENT_HASH_SIZE);
        return 0;
}

static int verify_cannot_be(int64_t event, void *context) {
        return verify_tell_event(context, event, "it does not follow from those before it", true);
}

/* Reports which rows are not as the log says. */
static int explain(struct verification *v) {
        struct replay replay;
        const int before = v->found;
        int r = replay_open("", &replay);

        if (r < 0)
                return r;
        r = replay_log(&replay, v->c, verify_cannot_be, v);
        if (r == 0)
                r = compare_rows(v->c, replay.c, v->each, v->context);
        replay_close(&replay);
        if (r < 0)
                return r;
        v->found += r;
        return v->found > before || v->broken ? 0 : verify_found(v, "catalog", "rows", "they do not follow from the log");
}

enum { FINDING_WHAT, FINDING_OBJECT, FINDING_PROBLEM }; /* columns */

/* SQLite's check of the file says, too, that it could not read a page. That is the machine's failure. */
static bool is_read_failure(const char *problem) {
        const char *code = problem ? strstr(problem, "error code=") : NULL;

        return code && (atoi(code + strlen("error code=")) & 0xff) == SQLITE_IOERR;
}

/* The findings of a statement of verify.def, at most a page of them. */
static int verify_each(struct verification *v, enum statement which) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows, r = statement_start(v->c, which, &s, "");

        for (rows = 0; r == 0 && rows <= PAGE && (r = statement_row(s)) > 0; rows++) {
                const char *what = (const char *)sqlite3_column_text(s, FINDING_WHAT);
                const char *object = (const char *)sqlite3_column_text(s, FINDING_OBJECT);
                const char *problem = (const char *)sqlite3_column_text(s, FINDING_PROBLEM);

                if (is_read_failure(problem))
                        return ORIGIN(-EIO);
                r = what && problem ? verify_found(v, what, rows < PAGE ? object ?: "?" : "more", problem) : -ENOMEM;
        }
        return r;
}

/* Tables and indexes that one has, and the other has not in this form. */
static int verify_schema_of(struct verification *v, struct catalog_connection *a, struct catalog_connection *b,
                            const char *problem) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(a, S_VERIFY_SCHEMA, &s, "");

        while (r == 0 && (r = statement_row(s)) > 0) {
                _cleanup_statement_ sqlite3_stmt *same = NULL;
                const char *name = (const char *)sqlite3_column_text(s, 0), *form = (const char *)sqlite3_column_text(s, 1);

                if (!name)
                        return -ENOMEM;
                r = statement_start(b, S_VERIFY_SCHEMA_HAS, &same, "tt", name, form);
                if (r == 0)
                        r = statement_row(same);
                r = r > 0 ? 0 : r < 0 ? r : verify_found(v, "catalog", name, problem);
        }
        return r;
}

static int verify_schema(struct verification *v) {
        struct replay empty;
        int r = replay_open("", &empty);

        if (r < 0)
                return r;
        r = verify_schema_of(v, empty.c, v->c, "this table or index of a catalog is missing, or is another one");
        if (r == 0)
                r = verify_schema_of(v, v->c, empty.c, "a catalog has no such table or index");
        replay_close(&empty);
        return r;
}

/* What cannot be read because the file is damaged is a finding; what the machine failed at is none. */
static int verify_damage(struct verification *v, int r) {
        if (r != -EUCLEAN && r != -EMEDIUMTYPE)
                return r;
        v->damaged = true;
        return 0;
}

/* Verifies what has come meanwhile, and counts rows in the same transaction. It is short if all is well: while it lasts
 * the write-ahead log can only grow. */
static int verify_snapshot(struct verification *v, struct log_head *ret_head) {
        static const enum statement rest[] = { S_VERIFY_INDEXED, S_VERIFY_OWN, S_VERIFY_INDEX, S_VERIFY_INDEX_EVENT };
        int r = v->broken ? 0 : verify_chain(v);

        if (r == 0)
                r = verify_kept(v);
        if (r == 0)
                r = v->broken || v->differs ? 0 : effects_check_end(v->c, &v->counts);
        if (r == 0)
                r = explain(v);
        if (r >= 0)
                r = indexed_check(v->c, &v->indexed);
        if (r >= 0)
                r = indexed_check_end(v->c, &v->indexed);
        for (size_t i = 0; r >= 0 && i < (v->indexed.wrong ? ARRAY_SIZE(rest) : 2); i++)
                r = verify_each(v, rest[i]);
        return r < 0 ? r : read_head(v, ret_head);
}

static int verify_begin(struct verification *v) {
        int64_t earlier = 0;
        int r = connection_run(v->c, "PRAGMA query_only = off; PRAGMA cache_size = -65536"); /* off: it makes a table */

        if (r == 0)
                r = effects_check_begin(v->c);
        if (r == 0)
                r = statement_number(v->c, S_EARLIER_ANY, &earlier);
        v->c->has_earlier = earlier != 0;
        return r;
}

/* The file first: in a damaged one what is found of its rows may be half the truth, or all that can be said. */
static int verify_all(struct verification *v, struct log_head *ret_head) {
        int r = verify_damage(v, verify_each(v, S_VERIFY_FILE));

        if (r == 0)
                r = verify_damage(v, verify_schema(v));
        if (r == 0)
                r = verify_begin(v);
        if (r == 0)
                r = verify_chain(v);
        if (r == 0)
                r = indexed_check(v->c, &v->indexed);
        if (r == 0)
                r = connection_run(v->c, "BEGIN");
        if (r == 0)
                r = verify_snapshot(v, ret_head);
        r = verify_damage(v, r);
        if (r == 0 && v->damaged)
                r = verify_found(v, "catalog", "file", "it is damaged, and cannot be read any further");
        return r;
}

int log_verify(struct catalog_connection *c, const uint8_t *kept,
               int (*each)(const struct discrepancy *discrepancy, void *context), void *context,
               struct log_head *ret_head) {
        _cleanup_free_ struct verification *v = calloc(1, sizeof(*v));
        int r;

        if (!v)
                return -ENOMEM;
        v->c = c;
        v->kept = kept;
        v->each = each;
        v->context = context;
        v->indexed.last = INT64_MIN;
        *ret_head = (struct log_head){ 0 };
        r = verify_all(v, ret_head);
        return r != 0 ? r : v->found;
}

int catalog_verify(struct catalog *catalog, const uint8_t *kept,
                   int (*each)(const struct discrepancy *discrepancy, void *context), void *context,
                   struct log_head *ret_head) {
        _cleanup_connection_ struct catalog_connection *c = NULL; /* a separate one: its large cache is freed again */
        int r = connection_open(catalog, false, &c);

        /* closing ends its transaction, which only reads */
        return r < 0 ? r : log_verify(c, kept, each, context, ret_head);
}
