/* SPDX-License-Identifier: MIT
 * The log's indexes, filled with many events at a time, equal what SQL computes from the events, whoever wrote them and
 * however many.
 */
#include "scratch.h"

#include "connection.h"

#define ACCOUNTS 700

#define INDEX(column) \
        "SELECT " column ", id FROM event WHERE " column " IS NOT NULL AND id <= (SELECT last FROM indexed)"

static void check_same(const char *table, const char *query) {
        char sql[4096];

        for (int turn = 0; turn < 2; turn++) {
                int n = snprintf(sql, sizeof(sql), "SELECT count(*) FROM (SELECT * FROM (%s) EXCEPT SELECT * FROM (%s))",
                                 turn ? query : table, turn ? table : query);

                assert_in_range(n, 1, sizeof(sql) - 1);
                if (sql_number(sql) != 0)
                        fail_msg("%s: %s", table, turn ? "it lacks rows" : "it has other rows");
        }
}

static void check_all(void) {
        check_same("SELECT * FROM event_of_place", INDEX("place"));
        check_same("SELECT * FROM event_of_actor", INDEX("actor"));
        check_same("SELECT * FROM event_of_account", INDEX("account"));
        check_same("SELECT * FROM event_of_object", INDEX("object"));
}

struct history {
        unsigned seed;
        int count;
        int64_t places[2];
};

static int run_history(struct catalog_connection *c, void *context) {
        struct history *h = context;
        int r = 0;

        for (int i = 0; i < h->count && r == 0; i++) {
                const unsigned n = (unsigned)rand_r(&h->seed);
                static const char *const objects[] = { "north/web@a1", "north/web@a2" };
                const struct caller caller = { .account = 1 + n % ACCOUNTS };
                const int64_t place = n % 5 ? h->places[n % 2] : 0;
                char name[NAME_SIZE];
                int64_t id;

                (void)snprintf(name, sizeof(name), "a%u", n / 7 % (ACCOUNTS + 50)); /* some do not exist */
                r = catalog_event_add(c, &(struct event){ .caller = &caller, .op = EVENT_DELETE, /* has no effects */
                                                          .rule = "role", .error = "EPERM",
                                                          .account = n % 3 ? name : NULL, .place = place,
                                                          .object = place || n % 11 ? objects[n % 2] : NULL }, &id);
        }
        return r;
}

static void people(struct history *h) {
        (void)must(REGION_PUT, 0, 0, "north");
        many(ACCOUNT_PUT, ACCOUNTS, 0, 0, false, "a");
        h->places[0] = must(PLACE_PUT, 1, account_id("a1"), "web");
        h->places[1] = must(PLACE_PUT, 1, account_id("a2"), "web");
}

static void test_a_history_is_filled_in_bit_by_bit(void **state) {
        struct history h = { .seed = 1 };

        (void)state;
        people(&h);
        for (int i = 0; i < 40; i++) {
                h.count = i % 4 == 3 ? 400 : i;
                assert_int_equal(catalog_write(scratch_catalog, run_history, &h), 0);
                check_all();
        }
        assert_int_equal(chain_check(), sql_number("SELECT max(id) FROM event"));
}

/* Another process that does not fill the indexes leaves any number of events, even about accounts that are made
 * later. */
static void test_what_others_left_is_filled_in(void **state) {
        struct history h = { .seed = 2, .count = 3000 };
        struct catalog *other;

        (void)state;
        people(&h);
        assert_int_equal(catalog_open(scratch_path, 0, &other), 0);
        other->index_events = INT64_MAX;
        for (int i = 0; i < 3; i++) {
                assert_int_equal(catalog_write(other, run_history, &h), 0);
                assert_true(sql_number("SELECT (SELECT max(id) FROM event) - last FROM indexed") >= 3000);
                many(ACCOUNT_PUT, 10, 0, 0, false, i == 0 ? "a70" : i == 1 ? "a71" : "a72");
                assert_int_equal(sql_number("SELECT (SELECT max(id) FROM event) - last FROM indexed"), 0);
                check_all();
        }
        assert_null(catalog_close(other));
}

static int setup_each(void **state) {
        (void)scratch_setup(state); /* 0 */
        scratch_catalog->index_events = 1;
        return 0;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
#define CASE_EACH(f) cmocka_unit_test_setup_teardown(f, setup_each, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_a_history_is_filled_in_bit_by_bit),
                CASE_EACH(test_a_history_is_filled_in_bit_by_bit),
                CASE_EACH(test_what_others_left_is_filled_in),
        };

        return cmocka_run_group_tests_name("catalog indexed", tests, NULL, NULL);
}
