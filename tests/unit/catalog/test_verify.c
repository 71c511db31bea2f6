/* SPDX-License-Identifier: MIT
 * Verifying the log: pages and their limits, which event is reported, heads, stopping. tests/cli and tests/mount test
 * with whole histories which rows follow from which events.
 */
#include "history.h"
#include "scratch.h"

#include <errno.h>
#include <string.h>

#include "connection.h"

static char told[4096];
static int answer;

static int tell(const struct discrepancy *d, void *context) {
        size_t n = strlen(told);

        (void)context;
        if (n < sizeof(told) - 1)
                (void)snprintf(told + n, sizeof(told) - n, "%s %s: %s\n", d->what, d->object, d->problem);
        return answer;
}

static struct log_head head;

static int verify(const uint8_t *kept) {
        told[0] = '\0';
        return catalog_verify(scratch_catalog, kept, tell, NULL, &head);
}

static int run_refusals(struct catalog_connection *c, void *context) {
        const struct event event = { .caller = &scratch_operator, .op = EVENT_LIMIT, .object = "x",
                                     .rule = "role", .error = "EPERM" };
        int64_t id;
        int r = 0;

        for (int i = 0; i < *(const int *)context && r == 0; i++)
                r = catalog_event_add(c, &event, &id);
        return r;
}

static void log_refusals(int n) {
        assert_int_equal(catalog_write(scratch_catalog, run_refusals, &n), 0);
}

static void test_sound(void **state) {
        (void)state;
        assert_int_equal(verify(NULL), 0);
        assert_int_equal(head.event, 1);
        for (int n = 1; n < CATALOG_PAGE * 2 + 10; n += CATALOG_PAGE - 1) { /* full pages and others */
                log_refusals(n);
                assert_int_equal(verify(NULL), 0);
                assert_string_equal(told, "");
                assert_int_equal(head.event, chain_check());
        }
}

static void test_the_first_changed_is_named(void **state) {
        static const int64_t numbers[] = { 1, 2, CATALOG_PAGE - 1, CATALOG_PAGE, CATALOG_PAGE + 1, 2 * CATALOG_PAGE };
        char sql[128], line[128];

        (void)state;
        log_refusals(2 * CATALOG_PAGE + 5);
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
                (void)snprintf(sql, sizeof(sql), "UPDATE event SET uid = uid + 1 WHERE id IN (%lld, 515)",
                               (long long)numbers[i]);
                sql_run(sql);
                assert_int_equal(verify(NULL), 1);
                (void)snprintf(line, sizeof(line), "event %lld: it was changed", (long long)numbers[i]);
                assert_memory_equal(told, line, strlen(line));
                assert_int_equal(head.event, 2 * CATALOG_PAGE + 6);
                (void)snprintf(sql, sizeof(sql), "UPDATE event SET uid = uid - 1 WHERE id IN (%lld, 515)",
                               (long long)numbers[i]);
                sql_run(sql);
                assert_int_equal(verify(NULL), 0);
        }
}

/* An attacker who cuts the log can make its indexes fit. */
#define INDEX                                                                                                      \
        "; DELETE FROM event_of_actor; INSERT INTO event_of_actor SELECT actor, id FROM main.event;"                     \
        " DELETE FROM event_of_object;"                                                                             \
        " INSERT INTO event_of_object SELECT object, id FROM main.event WHERE object IS NOT NULL;"                       \
        " UPDATE indexed SET last = (SELECT max(id) FROM main.event)"

static void test_gaps(void **state) {
        char sql[1024];

        (void)state;
        scratch_tampered();
        log_refusals(CATALOG_PAGE + 5);
        (void)snprintf(sql, sizeof(sql), "ATTACH '%s' AS kept; CREATE TABLE kept.event AS SELECT * FROM event;"
                       " DELETE FROM main.event WHERE id = 256" INDEX, scratch_name("kept"));
        sql_run(sql);
        assert_int_equal(verify(NULL), 1);
        assert_string_equal(told, "event 256: it was removed\n");
        sql_run("DELETE FROM event WHERE id = 257" INDEX);
        assert_int_equal(verify(NULL), 1);
        assert_string_equal(told, "event 256: it was removed, and all behind it up to 257\n");
        (void)snprintf(sql, sizeof(sql), "ATTACH '%s' AS kept; INSERT INTO main.event SELECT * FROM kept.event"
                       " WHERE id IN (256, 257); DELETE FROM main.event WHERE id > 250" INDEX, scratch_name("kept"));
        sql_run(sql);
        assert_int_equal(verify(NULL), 0); /* a missing end cannot be noticed */
        assert_int_equal(head.event, 250);
}

static void test_heads(void **state) {
        struct log_head first, last;

        (void)state;
        scratch_tampered();
        assert_int_equal(verify(NULL), 0);
        first = head;
        log_refusals(10);
        assert_int_equal(verify(first.hash), 0);
        last = head;
        assert_int_equal(verify(last.hash), 0);
        last.hash[31] ^= 1;
        assert_int_equal(verify(last.hash), 1);
        assert_string_equal(told, "log head: no event has the hash that was kept: the log was rewritten or cut\n");
        last.hash[31] ^= 1;
        sql_run("DELETE FROM event WHERE id = 11" INDEX);
        assert_int_equal(verify(NULL), 0);
        assert_int_equal(verify(first.hash), 0);
        assert_int_equal(verify(last.hash), 1);
        sql_run("UPDATE event SET uid = 7 WHERE id = 5");
        assert_int_equal(verify(first.hash), 1); /* the kept head is from before the change */
        assert_int_equal(verify(last.hash), 2);
        sql_run("DELETE FROM event");
        assert_true(verify(NULL) > 1); /* the rows do not follow from the log either */
        assert_ptr_equal(strstr(told, "event 1: it was removed, and all behind it\n"), told);
        assert_int_equal(head.event, 0);
}

static void test_a_row_of_another_event(void **state) {
        (void)state;
        scratch_tampered();
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        (void)must(REGION_PUT, 0, 0, "north");
        assert_int_equal(verify(NULL), 0);
        sql_run("UPDATE account SET from_event = 3 WHERE name = 'alice'");
        assert_true(verify(NULL) > 0);
        assert_non_null(strstr(told, "account alice: its from-event does not follow from the log\n"));
        assert_non_null(strstr(told, "event 2: account-add alice: what it did is not in the catalog\n"));
}

static const struct {
        const char *sql, *told;
} tampering[] = {
#define FAR "140737488355327"
#define TAMPERING(sql, told) { sql, told },
#include "tampering.def"
#undef TAMPERING
};

static void verify_tampered(const char *sql, const char *expected) {
        struct catalog *whole = scratch_catalog;

        assert_int_equal(catalog_open(scratch_copy(sql), CATALOG_READ_ONLY, &scratch_catalog), 0);
        if (verify(NULL) < 1 || !strstr(told, expected))
                fail_msg("%s: '%s'", sql, told);
        scratch_catalog = catalog_close(scratch_catalog);
        scratch_catalog = whole;
}

/* The log is unchanged: each tampered row is noticed and reported. */
static void test_each_table_is_verified(void **state) {
        (void)state;
        history_example();
        assert_int_equal(verify(NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(tampering); i++)
                verify_tampered(tampering[i].sql, tampering[i].told);
}

/* Columns outside the hashes, and definitions in the file. */
static void test_what_is_not_hashed(void **state) {
#define MISPLACED "the catalog counts it among the events of another image or account\n"
        static const struct {
                const char *sql, *told;
        } cases[] = {
                { "UPDATE event SET place = 99 WHERE id = 15", "event 15: " MISPLACED },
                { "UPDATE event SET place = NULL WHERE id = 15", "event 15: " MISPLACED },
                { "UPDATE event SET place = 8 WHERE id = 7", "event 7: " MISPLACED },
                { "UPDATE event SET owner = 3 WHERE id = 15", "event 15: " MISPLACED },
                { "UPDATE event SET owner = NULL WHERE id = 19", "event 19: " MISPLACED },
                { "UPDATE event SET place = NULL WHERE id = 20", "event 20: " MISPLACED },
                { "UPDATE event SET owner = 3 WHERE id = 20", "event 20: " MISPLACED },
                { "UPDATE event SET length = length + 1 WHERE id = 15",
                  "event 15: its length is not that of its line\n" },
                { "DELETE FROM event_of_actor WHERE event = 15", "event 15: an index of the log leaves it out\n" },
                { "DELETE FROM event_of_place WHERE event = 15", "event 15: an index of the log leaves it out\n" },
                { "UPDATE event_of_account SET account = 'zoe' WHERE event = 15",
                  "event 15: an index of the log has it in the wrong place\n" },
                { "UPDATE event_of_object SET event = 14 WHERE event = 7",
                  "event 14: an index of the log has it in the wrong place\n" },
                { "UPDATE indexed SET last = 99", "catalog indexed: it is not the number of an event\n" },
                { "CREATE TRIGGER x AFTER INSERT ON event BEGIN SELECT 1; END", "catalog x: it is a trigger" },
                { "CREATE VIEW v AS SELECT 1", "catalog v: it is a view" },
        };

        (void)state;
        scratch_catalog->index_events = 1;
        history_example();
        (void)log_event(&(struct event){ .caller = &scratch_operator, .op = EVENT_SHARE, .object = "north/web@alice",
                                         .account = "bob", .place = 8, .rule = "role", .error = "EPERM" });
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                verify_tampered(cases[i].sql, cases[i].told);
}

static void test_many_findings_are_cut(void **state) {
        (void)state;
        scratch_tampered();
        sql_run("WITH RECURSIVE n (id) AS (VALUES (1) UNION ALL SELECT id + 1 FROM n WHERE id < 999)"
                " INSERT INTO trust (account, owner, from_event) SELECT id, 2, 1 FROM n");
        assert_int_equal(verify(NULL), CATALOG_PAGE + 1);
        assert_non_null(strstr(told, "trust operator trusts account 2: it does not follow from the log\n"));
}

static void test_who_is_told_may_end_it(void **state) {
        (void)state;
        scratch_tampered();
        log_refusals(3);
        answer = -ECANCELED;
        assert_int_equal(verify(NULL), 0);
        sql_run("UPDATE event SET uid = 7 WHERE id = 2");
        assert_int_equal(verify(NULL), -ECANCELED);
        sql_run("UPDATE event SET uid = 1000 WHERE id = 2;"
                "INSERT INTO trust (account, owner, from_event) VALUES (1, 2, 3)");
        assert_int_equal(verify(NULL), -ECANCELED);
        answer = 0;
        assert_int_equal(verify(NULL), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_sound),
                CASE(test_the_first_changed_is_named),
                CASE(test_gaps),
                CASE(test_heads),
                CASE(test_a_row_of_another_event),
                CASE(test_each_table_is_verified),
                CASE(test_what_is_not_hashed),
                CASE(test_many_findings_are_cut),
                CASE(test_who_is_told_may_end_it),
        };

        return cmocka_run_group_tests_name("catalog verify", tests, NULL, NULL);
}
