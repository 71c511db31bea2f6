/* SPDX-License-Identifier: MIT
 * The log: appends an event to the hash chain, and reads a place's history.
 */
#include "effects/effects.h"
#include "log/log.h"
#include "log_clock.h"
#include "write/room.h"

#include <assert.h>
#include <nettle/sha2.h>

#include "timestamp.h"

#define HASH_SIZE EVENT_HASH_SIZE
#define DETAIL_MOST 512
#define LINE_MOST 1536 /* bytes of JSON rendered here; NAME_SIZE and OBJECT_SIZE are far less */
#define HASH_MEMBER ",\"hash\":\""
#define LINE_EXTRA (strlen(HASH_MEMBER) + 2 * HASH_SIZE + strlen("\"\n")) /* what a line has beyond the hashed JSON */

enum { LAST_ID, LAST_TIME, LAST_HASH }; /* columns */

/* Reads the last event, this transaction's included, into c->chain; all zero if there is none. */
static int chain_last(struct catalog_connection *c) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r;

        if (c->chain.id != 0)
                return 0;
        r = statement_start(c, S_EVENT_LAST, &s, "");
        if (r == 0)
                r = statement_row(s);
        if (r < 0)
                return r;
        c->chain = (struct chain){ 0 };
        if (r == 0)
                return 0;
        c->chain.id = sqlite3_column_int64(s, LAST_ID);
        if (sqlite3_column_bytes(s, LAST_HASH) != HASH_SIZE || !id_good_or_none(c->chain.id) || !id_good(c->chain.id + 1)) {
                c->chain.id = 0;
                return ORIGIN(-EIO);
        }
        c->chain.time = sqlite3_column_int64(s, LAST_TIME);
        memcpy(c->chain.hash, sqlite3_column_blob(s, LAST_HASH), HASH_SIZE);
        return 0;
}

/* Reads the actor's name, which is most often that of the last event's actor. */
static int chain_actor(struct catalog_connection *c, int64_t id, struct chain *chain) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r;

        if (chain->actor == id)
                return 0;
        r = statement_start(c, S_EVENT_ACTOR, &s, "i", id);
        if (r == 0)
                r = statement_row(s);
        if (r == 0)
                r = ORIGIN(-EIO);
        if (r > 0)
                r = column_text(s, 0, chain->actor_name, sizeof(chain->actor_name));
        chain->actor = r == 0 ? id : 0;
        return r;
}

static int bind_detail(sqlite3_stmt *s, const struct event *e) {
        int code = SQLITE_OK;

        for (int i = 0; i < EVENT_DETAILS && e->detail[i].key && code == SQLITE_OK; i++) {
                code = sqlite3_bind_text(s, 2 * i + 1, e->detail[i].key, -1, SQLITE_STATIC);
                if (code != SQLITE_OK)
                        break;
                code = e->detail[i].text ? sqlite3_bind_text(s, 2 * i + 2, e->detail[i].text, -1, SQLITE_STATIC)
                                         : sqlite3_bind_int64(s, 2 * i + 2, e->detail[i].number);
        }
        return sqlite_error(sqlite3_db_handle(s), code);
}

/* The JSON that a statement returns, valid until the next step. */
static int rendered(sqlite3_stmt *s, const char **ret_json) {
        int r = statement_row(s);

        if (r > 0)
                r = column_pointer(s, 0, ret_json);
        else if (r == 0)
                r = ORIGIN(-EIO);
        return r < 0 || *ret_json ? r : ORIGIN(-EIO);
}

/* The details as a JSON object, by SQLite, which can render any text. */
static int detail_json(struct catalog_connection *c, const struct event *e, char **ret_json) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        const char *json;
        int r = statement_start(c, S_EVENT_DETAIL, &s, "");

        if (r == 0)
                r = bind_detail(s, e);
        if (r == 0)
                r = rendered(s, &json);
        if (r < 0)
                return r;
        *ret_json = strdup(json);
        return *ret_json ? 0 : -ENOMEM;
}

void event_hash(const uint8_t previous[static HASH_SIZE], const char *json, size_t length,
                uint8_t ret_hash[static HASH_SIZE]) {
        struct sha256_ctx digest;

        sha256_init(&digest);
        sha256_update(&digest, HASH_SIZE, previous);
        sha256_update(&digest, length, (const uint8_t *)json);
        sha256_digest(&digest, HASH_SIZE, ret_hash);
}

int64_t event_line_length(size_t json) {
        return (int64_t)(json + LINE_EXTRA);
}

/* The JSON's hash and length, by SQLite, which can render any event. */
static int hash_rendered(struct catalog_connection *c, const struct event *e, const struct chain *next, const char *via,
                         const char *detail, size_t *ret_length, uint8_t ret_hash[static HASH_SIZE]) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        const char *json;
        int r = statement_start(c, S_EVENT_RENDER, &s, "iitittttttt", next->id, next->time, next->actor_name,
                                (int64_t)e->caller->uid, via, operations[e->op].word, e->object, e->account, e->rule, e->error,
                                detail);

        if (r == 0)
                r = rendered(s, &json);
        if (r < 0)
                return r;
        *ret_length = (size_t)sqlite3_column_bytes(s, 0);
        event_hash(next->hash, json, *ret_length, ret_hash);
        return 0;
}

/* next->hash: the previous event's; on return this one's. detail: JSON, NULL for none. */
static int put_next(struct catalog_connection *c, const struct event *e, const char *detail, struct chain *next) {
        const char *via = e->caller->via == VIA_CLI ? "cli" : "mount", *op = operations[e->op].word;
        char json[LINE_MOST];
        uint8_t hash[HASH_SIZE];
        size_t length = event_render(e, next->id, event_stamp(&c->stamp, next->time), next->actor_name, via, op, detail,
                                     json, sizeof(json));
        int r = 0;

        if (length > 0)
                event_hash(next->hash, json, length, hash);
        else
                r = hash_rendered(c, e, next, via, detail, &length, hash);
        if (r < 0)
                return r;
        memcpy(next->hash, hash, HASH_SIZE);
        r = statement_run(c, S_EVENT_PUT, "iiiitttttttnib", next->id, next->time, e->caller->account,
                          (int64_t)e->caller->uid, via, op, e->object, e->account, e->rule, e->error, detail, e->place,
                          event_line_length(length), hash, HASH_SIZE);
        return r < 0 ? r : 0;
}

/* Renders the details, plainly or by SQLite, and adds the event. */
static int put_detailed(struct catalog_connection *c, const struct event *e, struct chain *next) {
        _cleanup_free_ char *json = NULL;
        char plain[DETAIL_MOST];
        int r;

        if (e->json || !e->detail[0].key)
                return put_next(c, e, e->json, next);
        if (detail_render(e, plain, sizeof(plain)))
                return put_next(c, e, plain, next);
        r = detail_json(c, e, &json);
        return r < 0 ? r : put_next(c, e, json, next);
}

/* Puts the member that tells operations of one word apart first, unless it is there already. */
static void tell_apart(struct event *e) {
        const struct operation *o = &operations[e->op];

        if (e->rule || !o->key || event_detail_find(e, o->key))
                return;
        memmove(e->detail + 1, e->detail, sizeof(e->detail) - sizeof(e->detail[0]));
        e->detail[0] = (struct event_detail){ .key = o->key, .text = o->value };
}

int catalog_event_add(struct catalog_connection *c, const struct event *event, int64_t *ret_id) {
        struct event e = *event;
        struct log_clock clock;
        struct chain next;
        int r = room_ask(c, event);

        if (r == 0)
                r = chain_last(c);
        if (r == 0)
                r = log_clock_quick(c, c->chain.time, &clock);
        if (r < 0)
                return r;
        next = c->chain;
        next.id++;
        next.time = clock.log < next.time ? next.time : clock.log;
        if (e.place == EVENT_PLACE_NEW)
                e.place = next.id;
        tell_apart(&e);
        if (!e.rule) /* first: the log's first event makes its own actor */
                r = effects_apply(c, &e, next.id);
        if (r == 0)
                r = chain_actor(c, e.caller->account, &next);
        if (r == 0)
                r = put_detailed(c, &e, &next);
        if (r < 0)
                return r;
        c->chain = next;
        c->first_event = c->first_event ?: next.id;
        c->last_event = *ret_id = next.id;
        return 0;
}

int64_t catalog_event_time(const struct catalog_connection *c) {
        return c->chain.time;
}

int event_line(sqlite3_stmt *s, bool hashed, int (*each)(const char *line, size_t length, void *context), void *context) {
        const uint8_t *hash = sqlite3_column_blob(s, 1);
        size_t n = (size_t)sqlite3_column_bytes(s, 0), length = hashed ? n + LINE_EXTRA : n + 1;
        _cleanup_free_ char *line = NULL;
        const char *json;
        char *p;
        int r = column_pointer(s, 0, &json);

        if (r < 0)
                return r;
        if (!json || n == 0 || sqlite3_column_bytes(s, 1) != HASH_SIZE)
                return ORIGIN(-EIO);
        line = malloc(length + 1);
        if (!line)
                return -ENOMEM;
        memcpy(line, json, n - 1); /* without the closing brace */
        p = line + n - 1;
        if (hashed) {
                p = stpcpy(p, HASH_MEMBER);
                for (int i = 0; i < HASH_SIZE; i++)
                        p += sprintf(p, "%02x", hash[i]);
                p = stpcpy(p, "\"");
        }
        p = stpcpy(p, "}\n");
        assert((size_t)(p - line) == length);
        return each(line, length, context);
}

int catalog_history(struct catalog_connection *c, int64_t place, const char *account, bool hashed,
                    int (*each)(const char *line, size_t length, void *context), void *context) {
        int64_t after = 0;
        int r, rows;

        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(c, S_EVENT_HISTORY, &s, "iit", place, after, account);
                for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++) {
                        r = page_go_on(&after, sqlite3_column_int64(s, 2));
                        if (r == 0)
                                r = event_line(s, hashed, each, context);
                }
        } while (r == 0 && rows == PAGE);
        return r;
}
