/* SPDX-License-Identifier: MIT
 * The table of effects, and its three uses: the writer and a replay apply them, and `check --log` checks them. Decides
 * nothing: the event says what a service allowed.
 */
#include "effects/effects.h"
#include "memo.h"

#include <assert.h>
#include <inttypes.h>

#include "sql.h"

/* --- the table --- */

#define ROLE "CASE :role WHEN 'auditor' THEN 1 WHEN 'operator' THEN 2 ELSE 0 END"

#define OWNER_OF(place) "(SELECT owner FROM place WHERE id = " place ")"
#define SHA256_OF(text) "iif(" text " GLOB 'sha256:*', bytes(substr(" text ", 8)), NULL)"

#define PUT(t, columns, values)                                                                                    \
        {                                                                                                          \
                "INSERT INTO " t " (" columns ") VALUES (" values ")",                                             \
                "SELECT 1 FROM " t " WHERE (" columns ") = (" values ")",                                          \
                "SELECT count(*) FROM " t, 1                                                                       \
        }
/* numbers of stores stand there, too, and follow from no event */
#define UUID_PUT(values)                                                                                           \
        {                                                                                                          \
                "INSERT INTO meta (key, value) VALUES (" values ")",                                               \
                "SELECT 1 FROM meta WHERE (key, value) = (" values ")",                                            \
                "SELECT count(*) FROM meta", 1                                        \
        }
#define PUT_MISSING(t, born, columns, values, where, condition)                                                    \
        {                                                                                                          \
                "INSERT INTO " t " (" columns ") SELECT " values " WHERE " condition                               \
                " AND NOT EXISTS (SELECT 1 FROM " t " WHERE " where " AND until_event = " FAR ")",                 \
                "SELECT CASE WHEN NOT " condition " THEN 0 ELSE (SELECT iif(" born " < :event, 0,"                 \
                " nullif((" columns ") = (" values "), 0)) FROM " t " WHERE " where " AND " born " <= :event"      \
                " AND until_event > :event ORDER BY until_event LIMIT 1) END",                                     \
                "SELECT count(*) FROM " t, 0                                                                       \
        }
#define ENDING(t, until, where) "UPDATE " t " SET " until " = :event WHERE " where " AND " until " = " FAR
#define ENDED_FIRST(t, until, born, where) \
        "SELECT min(" until ") AS first FROM " t " WHERE " where " AND " born " < :event AND " until " >= :event"
#define ENDED_COUNT(t, until) "SELECT count(*) FROM " t " WHERE " until " <> " FAR /* not <: nothing lives beyond it */
#define END(t, until, born, where)                                                                                 \
        {                                                                                                          \
                ENDING(t, until, where),                                                                           \
                "SELECT nullif(first = :event, 0) FROM (" ENDED_FIRST(t, until, born, where) ")",                  \
                ENDED_COUNT(t, until), 1                                                                           \
        }
#define END_ANY(t, until, born, where)                                                                             \
        {                                                                                                          \
                ENDING(t, until, where),                                                                           \
                "SELECT iif(first IS NULL, 0, nullif(first = :event, 0)) FROM (" ENDED_FIRST(t, until, born, where) ")", \
                ENDED_COUNT(t, until), 0                                                                           \
        }
#define END_ALL(t, until, born, where)                                                                             \
        {                                                                                                          \
                ENDING(t, until, where),                                                                           \
                "SELECT iif(count(*) = total(" until " = :event), count(*), NULL) FROM " t " WHERE " where         \
                " AND " born " < :event AND " until " >= :event",                                                  \
                ENDED_COUNT(t, until), 0                                                                           \
        }
/* of rows that may come back (RETURN): an end is still told by the absence that it began; rows that were just gone are
 * none of those that lived */
#define LEFT_FIRST(what, t, until, born, where)                                                                    \
        "SELECT min(first) AS first FROM (" ENDED_FIRST(t, until, born, where) WAS_THERE(what, t)                  \
        " UNION ALL SELECT min(x.from_event) FROM absence x WHERE x.what = '" what "' AND x.from_event >= :event"  \
        " AND x.id IN (SELECT id FROM " t " WHERE " where " AND " born " < :event" WAS_THERE(what, t) "))"
#define WAS_THERE(what, t)                                                                                         \
        " AND NOT EXISTS (SELECT 1 FROM absence y WHERE y.what = '" what "' AND y.id = " t ".id"                   \
        " AND y.from_event < :event AND y.until_event >= :event)"
#define LEFT_COUNT(what, t, until) \
        "SELECT (" ENDED_COUNT(t, until) ") + (SELECT count(*) FROM absence WHERE what = '" what "')"
#define LEAVE(what, t, until, born, where)                                                                         \
        {                                                                                                          \
                ENDING(t, until, where),                                                                           \
                "SELECT nullif(first = :event, 0) FROM (" LEFT_FIRST(what, t, until, born, where) ")",             \
                LEFT_COUNT(what, t, until), 1                                                                      \
        }
#define LEAVE_ANY(what, t, until, born, where)                                                                     \
        {                                                                                                          \
                ENDING(t, until, where),                                                                           \
                "SELECT iif(first IS NULL, 0, nullif(first = :event, 0)) FROM ("                                   \
                LEFT_FIRST(what, t, until, born, where) ")",                                                       \
                LEFT_COUNT(what, t, until), 0                                                                      \
        }
#define RETURNING(what, t, until, where, found, least)                                                                   \
        {                                                                                                          \
                "INSERT INTO absence (what, id, from_event, until_event) SELECT '" what "', id, " until ", :event" \
                " FROM " t " WHERE " where " AND " until " <> " FAR,                                               \
                "SELECT " found " FROM absence WHERE what = '" what "' AND until_event = :event"             \
                " AND id = (SELECT id FROM " t " WHERE " where ")",                                                \
                "SELECT count(*) FROM absence", least                                                              \
        },                                                                                                         \
        {                                                                                                          \
                "UPDATE " t " SET " until " = " FAR " WHERE " where " AND " until " <> " FAR,                      \
                "SELECT 1 FROM " t " WHERE " where " AND " until " > :event", NULL, 0                              \
        }
#define RETURN(what, t, until, where) RETURNING(what, t, until, where, "nullif(count(*), 0)", 1)
#define RETURN_ANY(what, t, until, where) RETURNING(what, t, until, where, "count(*)", 0)
/* its bytes are not kept, unless the event says so */
#define GONE(t, where)                                                                                             \
        {                                                                                                          \
                "UPDATE " t " SET purge_event = :event WHERE " where " AND until_event = :event AND :kept IS NULL", \
                "SELECT iif(total(purge_event IS NOT :event) > 0, NULL, count(*)) FROM " t " WHERE " where         \
                " AND until_event = :event AND :kept IS NULL",                                                     \
                SET_COUNT(t, "purge_event"), 0                                                                     \
        }
/* rows that have any of these columns, so a size without a sealing event is noticed, too */
#define SET_COUNT(t, columns) "SELECT count(*) FROM " t " WHERE coalesce(" columns ", NULL) IS NOT NULL"
#define SET(t, column, columns, values, where)                                                                     \
        {                                                                                                          \
                "UPDATE " t " SET (" column columns ") = (:event" values ") WHERE " where " AND " column " IS NULL", \
                "SELECT 1 FROM " t " WHERE " where " AND (" column columns ") IS (:event" values ")",               \
                SET_COUNT(t, column columns), 1                                                                    \
        }
#define FIRST(t, column, where)                                                                                    \
        {                                                                                                          \
                "UPDATE " t " SET " column " = coalesce(" column ", :event) WHERE " where,                         \
                "SELECT " column " = :event FROM " t " WHERE " where " AND " column " <= :event",                  \
                SET_COUNT(t, column), 1                                                                            \
        }
#define LATEST(t, column, columns, values, where)                                                                  \
        {                                                                                                          \
                "UPDATE " t " SET (" column ", " columns ") = (:event, " values ") WHERE " where,                  \
                "SELECT iif(" column " > :event, 0, nullif((" column ", " columns ") IS (:event, " values "), 0))" \
                " FROM " t " WHERE " where,                                                                        \
                SET_COUNT(t, column ", " columns), 1                                                               \
        }
#define ACCOUNT_PUTTING(t, values)                                                                                 \
        "INSERT INTO " t " (id, name, role, uid, quota, from_event, require_trust, until_event)"                   \
        " VALUES (" values ", 0, " FAR ")"
#define ACCOUNT_PUT(values) \
        { ACCOUNT_PUTTING("account", values), ACCOUNT_PUTTING("account_then", values) " RETURNING 1", NULL, 1 }
#define ACCOUNT_SETTING(t, changes) "UPDATE " t " SET " changes " WHERE id = :account AND until_event = " FAR
#define ACCOUNT_SET(changes) \
        { ACCOUNT_SETTING("account", changes), ACCOUNT_SETTING("account_then", changes) " RETURNING 1", NULL, 1 }
/* `description` and `shares` appear with the first content if they are not there */
#define IS_FILLED "EXISTS (SELECT 1 FROM image WHERE id = :image AND available_event = :event)"
#define FILLED                                                                                                     \
        PUT_MISSING("description", "from_event", "id, from_event, place, text", ":event, :event, :place, ''",      \
                    "place = :place", IS_FILLED),                                                                  \
        PUT_MISSING("shares_link", "id", "id, place", ":event, :place", "place = :place", IS_FILLED)
#define INSTALLED                                                                                                  \
        LEAVE_ANY("launch", "launch", "until_event", "from_event", "instance = :instance"),                        \
        GONE("launch", "instance = :instance"),                                                                    \
        PUT("launch", "id, instance, image, image_name, from_event", ":launch, :instance, :image, :label, :event")
/* {"events": {number: {member: value}}}: a replay has read it before the events that it is about */
#define SNAPSHOT_EARLIER                                                                                           \
        {                                                                                                          \
                "INSERT INTO earlier (event, detail) SELECT CAST(key AS INTEGER), value"                           \
                " FROM json_each(:detail, '$.events') WHERE true ON CONFLICT DO NOTHING",                          \
                "SELECT nullif(count(*), sum((SELECT detail IS NOT j.value FROM earlier WHERE event = CAST(j.key AS" \
                " INTEGER)) IS NOT 0)) FROM json_each(:detail, '$.events') j",                                     \
                "SELECT count(*) FROM earlier", 0                                                                  \
        }
#define SNAPSHOT_OF(member, t, key, column, columns, values, live)                                                 \
        {                                                                                                          \
                "UPDATE " t " SET (" column ", " columns ") = (:event, " values ")"                                \
                " FROM json_each(:detail, '$." member "') j WHERE " t "." key " = CAST(j.key AS INTEGER) AND " live, \
                "SELECT iif(count(*) = total(good), total(last), NULL) FROM (SELECT coalesce(" column " > :event"  \
                " OR " column " = :event AND (" columns ") IS (" values "), 0) AS good,"                           \
                " coalesce(" column " = :event, 0) AS last FROM json_each(:detail, '$." member "') j"              \
                " LEFT JOIN " t " ON " t "." key " = CAST(j.key AS INTEGER) AND " live ")",                        \
                SET_COUNT(t, column ", " columns), 0                                                               \
        }
/* {"disks": {image: mtime}}, {"digests": {image: [digest, same]}}, {"descriptions": {place: mtime}}; mtimes in ns. The
 * digest is format 1's, which proves nothing. */
#define SNAPSHOT_DISKS SNAPSHOT_OF("disks", "image", "id", "times_event", "mtime", "j.value", "true")
#define SNAPSHOT_DIGESTS                                                                                           \
        SNAPSHOT_OF("digests", "image", "id", "digest_event", "digest, same_content",                              \
                    "NULL, j.value ->> 1", "true")
#define SNAPSHOT_DESCRIPTIONS                                                                                      \
        SNAPSHOT_OF("descriptions", "description", "place", "times_event", "mtime", "j.value",                     \
                    "description.from_event < :event AND description.until_event > :event")

const struct operation operations[EVENT_OPS] = {
#define OPERATION(symbol, word, key, value, change, about, ...) \
        [EVENT_##symbol] = { word, key, value, change, about, { __VA_ARGS__ } },
#include "effects/effects.def"
#undef OPERATION
};

bool operation_known(const char *word) {
        for (size_t op = 0; op < ARRAY_SIZE(operations); op++)
                if (strcmp(operations[op].word, word) == 0)
                        return true;
        return false;
}

const struct event_detail *event_detail_find(const struct event *e, const char *key) {
        for (size_t i = 0; i < EVENT_DETAILS && e->detail[i].key; i++) {
                const char *a = e->detail[i].key, *b = key;

                while (*a && (*a == *b || (*a == '-' && *b == '_')))
                        a++, b++;
                if (*a == '\0' && *b == '\0')
                        return &e->detail[i];
        }
        return NULL;
}

static bool detail_is(const struct event *e, const char *key, const char *value) {
        const struct event_detail *d = event_detail_find(e, key);
        char number[24];

        if (!d)
                return false;
        (void)snprintf(number, sizeof(number), "%" PRId64, d->number); /* fits */
        return strcmp(d->text ?: number, value) == 0;
}

int operation_find(const char *word, const struct event *event) {
        /* an event of an unknown part or kind is not the operation that has none */
        const bool other = event_detail_find(event, "part") || event_detail_find(event, "kind");
        int found = -ENOENT;

        for (size_t op = 0; op < ARRAY_SIZE(operations); op++) {
                const struct operation *o = &operations[op];

                if (strcmp(o->word, word) != 0)
                        continue;
                if (o->key && detail_is(event, o->key, o->value))
                        return (int)op;
                if (!o->key && !other)
                        found = (int)op;
        }
        return found;
}

/* --- statements --- */

enum word {
        WORD_DETAIL_MEMBER, /* any other word */
        WORD_EVENT, WORD_ACTOR, WORD_OBJECT, WORD_OTHER, WORD_NAME, WORD_LABEL, WORD_DETAIL,
        WORD_PLACE, WORD_IMAGE, WORD_REGION, WORD_ACCOUNT, WORD_INSTANCE,
};
static const char *const words[] = {
        [WORD_EVENT] = ":event", [WORD_ACTOR] = ":actor", [WORD_OBJECT] = ":object", [WORD_OTHER] = ":other",
        [WORD_NAME] = ":name", [WORD_LABEL] = ":label", [WORD_DETAIL] = ":detail", [WORD_PLACE] = ":place",
        [WORD_IMAGE] = ":image", [WORD_REGION] = ":region", [WORD_ACCOUNT] = ":account", [WORD_INSTANCE] = ":instance",
};

#define WORDS_MOST 8 /* of a statement */
struct effect_statement {
        sqlite3_stmt *s;
        unsigned char words[WORDS_MOST];
};
struct effect_statements {
        struct effect_statement apply[EVENT_OPS][EFFECTS_MOST], check[EVENT_OPS][EFFECTS_MOST];
};

void effects_forget(struct catalog_connection *c) {
        struct effect_statement *all = (struct effect_statement *)c->effects;

        if (!all)
                return;
        for (size_t i = 0; i < sizeof(*c->effects) / sizeof(*all); i++)
                (void)sqlite3_finalize(all[i].s); /* repeats an error reported before */
        free(c->effects);
        c->effects = NULL;
}

static int effect_prepare(struct catalog_connection *c, struct effect_statement *e, const char *sql) {
        int r;

        if (e->s)
                return 0;
        r = sqlite_error(c->db, sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &e->s, NULL));
        if (r < 0)
                return r;
        assert(sqlite3_bind_parameter_count(e->s) <= WORDS_MOST);
        for (int i = 0; i < sqlite3_bind_parameter_count(e->s); i++) {
                const char *name = sqlite3_bind_parameter_name(e->s, i + 1);

                for (size_t w = WORD_EVENT; w < ARRAY_SIZE(words); w++)
                        if (strcmp(words[w], name) == 0)
                                e->words[i] = (unsigned char)w;
        }
        return 0;
}

static int bind_number(sqlite3_stmt *s, int i, int64_t number) {
        return number == 0 ? sqlite3_bind_null(s, i) : sqlite3_bind_int64(s, i, number);
}

/* The object's text after the slash, with the owner or without. */
static int bind_label(sqlite3_stmt *s, int i, const char *object, bool owner) {
        const char *slash = object ? strchr(object, '/') : NULL, *at = slash ? strchr(slash, '@') : NULL;

        if (!at)
                return sqlite3_bind_null(s, i);
        return sqlite3_bind_text(s, i, slash + 1, owner ? -1 : (int)(at - slash - 1), SQLITE_STATIC);
}

static int bind_member(sqlite3_stmt *s, int i, const struct event *e) {
        const struct event_detail *d = event_detail_find(e, sqlite3_bind_parameter_name(s, i) + 1);

        if (!d)
                return sqlite3_bind_null(s, i);
        return d->text ? sqlite3_bind_text(s, i, d->text, -1, SQLITE_STATIC) : sqlite3_bind_int64(s, i, d->number);
}

static int bind_word(sqlite3_stmt *s, int i, enum word word, const struct event *e, int64_t id) {
        switch (word) {
        case WORD_DETAIL_MEMBER:
                return bind_member(s, i, e);
        case WORD_EVENT:
                return sqlite3_bind_int64(s, i, id);
        case WORD_ACTOR:
                return bind_number(s, i, e->caller->account);
        case WORD_OBJECT:
                return sqlite3_bind_text(s, i, e->object, -1, SQLITE_STATIC);
        case WORD_OTHER:
                return sqlite3_bind_text(s, i, e->account, -1, SQLITE_STATIC);
        case WORD_NAME:
                return bind_label(s, i, e->object, false);
        case WORD_LABEL:
                return bind_label(s, i, e->object, true);
        case WORD_DETAIL:
                return sqlite3_bind_text(s, i, e->json, -1, SQLITE_STATIC);
        case WORD_PLACE:
                return bind_number(s, i, e->place);
        case WORD_IMAGE:
                return bind_number(s, i, e->about.image);
        case WORD_REGION:
                return bind_number(s, i, e->about.region);
        case WORD_ACCOUNT:
                return bind_number(s, i, e->about.account);
        case WORD_INSTANCE:
                return bind_number(s, i, e->about.instance);
        }
        return SQLITE_MISUSE;
}

static void cleanup_effect(struct effect_statement **e) {
        if (!(*e)->s)
                return;
        (void)sqlite3_reset((*e)->s);          /* repeats the error that sqlite3_step has returned */
        (void)sqlite3_clear_bindings((*e)->s); /* cannot fail */
}

/* Runs one effect. ret_number: how many rows it changed, or (check) the number it returned, -1 for none. */
static int effect_run(struct catalog_connection *c, struct effect_statement *statement, const char *sql, bool check,
               const struct event *event, int64_t id, int64_t *ret_number) {
        _cleanup_(cleanup_effect) struct effect_statement *e = statement;
        int code = SQLITE_OK, r = effect_prepare(c, e, sql);

        for (int i = 0; r == 0 && code == SQLITE_OK && i < sqlite3_bind_parameter_count(e->s); i++)
                code = bind_word(e->s, i + 1, e->words[i], event, id);
        if (r == 0)
                r = sqlite_error(c->db, code);
        if (r == 0)
                r = statement_row(e->s);
        if (r < 0)
                return r;
        if (!check)
                *ret_number = sqlite3_changes(c->db);
        else
                *ret_number = r > 0 && sqlite3_column_type(e->s, 0) != SQLITE_NULL ? sqlite3_column_int64(e->s, 0) : -1;
        return 0;
}

static int effects_begin(struct catalog_connection *c) {
        if (!c->effects)
                c->effects = calloc(1, sizeof(*c->effects));
        return c->effects ? 0 : -ENOMEM;
}

/* --- applied --- */

/* Tells memo.c which rows change: a new share was not remembered, one that ends is named, else all are invalid. */
static void touch(struct catalog_connection *c, const struct event *e) {
        const bool ends = e->op == EVENT_UNSHARE || e->op == EVENT_EXPIRE;
        const struct event_detail *share = ends ? event_detail_find(e, "share") : NULL; /* a damaged log may lack it */

        if (share)
                memo_share_ends(c, &(struct share){ .id = share->number, .image = e->about.image,
                                                    .account = e->about.account });
        else if (e->op != EVENT_SHARE)
                c->touching.all = true;
}

int effects_apply(struct catalog_connection *c, const struct event *event, int64_t id) {
        const struct operation *o = &operations[event->op];
        int r = effects_begin(c);

        if (r < 0)
                return r;
        touch(c, event);
        for (size_t i = 0; i < EFFECTS_MOST && o->effects[i].apply; i++) {
                const struct effect *effect = &o->effects[i];
                int64_t changed;

                r = effect_run(c, &c->effects->apply[event->op][i], effect->apply, false, event, id, &changed);
                if (r < 0)
                        return r;
                if (changed < effect->least)
                        return -ENOENT;
        }
        return 0;
}

/* --- checked --- */

int effects_check(struct catalog_connection *c, const struct event *event, int64_t id, struct effect_counts *counts) {
        const struct operation *o = &operations[event->op];
        int good = 1, r = effects_begin(c);

        for (size_t i = 0; r == 0 && i < EFFECTS_MOST && o->effects[i].check; i++) {
                int64_t rows;

                r = effect_run(c, &c->effects->check[event->op][i], o->effects[i].check, true, event, id, &rows);
                if (r == -EEXIST) /* an account that is made twice */
                        r = good = 0;
                else if (r == 0 && rows < 0)
                        good = 0;
                else if (r == 0)
                        counts->rows[event->op][i] += rows;
        }
        return r < 0 ? r : good;
}

int effects_check_begin(struct catalog_connection *c) {
        return connection_run(c, "CREATE TEMP TABLE account_then AS SELECT * FROM account WHERE false;"
                                 "CREATE UNIQUE INDEX temp.account_then_id ON account_then (id)");
}

/* Effects with the same text of `count` count the same rows: whether an effect is the first of them. */
static bool counts_first(size_t op, size_t i) {
        const char *count = operations[op].effects[i].count;

        for (size_t n = 0; n < op * EFFECTS_MOST + i; n++) {
                const char *other = operations[n / EFFECTS_MOST].effects[n % EFFECTS_MOST].count;

                if (other && count && strcmp(other, count) == 0)
                        return false;
        }
        return count != NULL;
}

static int64_t counted(const struct effect_counts *counts, const char *count) {
        int64_t sum = 0;

        for (size_t op = 0; op < EVENT_OPS; op++)
                for (size_t i = 0; i < EFFECTS_MOST; i++)
                        if (operations[op].effects[i].count && strcmp(operations[op].effects[i].count, count) == 0)
                                sum += counts->rows[op][i];
        return sum;
}

#define ACCOUNT_COLUMNS "id, name, role, uid, quota, require_trust, from_event, until_event"
#define ACCOUNTS_NOT_IN(a, b) \
        "SELECT " ACCOUNT_COLUMNS " FROM " a " EXCEPT SELECT " ACCOUNT_COLUMNS " FROM " b

int effects_check_end(struct catalog_connection *c, const struct effect_counts *counts) {
        int64_t number;
        int r = connection_number(c, "SELECT EXISTS (" ACCOUNTS_NOT_IN("account", "account_then") ") OR EXISTS ("
                             ACCOUNTS_NOT_IN("account_then", "account") ")", &number);

        if (r < 0 || number != 0)
                return r < 0 ? r : 0;
        for (size_t op = 0; op < EVENT_OPS; op++)
                for (size_t i = 0; i < EFFECTS_MOST; i++) {
                        if (!counts_first(op, i))
                                continue;
                        r = connection_number(c, operations[op].effects[i].count, &number);
                        if (r < 0 || number != counted(counts, operations[op].effects[i].count))
                                return r;
                }
        return 1;
}
