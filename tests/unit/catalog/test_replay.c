/* SPDX-License-Identifier: MIT
 * Replaying the log makes the same rows, whatever the history. Rows that differ are reported by name.
 */
#include "history.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "effects/replay.h"

#define CHANGES 600
#define FAR "140737488355327"

static int64_t now;

int64_t __wrap_timestamp_now(void);
int64_t __wrap_timestamp_now(void) {
        return now;
}

static struct catalog_connection *connection; /* the test's own: it may write anything */
static struct replay replay;
static char told[65536];
static int answer, failures;
static int64_t failed_last;

static int setup(void **state) {
        now = 1000000;
        answer = 0;
        (void)scratch_setup(state); /* 0 */
        assert_int_equal(connection_open(scratch_catalog, false, &connection), 0);
        return connection_run(connection, "PRAGMA query_only = off; PRAGMA foreign_keys = off");
}

static int teardown(void **state) {
        if (replay.catalog)
                replay_close(&replay);
        connection = connection_close(connection);
        return scratch_teardown(state);
}

static int tell(const struct discrepancy *d, void *context) {
        size_t n = strlen(told);

        (void)context;
        (void)snprintf(told + n, sizeof(told) - n, "%s %s: %s\n", d->what, d->object, d->problem); /* truncated */
        return answer;
}

static int fails(int64_t event, void *context) {
        (void)context;
        failures++;
        failed_last = event;
        return answer;
}

static int replay_again(void) {
        if (replay.catalog)
                replay_close(&replay);
        failures = 0;
        assert_int_equal(replay_open("", &replay), 0);
        return replay_log(&replay, connection, fails, NULL);
}

static int compare(void) {
        told[0] = '\0';
        return compare_rows(connection, replay.c, tell, NULL);
}

static void same(void) {
        assert_int_equal(replay_again(), 0);
        assert_int_equal(failures, 0);
        if (compare() != 0)
                fail_msg("%s", told);
        assert_string_equal(told, "");
}

static int64_t number(struct catalog_connection *c, const char *sql) {
        sqlite3_stmt *s = NULL;
        int64_t n = -1;

        assert_int_equal(sqlite3_prepare_v2(c->db, sql, -1, &s, NULL), SQLITE_OK);
        if (sqlite3_step(s) == SQLITE_ROW)
                n = sqlite3_column_int64(s, 0);
        (void)sqlite3_finalize(s); /* the step returned its error */
        return n;
}

/* --- histories --- */

static void test_random_histories(void **state) {
        static const uint64_t seeds[] = { 1, 7, 42 };
        static const char *const words[] = {
                "region-add", "region-rm", "account-add", "account-set", "account-rm", "limit", "create", "available",
                "copy", "seal", "digest", "times", "describe", "rename", "review", "delete", "share", "unshare",
                "expire", "set-expiry", "trust", "untrust", "launch", "reinstall", "instance-delete", "undelete",
                "purge",
        };
        struct log_head head;

        (void)state;
        history_begin();
        for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
                struct history history = { .seed = seeds[i] };

                for (int n = 0; n < CHANGES; n++) {
                        now += history_below(&history, 3) ? history_below(&history, 60) : 0;
                        (void)history_change(&history);
                        if (n % 97 == 0)
                                same();
                }
                same();
                told[0] = '\0';
                if (catalog_verify(scratch_catalog, NULL, tell, NULL, &head) != 0)
                        fail_msg("%s", told);
                assert_int_equal(head.event, sql_number("SELECT max(id) FROM event"));
        }
        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                char sql[128];

                (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM event WHERE op = '%s'", words[i]); /* fits */
                if (sql_number(sql) < 1)
                        fail_msg("%s never happens", words[i]);
        }
}

/* Events are copied unchanged, with their hashes and refusals. */
static void test_the_log_is_the_same(void **state) {
        (void)state;
        history_begin();
        (void)log_event(&(struct event){ .caller = &scratch_operator, .op = EVENT_DELETE, .rule = "role",
                                         .error = "EPERM", .detail = { { .key = "repeated", .number = 3 } } });
        same();
        for (int64_t id = 1; id <= 7; id++) {
                static const char sql[] = "SELECT * FROM event WHERE id = ?";
                sqlite3_stmt *s[2] = { NULL };

                for (int i = 0; i < 2; i++) {
                        assert_int_equal(sqlite3_prepare_v2(i ? replay.c->db : connection->db, sql, -1, &s[i], NULL),
                                         SQLITE_OK);
                        assert_int_equal(sqlite3_bind_int64(s[i], 1, id), SQLITE_OK);
                        assert_int_equal(sqlite3_step(s[i]), SQLITE_ROW);
                }
                for (int i = 0; i < sqlite3_column_count(s[0]); i++) {
                        const int n = sqlite3_column_bytes(s[0], i);

                        assert_int_equal(sqlite3_column_type(s[1], i), sqlite3_column_type(s[0], i));
                        assert_int_equal(sqlite3_column_bytes(s[1], i), n);
                        if (n > 0)
                                assert_memory_equal(sqlite3_column_blob(s[1], i), sqlite3_column_blob(s[0], i), n);
                }
                for (int i = 0; i < 2; i++)
                        assert_int_equal(sqlite3_finalize(s[i]), SQLITE_OK);
        }
        assert_int_equal(number(replay.c, "SELECT count(*) FROM event"), 7);
}

/* Rows that only this directory has: no log contains them. */
static int run_own(struct catalog_connection *c, void *context) {
        int64_t launch;
        int r = catalog_launch_reserve(c, 1, 1, &launch);

        (void)context;
        return r < 0 ? r : catalog_store_put(c, 1, "/elsewhere");
}

static void test_what_is_not_of_the_log(void **state) {
        (void)state;
        history_begin();
        assert_int_equal(catalog_write(scratch_catalog, run_own, NULL), 0);
        same();
        assert_int_equal(number(replay.c, "SELECT count(*) FROM store"), 0);
        assert_int_equal(number(replay.c, "SELECT count(*) FROM reservation"), 0);
}

/* A reused name means the object that had it then, up to the event that ended that. */
static void test_names_used_again(void **state) {
        int64_t alice, web, vm;

        (void)state;
        history_begin();
        alice = account_id("alice");
        for (int i = 0; i < 3; i++) {
                int64_t region;

                (void)must(REGION_PUT, 0, 0, "west");
                region = region_id("west");
                web = must(PLACE_PUT, region, alice, "web");
                (void)must(PLACE_RENAME, web, 0, "db");
                (void)must(DESCRIPTION_PUT, web, 5, "text");
                (void)must(IMAGE_DISK, web, 0, NULL);
                (void)must(IMAGE_RENEW, web, 0, NULL);
                (void)must(DESCRIPTION_END, web, 0, NULL);
                (void)must(PLACE_PUT, region, alice, "web"); /* the name is free, and taken again */
                (void)must(PLACE_END, web, 0, NULL);
                (void)must(PLACE_END, sql_number("SELECT max(id) FROM place"), 0, NULL);
                vm = must(INSTANCE_PUT, region, alice, "vm");
                (void)must(INSTANCE_END, vm, 0, NULL);
                (void)must(REGION_END, region, 0, NULL);
                same();
        }
}

/* --- logs of the previous version --- */

/* What these do not say is in `earlier`, under the event that upgraded the catalog. */
static void test_an_upgraded_log(void **state) {
        static const char not_said[] =
                "SELECT json_object('events', json_group_object(id, json(said))) FROM (SELECT e.id,"
                " json_group_object(j.key, j.value) AS said FROM event e, json_each(e.detail) j"
                " WHERE j.key IN ('id', 'launch', 'from', 'share', 'uuid') GROUP BY e.id)";
        struct history history = { .seed = 3 };
        sqlite3_stmt *s = NULL;
        char *json;

        (void)state;
        history_begin();
        for (int n = 0; n < CHANGES; n++)
                (void)history_change(&history);
        assert_int_equal(sqlite3_prepare_v2(connection->db, not_said, -1, &s, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(s), SQLITE_ROW);
        json = strdup((const char *)sqlite3_column_text(s, 0));
        assert_non_null(json);
        assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
        sql_run("UPDATE event SET detail = nullif(json_remove(detail, '$.id', '$.launch', '$.from', '$.share',"
                " '$.uuid'), '{}')");
        assert_int_equal(replay_again(), 0);
        assert_true(failures > 10); /* alone it does not say enough */
        (void)log_event(&(struct event){ .caller = &scratch_operator, .op = EVENT_SNAPSHOT, .json = json });
        free(json);
        same();
        for (int n = 0; n < CHANGES / 10; n++) /* the log goes on */
                (void)history_change(&history);
        same();
        assert_true(number(replay.c, "SELECT count(*) FROM earlier") > 10);
}

/* --- impossible logs --- */

static void check_failed(const char *sql, int64_t event) {
        assert_int_equal(connection_run(connection, "BEGIN"), 0);
        assert_int_equal(connection_run(connection, sql), 0);
        assert_int_equal(replay_again(), 0);
        if (failures < 1 || (failures == 1 && failed_last != event))
                fail_msg("%s: %d failures, the last %lld", sql, failures, (long long)failed_last);
        assert_int_equal(connection_run(connection, "ROLLBACK"), 0);
}

static void test_events_that_cannot_be(void **state) {
        int64_t web, share;

        (void)state;
        history_begin();                                                  /* 2 to 6 */
        web = must(PLACE_PUT, 1, account_id("alice"), "web");             /* 7 */
        share = must(SHARE_PUT, web, account_id("bob"), NULL);            /* 8 */
        (void)must(EXPIRY_PUT, share, 1000, NULL);                        /* 9 */
        (void)must(SHARE_EXPIRES, share, 0, NULL);                        /* 10 */
        share = must(SHARE_PUT, web, account_id("carol"), NULL);          /* 11 */
        (void)must(SHARE_END, share, 0, NULL);                            /* 12 */
        same();
        check_failed("UPDATE event SET op = 'frobnicate' WHERE id = 12", 12);
        check_failed("UPDATE event SET detail = NULL WHERE id = 12", 12); /* which share? */
        check_failed("UPDATE event SET detail = NULL WHERE id = 10", 10);
        check_failed("UPDATE event SET detail = NULL WHERE id = 9", 10); /* without the expiry it cannot expire */
        check_failed("UPDATE event SET detail = '{' WHERE id = 12", 12);
        check_failed("UPDATE event SET detail = '[1,2]' WHERE id = 12", 12);
        check_failed("UPDATE event SET detail = '7' WHERE id = 12", 12);
        check_failed("UPDATE event SET detail = '{\"share\":\"x\"}' WHERE id = 12", 12);
        check_failed("UPDATE event SET detail = '{\"share\":1e99}' WHERE id = 12", 12);
        check_failed("UPDATE event SET detail = '{\"share\":{\"a\":1}}' WHERE id = 12", 12);
        check_failed("UPDATE event SET account = 'zoe' WHERE id = 11", 12); /* nor can the share be ended */
        check_failed("UPDATE event SET account = NULL WHERE id = 11", 12);
        check_failed("UPDATE event SET object = 'north' WHERE id = 11", 12);
        check_failed("UPDATE event SET object = NULL WHERE id = 7", 7);
        check_failed("UPDATE event SET object = 'nowhere/web@alice' WHERE id = 7", 7);
        check_failed("UPDATE event SET object = printf('north/%.100c@alice', 'x') WHERE id = 11", 12);
        check_failed("UPDATE event SET actor = 77 WHERE id = 7", 7);
        check_failed("UPDATE event SET account = NULL WHERE id = 6", 6);
        check_failed("UPDATE event SET detail = json_set(detail, '$.id', 2) WHERE id = 5", 5); /* the id is alice's */
        check_failed("DELETE FROM event WHERE id = 7", 12);
        answer = -ECANCELED; /* `fails` may end it */
        assert_int_equal(connection_run(connection, "BEGIN; UPDATE event SET op = 'x' WHERE id = 8"), 0);
        assert_int_equal(replay_again(), -ECANCELED);
        assert_int_equal(failures, 1);
        assert_int_equal(failed_last, 8);
        assert_int_equal(connection_run(connection, "ROLLBACK"), 0);
}

/* --- rows --- */

static const struct {
        const char *sql, *told;
} tampering[] = {
#define TAMPERING(sql, told) { sql, told },
#include "tampering.def"
#undef TAMPERING
};

static void make(void) {
        history_example();
        same();
}

static void test_each_table_is_compared(void **state) {
        (void)state;
        make();
        for (size_t i = 0; i < ARRAY_SIZE(tampering); i++) {
                int lines = 0;

                assert_int_equal(connection_run(connection, "BEGIN"), 0);
                if (connection_run(connection, tampering[i].sql) != 0)
                        fail_msg("%s: %s", tampering[i].sql, sqlite3_errmsg(connection->db));
                assert_true(sqlite3_changes(connection->db) > 0);
                for (const char *p = tampering[i].told; (p = strchr(p, '\n')); p++)
                        lines++;
                if (compare() != lines || strcmp(told, tampering[i].told) != 0)
                        fail_msg("%s: '%s', not '%s'", tampering[i].sql, told, tampering[i].told);
                assert_int_equal(connection_run(connection, "ROLLBACK"), 0);
        }
        assert_int_equal(compare(), 0);
}

/* Empties each table that follows from the log: none may be left out of the comparison. */
static void test_no_table_is_forgotten(void **state) {
        static const char *const own[] = {
                "event", "indexed", "event_of_place", "event_of_actor", "event_of_account", "event_of_object", "day",
                "store", "reservation", "earlier", "sqlite_sequence",
        };
        static const char names[] = "SELECT name FROM sqlite_schema WHERE type = 'table'";
        sqlite3_stmt *s = NULL;
        int compared = 0;

        (void)state;
        history_example();
        (void)must(LAUNCH_KEEP, sql_number("SELECT max(id) FROM instance"), 0, NULL);
        (void)must(LAUNCH_RETURN, sql_number("SELECT max(id) FROM launch"), 0, NULL);
        same();
        assert_int_equal(sqlite3_prepare_v2(scratch_reader->db, names, -1, &s, NULL), SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW) {
                const char *table = (const char *)sqlite3_column_text(s, 0);
                bool of_log = true;
                char sql[128];

                for (size_t i = 0; i < ARRAY_SIZE(own); i++)
                        of_log = of_log && strcmp(table, own[i]) != 0;
                if (!of_log)
                        continue;
                (void)snprintf(sql, sizeof(sql), "BEGIN; DELETE FROM %s", table); /* fits */
                assert_int_equal(connection_run(connection, sql), 0);
                if (sqlite3_changes(connection->db) < 1 || compare() < 1)
                        fail_msg("%s is not compared", table);
                assert_int_equal(connection_run(connection, "ROLLBACK"), 0);
                compared++;
        }
        assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
        assert_int_equal(compared, 17);
}

static void test_many_differences_are_cut(void **state) {
        static const char sql[] = "BEGIN; UPDATE region SET name = name || 'x';"
                                  "WITH RECURSIVE n (id) AS (VALUES (5) UNION ALL SELECT id + 1 FROM n WHERE id < 999)"
                                  " INSERT INTO region SELECT id, 'r' || id, id, " FAR " FROM n";
        int found = 0;

        (void)state;
        make();
        assert_int_equal(connection_run(connection, sql), 0);
        assert_int_equal(compare(), PAGE + 1);
        assert_non_null(strstr(told, "region northx: its name does not follow from the log\n"));
        for (const char *p = told; (p = strchr(p, '\n')); p++)
                found++;
        assert_int_equal(found, PAGE + 1);
        assert_non_null(strstr(told, "region more: "));
        answer = -ECANCELED; /* `tell` may end it */
        assert_int_equal(compare(), -ECANCELED);
        assert_ptr_equal(strchr(told, '\n') + 1, told + strlen(told));
        assert_int_equal(connection_run(connection, "ROLLBACK"), 0);
}

/* Replays into an existing empty file. The comparison finds the same rows in both directions. */
static void test_into_a_file(void **state) {
        struct replay other = { 0 };

        (void)state;
        make();
        assert_int_equal(replay_open(scratch_name("again.db"), &other), -EIO); /* replay_open makes no file */
        assert_int_equal(fd_close(open(scratch_name("again.db"), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)), -1);
        assert_int_equal(replay_open(scratch_name("again.db"), &other), 0);
        assert_int_equal(replay_log(&other, connection, fails, NULL), 0);
        assert_int_equal(compare_rows(connection, other.c, tell, NULL), 0);
        assert_int_equal(compare_rows(other.c, connection, tell, NULL), 0);
        replay_close(&other);
        assert_null(other.catalog);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_random_histories),
                CASE(test_the_log_is_the_same),
                CASE(test_what_is_not_of_the_log),
                CASE(test_names_used_again),
                CASE(test_an_upgraded_log),
                CASE(test_events_that_cannot_be),
                CASE(test_each_table_is_compared),
                CASE(test_no_table_is_forgotten),
                CASE(test_many_differences_are_cut),
                CASE(test_into_a_file),
        };

        return cmocka_run_group_tests_name("catalog replay", tests, NULL, NULL);
}
