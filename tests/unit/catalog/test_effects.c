/* SPDX-License-Identifier: MIT
 * The table of effects, tested by a story with every operation: which rows it makes, ends and sets; that it fails if
 * one of them is missing; and that the check of the log notices each effect undone or changed.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

#include "effects/effects.h"
#include "effects/replay.h"
#include "story.h"

static int64_t number(const char *sql) {
        char query[512];

        if (!sql)
                return 0;
        assert_in_range(snprintf(query, sizeof(query), "SELECT %s", sql), 1, sizeof(query) - 1);
        return sql_number(query);
}

static int64_t happen(const struct step *s) {
        return must(s->fact, number(s->a), number(s->b), s->text);
}

/* --- rows --- */

/* All columns for numbers of events that made, ended or set something. */
static const char *const columns[] = {
        "account.from_event", "account.until_event", "region.from_event", "region.until_event", "setting.from_event",
        "setting.until_event", "place.id", "place.until_event", "place_name.from_event", "place_name.until_event",
        "image.id", "image.until_event", "image.disk_event", "image.available_event", "image.sealed_event",
        "image.times_event", "image.digest_event", "lineage.from_event", "lineage.until_event", "review.from_event",
        "review.until_event", "instance.id", "instance.until_event", "launch.from_event", "launch.image_until",
        "launch.until_event", "trust.from_event", "trust.until_event", "description.from_event",
        "description.until_event", "description.times_event", "shares_link.id", "shares_link.until_event", "share.id",
        "share.until_event", "share_expiry.from_event", "share_expiry.until_event", "image.purge_event",
        "launch.purge_event", "absence.until_event",
};

struct column {
        char table[32], name[32];
};

static struct column column_of(const char *spec) {
        struct column c;
        const char *dot = strchr(spec, '.');

        assert_non_null(dot);
        (void)snprintf(c.table, sizeof(c.table), "%.*s", (int)(dot - spec), spec); /* fits */
        (void)snprintf(c.name, sizeof(c.name), "%s", dot + 1);                     /* fits */
        return c;
}

static int64_t rows_with(const char *spec, int64_t event) {
        struct column c = column_of(spec);
        char sql[128];

        (void)snprintf(sql, sizeof(sql), "count(*) FROM %s WHERE %s = %ld", c.table, c.name, event); /* fits */
        return number(sql);
}

static int64_t leaves(const struct step *s, const char *column) {
        int64_t rows = 0;

        for (size_t i = 0; i < EFFECTS && s->effects[i]; i++)
                rows += strcmp(s->effects[i] + 1, column) == 0;
        return rows;
}

static void check_rows(const struct step *s, int64_t event) {
        for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
                if (rows_with(columns[i], event) != leaves(s, columns[i]))
                        fail_msg("event %ld, %s: %s", event, operations[s->op].word, columns[i]);
        if (s->rows && number(s->rows) != 1)
                fail_msg("event %ld, %s: %s", event, operations[s->op].word, s->rows);
}

/* --- missing rows --- */

struct attempt {
        const struct step *step;
        int64_t a, b;
        char before[160]; /* SQL to run first */
};

/* Always undone. */
static int run_attempt(struct catalog_connection *c, void *context) {
        const struct attempt *t = context;
        int64_t event;
        int r = connection_run(c, t->before);

        assert_int_equal(r, 0);
        r = change_in(c, t->step->fact, t->a, t->b, t->step->text, &event);
        return r < 0 ? r : -ECANCELED;
}

static int attempt(const struct step *s, const char *condition, const struct column *c) {
        struct attempt t = { .step = s, .a = number(s->a), .b = number(s->b) };

        (void)snprintf(t.before, sizeof(t.before), "UPDATE %s SET %s = 1 WHERE %s%s", c->table, c->name, c->name,
                       condition); /* fits */
        return catalog_write(scratch_catalog, run_attempt, &t);
}

/* Before a step: it must fail if a row that it ends or sets is missing. */
static void check_missing(const struct step *s) {
        for (size_t i = 0; i < EFFECTS && s->effects[i]; i++) {
                struct column c = column_of(s->effects[i] + 1);
                int r;

                if (strchr("+<?", s->effects[i][0]))
                        continue;
                r = attempt(s, s->effects[i][0] == '=' ? " IS NULL" : " = " FAR, &c);
                if (r != (s->effects[i][0] == '~' ? -ECANCELED : -ENOENT))
                        fail_msg("%s without %s: %d", operations[s->op].word, s->effects[i], r);
        }
}

/* --- the check of the log --- */

static struct catalog_connection *checker;

static int setup(void **state) {
        (void)scratch_setup(state); /* 0 */
        assert_int_equal(connection_open(scratch_catalog, false, &checker), 0);
        assert_int_equal(connection_run(checker, "PRAGMA query_only = off; PRAGMA foreign_keys = off"), 0);
        assert_int_equal(effects_check_begin(checker), 0);
        return 0;
}

static int teardown(void **state) {
        checker = connection_close(checker);
        return scratch_teardown(state);
}

/* 1: the log and the rows agree, 0: they do not. Runs in a transaction that is rolled back. */
static int check_log(void) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        struct effect_counts counts = { 0 };
        struct logged logged;
        int r = 0, good = 1;

        assert_int_equal(statement_start(checker, S_LOGGED, &s, "i", INT64_C(0)), 0);
        while (good == 1 && (r = statement_row(s)) > 0) {
                assert_int_equal(logged_row(s, &logged), 0);
                assert_int_equal(logged_read(checker, &logged), 0);
                assert_int_equal(logged_resolve(checker, &logged), 0);
                good = effects_check(checker, &logged.event, logged.id, &counts);
        }
        assert_true(r >= 0);
        return good == 1 ? effects_check_end(checker, &counts) : good;
}

/* Returns how many rows the SQL changes; -1: a constraint forbids it. ret_noticed: whether the check notices the
 * change. */
static int try_change(const char *sql, bool *ret_noticed) {
        int r, rows;

        assert_int_equal(connection_run(checker, "BEGIN IMMEDIATE"), 0);
        r = connection_run(checker, sql);
        rows = r < 0 ? -1 : sqlite3_changes(checker->db);
        *ret_noticed = rows > 0 && check_log() == 0;
        assert_int_equal(connection_run(checker, "ROLLBACK"), 0);
        return rows;
}

static void must_notice(const char *sql) {
        bool noticed;
        int rows = try_change(sql, &noticed);

        if (rows != 0 && !noticed) /* rows == 0: a later event has set it again */
                fail_msg("%s: %s", sql, rows < 0 ? sqlite3_errmsg(checker->db) : "it is not noticed");
}

static void check_good(void) {
        assert_int_equal(connection_run(checker, "BEGIN"), 0);
        assert_int_equal(check_log(), 1);
        assert_int_equal(connection_run(checker, "ROLLBACK"), 0);
}

/* Undoes each effect of an event: removes a row that it made; lets a row that it ended live, or end later. */
static void check_undone(const struct step *s, int64_t event) {
        char sql[512];
        bool noticed;

        for (size_t i = 0; i < EFFECTS && s->effects[i]; i++) {
                struct column c = column_of(s->effects[i] + 1);
                const char kind = s->effects[i][0];

                if (kind == '+')
                        (void)snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE %s = %ld", c.table, c.name,
                                       event); /* fits */
                else
                        (void)snprintf(sql, sizeof(sql), "UPDATE %s SET %s = %s WHERE %s = %ld", c.table, c.name,
                                       strchr("=<?", kind) ? "NULL" : FAR, c.name, event); /* fits */
                if (try_change(sql, &noticed) < 0) /* another live row exists */
                        (void)snprintf(sql, sizeof(sql), "UPDATE %s SET %s = %s + 1000 WHERE %s = %ld", c.table,
                                       c.name, c.name, c.name, event); /* fits */
                must_notice(sql);
        }
}

/* Changes a column in the rows that an event made. */
static void check_changed(const char *table, const char *born, const char *name, int64_t event) {
        char sql[512], values[5][40];

        (void)snprintf(values[0], sizeof(values[0]), "%s + 1", name);
        (void)snprintf(values[1], sizeof(values[1]), "%s - 1", name);
        (void)snprintf(values[2], sizeof(values[2]), "%s || 'x'", name);
        (void)snprintf(values[3], sizeof(values[3]), "%s IS NULL", name);
        (void)snprintf(values[4], sizeof(values[4]), "NULL");
        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
                bool noticed;

                (void)snprintf(sql, sizeof(sql), "UPDATE %s SET %s = %s WHERE %s = %ld AND %s IS NOT (%s)", table,
                               name, values[i], born, event, name, values[i]); /* fits */
                if (try_change(sql, &noticed) > 0 && !noticed)
                        fail_msg("%s: it is not noticed", sql);
        }
}

static void check_row(const char *spec, int64_t event) {
        struct column c = column_of(spec + 1);
        sqlite3_stmt *s = NULL;

        assert_int_equal(sqlite3_prepare_v2(scratch_reader->db, "SELECT name FROM pragma_table_info(?1)", -1, &s, NULL),
                         SQLITE_OK);
        assert_int_equal(sqlite3_bind_text(s, 1, c.table, -1, SQLITE_STATIC), SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW)
                check_changed(c.table, c.name, (const char *)sqlite3_column_text(s, 0), event);
        assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
}

/* --- the tests --- */

static void test_each_operation(void **state) {
        int64_t events[STEPS];

        (void)state;
        check_good();
        for (size_t i = 0; i < story_length; i++) {
                check_missing(&story[i]);
                events[i] = happen(&story[i]);
                check_rows(&story[i], events[i]);
                check_good();
                check_undone(&story[i], events[i]);
        }
        for (size_t i = 0; i < story_length; i++) { /* again, after all other steps */
                check_undone(&story[i], events[i]);
                for (size_t e = 0; e < EFFECTS && story[i].effects[e]; e++)
                        if (story[i].effects[e][0] == '+' && !(e > 0 && strcmp(story[i].effects[e - 1], story[i].effects[e]) == 0))
                                check_row(story[i].effects[e], events[i]);
        }
}

static void test_the_first_event(void **state) {
        (void)state;
        check_good();
        assert_int_equal(rows_with("account.from_event", 1), 1);
        must_notice("DELETE FROM account");
        must_notice("DELETE FROM meta");
        must_notice("UPDATE meta SET key = 'x'");
        must_notice("UPDATE meta SET value = 'x'");
        must_notice("INSERT INTO meta VALUES ('x', 'y')");
        check_row("+account.from_event", 1);
}

/* A snapshot: an upgrade's record of earlier events, and of rows that these do not describe fully. */
static void test_a_snapshot(void **state) {
        static const char *const tampering[] = {
                "DELETE FROM earlier", "UPDATE earlier SET detail = '{}'", "INSERT INTO earlier VALUES (2, '{}')",
                "UPDATE earlier SET event = 2", "UPDATE image SET times_event = NULL WHERE mtime IS NOT NULL",
                "UPDATE image SET mtime = 1001", "UPDATE image SET mtime = NULL WHERE mtime IS NOT NULL",
                "UPDATE image SET digest_event = NULL", "UPDATE image SET digest = x'00'",
                "UPDATE image SET same_content = 1", "UPDATE description SET mtime = 1",
                "UPDATE description SET times_event = NULL", "UPDATE image SET times_event = 2",
        };
        int64_t web, event;
        char json[512];

        (void)state;
        (void)must(REGION_PUT, 0, 0, "north");
        web = must(PLACE_PUT, 1, OPERATOR, "web");
        (void)must(IMAGE_DISK, web, 0, NULL);
        (void)must(IMAGE_FILL, web, web, NULL);
        (void)snprintf(json, sizeof(json), "{\"events\":{\"1\":{\"uuid\":\"" UUID "\"}},\"disks\":{\"%ld\":1000},"
                                           "\"digests\":{\"%ld\":[\"" DIGEST "\",null]},\"descriptions\":{\"%ld\":-7}}",
                       web, web, web); /* fits */
        event = log_event(&(struct event){ .caller = &scratch_operator, .op = EVENT_SNAPSHOT, .json = json });
        assert_int_equal(rows_with("image.times_event", event), 1);
        assert_int_equal(rows_with("image.digest_event", event), 1);
        assert_int_equal(rows_with("description.times_event", event), 1);
        assert_int_equal(number("mtime = 1000 AND digest IS NULL AND same_content IS NULL FROM image"), 1);
        assert_int_equal(number("mtime = -7 FROM description"), 1);
        assert_int_equal(number("detail = '{\"uuid\":\"" UUID "\"}' FROM earlier WHERE event = 1"), 1);
        checker->has_earlier = true;
        check_good();
        for (size_t i = 0; i < ARRAY_SIZE(tampering); i++)
                must_notice(tampering[i]);
        (void)must(IMAGE_TOUCH, web, 5, NULL); /* later events override it */
        check_good();
        must_notice("UPDATE image SET mtime = 1000");
}

static bool needs_rows(enum event_op op) {
        for (size_t i = 0; i < story_length; i++)
                for (size_t e = 0; story[i].op == op && e < EFFECTS && story[i].effects[e]; e++)
                        if (strchr("-=<", story[i].effects[e][0]))
                                return true;
        return op == EVENT_ACCOUNT_SET;
}

static int run_event(struct catalog_connection *c, void *context) {
        int64_t id;

        return catalog_event_add(c, context, &id);
}

static void test_about_what_is_not_there(void **state) {
        struct event event = { .caller = &scratch_operator, .object = "none", .account = "none", .place = 999,
                               .about = { 999, 999, 999, 999 },
                               .detail = { { .key = "share", .number = 999 }, { .key = "to", .text = "x" },
                                           { .key = "text", .text = "x" }, { .key = "quota", .number = 1 } } };

        (void)state;
        for (int op = 0; op < EVENT_OPS; op++) {
                event.op = (enum event_op)op;
                if (needs_rows(event.op))
                        assert_int_equal(catalog_write(scratch_catalog, run_event, &event), -ENOENT);
        }
        assert_int_equal(chain_check(), 1);
}

/* Of rows that come back an absence is seen, of several the first; that they live again is not. */
static bool is_seen(int op, size_t e) {
        const char *count = operations[op].effects[e].count;

        if (!count)
                return op == EVENT_ACCOUNT_RM || op == EVENT_ACCOUNT_ADD;
        for (size_t i = 0; i < e && strstr(count, "FROM absence") == count + strlen("SELECT count(*) "); i++)
                if (operations[op].effects[i].count && strcmp(operations[op].effects[i].count, count) == 0)
                        return false;
        return true;
}

/* Every operation and effect is in the story: a new row of effects.def needs a step here. */
static void test_each_is_in_the_story(void **state) {
        (void)state;
        for (int op = 0; op < EVENT_OPS; op++) {
                const char *seen[EFFECTS];
                size_t effects = 0, n = 0;
                bool tried = op == EVENT_INIT || op == EVENT_SNAPSHOT || op == EVENT_RESTORE ||
                             op == EVENT_REPAIR; /* have their own tests */

                for (size_t e = 0; e < EFFECTS_MOST && operations[op].effects[e].apply; e++)
                        effects += is_seen(op, e);
                tried = tried || !operations[op].effects[0].apply; /* it is only said */
                for (size_t i = 0; i < story_length; i++)
                        for (size_t e = 0; story[i].op == (enum event_op)op && e < EFFECTS; e++) {
                                size_t k = 0;

                                tried = true;
                                while (story[i].effects[e] && k < n && strcmp(seen[k], story[i].effects[e]) != 0)
                                        k++;
                                if (story[i].effects[e] && k == n)
                                        seen[n++] = story[i].effects[e];
                        }
                if (!tried)
                        fail_msg("operation %d, %s: it never happens", op, operations[op].word);
                if (op == EVENT_INSTANCE_DELETE_DISK) /* it is kept each time; a reinstall's is not */
                        n++;
                if (op == EVENT_LAUNCH) /* shares its effects with reinstall, and has no disk to end */
                        n += 2;
                if (n != effects && op != EVENT_INIT && op != EVENT_SNAPSHOT && op != EVENT_ACCOUNT_SET)
                        fail_msg("operation %d, %s: %zu of %zu effects are seen", op, operations[op].word, n, effects);
        }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_each_operation),
                CASE(test_the_first_event),
                CASE(test_a_snapshot),
                CASE(test_about_what_is_not_there),
                CASE(test_each_is_in_the_story),
        };

        return cmocka_run_group_tests_name("catalog effects", tests, NULL, NULL);
}
