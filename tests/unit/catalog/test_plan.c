/* SPDX-License-Identifier: MIT
 * A page of a listing and a lookup cost the logarithm of an index: SQLite neither sorts nor reads a whole table. Only
 * an image's shares are sorted; they are few.
 */
#include "scratch.h"

#include "effects/effects.h"

static const struct {
        const char *name;
        enum statement statement;
} plans[] = {
#define PLAN(name) { #name, S_##name }
        PLAN(ACCOUNT_LIST), PLAN(ACCOUNT_FIND),  PLAN(REGION_LIST),      PLAN(REGION_TOTALS_OF), PLAN(IMAGE_LIST),
        PLAN(PLACE_FIND),   PLAN(IMAGE_LIST_ALL), PLAN(INSTANCE_LIST),   PLAN(INSTANCE_LIST_ALL), PLAN(IMAGE_UNSEALED),
        PLAN(INSTANCE_COUNT), PLAN(DISKS_OF_IMAGES), PLAN(DISKS_OF_INSTANCES),
        PLAN(SHARE_FIND),   PLAN(SHARE_GET),     PLAN(RECEIVED_LIST),    PLAN(RECEIVED_FIND),    PLAN(FEED_SHARE),
        PLAN(TRUST_FIND),   PLAN(TRUST_GET),     PLAN(TRUST_LIST),
        PLAN(DISK_EACH),    PLAN(LAUNCH_EACH), PLAN(DISKS_LIVE),     PLAN(EXPOSURE_CHILDREN), PLAN(EXPOSURE_SHARES),
};

/* Reading the log's last row is a SCAN of event. */
static bool costs(const char *step) {
        return strstr(step, "TEMP B-TREE") || (strstr(step, "SCAN ") && strcmp(step, "SCAN event") != 0);
}

static sqlite3_stmt *explain(const char *statement) {
        sqlite3_stmt *s = NULL;
        char sql[16384];
        int n = snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", statement);

        assert_in_range(n, 1, sizeof(sql) - 1);
        assert_int_equal(sqlite3_prepare_v2(scratch_reader->db, sql, -1, &s, NULL), SQLITE_OK);
        return s;
}

static void test_listings_and_lookups_use_an_index(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
                sqlite3_stmt *s = explain(statement_sql[plans[i].statement]);

                while (sqlite3_step(s) == SQLITE_ROW) {
                        const char *step = (const char *)sqlite3_column_text(s, 3);

                        if (costs(step))
                                fail_msg("%s: %s", plans[i].name, step);
                }
                assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
        }
}

/* `REGION = ? AND OWNER = ?` must not use an index on the region alone. */
static void test_what_an_account_uses_is_read_by_its_own_rows(void **state) {
        sqlite3_stmt *s = explain(statement_sql[S_REGION_TOTALS_OF]);
        int indexes = 0;

        (void)state;
        while (sqlite3_step(s) == SQLITE_ROW)
                indexes += strstr((const char *)sqlite3_column_text(s, 3), "(region=? AND owner=?") != NULL;
        assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
        assert_int_equal(indexes, 2); /* images, instances */
}

/* Ten thousand accounts may have the same bytes, and as many disks may wait for their digests. */
static void test_what_is_the_same_is_not_looked_for_among_all(void **state) {
        static const struct {
                enum statement statement;
                const char *step;
        } cases[] = {
                { S_IMAGE_TWIN, " image_of_digest (digest=? AND first_owner=? AND rowid<?)" },
                { S_IMAGE_YOUNGER, " image_of_digest (digest=? AND first_owner=? AND rowid>?)" },
                { S_IMAGE_OTHERS, " image_of_same (same_content=?)" },
                { S_UNDIGESTED_OWNER, " image_undigested (first_owner>?)" },
                { S_UNDIGESTED_SMALLEST, " image_undigested (first_owner=? AND size=? AND rowid>?)" },
                { S_UNDIGESTED_SMALLEST, " image_undigested (first_owner=? AND size>?)" },
                { S_UNDIGESTED_OLDEST, " image_undigested_age (sealed_event>?)" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                sqlite3_stmt *s = explain(statement_sql[cases[i].statement]);
                int found = 0;

                while (sqlite3_step(s) == SQLITE_ROW) {
                        const char *step = (const char *)sqlite3_column_text(s, 3);

                        found += strstr(step, cases[i].step) != NULL;
                        if (strstr(step, "(digest=?)") || strstr(step, "image_undigested (first_owner=?)"))
                                fail_msg("%s: %s", cases[i].step, step);
                }
                if (found != 1)
                        fail_msg("not once: %s", cases[i].step);
                assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
        }
}

/* An image may have had many shares: all columns of an index are used, for live and for ended ones. */
static void test_the_share_of_an_account_is_not_looked_for_among_all(void **state) {
        const struct {
                const char *sql;
                bool ended; /* also looks for an ended one */
        } cases[] = {
                { statement_sql[S_SHARE_FIND], false },     { statement_past_sql[S_SHARE_FIND], true },
                { statement_sql[S_RECEIVED_FIND], false },  { statement_past_sql[S_RECEIVED_FIND], true },
                { statement_sql[S_IMAGE_KNOWN], false },    { statement_past_sql[S_IMAGE_KNOWN], true },
                { statement_sql[S_SHARE_UNENDED], false },  { statement_sql[S_SHARE_DUE_OF], false },
                { statement_sql[S_FEED_SHARE], true },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                sqlite3_stmt *s = explain(cases[i].sql);
                int live = 0, ended = 0;

                while (sqlite3_step(s) == SQLITE_ROW) {
                        const char *step = (const char *)sqlite3_column_text(s, 3);
                        bool is_live = strstr(step, " share_of_image (image=? AND until_event=? AND account=?");
                        bool is_ended = strstr(step, " share_ended (image=? AND account=? AND until_event");

                        if (strstr(step, " share_") && !strstr(step, " share_expiry") && !is_live && !is_ended)
                                fail_msg("%s: %s", cases[i].sql, step);
                        live += is_live;
                        ended += is_ended;
                }
                assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
                assert_true(live > 0);
                assert_int_equal(ended > 0, cases[i].ended);
        }
}

/* Only the numbers are sorted, before other columns are read. */
static void test_of_an_images_shares_a_page_is_sorted(void **state) {
        const char *const cases[] = {
                statement_sql[S_SHARE_LIST], statement_sql[S_ACCESS_OF_IMAGE],
                statement_past_sql[S_SHARE_LIST], statement_past_sql[S_ACCESS_OF_IMAGE],
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                sqlite3_stmt *s = explain(cases[i]);
                int list = -1, sorts = 0;
                bool found = false, listed = false;

                while (sqlite3_step(s) == SQLITE_ROW) {
                        const char *step = (const char *)sqlite3_column_text(s, 3);

                        found = found || strcmp(step, "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)") == 0;
                        listed = listed || strstr(step, "s USING COVERING INDEX share_of_image (image=? AND until_");
                        if (strncmp(step, "LIST SUBQUERY", 13) == 0)
                                list = sqlite3_column_int(s, 0);
                        if (strstr(step, "TEMP B-TREE") && sqlite3_column_int(s, 1) == list)
                                sorts++;
                        else if (costs(step))
                                fail_msg("%s: %s", cases[i], step);
                }
                assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
                assert_true(found && listed);
                assert_int_equal(sorts, 1);
        }
}

static void test_days_are_answered_by_indexes(void **state) {
        static const enum statement statements[] = { S_DAY_NEXT, S_DAY_NEXT_OF_VIEWER, S_DAY_SUM, S_DAY_SUM_OF_VIEWER,
                                                     S_LENGTHS, S_LENGTHS_OF_VIEWER };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
                sqlite3_stmt *s = explain(statement_sql[statements[i]]);

                while (sqlite3_step(s) == SQLITE_ROW) {
                        const char *step = (const char *)sqlite3_column_text(s, 3);

                        if ((strncmp(step, "SCAN", 4) == 0 && !strstr(step, "SCAN (subquery")) ||
                            strstr(step, "TEMP B-TREE"))
                                fail_msg("%s: %s", statement_sql[statements[i]], step);
                }
                assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
        }
}

/* Each effect, applied or checked, finds its row by a key; those of a snapshot read its own detail. */
static void test_effects_use_an_index(void **state) {
        (void)state;
        assert_int_equal(connection_run(scratch_reader, "PRAGMA query_only = off"), 0);
        assert_int_equal(effects_check_begin(scratch_reader), 0);
        for (size_t op = 0; op < EVENT_OPS; op++)
                for (size_t i = 0; i < 2 * EFFECTS_MOST; i++) {
                        const struct effect *effect = &operations[op].effects[i / 2];
                        _cleanup_free_ char *sql = NULL;
                        sqlite3_stmt *s = NULL;

                        if (!effect->apply)
                                continue;
                        assert_true(asprintf(&sql, "EXPLAIN QUERY PLAN %s", i % 2 ? effect->check : effect->apply) > 0);
                        if (sqlite3_prepare_v2(scratch_reader->db, sql, -1, &s, NULL) != SQLITE_OK)
                                fail_msg("%s: %s", sql, sqlite3_errmsg(scratch_reader->db));
                        while (sqlite3_step(s) == SQLITE_ROW) {
                                const char *step = (const char *)sqlite3_column_text(s, 3);

                                if (costs(step) && !strstr(step, "VIRTUAL TABLE") && !strstr(step, "CONSTANT ROW") &&
                                    !strstr(step, "subquery"))
                                        fail_msg("%s: %s", sql, step);
                        }
                        assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
                }
}

/* Steps of SQLite's virtual machine in the statement since the last call. */
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

static int see(const struct share *share, void *context) {
        (void)share;
        *(int *)context += 1;
        return 0;
}

static int share_list(int64_t image, int expected) {
        int count = 0;

        assert_int_equal(catalog_share_list(scratch_reader, image, 0, 0, see, &count), 0);
        assert_int_equal(count, expected);
        return steps(S_SHARE_LIST);
}

static int64_t web, bob;

static void share_web(void) {
        (void)must(REGION_PUT, 0, 0, "north");
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        bob = account_id("bob");
        web = must(PLACE_PUT, region_id("north"), account_id("alice"), "web");
        (void)must(SHARE_PUT, web, bob, NULL);
}

static void test_shares_cost_only_who_counts_them(void **state) {
        int get, find, any;
        char name[NAME_SIZE];

        (void)state;
        share_web();
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

static void test_shares_that_have_ended_cost_nobody(void **state) {
        int find, count, list;

        (void)state;
        share_web();
        (void)must(ACCOUNT_PUT, 0, 0, "carol");
        find = share_find(web, bob);
        count = share_count(web, 10);
        list = share_list(web, 1);
        for (int i = 0; i < 100; i++)
                (void)must(SHARE_END, must(SHARE_PUT, web, account_id("carol"), NULL), 0, NULL);
        assert_int_equal(share_find(web, bob), find);
        assert_int_equal(share_count(web, 10), count);
        assert_int_equal(share_list(web, 1), list);
}

static int64_t log_pages(void) {
        struct catalog_stats stats;

        catalog_stats(scratch_catalog, &stats);
        return stats.log_pages;
}

/* A flush waits for the pages that a change writes. */
static void test_a_share_changes_few_pages(void **state) {
        int64_t share, pages;

        (void)state;
        share_web();
        (void)must(ACCOUNT_PUT, 0, 0, "carol");
        pages = log_pages();
        share = must(SHARE_PUT, web, account_id("carol"), NULL);
        assert_int_equal(log_pages() - pages, 4); /* event, share, two indexes */
        pages = log_pages();
        (void)must(SHARE_END, share, 0, NULL);
        assert_int_equal(log_pages() - pages, 6); /* and those two for ended shares */
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_listings_and_lookups_use_an_index),
                CASE(test_what_an_account_uses_is_read_by_its_own_rows),
                CASE(test_the_share_of_an_account_is_not_looked_for_among_all),
                CASE(test_what_is_the_same_is_not_looked_for_among_all),
                CASE(test_of_an_images_shares_a_page_is_sorted),
                CASE(test_days_are_answered_by_indexes),
                CASE(test_effects_use_an_index),
                CASE(test_shares_cost_only_who_counts_them),
                CASE(test_shares_that_have_ended_cost_nobody),
                CASE(test_a_share_changes_few_pages),
        };

        return cmocka_run_group_tests_name("catalog plan", tests, NULL, NULL);
}
