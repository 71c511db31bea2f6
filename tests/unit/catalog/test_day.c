/* SPDX-License-Identifier: MIT
 * The days of the log: their list and their lengths must match what the log's filter selects, for everyone, now and as
 * of any event, whatever was asked before.
 */
#include "days.h"
#include "scratch.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "connection.h"
#include "timestamp.h"

#define LAST 2932896 /* 9999-12-31 */

/* A refusal has no effects. */
#define REFUSED .rule = "role", .error = "EPERM"

static int64_t now;

int64_t __wrap_timestamp_now(void);
int64_t __wrap_timestamp_now(void) {
        return now;
}

static int64_t place, other; /* places of alice's, of bob's */

static int setup(void **state) {
        now = FIRST * DAY_MS + 1000;
        (void)scratch_setup(state); /* 0 */
        scratch_tampered(); /* refusals give images that their objects do not name */
        return 0;
}

/* Indexes all events at once, or only some (setup_partly). */
static int setup_indexed(void **state) {
        (void)setup(state); /* 0 */
        scratch_catalog->index_events = 1;
        return 0;
}

static int setup_partly(void **state) {
        (void)setup(state); /* 0 */
        scratch_catalog->index_events = 7;
        return 0;
}

static void people(void) {
        (void)must(ACCOUNT_PUT, 0, 0, "alice"); /* 2 */
        (void)must(ACCOUNT_PUT, 0, 0, "bob");   /* 3 */
        (void)must(REGION_PUT, 0, 0, "north");
        place = must(PLACE_PUT, 1, alice.account, "web");
        other = must(PLACE_PUT, 1, bob.account, "web");
}

static void test_init_and_accounts_are_counted(void **state) {
        (void)state;
        assert_int_equal(check_view(NULL, INT64_MAX), 1);
        assert_int_equal(check_view(&scratch_operator, INT64_MAX), 1);
        people();
        assert_int_equal(check_view(&alice, INT64_MAX), 2); /* its account-add and image */
        assert_int_equal(check_view(&zoe, INT64_MAX), 0);
        check_all(INT64_MAX);
}

/* An actor that is also named and owns the place sees the event once. */
static void test_each_event_counts_once(void **state) {
        int64_t before;

        (void)state;
        people();
        before = check_view(&alice, INT64_MAX);
        (void)log_event(
                &(struct event){ REFUSED, .caller = &alice, .op = EVENT_TRUST, .account = "alice", .place = place });
        assert_int_equal(check_view(&alice, INT64_MAX), before + 1);
        (void)log_event(
                &(struct event){ REFUSED, .caller = &bob, .op = EVENT_COPY, .account = "alice", .place = place });
        assert_int_equal(check_view(&alice, INT64_MAX), before + 2);
        (void)log_event(&(struct event){ REFUSED, .caller = &bob, .op = EVENT_COPY, .place = place });
        assert_int_equal(check_view(&alice, INT64_MAX), before + 3);
        (void)log_event(
                &(struct event){ REFUSED, .caller = &bob, .op = EVENT_COPY, .account = "Alice", .place = other });
        assert_int_equal(check_view(&alice, INT64_MAX), before + 3);
        check_all(INT64_MAX);
}

/* CONTRACT 3.2: a refusal about a name before its account exists does not belong to the account. */
static void test_a_name_refused_before_its_account(void **state) {
        int64_t refused, last;

        (void)state;
        people();
        refused = log_event(&(struct event){ .caller = &alice, .op = EVENT_SHARE, .account = "zoe", .place = place,
                                             .rule = "unknown-account", .error = "EPERM" });
        assert_int_equal(check_view(&zoe, INT64_MAX), 0);
        (void)must(ACCOUNT_PUT, 0, 0, "zoe"); /* 4 */
        assert_int_equal(account_id("zoe"), zoe.account);
        assert_int_equal(check_view(&zoe, INT64_MAX), 1);
        assert_int_equal(check_view(&zoe, refused), 0);
        last = must(SHARE_PUT, place, zoe.account, NULL);
        assert_int_equal(check_view(&zoe, INT64_MAX), 2);
        check_all(last);
        check_all(INT64_MAX);
}

/* A change that fails leaves nothing. */
static int run_nothing(struct catalog_connection *c, void *context) {
        int64_t id;
        int r = catalog_event_add(c, &(struct event){ REFUSED, .caller = &alice, .op = EVENT_COPY, .account = "bob" },
                                  &id);

        (void)context;
        return r < 0 ? r : -EIO;
}

static void test_nothing_counts_that_is_not_committed(void **state) {
        (void)state;
        people();
        assert_int_equal(catalog_write(scratch_catalog, run_nothing, NULL), -EIO);
        check_all(INT64_MAX);
        now += DAY_MS;
        assert_int_equal(catalog_write(scratch_catalog, run_nothing, NULL), -EIO);
        check_all(INT64_MAX);
}

static int run_many(struct catalog_connection *c, void *context) {
        static const struct caller *const actors[] = { &alice, &bob, &scratch_operator };
        static const char *const names[] = { NULL, "alice", "bob", "zoe", "nobody" };
        const int64_t places[] = { 0, place, other, 999 };
        unsigned *seed = context;
        int64_t id;
        int r = 0;

        for (int i = 0; i < 150 && r == 0; i++) {
                unsigned n = (unsigned)rand_r(seed);

                now += n % (DAY_MS / 100);
                r = catalog_event_add(c, &(struct event){ REFUSED, .caller = actors[n / 7 % 3], .op = EVENT_DELETE,
                                                          .account = names[n / 23 % 5], .place = places[n / 131 % 4],
                                                          .object = n % 2 ? "north/web@alice" : NULL }, &id);
        }
        return r;
}

static void test_sizes_are_what_the_log_gives(void **state) {
        unsigned seed = 1;
        int64_t last;

        (void)state;
        people();
        for (int i = 0; i < 8; i++) {
                assert_int_equal(catalog_write(scratch_catalog, run_many, &seed), 0);
                if (i == 3)
                        (void)must(ACCOUNT_PUT, 0, 0, "zoe");
                check_all(INT64_MAX);
        }
        assert_true(now < (FIRST + DAYS) * DAY_MS && now > (FIRST + 3) * DAY_MS);
        last = sql_number("SELECT max(id) FROM event");
        for (int64_t n = 0; n <= last + 1; n += n < 10 ? 1 : 29)
                check_all(n);
        check_all(last);
        assert_int_equal(chain_check(), last);
}

/* A catalog opened as of an event has the sizes of that moment, at the first question and later. */
static void test_the_past_has_its_own_sizes(void **state) {
        const struct caller *const viewers[] = { NULL, &alice, &bob, &zoe };
        unsigned seed = 2;
        int64_t last;

        (void)state;
        people();
        assert_int_equal(catalog_write(scratch_catalog, run_many, &seed), 0);
        (void)must(ACCOUNT_PUT, 0, 0, "zoe");
        assert_int_equal(catalog_write(scratch_catalog, run_many, &seed), 0);
        last = sql_number("SELECT max(id) FROM event");
        for (int64_t n = 0; n <= last; n += 23) {
                struct catalog_connection *today = scratch_reader;
                struct catalog *past;

                assert_int_equal(catalog_open_asof(scratch_path, &(struct catalog_moment){ .event = n }, &past), 0);
                assert_int_equal(catalog_last(past), n);
                for (size_t i = 0; i < 3 * ARRAY_SIZE(viewers); i++) {
                        const struct caller *viewer = viewers[i % ARRAY_SIZE(viewers)];
                        int64_t then;

                        assert_int_equal(catalog_read(past, &scratch_reader), 0);
                        then = check_view(viewer, catalog_last(past));
                        assert_true(check_view(viewer, n / 2) <= then); /* not confused with another moment's */
                        catalog_read_end(&scratch_reader);
                        scratch_reader = today;
                        assert_int_equal(check_view(viewer, n), then);
                }
                assert_null(catalog_close(past));
        }
}

/* From any day on, and until the caller stops. */
static void test_days_are_listed_in_pages(void **state) {
        struct log_filter view = view_of(NULL, INT64_MAX);
        struct listed listed = { .stop_at = 2 };
        struct sums sums;

        (void)state;
        for (int i = 0; i < DAYS; i++, now += DAY_MS)
                (void)log_event(&(struct event){ REFUSED, .caller = &scratch_operator, .op = EVENT_LIMIT });
        sums = sum_log(view);
        listed.sums = &sums;
        assert_int_equal(catalog_day_list(scratch_reader, &view, FIRST, check_listed, &listed), 17);
        listed.stop_at = 0;
        assert_int_equal(catalog_day_list(scratch_reader, &view, FIRST + 2, check_listed, &listed), 0);
        assert_int_equal(listed.count, DAYS);
}

static int count_day(int64_t number, void *context) {
        struct lengths *lengths = context;

        assert_true(number > lengths->last);
        lengths->last = number;
        lengths->events++;
        return 0;
}

static void test_many_days_lose_and_repeat_nothing(void **state) {
        struct log_filter view = view_of(NULL, INT64_MAX);
        struct lengths days = { 0 };

        (void)state;
        for (int i = 0; i < 700; i++, now += DAY_MS)
                (void)log_event(&(struct event){ REFUSED, .caller = &scratch_operator, .op = EVENT_LIMIT });
        assert_int_equal(catalog_day_list(scratch_reader, &view, 0, count_day, &days), 0);
        assert_int_equal(days.events, 700);
        view.last = 500;
        days = (struct lengths){ 0 };
        assert_int_equal(catalog_day_list(scratch_reader, &view, 0, count_day, &days), 0);
        assert_int_equal(days.events, 499); /* the first day has two events */
}

/* Times without a date count for the nearest day that has one. */
static void test_times_out_of_range_have_a_day(void **state) {
        const struct log_filter view = { .last = INT64_MAX };
        struct lengths days = { .last = -1 };
        struct day day;

        (void)state;
        sql_run("UPDATE event SET time = -5");
        now = INT64_C(999999999999999);
        (void)log_event(&(struct event){ REFUSED, .caller = &scratch_operator, .op = EVENT_LIMIT });
        assert_int_equal(catalog_day_get(scratch_reader, &view, LAST, &day), 0);
        assert_int_equal(day.time, now);
        assert_int_equal(day.after, 1);
        assert_int_equal(catalog_day_get(scratch_reader, &view, 0, &day), 0);
        assert_int_equal(day.time, -5);
        assert_int_equal(day.last, 1);
        for (int64_t number = -1; number <= LAST + 1; number += number < 5 ? 1 : LAST / 3)
                assert_int_equal(catalog_day_get(scratch_reader, &view, number, &day), number == 0 ? 0 : -ENOENT);
        assert_int_equal(catalog_day_get(scratch_reader, &view, LAST + 1, &day), -ENOENT);
        assert_int_equal(catalog_day_get(scratch_reader, &view, INT64_MAX, &day), -ENOENT);
        assert_int_equal(catalog_day_list(scratch_reader, &view, INT64_MIN, count_day, &days), 0);
        assert_int_equal(days.last, LAST);
        assert_int_equal(days.events, 2);
        assert_int_equal(catalog_day_list(scratch_reader, &view, LAST + 1, count_day, &days), 0);
        assert_int_equal(catalog_day_list(scratch_reader, &view, INT64_MAX, count_day, &days), 0);
        assert_int_equal(days.events, 2);
}

static int run_thousands(struct catalog_connection *c, void *context) {
        const int *count = context;
        int64_t id;
        int r = 0;

        for (int i = 0; i < *count && r == 0; i++)
                r = catalog_event_add(c, &(struct event){ REFUSED, .caller = i % 3 ? &alice : &bob, .op = EVENT_TRUST,
                                                          .account = i % 4 ? NULL : "alice" }, &id);
        return r;
}

/* Steps of SQLite's virtual machine in the statement since the last call. */
static int steps(enum statement statement) {
        sqlite3_stmt *s = scratch_reader->statements[statement];

        return s ? sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 1) : 0;
}

static int steps_of_day(const struct caller *viewer, int64_t number) {
        const struct log_filter view = view_of(viewer, INT64_MAX);
        struct day day;

        (void)steps(S_DAY_SUM);
        (void)steps(S_DAY_SUM_OF_VIEWER);
        assert_int_equal(catalog_day_get(scratch_reader, &view, number, &day), 0);
        return viewer ? steps(S_DAY_SUM_OF_VIEWER) : steps(S_DAY_SUM);
}

static void test_only_what_is_new_is_summed_up(void **state) {
        const struct caller *const viewers[] = { NULL, &alice };
        int count = 2000;

        (void)state;
        people();
        assert_int_equal(catalog_write(scratch_catalog, run_thousands, &count), 0);
        for (size_t i = 0; i < ARRAY_SIZE(viewers); i++) {
                const int first = steps_of_day(viewers[i], FIRST);

                assert_true(first > 1000);
                assert_int_equal(steps_of_day(viewers[i], FIRST), 0);
                (void)log_event(&(struct event){ REFUSED, .caller = &alice, .op = EVENT_TRUST });
                assert_in_range(steps_of_day(viewers[i], FIRST), 1, first / 2); /* some events are in no index yet */
                assert_int_equal(steps_of_day(viewers[i], FIRST), 0);
        }
        check_all(INT64_MAX);
        now += DAY_MS;
        (void)log_event(&(struct event){ REFUSED, .caller = &bob, .op = EVENT_TRUST });
        check_all(INT64_MAX);
        now += DAY_MS;
        (void)log_event(&(struct event){ REFUSED, .caller = &alice, .op = EVENT_TRUST });
        for (size_t i = 0; i < ARRAY_SIZE(viewers); i++) {
                assert_int_equal(steps_of_day(viewers[i], FIRST), 0);
                (void)steps(S_LOG_AT);
                assert_int_equal(steps_of_day(viewers[i], FIRST), 0);
                assert_int_equal(steps(S_LOG_AT), 0); /* the day is over: nothing is looked up */
                assert_true(steps_of_day(viewers[i], FIRST + 2) > 0);
                assert_true(steps(S_LOG_AT) > 0);
        }
        check_all(INT64_MAX);
}

/* A day is read before, at and after midnight, with events of the viewer and of others on both sides. */
static void test_the_last_day_grows(void **state) {
        unsigned seed = 3;

        (void)state;
        people();
        (void)must(ACCOUNT_PUT, 0, 0, "zoe");
        while (now < (FIRST + DAYS) * DAY_MS - DAY_MS / 9) {
                const struct caller *const actors[] = { &alice, &bob, &zoe };
                unsigned n = (unsigned)rand_r(&seed);

                now += n % 3 ? n % (DAY_MS / 9) : 0;
                if (n % 5 == 0)
                        now = (now / DAY_MS + 1) * DAY_MS - 1;
                (void)log_event(&(struct event){ REFUSED, .caller = actors[n / 11 % 3], .op = EVENT_TRUST,
                                                 .account = n / 37 % 2 ? "alice" : NULL,
                                                 .place = n / 73 % 2 ? other : 0 });
                if (n / 151 % 2 != 0)
                        check_all(INT64_MAX);
        }
        check_all(INT64_MAX);
}

/* Viewers whose sums are kept in the same slot. */
static void test_viewers_are_not_mixed_up(void **state) {
        const struct caller twin = { .account = 2 + DAY_SUMS, .name = "twin" };
        const struct caller *const actors[] = { &alice, &twin, &bob };

        (void)state;
        people();
        sql_run("INSERT INTO account (id, name, role, from_event) VALUES (4098, 'twin', 0, 1)");
        assert_int_equal(twin.account, 4098);
        for (int i = 0; i < 30; i++, now += DAY_MS / 10) {
                (void)log_event(&(struct event){ REFUSED, .caller = actors[i % 3], .op = EVENT_TRUST, .place = place });
                assert_true(check_view(&alice, INT64_MAX) > check_view(&twin, INT64_MAX));
                assert_true(check_view(&alice, INT64_MAX) > check_view(&bob, INT64_MAX));
        }
}

/* Summed up by more than one statement, and with numbers missing, as in a damaged log. */
static void test_long_days(void **state) {
        int count = 17000;

        (void)state;
        people();
        assert_int_equal(catalog_write(scratch_catalog, run_thousands, &count), 0);
        check_all(INT64_MAX);
        check_all(16500);
        now += DAY_MS;
        assert_int_equal(catalog_write(scratch_catalog, run_thousands, &count), 0);
        check_all(INT64_MAX);
        sql_run("UPDATE event SET id = 9223372036854775000, length = length + 14"
                " WHERE id = (SELECT max(id) FROM event);"
                " DELETE FROM event_of_actor; DELETE FROM event_of_account; DELETE FROM event_of_object;"
                " INSERT INTO event_of_actor SELECT actor, id FROM event;"
                " INSERT INTO event_of_account SELECT account, id FROM event WHERE account IS NOT NULL;"
                " UPDATE indexed SET last = (SELECT max(id) FROM event)");
        scratch_close();
        scratch_open();
        check_all(INT64_MAX);
}

/* --- several threads --- */

struct asking {
        int64_t asked;
        bool same; /* no call failed and no size shrank */
};

static void *ask(void *context) {
        const struct caller *const viewers[] = { NULL, &alice, &bob };
        int64_t before[ARRAY_SIZE(viewers)][DAYS] = { 0 };
        struct asking *asking = context;
        struct catalog_connection *c;
        struct day day;

        asking->same = true;
        for (bool ends = false; !ends;) {
                for (size_t v = 0; v < ARRAY_SIZE(viewers); v++) {
                        struct log_filter view = view_of(viewers[v], INT64_MAX);

                        asking->same = asking->same && catalog_read(scratch_catalog, &c) == 0;
                        if (!asking->same)
                                return NULL;
                        for (int i = 0; i < DAYS; i++) {
                                int r = catalog_day_get(c, &view, FIRST + i, &day);

                                if (r == -ENOENT && before[v][i] == 0)
                                        continue;
                                asking->same = asking->same && r == 0 && day.bytes >= before[v][i];
                                before[v][i] = day.bytes;
                                ends = ends || i == DAYS - 1;
                        }
                        catalog_read_end(&c);
                }
                asking->asked++;
        }
        return NULL;
}

static void test_threads_ask_while_it_grows(void **state) {
        struct asking asking[4] = { 0 };
        pthread_t threads[ARRAY_SIZE(asking)];
        int count = 10;

        (void)state;
        people();
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, ask, &asking[i]), 0);
        for (int i = 0; now < (FIRST + DAYS) * DAY_MS - DAY_MS / 10; i++, now += DAY_MS / 15)
                assert_int_equal(catalog_write(scratch_catalog, run_thousands, &count), 0);
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
                assert_int_equal(pthread_join(threads[i], NULL), 0);
                assert_true(asking[i].same);
                assert_true(asking[i].asked > 0);
        }
        check_all(INT64_MAX);
}

/* --- what it costs --- */

/* Finding a day costs the same for any number of events, even of those in several indexes. */
static void test_a_next_event_is_found_by_indexes(void **state) {
        int64_t cost[2];

        (void)state;
        people();
        for (int turn = 0; turn < 2; turn++) {
                const struct log_filter view = view_of(&alice, INT64_MAX);
                struct lengths days = { 0 };

                for (int i = 0; i < (turn == 0 ? 10 : 500); i++)
                        (void)log_event(&(struct event){ REFUSED, .caller = &alice, .op = EVENT_TRUST, .account = "alice",
                                                         .place = place });
                now += DAY_MS;
                (void)log_event(&(struct event){ REFUSED, .caller = &alice, .op = EVENT_TRUST });
                (void)steps(S_DAY_NEXT_OF_VIEWER);
                assert_int_equal(catalog_day_list(scratch_reader, &view, FIRST + turn, count_day, &days), 0);
                assert_int_equal(days.events, 2);
                cost[turn] = steps(S_DAY_NEXT_OF_VIEWER);
        }
        assert_int_equal(cost[1], cost[0]);
}

#define CASE(f)                                                      \
        cmocka_unit_test_setup_teardown(f, setup, scratch_teardown), \
        cmocka_unit_test_setup_teardown(f, setup_indexed, scratch_teardown), \
        cmocka_unit_test_setup_teardown(f, setup_partly, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_init_and_accounts_are_counted),
                CASE(test_each_event_counts_once),
                CASE(test_a_name_refused_before_its_account),
                CASE(test_nothing_counts_that_is_not_committed),
                CASE(test_sizes_are_what_the_log_gives),
                CASE(test_the_past_has_its_own_sizes),
                CASE(test_days_are_listed_in_pages),
                CASE(test_many_days_lose_and_repeat_nothing),
                CASE(test_times_out_of_range_have_a_day),
                CASE(test_only_what_is_new_is_summed_up),
                CASE(test_the_last_day_grows),
                CASE(test_viewers_are_not_mixed_up),
                cmocka_unit_test_setup_teardown(test_long_days, setup, scratch_teardown),
                CASE(test_threads_ask_while_it_grows),
                cmocka_unit_test_setup_teardown(test_a_next_event_is_found_by_indexes, setup_indexed,
                                                scratch_teardown),
        };

        return cmocka_run_group_tests_name("catalog day", tests, NULL, NULL);
}
