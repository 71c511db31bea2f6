/* SPDX-License-Identifier: MIT
 * The days of the log: running totals are what the log's own filter lets through, for everyone, now and as of any
 * event.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

#include "internal.h"
#include "timestamp.h"

#define DAY_MS INT64_C(86400000)
#define FIRST 20576 /* 2026-05-03 */
#define DAYS 8

static int64_t now;

int64_t __wrap_timestamp_now(void);
int64_t __wrap_timestamp_now(void) {
        return now;
}

/* Accounts by their ids; zoe is refused before she is made. */
static const struct caller alice = { .account = 2, .name = "alice" }, bob = { .account = 3, .name = "bob" },
                           zoe = { .account = 4, .name = "zoe" };
static int64_t place, other; /* alice's, bob's */

static int setup(void **state) {
        now = FIRST * DAY_MS + 1000;
        return scratch_setup(state);
}

/* All events are in the totals, or some. */
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

static int run_account(struct catalog_connection *c, void *context) {
        struct account account = { .uid = -1, .quota = -1 };
        int64_t id;
        int r = catalog_event_add(c, &(struct event){ .caller = &scratch_operator, .op = EVENT_ACCOUNT_ADD,
                                                      .account = context }, &id);

        strcpy(account.name, context);
        return r < 0 ? r : catalog_account_put(c, id, &account);
}

static void add_account(const char *name) {
        assert_int_equal(catalog_write(scratch_catalog, run_account, (void *)name), 0);
}

static void people(void) {
        add_account("alice"); /* 2 */
        add_account("bob");   /* 3 */
        (void)must(REGION_PUT, 0, 0, "north");
        place = must(PLACE_PUT, 1, alice.account, "web");
        other = must(PLACE_PUT, 1, bob.account, "web");
}

/* Who reads, and up to which event; viewer 0: all. */
static struct log_filter view_of(const struct caller *viewer, int64_t last) {
        return (struct log_filter){ .last = last, .viewer = viewer ? viewer->account : 0,
                                    .viewer_name = viewer ? viewer->name : NULL };
}

struct sums {
        struct day days[DAYS]; /* from FIRST on */
        int64_t last, events;
};

static int sum_entry(const struct log_entry *entry, void *context) {
        struct sums *sums = context;
        struct day *day = &sums->days[entry->time / DAY_MS - FIRST];

        assert_in_range(entry->time / DAY_MS, FIRST, FIRST + DAYS - 1);
        if (day->bytes == 0) {
                day->number = entry->time / DAY_MS;
                day->after = sums->last;
        }
        day->bytes += (int64_t)entry->length;
        day->last = sums->last = entry->id;
        day->time = entry->time;
        sums->events++;
        return 0;
}

/* What reading the whole log gives. */
static struct sums sum_log(struct log_filter filter) {
        struct sums sums = { 0 };
        int r;

        do {
                filter.after = sums.last;
                r = catalog_log(scratch_reader, &filter, sum_entry, &sums);
                assert_true(r >= 0);
        } while (r == CATALOG_PAGE);
        return sums;
}

struct lengths {
        int64_t bytes, last, events;
};

static int sum_length(const struct log_length *length, void *context) {
        struct lengths *lengths = context;

        assert_true(length->id > lengths->last);
        lengths->bytes += length->length;
        lengths->last = length->id;
        lengths->events++;
        return 0;
}

struct listed {
        const struct sums *sums;
        int day, count, stop_at;
};

static void assert_day(const struct day *day, const struct day *expected) {
        assert_int_equal(day->number, expected->number);
        assert_int_equal(day->bytes, expected->bytes);
        assert_int_equal(day->after, expected->after);
        assert_int_equal(day->last, expected->last);
        assert_int_equal(day->time, expected->time);
}

static int check_listed(const struct day *day, void *context) {
        struct listed *listed = context;

        while (listed->day < DAYS && listed->sums->days[listed->day].bytes == 0)
                listed->day++;
        assert_in_range(listed->day, 0, DAYS - 1);
        assert_day(day, &listed->sums->days[listed->day++]);
        return ++listed->count == listed->stop_at ? 17 : 0;
}

/* Every day, listed and by itself, and the lengths, are what the log gives. Returns how many events. */
static int64_t check_view(const struct caller *viewer, int64_t last) {
        struct log_filter view = view_of(viewer, last);
        const struct sums sums = sum_log(view);
        struct listed listed = { .sums = &sums };
        struct lengths lengths = { 0 };
        int64_t bytes = 0;
        int days = 0, r;

        for (int i = 0; i < DAYS; i++) {
                struct day day;

                r = catalog_day_get(scratch_reader, &view, FIRST + i, &day);
                assert_int_equal(r, sums.days[i].bytes ? 0 : -ENOENT);
                if (r == 0)
                        assert_day(&day, &sums.days[i]);
                bytes += sums.days[i].bytes;
                days += r == 0;
        }
        assert_int_equal(catalog_day_list(scratch_reader, &view, 0, check_listed, &listed), 0);
        assert_int_equal(listed.count, days);
        do {
                view.after = lengths.last;
                r = catalog_log_lengths(scratch_reader, &view, sum_length, &lengths);
                assert_true(r >= 0);
        } while (r == CATALOG_PAGE);
        assert_int_equal(lengths.bytes, bytes);
        assert_int_equal(lengths.events, sums.events);
        return sums.events;
}

static void check_all(int64_t last) {
        (void)check_view(NULL, last);
        (void)check_view(&alice, last);
        (void)check_view(&bob, last);
        (void)check_view(&zoe, last);
        (void)check_view(&scratch_operator, last); /* as if it were an ordinary account */
}

static void test_init_and_accounts_are_counted(void **state) {
        (void)state;
        assert_int_equal(check_view(NULL, INT64_MAX), 1);
        assert_int_equal(check_view(&scratch_operator, INT64_MAX), 1);
        people();
        assert_int_equal(check_view(&alice, INT64_MAX), 1); /* its account-add */
        assert_int_equal(check_view(&zoe, INT64_MAX), 0);
        check_all(INT64_MAX);
}

/* One who is the actor, is named and owns the place sees the event once. */
static void test_each_event_counts_once(void **state) {
        int64_t before;

        (void)state;
        people();
        before = check_view(&alice, INT64_MAX);
        (void)log_event(&(struct event){ .caller = &alice, .op = EVENT_TRUST, .account = "alice", .place = place });
        assert_int_equal(check_view(&alice, INT64_MAX), before + 1);
        (void)log_event(&(struct event){ .caller = &bob, .op = EVENT_COPY, .account = "alice", .place = place });
        assert_int_equal(check_view(&alice, INT64_MAX), before + 2);
        (void)log_event(&(struct event){ .caller = &bob, .op = EVENT_COPY, .place = place });
        assert_int_equal(check_view(&alice, INT64_MAX), before + 3);
        (void)log_event(&(struct event){ .caller = &bob, .op = EVENT_COPY, .account = "Alice", .place = other });
        assert_int_equal(check_view(&alice, INT64_MAX), before + 3);
        check_all(INT64_MAX);
}

/* SPEC 3.2: what was refused about a name before its account was made is not the account's. */
static void test_a_name_refused_before_its_account(void **state) {
        int64_t refused, last;

        (void)state;
        people();
        refused = log_event(&(struct event){ .caller = &alice, .op = EVENT_SHARE, .account = "zoe", .place = place,
                                             .rule = "unknown-account", .error = "EPERM" });
        assert_int_equal(check_view(&zoe, INT64_MAX), 0);
        add_account("zoe"); /* 4 */
        assert_int_equal(account_id("zoe"), zoe.account);
        assert_int_equal(check_view(&zoe, INT64_MAX), 1);
        assert_int_equal(check_view(&zoe, refused), 0);
        last = log_event(&(struct event){ .caller = &alice, .op = EVENT_SHARE, .account = "zoe", .place = place });
        assert_int_equal(check_view(&zoe, INT64_MAX), 2);
        assert_int_equal(sql_number("SELECT sum(bytes) = (SELECT sum(length) FROM event WHERE account = 'zoe' AND"
                                    " rule IS NULL) FROM day WHERE account = 4"),
                         scratch_catalog->index_events == 1);
        check_all(last);
        check_all(INT64_MAX);
}

/* A change that fails leaves no total behind. */
static int run_nothing(struct catalog_connection *c, void *context) {
        int64_t id;
        int r = catalog_event_add(c, &(struct event){ .caller = &alice, .op = EVENT_SHARE, .account = "bob" }, &id);

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
                r = catalog_event_add(c, &(struct event){ .caller = actors[n / 7 % 3], .op = EVENT_DESCRIBE,
                                                          .account = names[n / 23 % 5], .place = places[n / 131 % 4],
                                                          .object = n % 2 ? "north/web@alice" : NULL }, &id);
        }
        return r;
}

static void test_totals_are_what_the_log_gives(void **state) {
        unsigned seed = 1;
        int64_t last;

        (void)state;
        people();
        for (int i = 0; i < 8; i++) {
                assert_int_equal(catalog_write(scratch_catalog, run_many, &seed), 0);
                if (i == 3)
                        add_account("zoe");
                check_all(INT64_MAX);
        }
        assert_true(now < (FIRST + DAYS) * DAY_MS && now > (FIRST + 3) * DAY_MS);
        last = sql_number("SELECT max(id) FROM event");
        for (int64_t n = 0; n <= last + 1; n += n < 10 ? 1 : 29)
                check_all(n);
        check_all(last);
        assert_int_equal(chain_check(), last);
}

/* A catalog opened as of an event: its sizes are that limit's, when they are first asked for and again. */
static void test_the_past_has_its_own_sizes(void **state) {
        const struct caller *const viewers[] = { NULL, &alice, &bob, &zoe };
        unsigned seed = 2;
        int64_t last;

        (void)state;
        people();
        assert_int_equal(catalog_write(scratch_catalog, run_many, &seed), 0);
        add_account("zoe");
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
                        assert_true(check_view(viewer, n / 2) <= then); /* another limit is not mixed up with it */
                        catalog_read_end(&scratch_reader);
                        scratch_reader = today;
                        assert_int_equal(check_view(viewer, n), then);
                }
                assert_null(catalog_close(past));
        }
}

/* From any day on, and only as far as it is wanted. */
static void test_days_are_listed_in_pages(void **state) {
        struct log_filter view = view_of(NULL, INT64_MAX);
        struct listed listed = { .stop_at = 2 };
        struct sums sums;

        (void)state;
        for (int i = 0; i < DAYS; i++, now += DAY_MS)
                (void)log_event(&(struct event){ .caller = &scratch_operator, .op = EVENT_LIMIT });
        sums = sum_log(view);
        listed.sums = &sums;
        assert_int_equal(catalog_day_list(scratch_reader, &view, FIRST, check_listed, &listed), 17);
        listed.stop_at = 0;
        assert_int_equal(catalog_day_list(scratch_reader, &view, FIRST + 2, check_listed, &listed), 0);
        assert_int_equal(listed.count, DAYS);
}

static int count_day(const struct day *day, void *context) {
        struct lengths *lengths = context;

        assert_true(day->number > lengths->last);
        lengths->last = day->number;
        lengths->events++;
        return 0;
}

static void test_many_days_lose_and_repeat_nothing(void **state) {
        struct log_filter view = view_of(NULL, INT64_MAX);
        struct lengths days = { 0 };

        (void)state;
        for (int i = 0; i < 700; i++, now += DAY_MS)
                (void)log_event(&(struct event){ .caller = &scratch_operator, .op = EVENT_LIMIT });
        assert_int_equal(catalog_day_list(scratch_reader, &view, 0, count_day, &days), 0);
        assert_int_equal(days.events, 700);
        view.last = 500;
        days = (struct lengths){ 0 };
        assert_int_equal(catalog_day_list(scratch_reader, &view, 0, count_day, &days), 0);
        assert_int_equal(days.events, 499); /* the first day has two events */
}

/* Times that no date has go into the nearest day that has one. */
static void test_times_out_of_range_have_a_day(void **state) {
        const struct log_filter view = { .last = INT64_MAX };
        struct day day;

        (void)state;
        now = INT64_C(999999999999999);
        (void)log_event(&(struct event){ .caller = &scratch_operator, .op = EVENT_LIMIT });
        assert_int_equal(catalog_day_get(scratch_reader, &view, 2932896, &day), 0); /* 9999-12-31 */
        assert_int_equal(day.time, now);
}

static void test_days_are_answered_by_indexes(void **state) {
        static const enum statement statements[] = { S_DAY_GET, S_DAY_LIST, S_LENGTHS, S_LENGTHS_OF_VIEWER };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
                _cleanup_free_ char *sql = NULL;
                sqlite3_stmt *s = NULL;

                assert_true(asprintf(&sql, "EXPLAIN QUERY PLAN %s", statement_sql[statements[i]]) > 0);
                assert_int_equal(sqlite3_prepare_v2(scratch_reader->db, sql, -1, &s, NULL), SQLITE_OK);
                while (sqlite3_step(s) == SQLITE_ROW) {
                        const char *step = (const char *)sqlite3_column_text(s, 3);

                        if ((strncmp(step, "SCAN", 4) == 0 && !strstr(step, "SCAN (subquery") &&
                             strcmp(step, "SCAN page") != 0 && strcmp(step, "SCAN tail") != 0) || /* what is not indexed */
                            (strstr(step, "TEMP B-TREE") && strcmp(step, "USE TEMP B-TREE FOR GROUP BY") != 0))
                                fail_msg("%s: %s", sql, step);
                }
                assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
        }
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
                CASE(test_totals_are_what_the_log_gives),
                CASE(test_the_past_has_its_own_sizes),
                CASE(test_days_are_listed_in_pages),
                CASE(test_many_days_lose_and_repeat_nothing),
                CASE(test_times_out_of_range_have_a_day),
                CASE(test_days_are_answered_by_indexes),
        };

        return cmocka_run_group_tests_name("catalog day", tests, NULL, NULL);
}
