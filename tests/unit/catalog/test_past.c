/* SPDX-License-Identifier: MIT
 * The past: after each of many random changes everything readable is dumped, and later dumped again as of that event
 * and of that time. Later changes must not show.
 */
#include "everything.h"
#include "history.h"
#include "scratch.h"

#include <errno.h>
#include <string.h>

#define CHANGES 300

/* The clock stands still unless a change moves it. */
static int64_t now;

int64_t __wrap_timestamp_now(void);
int64_t __wrap_timestamp_now(void) {
        return now;
}

/* --- the tests --- */

static char *as_of(int64_t event, int64_t time) {
        struct catalog_moment moment = { .event = event, .time = time };
        struct catalog *catalog = NULL;
        char *text;

        assert_int_equal(catalog_open_asof(scratch_path, &moment, &catalog), 0);
        text = everything(catalog);
        (void)catalog_close(catalog); /* returns NULL */
        return text;
}

static int stopped_setup(void **state) {
        now = 1000000;
        return scratch_setup(state);
}

/* Compares line by line: the texts are too long for a message. */
static void assert_same(const char *then, const char *live, int64_t event) {
        while (*then && *then == *live) {
                size_t n = strcspn(then, "\n") + 1;

                if (strncmp(then, live, n) != 0)
                        break;
                then += n;
                live += n;
        }
        if (strcmp(then, live) != 0)
                fail_msg("as of event %ld: '%.*s', then it was '%.*s'", event, (int)strcspn(then, "\n"), then,
                         (int)strcspn(live, "\n"), live);
}

static void test_everything_as_it_was(void **state) {
        static struct {
                int64_t event, time;
                char *text;
        } moments[CHANGES];
        struct history history = { .seed = 42 };
        struct catalog *early = NULL;

        (void)state;
        history_begin();
        for (int i = 0; i < CHANGES; i++) {
                now += history_below(&history, 3) ? history_below(&history, 60)
                                                  : 0; /* several changes may share a millisecond */
                moments[i].event = history_change(&history);
                moments[i].time = now;
                moments[i].text = everything(scratch_catalog);
                if (i == CHANGES / 2)
                        assert_int_equal(catalog_open_asof(scratch_path,
                                                           &(struct catalog_moment){ .event = moments[i].event },
                                                           &early), 0);
        }
        for (int i = 0; i < CHANGES; i++) {
                bool last = i + 1 == CHANGES || moments[i + 1].time > moments[i].time;
                _cleanup_free_ char *by_event = as_of(moments[i].event, 0);
                _cleanup_free_ char *by_time = last ? as_of(-1, moments[i].time) : NULL;

                assert_same(by_event, moments[i].text, moments[i].event);
                if (by_time)
                        assert_same(by_time, moments[i].text, moments[i].event);
                if (i == CHANGES / 2) { /* opened before the later changes */
                        _cleanup_free_ char *text = everything(early);

                        assert_same(text, moments[i].text, moments[i].event);
                }
        }
        (void)catalog_close(early); /* returns NULL */
        for (int i = 0; i < CHANGES; i++)
                free(moments[i].text);
}

/* Between two events only the clock moves: a share that expires there is dead, though no event says so. */
static void test_expiry_by_the_clock(void **state) {
        static const struct {
                int64_t time;
                const char *with;
        } cases[] = { { 1000099, "share" }, { 1000100, "" }, { 1000149, "" } };
        struct catalog *catalog = NULL;
        struct catalog_connection *c;
        struct share share;
        int64_t place, alice, id;

        (void)state;
        history_begin();
        alice = account_id("alice");
        place = must(PLACE_PUT, 1, alice, "web");
        id = must(SHARE_PUT, place, account_id("bob"), NULL);
        now += 99;
        (void)must(EXPIRY_PUT, id, 1000100, NULL);
        now += 100;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct catalog_moment moment = { .event = -1, .time = cases[i].time };

                assert_int_equal(catalog_open_asof(scratch_path, &moment, &catalog), 0);
                assert_int_equal(catalog_read(catalog, &c), 0);
                assert_int_equal(catalog_share_get(c, id, &share), *cases[i].with ? 0 : -ENOENT);
                catalog_read_end(&c);
                catalog = catalog_close(catalog);
        }
}

static void test_moments_that_have_not_come(void **state) {
        static const struct {
                struct catalog_moment moment;
                int error;
        } cases[] = {
                { { .event = 6 }, 0 },         { { .event = 7 }, -ERANGE },
                { { .event = INT64_MAX }, -ERANGE }, { { .event = 0 }, 0 },
                { { .event = -1, .time = 1000000 }, 0 }, { { .event = -1, .time = 1000001 }, -ERANGE },
                { { .event = -1, .time = INT64_MAX }, -ERANGE }, { { .event = -1, .time = -5 }, 0 },
        };

        (void)state;
        history_begin();
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct catalog *catalog = NULL;

                assert_int_equal(catalog_open_asof(scratch_path, &cases[i].moment, &catalog), cases[i].error);
                assert_true(!catalog == (cases[i].error < 0));
                catalog = catalog_close(catalog);
        }
        now -= 100; /* the log's clock never goes back */
        free(as_of(-1, 1000000));
}

static void test_before_the_first_event_there_is_nothing(void **state) {
        _cleanup_free_ char *by_event = NULL, *by_time = NULL;

        (void)state;
        history_begin();
        by_event = as_of(0, 0);
        by_time = as_of(-1, 1);
        assert_string_equal(by_event, "limit -1\nlast 0\n");
        assert_string_equal(by_time, by_event);
}

static int change_nothing(struct catalog_connection *c, void *context) {
        (void)c;
        *(bool *)context = true;
        return 0;
}

/* The caller is today's account, even one that did not exist then or no longer exists. */
static void test_reads_of_today(void **state) {
        struct catalog_moment moment = { .event = 2 };
        struct catalog *catalog = NULL;
        struct catalog_connection *c;
        struct account account;
        bool ran = false;

        (void)state;
        history_begin();
        assert_int_equal(catalog_open_asof(scratch_path, &moment, &catalog), 0);
        assert_int_equal(catalog_read(catalog, &c), 0);
        assert_int_equal(catalog_account_find(c, "carol", &account), -ENOENT);
        catalog_read_end(&c);
        assert_int_equal(catalog_read_today(catalog, &c), 0);
        assert_int_equal(catalog_account_find(c, "carol", &account), 0);
        catalog_read_end(&c);
        assert_int_equal(catalog_read(catalog, &c), 0); /* the same connection */
        assert_int_equal(catalog_account_find(c, "carol", &account), -ENOENT);
        catalog_read_end(&c);
        assert_int_equal(catalog_write(catalog, change_nothing, &ran), -EROFS);
        assert_int_equal(catalog_post(catalog, change_nothing, &ran, NULL), -EROFS);
        assert_false(ran);
        catalog = catalog_close(catalog);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, stopped_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_everything_as_it_was),
                CASE(test_expiry_by_the_clock),
                CASE(test_moments_that_have_not_come),
                CASE(test_before_the_first_event_there_is_nothing),
                CASE(test_reads_of_today),
        };

        return cmocka_run_group_tests_name("catalog past", tests, NULL, NULL);
}
