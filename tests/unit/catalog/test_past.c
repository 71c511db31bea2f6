/* SPDX-License-Identifier: MIT
 * The past: after each of many random changes all that can be read is written down, and read again as of that event
 * and of that time. What happens later never shows.
 */
#include "everything.h"
#include "scratch.h"

#include <errno.h>
#include <string.h>

#define CHANGES 300
#define ACCOUNTS 4

/* The clock stands still unless a change moves it. */
static int64_t now;

int64_t __wrap_timestamp_now(void);
int64_t __wrap_timestamp_now(void) {
        return now;
}

/* --- random changes --- */

static uint64_t seed = 42;

static int64_t random_below(int64_t n) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        return (int64_t)(seed >> 33) % n;
}

/* The number a query finds, at random among its rows; 0: none. */
static int64_t any(const char *table) {
        char sql[256];
        int64_t id;

        (void)snprintf(sql, sizeof(sql), "SELECT id FROM %s ORDER BY (id * 2654435761 + %ld) %% 1000003 LIMIT 1", table,
                       random_below(1000003));
        id = sql_number(sql);
        return id < 0 ? 0 : id;
}

enum { LIVE_PLACE, LIVE_IMAGE, SHARED, INSTANCE };
static const char *const tables[] = {
        [LIVE_PLACE] = "place WHERE until_event = 140737488355327",
        [LIVE_IMAGE] = "image WHERE until_event = 140737488355327",
        [SHARED] = "share WHERE until_event = 140737488355327",
        [INSTANCE] = "instance WHERE until_event = 140737488355327",
};

struct doing {
        int what;
        int64_t event, place, image, share, instance, account, region, number;
};

static int launch(struct catalog_connection *c, const struct doing *d) {
        int64_t id;
        int r = catalog_launch_reserve(c, d->instance, d->image, &id);

        if (r < 0 || d->number % 4 == 0) /* one that never starts */
                return r;
        return catalog_launch_start(c, d->event, d->instance, id);
}

/* A disk is made once, filled once, sealed once. */
static int disk(struct catalog_connection *c, const struct doing *d) {
        struct image i;
        int r = catalog_image_of_id(c, d->image, &i);

        if (r < 0)
                return r;
        if (!i.has_disk)
                return catalog_image_disk(c, d->event, i.id, d->number % 2 ? any("image") : 0);
        if (i.state == IMAGE_DRAFT)
                return catalog_image_available(c, d->event, i.place, i.id);
        return i.state == IMAGE_SEALED ? -ECANCELED : catalog_image_seal(c, d->event, i.id, d->number, 5);
}

static int apply(struct catalog_connection *c, const struct doing *d) {
        char name[NAME_SIZE];
        int r;

        (void)snprintf(name, sizeof(name), "n%ld", d->number % 7);
        switch (d->what) {
        case 0:
        case 1:
                return catalog_place_put(c, d->event, d->region, d->account, name);
        case 2:
                return catalog_place_rename(c, d->event, d->place, name);
        case 3:
                return d->number % 3 ? -ECANCELED : catalog_place_end(c, d->event, d->place);
        case 4:
                return catalog_image_renew(c, d->event, d->place);
        case 5:
        case 6:
        case 7:
        case 8:
                return disk(c, d);
        case 9:
                return catalog_image_review(c, d->event, d->image, d->number % 2);
        case 10:
                return catalog_image_source_set(c, d->event, d->image, d->number % 3 ? any("image") : any("launch"));
        case 11:
                return catalog_description_put(c, d->event, d->place, name, 1);
        case 12:
                return catalog_description_end(c, d->event, d->place);
        case 13:
                return catalog_shares_link_put(c, d->event, d->place);
        case 14:
                return catalog_shares_link_end(c, d->event, d->place);
        case 15:
        case 16:
        case 17:
                return catalog_share_put(c, d->event, d->image, d->account, d->region);
        case 18:
                return catalog_share_end(c, d->event, &(struct share){ .id = d->share });
        case 19:
        case 20: /* some are over before the next change */
                return catalog_share_expiry_put(c, d->event, d->share, d->number % 4 ? now + d->number % 90 : 0);
        case 21:
                return catalog_instance_put(c, d->event, d->region, d->account, name);
        case 22:
        case 23:
                return launch(c, d);
        case 24:
                return catalog_instance_image_end(c, d->event, d->instance);
        case 25:
                return catalog_instance_disk_end(c, d->event, d->instance);
        case 26:
                return d->number % 3 ? -ECANCELED : catalog_instance_end(c, d->event, d->instance);
        case 27:
                r = catalog_trust_put(c, d->event, d->account, 1 + d->number % ACCOUNTS);
                return r < 0 ? catalog_trust_end(c, d->event, d->account, 1 + d->number % ACCOUNTS) : r;
        case 28:
                return catalog_setting_put(c, d->event, SHARE_LIMIT, d->number);
        case 29:
                return catalog_region_put(c, d->event, d->number % 2 ? "east" : "west", NULL);
        case 30:
                return d->region > 2 ? catalog_region_end(c, d->event, d->region) : -ECANCELED;
        case 31: {
                struct account account = { .uid = -1, .quota = -1 };

                (void)snprintf(account.name, sizeof(account.name), "a%ld", d->event);
                return catalog_account_put(c, d->event, &account);
        }
        default:
                return d->number % 2 ? -ECANCELED : catalog_account_end(c, d->event, d->account);
        }
}

static int run(struct catalog_connection *c, void *context) {
        struct doing *d = context;
        struct event event = { .caller = &scratch_operator, .op = EVENT_DESCRIBE, .place = d->place };
        int r = catalog_event_add(c, &event, &d->event);

        return r < 0 ? r : apply(c, d);
}

/* The event of one more change, after tries that may fail: for what is not there, or is there already. */
static int64_t random_change(void) {
        for (;;) {
                struct doing d = {
                        .what = (int)random_below(33), .place = any(tables[LIVE_PLACE]), .share = any(tables[SHARED]),
                        .instance = any(tables[INSTANCE]), .account = any("account"), .region = any("region"),
                        .number = random_below(1000),
                };
                char of_place[128];
                int64_t image;

                (void)snprintf(of_place, sizeof(of_place), "SELECT max(id) FROM image WHERE place = %ld", d.place);
                image = sql_number(of_place);
                d.image = image < 0 ? 0 : image;
                now += random_below(3) ? random_below(60) : 0; /* several may share a millisecond */
                if (catalog_write(scratch_catalog, run, &d) == 0)
                        return d.event;
        }
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

static void setup(void) {
        (void)must(REGION_PUT, 0, 0, "north");
        (void)must(REGION_PUT, 0, 0, "south");
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        (void)must(ACCOUNT_PUT, 0, 0, "carol");
}

/* The texts are too long for a message: the first lines that differ. */
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
        struct catalog *early = NULL;

        (void)state;
        setup();
        for (int i = 0; i < CHANGES; i++) {
                moments[i].event = random_change();
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
                if (i == CHANGES / 2) { /* opened before the changes after it */
                        _cleanup_free_ char *text = everything(early);

                        assert_same(text, moments[i].text, moments[i].event);
                }
        }
        (void)catalog_close(early); /* returns NULL */
        for (int i = 0; i < CHANGES; i++)
                free(moments[i].text);
}

/* Between two events only the clock moves: what expires there is dead though no event says so. */
static void test_expiry_by_the_clock(void **state) {
        static const struct {
                int64_t time;
                const char *with;
        } cases[] = { { 1000099, "share" }, { 1000100, "" }, { 1000149, "" } };
        struct catalog *catalog = NULL;
        struct catalog_connection *c;
        struct doing expire = { .what = 19, .number = 1 };
        struct share share;
        int64_t place, alice;

        (void)state;
        setup();
        alice = account_id("alice");
        place = must(PLACE_PUT, 1, alice, "web");
        expire.share = must(SHARE_PUT, place, account_id("bob"), NULL);
        now += 99; /* it expires at 1000100 */
        assert_int_equal(catalog_write(scratch_catalog, run, &expire), 0);
        now += 100;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct catalog_moment moment = { .event = -1, .time = cases[i].time };

                assert_int_equal(catalog_open_asof(scratch_path, &moment, &catalog), 0);
                assert_int_equal(catalog_read(catalog, &c), 0);
                assert_int_equal(catalog_share_get(c, expire.share, &share), *cases[i].with ? 0 : -ENOENT);
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
        setup();
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct catalog *catalog = NULL;

                assert_int_equal(catalog_open_asof(scratch_path, &cases[i].moment, &catalog), cases[i].error);
                assert_true(!catalog == (cases[i].error < 0));
                catalog = catalog_close(catalog);
        }
        now -= 100; /* the log's clock does not go back */
        free(as_of(-1, 1000000));
}

static void test_before_the_first_event_there_is_nothing(void **state) {
        _cleanup_free_ char *by_event = NULL, *by_time = NULL;

        (void)state;
        setup();
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

/* Who asks is today's: its account, even one that did not exist then or does not any more. */
static void test_reads_of_today(void **state) {
        struct catalog_moment moment = { .event = 2 };
        struct catalog *catalog = NULL;
        struct catalog_connection *c;
        struct account account;
        bool ran = false;

        (void)state;
        setup();
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
