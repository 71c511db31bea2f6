/* SPDX-License-Identifier: MIT
 * The table of effects, tested by a story with every operation: which rows it makes, ends and sets; that it fails if
 * one of them is missing; and that the check of the log notices each effect undone or changed.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

#include "effects/effects.h"
#include "effects/replay.h"

#define E "(SELECT max(id) FROM event)"
#define FAR "140737488355327"
#define EFFECTS 9

/* Effects of an event, by the column with its number: "+t.column": a row it made; "-t.column": a row it ended;
 * "~t.column": a row it ended if there was one; "=t.column": set once; "<t.column": set, whatever was there before;
 * "?t.column": set if there was nothing. */
struct step {
        enum event_op op;
        enum fact fact;
        const char *a, *b, *text; /* numbers as SQL, NULL: 0 */
        const char *effects[EFFECTS];
        const char *rows; /* an SQL condition that is true, too; NULL: none */
};

#define ALICE "id FROM account WHERE name = 'alice'"
#define BOB "id FROM account WHERE name = 'bob'"
#define NORTH "id FROM region WHERE name = 'north'"
#define WEB "min(id) FROM place" /* the first place, whatever its name, and the first image in it */
#define DB "place FROM place_name WHERE name = 'db'"
#define MAIL "place FROM place_name WHERE name = 'mail'"
#define NEWS "place FROM place_name WHERE name = 'news'"
#define MAIL_DISK "min(i.id) FROM image i JOIN place_name n ON n.place = i.place WHERE n.name = 'mail'"
#define LAUNCH_LAST "max(id) FROM launch"
#define SHARE_LAST "max(id) FROM share"
#define VM "max(id) FROM instance"
#define CREATED "+place.id", "+place_name.from_event", "+image.id"
#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct step story[] = {
        { EVENT_REGION_ADD, REGION_PUT, .text = "north", .effects = { "+region.from_event" },
          .rows = "name = 'north' FROM region WHERE id = 1" },
        { EVENT_REGION_ADD, REGION_PUT, .text = "south", .effects = { "+region.from_event" },
          .rows = "name = 'south' FROM region WHERE id = 2" },
        { EVENT_REGION_RM, REGION_END, .a = "2", .effects = { "-region.until_event" },
          .rows = "name = 'south' FROM region WHERE until_event = " E },
        { EVENT_ACCOUNT_ADD, ACCOUNT_PUT, .text = "alice", .effects = { "+account.from_event" },
          .rows = "(id, role) = (2, 0) AND (uid, quota) IS (NULL, NULL) FROM account WHERE name = 'alice'" },
        { EVENT_ACCOUNT_ADD, ACCOUNT_PUT, .text = "bob", .effects = { "+account.from_event" } },
        { EVENT_ACCOUNT_SET, ACCOUNT_QUOTA, ALICE, "7", .rows = "quota = 7 FROM account WHERE name = 'alice'" },
        { EVENT_ACCOUNT_SET, ACCOUNT_QUOTA, ALICE, "-1", .rows = "quota IS NULL FROM account WHERE name = 'alice'" },
        { EVENT_LIMIT, SETTING_PUT, "5", .text = "x", .effects = { "+setting.from_event" },
          .rows = "value = 5 FROM setting WHERE name = 'x'" },
        { EVENT_LIMIT, SETTING_PUT, "6", .text = "x", .effects = { "~setting.until_event", "+setting.from_event" },
          .rows = "value = 6 FROM setting WHERE name = 'x' AND until_event = " FAR },
        { EVENT_CREATE, PLACE_PUT, NORTH, ALICE, "web", .effects = { CREATED },
          .rows = "(region, owner) = (1, 2) FROM place WHERE id = " E },
        { EVENT_CREATE_DESCRIPTION, DESCRIPTION_PUT, WEB, .text = "", .effects = { "+description.from_event" },
          .rows = "id = from_event AND text = '' FROM description" },
        { EVENT_TIMES_DESCRIPTION, DESCRIPTION_TOUCH, WEB, "-5", .effects = { "<description.times_event" },
          .rows = "mtime = -5 FROM description" },
        { EVENT_CREATE_LINK, LINK_PUT, WEB, .effects = { "+shares_link.id" } },
        { EVENT_DELETE_LINK, LINK_END, WEB, .effects = { "-shares_link.until_event" } },
        { EVENT_CREATE_DISK, IMAGE_DISK, WEB, .effects = { "=image.disk_event" } },
        /* the description exists already */
        { EVENT_AVAILABLE, IMAGE_FILL, WEB, WEB, .effects = { "=image.available_event", "+shares_link.id" } },
        { EVENT_TIMES_DISK, IMAGE_TOUCH, WEB, "1777803072345678901", .effects = { "<image.times_event" },
          .rows = "mtime = 1777803072345678901 FROM image" },
        { EVENT_TIMES_DISK, IMAGE_TOUCH, WEB, .effects = { "<image.times_event" }, .rows = "mtime IS NULL FROM image" },
        { EVENT_SEAL, IMAGE_SEAL, WEB, "4096", .effects = { "=image.sealed_event", "<image.times_event" },
          .rows = "size = 4096 AND mtime = 5000 FROM image" },
        { EVENT_DIGEST, IMAGE_DIGEST, WEB, .text = "sha256:" DIGEST, .effects = { "<image.digest_event" },
          .rows = "digest = x'" DIGEST "' AND same_content IS NULL FROM image" },
        { EVENT_CREATE, PLACE_PUT, NORTH, BOB, "db", .effects = { CREATED } },
        { EVENT_COPY_EMPTY, IMAGE_DISK, DB, WEB, .effects = { "<image.disk_event", "+lineage.from_event" },
          .rows = "source = (SELECT " WEB ") AND image = (SELECT " DB ") FROM lineage" },
        { EVENT_COPY_EMPTY, IMAGE_DISK, DB, WEB, .effects = { "~lineage.until_event", "+lineage.from_event" } },
        { EVENT_COPY, IMAGE_COPY, DB, WEB,
          .effects = { "~lineage.until_event", "+lineage.from_event", "<image.available_event",
                       "+description.from_event", "+shares_link.id" },
          .rows = "disk_event < available_event FROM image WHERE id = (SELECT " DB ")" },
        /* with content already */
        { EVENT_COPY, IMAGE_COPY, DB, WEB, .effects = { "~lineage.until_event", "+lineage.from_event" },
          .rows = "count(*) = 4 FROM lineage" },
        { EVENT_COPY_ALSO, IMAGE_COPY_ALSO, DB, DB, .effects = { "+lineage.from_event" },
          .rows = "count(*) = 2 FROM lineage WHERE until_event = " FAR },
        { EVENT_CREATE, PLACE_PUT, NORTH, BOB, "mail", .effects = { CREATED } },
        { EVENT_CREATE_DISK, IMAGE_DISK, MAIL, .effects = { "=image.disk_event" } },
        { EVENT_AVAILABLE, IMAGE_FILL, MAIL, MAIL,
          .effects = { "=image.available_event", "+description.from_event", "+shares_link.id" } },
        { EVENT_CREATE, PLACE_PUT, NORTH, BOB, "news", .effects = { CREATED } },
        { EVENT_COPY, IMAGE_COPY, NEWS, WEB,
          .effects = { "<image.disk_event", "+lineage.from_event", "<image.available_event", "+description.from_event",
                       "+shares_link.id" } },
        { EVENT_SEAL, IMAGE_SEAL, DB, "4096", "qcow2\nneeds /base", .effects = { "=image.sealed_event", "<image.times_event" },
          .rows = "format = 'qcow2' || char(10) || 'needs /base' FROM image WHERE id = (SELECT " DB ")" },
        { EVENT_DIGEST, IMAGE_DIGEST, DB, WEB, "sha256:" DIGEST, .effects = { "<image.digest_event" },
          .rows = "same_content = (SELECT " WEB ") FROM image WHERE id = (SELECT " DB ")" },
        { EVENT_DESCRIBE, DESCRIPTION_WRITE, WEB, .text = "text",
          .effects = { "-description.until_event", "+description.from_event" },
          .rows = "text = 'text' AND id < from_event AND times_event IS NULL FROM description WHERE from_event = " E },
        { EVENT_RENAME, PLACE_RENAME, WEB, .text = "app",
          .effects = { "-place_name.until_event", "+place_name.from_event" },
          .rows = "(name, region, owner) = ('app', 1, 2) FROM place_name WHERE from_event = " E },
        { EVENT_REVIEW, IMAGE_REVIEW, WEB, "1", .effects = { "+review.from_event" } },
        { EVENT_REVIEW_CLEAR, IMAGE_REVIEW, WEB, "0", .effects = { "-review.until_event" } },
        { EVENT_REVIEW, IMAGE_REVIEW, WEB, "1", .effects = { "+review.from_event" } },
        { EVENT_SHARE, SHARE_PUT, WEB, BOB, .effects = { "+share.id" },
          .rows = "(image, account, region) = ((SELECT " WEB "), 3, 1) FROM share" },
        { EVENT_SET_EXPIRY, EXPIRY_PUT, SHARE_LAST, "4000000000000", .effects = { "+share_expiry.from_event" },
          .rows = "expires = 4000000000000 FROM share_expiry" },
        { EVENT_SET_EXPIRY, EXPIRY_PUT, SHARE_LAST, "4000000000001",
          .effects = { "~share_expiry.until_event", "+share_expiry.from_event" } },
        { EVENT_EXPIRY_CLEAR, EXPIRY_PUT, SHARE_LAST, "0", .effects = { "~share_expiry.until_event" } },
        { EVENT_SET_EXPIRY, EXPIRY_PUT, SHARE_LAST, "1000", .effects = { "+share_expiry.from_event" } },
        { EVENT_EXPIRE, SHARE_EXPIRES, SHARE_LAST, .effects = { "-share_expiry.until_event", "-share.until_event" } },
        { EVENT_SHARE, SHARE_PUT, WEB, BOB, .effects = { "+share.id" } },
        { EVENT_SET_EXPIRY, EXPIRY_PUT, SHARE_LAST, "4000000000000", .effects = { "+share_expiry.from_event" } },
        { EVENT_UNSHARE, SHARE_END, SHARE_LAST, .effects = { "~share_expiry.until_event", "-share.until_event" } },
        { EVENT_TRUST, TRUST_PUT, BOB, ALICE, .effects = { "+trust.from_event" },
          .rows = "(account, owner) = (3, 2) FROM trust" },
        { EVENT_UNTRUST, TRUST_END, BOB, ALICE, .effects = { "-trust.until_event" } },
        { EVENT_CREATE_INSTANCE, INSTANCE_PUT, NORTH, BOB, "vm", .effects = { "+instance.id" },
          .rows = "(region, owner, name) = (1, 3, 'vm') FROM instance" },
        { EVENT_LAUNCH, LAUNCH, VM, WEB, .effects = { "+launch.from_event" },
          .rows = "id > 34359738368 AND (instance, image) = ((SELECT " VM "), (SELECT " WEB ")) AND image_name ="
                  " 'app@alice' FROM launch" },
        { EVENT_REINSTALL, LAUNCH, VM, DB, .effects = { "~launch.until_event", "?launch.purge_event", "+launch.from_event" } },
        { EVENT_INSTANCE_DELETE_IMAGE, LAUNCH_IMAGE_END, VM, .effects = { "-launch.image_until" },
          .rows = "id = (SELECT max(id) FROM launch) FROM launch WHERE image_until = " E },
        { EVENT_INSTANCE_DELETE_DISK, LAUNCH_KEEP, VM, .effects = { "-launch.until_event" },
          .rows = "purge_event IS NULL FROM launch WHERE until_event = " E },
        { EVENT_UNDELETE_INSTANCE_DISK, LAUNCH_RETURN, LAUNCH_LAST, .effects = { "+absence.until_event", "+absence.until_event" },
          .rows = "(until_event, image_until) = (" FAR ", " FAR ") FROM launch WHERE id = (SELECT " LAUNCH_LAST ")" },
        { EVENT_INSTANCE_DELETE_DISK, LAUNCH_KEEP, VM, .effects = { "-launch.until_event" } },
        { EVENT_INSTANCE_DELETE, INSTANCE_END, VM, .effects = { "-instance.until_event" } },
        /* the file `image` was there */
        { EVENT_UNDELETE_INSTANCE, LAUNCH_RETURN, LAUNCH_LAST, .effects = { "+absence.until_event", "+absence.until_event" },
          .rows = "until_event = " FAR " FROM instance WHERE id = (SELECT " VM ")" },
        { EVENT_INSTANCE_DELETE_DISK, LAUNCH_KEEP, VM, .effects = { "-launch.until_event" } },
        { EVENT_PURGE_INSTANCE, LAUNCH_PURGE, LAUNCH_LAST, .effects = { "=launch.purge_event" } },
        { EVENT_INSTANCE_DELETE, INSTANCE_END, VM, .effects = { "-instance.until_event" } },
        { EVENT_DELETE_DESCRIPTION, DESCRIPTION_END, WEB, .effects = { "-description.until_event" } },
        { EVENT_DELETE_DISK, IMAGE_RENEW, WEB,
          .effects = { "~review.until_event", "-image.until_event", "?image.purge_event", "+image.id" },
          .rows = "place = (SELECT " WEB ") AND disk_event IS NULL FROM image WHERE id = " E },
        { EVENT_REVIEW, IMAGE_REVIEW, "max(id) FROM image", "1", .effects = { "+review.from_event" } },
        { EVENT_DELETE_LINK, LINK_END, WEB, .effects = { "-shares_link.until_event" } },
        { EVENT_DELETE, PLACE_END, WEB,
          .effects = { "~review.until_event", "-image.until_event", "?image.purge_event", "-place_name.until_event",
                       "-place.until_event" } },
        /* brought back into its place, where a reviewed draft is; then with it */
        { EVENT_DELETE_DISK, IMAGE_KEEP, MAIL, .effects = { "-image.until_event", "+image.id" },
          .rows = "purge_event IS NULL FROM image WHERE until_event = " E },
        { EVENT_REVIEW, IMAGE_REVIEW, "max(id) FROM image", "1", .effects = { "+review.from_event" } },
        { EVENT_UNDELETE_DISK, IMAGE_RETURN, MAIL_DISK,
          .effects = { "-image.until_event", "?image.purge_event", "~review.until_event", "+absence.until_event",
                       "~description.until_event", "+description.from_event" },
          .rows = "until_event = " FAR " FROM image WHERE id = (SELECT " MAIL_DISK ")" },
        { EVENT_DELETE_LINK, LINK_END, MAIL, .effects = { "-shares_link.until_event" } },
        { EVENT_DELETE_DISK, IMAGE_KEEP, MAIL, .effects = { "-image.until_event", "+image.id" } },
        { EVENT_UNDELETE_DISK, IMAGE_RETURN, MAIL_DISK,
          .effects = { "-image.until_event", "?image.purge_event", "+absence.until_event", "~description.until_event",
                       "+description.from_event", "+shares_link.id" } },
        { EVENT_DELETE_LINK, LINK_END, MAIL, .effects = { "-shares_link.until_event" } },
        { EVENT_DELETE_DESCRIPTION, DESCRIPTION_END, MAIL, .effects = { "-description.until_event" } },
        { EVENT_DELETE_DISK, IMAGE_KEEP, MAIL, .effects = { "-image.until_event", "+image.id" } },
        { EVENT_DELETE, PLACE_END, MAIL,
          .effects = { "-image.until_event", "?image.purge_event", "-place_name.until_event", "-place.until_event" } },
        { EVENT_UNDELETE, IMAGE_RETURN, MAIL_DISK, .text = "post",
          .effects = { "+absence.until_event", "+place_name.from_event", "+absence.until_event", "+description.from_event",
                       "+shares_link.id" },
          .rows = "name = 'post' FROM place_name WHERE place = (SELECT " MAIL ") AND until_event = " FAR },
        { EVENT_DELETE_DISK, IMAGE_KEEP, MAIL, .effects = { "-image.until_event", "+image.id" } },
        { EVENT_PURGE, IMAGE_PURGE, MAIL_DISK, .effects = { "=image.purge_event" } },
        { EVENT_ACCOUNT_RM, ACCOUNT_END, ALICE, .effects = { "-account.until_event" } },
};

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
        int64_t events[ARRAY_SIZE(story)];

        (void)state;
        check_good();
        for (size_t i = 0; i < ARRAY_SIZE(story); i++) {
                check_missing(&story[i]);
                events[i] = happen(&story[i]);
                check_rows(&story[i], events[i]);
                check_good();
                check_undone(&story[i], events[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(story); i++) { /* again, after all other steps */
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
        for (size_t i = 0; i < ARRAY_SIZE(story); i++)
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
                for (size_t i = 0; i < ARRAY_SIZE(story); i++)
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
