/* SPDX-License-Identifier: MIT
 * Each statement of the past uses the moment, and finds its rows by an index.
 */
#include "scratch.h"

#include <string.h>

#include "connection.h"

static const char *const names[] = {
#define STATEMENT(name, sql) [S_##name] = #name,
#include "statements.def"
#undef STATEMENT
};

static bool is_read(const char *sql) {
        return strncmp(sql, "SELECT", 6) == 0 || strncmp(sql, "WITH", 4) == 0;
}

/* An upgrade reads all rows, of another schema. */
static bool is_upgrade(enum statement which) {
        return which >= S_UPGRADE_EVENTS && which <= S_RESERVATION_SEQUENCE;
}

/* Replays and writes are never as of a moment. */
static bool is_replay(enum statement which) {
        return (which >= S_LOGGED && which <= S_RESOLVE_BY_ID) || which == S_ACCOUNT_NEXT || which == S_REGION_NEXT;
}

/* The check of the log reads all rows. */
static bool is_check(enum statement which) {
        return which >= S_VERIFY_RENUMBERED && which <= S_REPAIR_OWNERS;
}

/* The feed is only for today: the past does not change. */
static bool is_feed(enum statement which) {
        return which >= S_FEED_LAST && which <= S_FEED_INSTANCE;
}

/* What is kept is so today. */
static bool is_kept(enum statement which) {
        return which >= S_KEPT && which <= S_HOLDERS;
}

/* Statements without a past: of meta, for rendering values, of today's writer; days and lengths of the log, which are
 * given the last event; of names that never change. */
static bool is_timeless(enum statement which) {
        return is_check(which) || is_kept(which) || is_feed(which) || is_replay(which) || is_upgrade(which) ||
               (which >= S_DAY_NEXT && which <= S_LENGTHS_OF_VIEWER) ||
               which == S_EVENT_DETAIL || which == S_EVENT_RENDER || which == S_META_GET || which == S_STORE_NUMBER || which == S_LAST_IDS || which == S_SHARE_NEXT_DUE ||
               which == S_IMAGE_TWIN || which == S_IMAGE_YOUNGER || which == S_IMAGE_OTHERS ||
               (which >= S_UNDIGESTED_OWNER && which <= S_UNDIGESTED_OLDEST) || which == S_IMAGE_CONTENT || which == S_INDEXED_LAST || which == S_EVENT_ACTOR;
}

/* A new statement without LIVE and the other macros of statements.def would show the present. */
static void test_each_asks_for_the_moment(void **state) {
        (void)state;
        for (int i = 0; i < STATEMENT_COUNT; i++) {
                if (is_read(statement_past_sql[i]) && !is_timeless(i) && !strstr(statement_past_sql[i], "asof"))
                        fail_msg("%s shows what is, not what was", names[i]);
                if (!is_read(statement_past_sql[i]) && strstr(statement_past_sql[i], "asof"))
                        fail_msg("%s writes as of a moment", names[i]);
                assert_null(strstr(statement_sql[i], "asof"));
        }
}

/* The first step of a plan that reads a whole table or (sorting) sorts; NULL: none. */
static const char *bad_step(enum statement which, bool sorting, char *ret_step, size_t size) {
        sqlite3_stmt *s = NULL;
        const char *bad = NULL;
        char sql[16384];
        int n = snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", statement_past_sql[which]);

        assert_in_range(n, 1, sizeof(sql) - 1);
        assert_int_equal(sqlite3_prepare_v2(scratch_reader->db, sql, -1, &s, NULL), SQLITE_OK);
        while (!bad && sqlite3_step(s) == SQLITE_ROW) {
                const char *step = (const char *)sqlite3_column_text(s, 3);
                bool scan = strncmp(step, "SCAN ", 5) == 0 && strcmp(step, "SCAN r") != 0 && /* the rows so far */
                            !strstr(step, "CONSTANT ROW") && !strstr(step, "VIRTUAL TABLE") && !strstr(step, "subquery");

                if (scan || (sorting && strstr(step, "TEMP B-TREE")))
                        bad = strncpy(ret_step, step, size);
        }
        (void)sqlite3_finalize(s); /* the steps returned its errors */
        return bad;
}

static void test_none_reads_a_whole_table(void **state) {
        char step[256] = "";

        (void)state;
        for (int i = 0; i < STATEMENT_COUNT; i++)
                if (is_read(statement_past_sql[i]) && !is_check(i) && !is_upgrade(i) && i != S_ACCOUNT_OF_UID && /* who asks is today's */
                    i != S_EARLIER_ANY && i != S_SNAPSHOTS && /* one row; once a replay */
                    i != S_LAST_IDS && /* of sqlite_sequence, which has a row */
                    bad_step(i, false, step, sizeof(step) - 1))
                        fail_msg("%s: %s", names[i], step);
}

/* A page starts where the last one ended, and reads only what it shows. For an image's shares see test_plan.c. */
static void test_pages_are_not_sorted(void **state) {
        static const enum statement pages[] = {
                S_IMAGE_LIST, S_IMAGE_LIST_ALL, S_RECEIVED_LIST, S_INSTANCE_LIST, S_INSTANCE_LIST_ALL,
                S_REGION_LIST, S_ACCOUNT_LIST, S_TRUST_LIST, S_RECEIVED_FIND, S_EVENT_HISTORY, S_LOG_ALL,
                S_LOG_OF_PLACE, S_LOG_OF_VIEWER, S_EXPOSURE_CHILDREN, S_EXPOSURE_SHARES,
        };
        char step[256] = "";

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
                if (bad_step(pages[i], true, step, sizeof(step) - 1))
                        fail_msg("%s: %s", names[pages[i]], step);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_each_asks_for_the_moment),
                CASE(test_none_reads_a_whole_table),
                CASE(test_pages_are_not_sorted),
        };

        return cmocka_run_group_tests_name("catalog past plans", tests, NULL, NULL);
}
