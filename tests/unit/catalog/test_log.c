/* SPDX-License-Identifier: MIT
 * The log and who-sees-what in pages: each filter alone and combined, none by reading everything.
 */
#include "scratch.h"

#include <string.h>

#include "log/log.h"

struct seen {
        int count;
        int64_t ids[1000];
};

static int collect(const struct log_entry *entry, void *context) {
        struct seen *seen = context;

        assert_true(seen->count == 0 || entry->id > seen->ids[seen->count - 1]);
        assert_int_equal(entry->line[entry->length - 1], '\n');
        assert_int_equal(strlen(entry->line), entry->length);
        seen->ids[seen->count++] = entry->id;
        return 0;
}

/* Reads the whole log, in pages. */
static int read_log(struct log_filter filter, struct seen *ret_seen) {
        int r;

        *ret_seen = (struct seen){ 0 };
        if (filter.last == 0)
                filter.last = INT64_MAX;
        do {
                r = catalog_log(scratch_reader, &filter, collect, ret_seen);
                assert_true(r >= 0 && r <= CATALOG_PAGE);
                if (r > 0)
                        filter.after = ret_seen->ids[ret_seen->count - 1];
        } while (r == CATALOG_PAGE);
        return ret_seen->count;
}

static const struct caller alice = { .account = 2, .name = "alice" }, bob = { .account = 3, .name = "bob" };
static int64_t place; /* alice's */

static int fill(void **state, int64_t index_events) {
        (void)scratch_setup(state); /* 0 */
        scratch_catalog->index_events = index_events;
        (void)must(ACCOUNT_PUT, 0, 0, "alice");                               /* 2 */
        (void)must(ACCOUNT_PUT, 0, 0, "bob");                                 /* 3 */
        (void)must(REGION_PUT, 0, 0, "north");                                /* 4 */
        place = must(PLACE_PUT, region_id("north"), alice.account, "web");    /* 5 */
        (void)must(SHARE_PUT, place, bob.account, NULL);                      /* 6 */
        (void)log_event(&(struct event){ .caller = &bob, .op = EVENT_COPY, .object = "north/web@alice", .place = place,
                                         .rule = "no-copy-of-shared", .error = "EPERM" }); /* 7 */
        (void)log_event(&(struct event){ .caller = &alice, .op = EVENT_COPY, .object = "north/old@alice",
                                         .account = "zoe", .rule = "unknown-account", .error = "EPERM" }); /* 8 */
        (void)must(TRUST_PUT, alice.account, alice.account, NULL);            /* 9 */
        return 0;
}

#define assert_events(filter, ...)                                                                       \
        do {                                                                                             \
                static const int64_t expected[] = { __VA_ARGS__ };                                       \
                struct seen seen;                                                                        \
                                                                                                         \
                assert_int_equal(read_log(filter, &seen), (int)ARRAY_SIZE(expected));                    \
                assert_memory_equal(seen.ids, expected, sizeof(expected));                               \
        } while (0)
#define FILTER(...) ((struct log_filter){ __VA_ARGS__ })
#define VIEW(who) .viewer = (who).account, .viewer_name = (who).name
#define NAMED(who) .account = (who).account, .name = (who).name

static void test_each_filter(void **state) {
        (void)state;
        assert_events(FILTER(0), 1, 2, 3, 4, 5, 6, 7, 8, 9);
        assert_events(FILTER(.after = 3, .last = 6), 4, 5, 6);
        assert_events(FILTER(.denied = true), 7, 8);
        assert_events(FILTER(.place = place), 5, 6, 7);
        assert_events(FILTER(.object = "north/old@alice"), 8);
        assert_events(FILTER(NAMED(alice)), 2, 5, 6, 8, 9); /* event 9 only once */
        assert_events(FILTER(NAMED(bob)), 3, 6, 7);
        assert_events(FILTER(.account = -1, .name = "zoe"), 8);
        assert_events(FILTER(VIEW(alice)), 2, 5, 6, 7, 8, 9);
        assert_events(FILTER(VIEW(bob)), 3, 6, 7);
}

static void test_filters_together(void **state) {
        (void)state;
        assert_events(FILTER(.denied = true, NAMED(bob)), 7);
        assert_events(FILTER(.denied = true, VIEW(alice), .after = 7), 8);
        assert_events(FILTER(.place = place, NAMED(bob), .denied = true), 7);
        assert_events(FILTER(.object = "north/old@alice", NAMED(alice)), 8);
        assert_int_equal(read_log(FILTER(.object = "north/old@alice", VIEW(bob)), &(struct seen){ 0 }), 0);
        assert_int_equal(read_log(FILTER(NAMED(alice), VIEW(bob), .denied = true), &(struct seen){ 0 }), 0);
        assert_events(FILTER(NAMED(alice), VIEW(bob)), 6);
}

static int run_many(struct catalog_connection *c, void *context) {
        int64_t id;
        int r = 0;

        (void)context;
        for (int i = 0; i < 600 && r == 0; i++)
                r = catalog_event_add(c, &(struct event){ .caller = i % 3 == 2 ? &alice : &bob, .op = EVENT_DELETE,
                                                          .object = i % 3 == 0 ? "north/web@alice" : NULL,
                                                          .account = i % 3 == 1 ? "alice" : NULL,
                                                          .place = i % 3 == 0 ? place : 0,
                                                          .rule = "role", .error = "EPERM" }, &id);
        return r;
}

static void test_pages_lose_and_repeat_nothing(void **state) {
        struct seen seen;

        (void)state;
        assert_int_equal(catalog_write(scratch_catalog, run_many, NULL), 0);
        assert_int_equal(read_log(FILTER(0), &seen), 609);
        assert_int_equal(read_log(FILTER(VIEW(alice)), &seen), 606);
        assert_int_equal(read_log(FILTER(NAMED(alice)), &seen), 405);
        assert_int_equal(read_log(FILTER(NAMED(bob)), &seen), 403);
        assert_int_equal(read_log(FILTER(.place = place), &seen), 203);
}

static void test_the_few_behind_the_indexes(void **state) {
        int64_t id;

        (void)state;
        id = sql_number("SELECT last FROM indexed");
        assert_int_equal(id, scratch_catalog->index_events == 1 ? 9 : scratch_catalog->index_events == 7 ? 7 : 0);
        assert_int_equal(sql_number("SELECT max(event) FROM event_of_actor"), id);
        for (int i = 0; i < 3 * INDEX_EVENTS; i++) {
                (void)must(SETTING_PUT, i, 0, "x");
                id = sql_number("SELECT max(id) FROM event") - sql_number("SELECT last FROM indexed");
                assert_in_range(id, 0, scratch_catalog->index_events - 1);
        }
}

static void test_times_are_found(void **state) {
        int64_t id;

        (void)state;
        sql_run("UPDATE event SET time = 1000 * (id + id % 2)"); /* 2000 2000 4000 4000 … 10000 */
        assert_int_equal(catalog_log_at(scratch_reader, 1999, true, &id), 0);
        assert_int_equal(id, 0);
        assert_int_equal(catalog_log_at(scratch_reader, 4000, true, &id), 0);
        assert_int_equal(id, 4);
        assert_int_equal(catalog_log_at(scratch_reader, 4000, false, &id), 0);
        assert_int_equal(id, 2);
        assert_int_equal(catalog_log_at(scratch_reader, INT64_MAX, true, &id), 0);
        assert_int_equal(id, 9);
        assert_int_equal(catalog_log_at(scratch_reader, INT64_MIN, true, &id), 0);
        assert_int_equal(id, 0);
        for (int64_t time = 0; time <= 11000; time += 500)
                for (int including = 0; including < 2; including++) {
                        char sql[128];

                        (void)snprintf(sql, sizeof(sql), "SELECT coalesce(max(id), 0) FROM event WHERE time %s %lld",
                                       including ? "<=" : "<", (long long)time);
                        assert_int_equal(catalog_log_at(scratch_reader, time, including, &id), 0);
                        assert_int_equal(id, sql_number(sql));
                }
}

/* No filter reads a whole table or sorts its result, except for an image's shares (test_plan.c). */
static void test_filters_are_answered_by_indexes(void **state) {
        static const enum statement statements[] = {
                S_LOG_ALL, S_LOG_DENIED, S_LOG_OF_PLACE, S_LOG_OF_OBJECT, S_LOG_OF_ACCOUNT, S_LOG_OF_VIEWER,
                S_LOG_AT, S_ACCESS_ALL, S_ACCESS_RECEIVED, S_ACCESS_OWNED,
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
                _cleanup_free_ char *sql = NULL;
                sqlite3_stmt *s = NULL;
                int searches = 0;

                assert_true(asprintf(&sql, "EXPLAIN QUERY PLAN %s", statement_sql[statements[i]]) > 0);
                assert_int_equal(sqlite3_prepare_v2(scratch_reader->db, sql, -1, &s, NULL), SQLITE_OK);
                while (sqlite3_step(s) == SQLITE_ROW) {
                        const char *step = (const char *)sqlite3_column_text(s, 3);

                        if (strncmp(step, "SCAN", 4) == 0 && strstr(step, "CONSTANT ROW") == NULL &&
                            strcmp(step, "SCAN event") != 0) /* its last row has the log's clock */
                                fail_msg("%s: %s", sql, step);
                        if (strstr(step, "TEMP B-TREE") && !strstr(step, " OF ORDER BY")) /* places are in order */
                                fail_msg("%s: %s", sql, step);
                        searches += strncmp(step, "SEARCH", 6) == 0;
                }
                assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
                assert_true(searches > 0);
        }
}

/* Events in the indexes: none, all, some. */
static int setup(void **state) {
        return fill(state, INDEX_EVENTS);
}

static int setup_indexed(void **state) {
        return fill(state, 1);
}

static int setup_partly(void **state) {
        return fill(state, 7);
}

#define CASE(f)                                                      \
        cmocka_unit_test_setup_teardown(f, setup, scratch_teardown), \
        cmocka_unit_test_setup_teardown(f, setup_indexed, scratch_teardown), \
        cmocka_unit_test_setup_teardown(f, setup_partly, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_each_filter),
                CASE(test_filters_together),
                CASE(test_pages_lose_and_repeat_nothing),
                CASE(test_the_few_behind_the_indexes),
                CASE(test_times_are_found),
                CASE(test_filters_are_answered_by_indexes),
        };

        return cmocka_run_group_tests_name("catalog log", tests, NULL, NULL);
}
