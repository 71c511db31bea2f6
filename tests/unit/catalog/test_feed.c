/* SPDX-License-Identifier: MIT
 * The feed: reports each change once, with the state before and after it, whoever made it.
 */
#include "scratch.h"

#include <stdio.h>
#include <string.h>

#include "feed.h"
#include "log/log.h"

static int64_t north, alice, bob, carol;
static struct feed *feed;
static bool concerned;
static int woken, asked;
static char told[4096]; /* the changes, one per line */
static struct change last;

static void wake(void *context) {
        (void)context;
        woken++;
}

static int setup(void **state) {
        (void)scratch_setup(state); /* 0 */
        concerned = true;
        (void)must(REGION_PUT, 0, 0, "north");
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        (void)must(ACCOUNT_PUT, 0, 0, "carol");
        north = region_id("north");
        alice = account_id("alice");
        bob = account_id("bob");
        carol = account_id("carol");
        return feed_open(scratch_catalog, wake, NULL, &feed);
}

static int teardown(void **state) {
        feed = feed_close(feed);
        return scratch_teardown(state);
}

static bool concerns(const struct change *change, void *context) {
        (void)change;
        (void)context;
        asked++;
        return concerned;
}

/* The parts that exist, such as `web draft description`. */
static void print_state(const struct change_state *s, char text[static 128]) {
        (void)snprintf(text, 128, "%s%s%s%s%s", s->name[0] ? s->name : "-", s->name[0] && s->draft ? " draft" : "",
                       s->description ? " description" : "", s->shares_link ? " shares" : "", s->disk ? " disk" : "");
}

static void tell(const struct change *c, void *context) {
        static const char *const kinds[] = { "unknown", "place",    "described", "sealed", "touched", "shared",
                                             "unshared", "expiry",  "instance", "trust",  "region",  "account" };
        char before[128], after[128];
        size_t n = strlen(told);

        (void)context;
        last = *c;
        print_state(&c->before, before);
        print_state(&c->after, after);
        if (c->kind == CHANGE_PLACE)
                (void)snprintf(told + n, sizeof(told) - n, "%s > %s%s%s\n", before, after, c->again ? " again" : "",
                               c->own ? "" : ", other");
        else
                (void)snprintf(told + n, sizeof(told) - n, "%s%s%s%s%s%s\n", kinds[c->kind],
                               c->account_name[0] ? " " : "", c->account_name, c->made ? " made" : "",
                               c->again ? " again" : "", c->own || c->event == 0 ? "" : ", other");
}

/* Expects exactly these new changes. */
static void expect(const char *text) {
        told[0] = '\0';
        (void)feed_read(feed, &(struct feed_reader){ .concerns = concerns, .each = tell }); /* 0 or 1: see told */
        assert_string_equal(told, text);
}

static int64_t draft(const char *name) {
        return must(PLACE_PUT, north, alice, name);
}

static int64_t filled(const char *name) {
        int64_t place = draft(name);

        (void)must(IMAGE_DISK, place, 0, NULL);
        (void)must(IMAGE_FILL, place, place, NULL);
        return place;
}

/* Skips all changes so far. */
static void overlook(void) {
        concerned = false;
        expect("");
        concerned = true;
}

static void test_nothing_is_new(void **state) {
        (void)state;
        assert_int_equal(feed_read(feed, &(struct feed_reader){ .concerns = concerns, .each = tell }), 0);
        (void)draft("web");
        assert_true(woken > 0);
        concerned = false;
        told[0] = '\0';
        assert_int_equal(feed_read(feed, &(struct feed_reader){ .concerns = concerns, .each = tell }), 1);
        assert_string_equal(told, "");
        assert_null(feed->c->statements[S_FEED_PLACE]); /* changes that concern nobody are not looked up */
        concerned = true;
        expect(""); /* already read, though it concerned nobody */
}

static void test_more_than_a_page(void **state) {
        (void)state;
        many(PLACE_PUT, 2 * PAGE, north, alice, false, "web");
        concerned = false;
        asked = 0;
        expect("");
        assert_int_equal(asked, 2 * PAGE);
        assert_int_equal(feed_last(feed), sql_number("SELECT max(id) FROM event"));
}

static void test_what_failed_is_read_again(void **state) {
        int64_t place = draft("web");

        (void)state;
        (void)draft("db");
        sql_run("UPDATE place_name SET name = hex(zeroblob(100)) WHERE name = 'db'"); /* longer than a name may be */
        told[0] = '\0';
        assert_int_equal(feed_read(feed, &(struct feed_reader){ .concerns = concerns, .each = tell }), -EIO);
        assert_string_equal(told, "- > web draft\n");
        assert_int_equal(feed_last(feed), place);
        sql_run("UPDATE place_name SET name = 'db' WHERE name <> 'web'");
        expect("- > db draft\n");
}

static void test_the_life_of_an_image(void **state) {
        int64_t place = draft("web");

        (void)state;
        expect("- > web draft\n");
        assert_int_equal(last.place, place);
        assert_int_equal(last.region, north);
        assert_string_equal(last.owner_name, "alice");
        (void)must(IMAGE_DISK, place, 0, NULL);
        expect("web draft > web draft disk\n");
        (void)must(PLACE_RENAME, place, 0, "db");
        expect("web draft disk > db draft disk\n");
        (void)must(DESCRIPTION_PUT, place, 0, "");
        (void)must(DESCRIPTION_PUT, place, 0, "text");
        expect("db draft disk > db draft description disk\ndescribed\n");
        (void)must(DESCRIPTION_END, place, 0, NULL);
        expect("db draft description disk > db draft disk\n");
}

static void test_what_a_close_makes(void **state) {
        int64_t place = filled("web");

        (void)state;
        expect("- > web draft\nweb draft > web draft disk\nweb draft disk > web description shares disk\n");
        (void)must(IMAGE_SEAL, place, 100, NULL);
        expect("sealed\n");
        assert_int_equal(last.after.disk, place); /* the place's first image has the place's number */
        (void)must(IMAGE_RENEW, place, 0, NULL);
        expect("web description shares disk > web draft description shares\n");
        assert_int_equal(last.before.disk, place);
        assert_true(last.after.image != place);
        (void)must(DESCRIPTION_END, place, 0, NULL);
        (void)must(LINK_END, place, 0, NULL);
        (void)must(PLACE_END, place, 0, NULL);
        expect("web draft description shares > web draft shares\nweb draft shares > web draft\nweb draft > -\n");
        assert_false(last.again);
}

static void test_a_name_in_use_again(void **state) {
        int64_t place = draft("web");

        (void)state;
        (void)must(PLACE_RENAME, place, 0, "db");
        (void)draft("web");
        expect("- > web draft\nweb draft > db draft again\n- > web draft\n");
        (void)must(PLACE_END, place, 0, NULL);
        (void)draft("db");
        expect("db draft > - again\n- > db draft\n");
}

static void test_shares(void **state) {
        int64_t place = filled("web"), share = must(SHARE_PUT, place, bob, NULL);

        (void)state;
        expect("- > web draft\nweb draft > web draft disk\nweb draft disk > web description shares disk\n"
               "shared bob\n");
        assert_int_equal(last.share, share);
        assert_string_equal(last.after.name, "web");
        (void)must(EXPIRY_PUT, share, timestamp_now() + 3600000, NULL);
        expect("expiry bob\n");
        (void)must(SHARE_END, share, 0, NULL);
        expect("unshared bob\n");
        assert_int_equal(last.share, share);
        share = must(SHARE_PUT, place, bob, NULL);
        (void)must(SHARE_END, share, 0, NULL);
        share = must(SHARE_PUT, place, bob, NULL);
        expect("shared bob again\nunshared bob again\nshared bob\n");
        (void)must(EXPIRY_PUT, share, timestamp_now() + 3600000, NULL);
        overlook();
        (void)must(SHARE_EXPIRES, share, 0, NULL); /* not its own: no request made it */
        share = must(SHARE_PUT, place, bob, NULL);
        expect("unshared bob again, other\nshared bob\n");
        (void)must(EXPIRY_PUT, share, 1000, NULL); /* a past time */
        expect("unshared bob\n");
        assert_int_equal(last.share, share);
}

static void test_a_share_expires_without_an_event(void **state) {
        int64_t place = filled("web"), share = must(SHARE_PUT, place, bob, NULL);
        int64_t expires = timestamp_now() + 3600000;

        (void)state;
        (void)must(EXPIRY_PUT, share, expires, NULL);
        overlook();
        assert_int_equal(feed_due(feed), expires);
        sql_run("UPDATE event SET time = time + 7200000 WHERE id = (SELECT max(id) FROM event)"); /* the log's clock */
        expect("unshared bob\n");
        assert_int_equal(last.share, share);
        assert_int_equal(last.owner, alice);
        assert_int_equal(last.account, bob);
        assert_int_equal(last.event, 0);
        assert_int_equal(feed_due(feed), 0);
        expect("");
}

static void test_a_time_that_failed_to_be_read_stays_due(void **state) {
        sqlite3_stmt **clock = &feed->c->statements[S_FEED_CLOCK], *whole = *clock;

        (void)state;
        overlook();
        feed->due = 1; /* in the past */
        assert_int_equal(sqlite3_prepare_v2(feed->c->db, "SELECT json(?1 || '{')", -1, clock, NULL), SQLITE_OK);
        for (int i = 0; i < 2; i++) /* no commit in between */
                assert_int_equal(feed_read(feed, &(struct feed_reader){ .concerns = concerns, .each = tell }), -EIO);
        (void)sqlite3_finalize(*clock); /* returns its failure again */
        *clock = whole;
        assert_int_equal(feed_read(feed, &(struct feed_reader){ .concerns = concerns, .each = tell }), 1);
        assert_int_equal(feed_due(feed), 0);
}

static void test_times_set_by_hand(void **state) {
        int64_t place = filled("web");

        (void)state;
        overlook();
        (void)must(IMAGE_TOUCH, place, 1000, NULL);
        expect("touched\n");
        assert_true(last.disk);
        (void)must(DESCRIPTION_TOUCH, place, 1000, NULL);
        expect("touched\n");
        assert_false(last.disk);
        assert_int_equal(last.place, place);
}

static void test_refusals_are_no_changes(void **state) {
        (void)state;
        (void)log_event(&(struct event){ .caller = &scratch_operator, .op = EVENT_CREATE, .object = "north/web@alice",
                                         .rule = "read-only-role", .error = "EROFS" });
        expect("");
}

static void test_instances_trust_regions_accounts(void **state) {
        int64_t id = must(INSTANCE_PUT, north, bob, "vm");

        (void)state;
        expect("instance made\n");
        assert_int_equal(last.instance, id);
        assert_int_equal(last.region, north);
        assert_int_equal(last.owner, bob);
        assert_string_equal(last.name, "vm");
        (void)must(INSTANCE_END, id, 0, NULL);
        expect("instance\n");
        assert_int_equal(last.instance, id);
        (void)must(TRUST_PUT, bob, alice, NULL);
        (void)must(TRUST_END, bob, alice, NULL);
        expect("trust alice made\ntrust alice\n");
        (void)must(REGION_PUT, 0, 0, "west");
        expect("region made\n");
        (void)must(REGION_END, last.region, 0, NULL);
        expect("region\n");
        assert_string_equal(last.region_name, "west");
        (void)must(ACCOUNT_END, carol, 0, NULL);
        expect("account carol\n");
        assert_int_equal(last.account, carol);
}

static void test_launches_are_nobodys_cached(void **state) {
        int64_t place = filled("web"), id = must(INSTANCE_PUT, north, bob, "vm");

        (void)state;
        overlook();
        (void)must(IMAGE_SEAL, place, 100, NULL);
        (void)must(LAUNCH, id, place, NULL);
        expect("sealed\n");
        assert_int_equal(last.place, place);
        (void)must(LAUNCH_IMAGE_END, id, 0, NULL);
        (void)must(LAUNCH_DISK_END, id, 0, NULL);
        expect("");
}

/* Changes by another process are not our own. */
static void test_what_others_do(void **state) {
        struct catalog *mine = scratch_catalog;

        (void)state;
        assert_int_equal(catalog_open(scratch_path, 0, &scratch_catalog), 0);
        (void)draft("web");
        scratch_catalog = catalog_close(scratch_catalog);
        scratch_catalog = mine;
        (void)draft("db");
        expect("- > web draft, other\n- > db draft\n");
}

static void test_an_event_of_a_newer_version(void **state) {
        (void)state;
        (void)draft("web");
        scratch_tampered();
        sql_run("UPDATE event SET op = 'frobnicate' WHERE id = (SELECT max(id) FROM event)");
        expect("unknown\n");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_nothing_is_new),
                CASE(test_more_than_a_page),
                CASE(test_what_failed_is_read_again),
                CASE(test_the_life_of_an_image),
                CASE(test_what_a_close_makes),
                CASE(test_a_name_in_use_again),
                CASE(test_shares),
                CASE(test_a_share_expires_without_an_event),
                CASE(test_a_time_that_failed_to_be_read_stays_due),
                CASE(test_times_set_by_hand),
                CASE(test_refusals_are_no_changes),
                CASE(test_instances_trust_regions_accounts),
                CASE(test_launches_are_nobodys_cached),
                CASE(test_what_others_do),
                CASE(test_an_event_of_a_newer_version),
        };

        return cmocka_run_group_tests_name("catalog feed", tests, NULL, NULL);
}
