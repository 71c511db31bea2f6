/* SPDX-License-Identifier: MIT
 * A page of a listing and a lookup cost the log of an index: SQLite neither sorts for them nor reads a whole table.
 */
#include "scratch.h"

#include "internal.h"

static const struct {
        const char *name;
        enum statement statement;
} plans[] = {
#define PLAN(name) { #name, S_##name }
        PLAN(ACCOUNT_LIST), PLAN(ACCOUNT_FIND),  PLAN(REGION_LIST),      PLAN(REGION_TOTALS_OF), PLAN(IMAGE_LIST),
        PLAN(PLACE_FIND),   PLAN(IMAGE_LIST_ALL), PLAN(INSTANCE_LIST),   PLAN(INSTANCE_LIST_ALL), PLAN(IMAGE_UNSEALED),
        PLAN(SHARE_FIND),   PLAN(SHARE_GET),     PLAN(SHARE_LIST),       PLAN(RECEIVED_LIST),    PLAN(RECEIVED_FIND),
        PLAN(TRUST_FIND),   PLAN(TRUST_GET),     PLAN(TRUST_LIST),
};

/* The log's last row is read by its end. */
static bool costs(const char *step) {
        return strstr(step, "TEMP B-TREE") || (strstr(step, "SCAN ") && strcmp(step, "SCAN event") != 0);
}

static void test_listings_and_lookups_use_an_index(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
                sqlite3_stmt *s = NULL;
                char sql[4096];
                int n = snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", statement_sql[plans[i].statement]);

                assert_in_range(n, 1, sizeof(sql) - 1);
                assert_int_equal(sqlite3_prepare_v2(scratch_reader->db, sql, -1, &s, NULL), SQLITE_OK);
                while (sqlite3_step(s) == SQLITE_ROW) {
                        const char *step = (const char *)sqlite3_column_text(s, 3);

                        if (costs(step))
                                fail_msg("%s: %s", plans[i].name, step);
                }
                assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
        }
}

/* `REGION = ? AND OWNER = ?` must not be answered by an index that knows the region alone. */
static void test_what_an_account_uses_is_read_by_its_own_rows(void **state) {
        sqlite3_stmt *s = NULL;
        char sql[4096];
        int indexes = 0;

        (void)state;
        (void)snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", statement_sql[S_REGION_TOTALS_OF]);
        assert_int_equal(sqlite3_prepare_v2(scratch_reader->db, sql, -1, &s, NULL), SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW)
                indexes += strstr((const char *)sqlite3_column_text(s, 3), "(region=? AND owner=?") != NULL;
        assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
        assert_int_equal(indexes, 2); /* images, instances */
}

/* The log is read for a day's events, not to find where the day begins. */
static void test_the_sizes_of_days_are_verified_by_reading_them(void **state) {
        sqlite3_stmt *s = NULL;
        char sql[8192];
        int n = snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", statement_sql[S_VERIFY_DAY]);

        (void)state;
        assert_in_range(n, 1, sizeof(sql) - 1);
        assert_int_equal(sqlite3_prepare_v2(scratch_reader->db, sql, -1, &s, NULL), SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW) {
                const char *step = (const char *)sqlite3_column_text(s, 3);

                if (strstr(step, "TEMP B-TREE") || strcmp(step, "SCAN e") == 0)
                        fail_msg("%s", step);
        }
        assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
}

/* Steps of SQLite's machine that the statement has taken since it was asked last. */
static int steps(enum statement statement) {
        return sqlite3_stmt_status(scratch_reader->statements[statement], SQLITE_STMTSTATUS_VM_STEP, 1);
}

static int share_find(int64_t image, int64_t account) {
        struct share share;

        assert_int_equal(catalog_share_find(scratch_reader, image, account, &share), 0);
        return steps(S_SHARE_FIND);
}

static int image_get(int64_t place) {
        struct image image;

        assert_int_equal(catalog_image_get(scratch_reader, place, &image), 0);
        return steps(S_IMAGE_OF_PLACE);
}

static int share_count(int64_t image, int64_t most) {
        int64_t count;

        assert_int_equal(catalog_share_count(scratch_reader, image, most, &count), 0);
        assert_true(count <= most);
        return steps(S_SHARE_COUNT);
}

static void test_shares_cost_only_who_counts_them(void **state) {
        int64_t web, bob;
        int get, find, any;
        char name[NAME_SIZE];

        (void)state;
        (void)must(REGION_PUT, 0, 0, "north");
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        bob = account_id("bob");
        web = must(PLACE_PUT, region_id("north"), account_id("alice"), "web");
        (void)must(SHARE_PUT, web, bob, NULL);
        get = image_get(web);
        find = share_find(web, bob);
        any = share_count(web, 1);
        for (int i = 0; i < 100; i++) {
                (void)snprintf(name, sizeof(name), "a%d", i); /* fits */
                (void)must(ACCOUNT_PUT, 0, 0, name);
                (void)must(SHARE_PUT, web, account_id(name), NULL);
        }
        assert_int_equal(image_get(web), get);
        assert_int_equal(share_find(web, bob), find);
        assert_true(share_count(web, 1) <= any);
        assert_true(share_count(web, 101) > any + 100);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_listings_and_lookups_use_an_index),
                CASE(test_what_an_account_uses_is_read_by_its_own_rows),
                CASE(test_the_sizes_of_days_are_verified_by_reading_them),
                CASE(test_shares_cost_only_who_counts_them),
        };

        return cmocka_run_group_tests_name("catalog plan", tests, NULL, NULL);
}
