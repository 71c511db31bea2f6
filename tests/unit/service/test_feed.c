/* SPDX-License-Identifier: MIT
 * The feed: each change once, with what was there before it and is after it, whoever made it.
 */
#include "scratch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "feed.h"
#include "instance.h"

static struct feed *feed;
static bool concerned;
static int woken;
static char told[4096]; /* the changes, a line each */
static struct change last;

static void wake(void *context) {
        (void)context;
        woken++;
}

static int setup(void **state) {
        int r = scratch_setup(state);

        concerned = true;
        return r == 0 ? feed_open(scratch_service, wake, NULL, &feed) : r;
}

static int teardown(void **state) {
        feed = feed_close(feed);
        return scratch_teardown(state);
}

static bool concerns(const struct change *change, void *context) {
        (void)change;
        (void)context;
        return concerned;
}

/* `web draft description`: what there is. */
static void print_state(const struct change_state *s, char text[static 128]) {
        (void)snprintf(text, 128, "%s%s%s%s%s", s->name[0] ? s->name : "-", s->name[0] && s->draft ? " draft" : "",
                       s->description ? " description" : "", s->shares_link ? " shares" : "", s->disk ? " disk" : "");
}

static void tell(const struct change *c, void *context) {
        static const char *const kinds[] = { "place",    "described", "sealed", "touched", "shared",  "unshared",
                                             "expiry",   "instance",  "trust",  "region",  "account", "unknown" };
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

/* What is new is just this. */
static void expect(const char *text) {
        told[0] = '\0';
        (void)feed_read(feed, &(struct feed_reader){ .concerns = concerns, .each = tell }); /* 0 or 1: see told */
        assert_string_equal(told, text);
}

static void test_nothing_is_new(void **state) {
        (void)state;
        assert_int_equal(feed_read(feed, &(struct feed_reader){ .concerns = concerns, .each = tell }), 0);
        (void)draft(north, "web");
        assert_true(woken > 0);
        concerned = false;
        told[0] = '\0';
        assert_int_equal(feed_read(feed, &(struct feed_reader){ .concerns = concerns, .each = tell }), 1);
        assert_string_equal(told, "");
        concerned = true;
        expect(""); /* it has been read, though it concerned nobody */
}

static void test_the_life_of_an_image(void **state) {
        int64_t place = draft(north, "web");
        struct image image;

        (void)state;
        expect("- > web draft\n");
        assert_int_equal(last.place, place);
        assert_int_equal(last.region, north);
        assert_string_equal(last.owner_name, "alice");
        finish(created(place));
        expect("web draft > web draft disk\n");
        assert_int_equal(image_rename(as("alice"), place, "web", north, "db"), 0);
        expect("web draft disk > db draft disk\n");
        assert_int_equal(description_create(as("alice"), place, &image), 0);
        assert_int_equal(description_write(as("alice"), place, "text", 4), 0);
        expect("db draft disk > db draft description disk\ndescribed\n");
        assert_int_equal(description_remove(as("alice"), place), 0);
        expect("db draft description disk > db draft disk\n");
}

static void test_what_a_close_makes(void **state) {
        int64_t place = filled(north, "web", 100), old = row(place).id;

        (void)state;
        expect("- > web draft\nweb draft > web draft disk\nweb draft disk > web description shares disk\n");
        assert_int_equal(image_seal(as("alice"), place), 0);
        expect("sealed\n");
        assert_int_equal(last.after.disk, old);
        assert_int_equal(disk_remove(as("alice"), place), 0);
        expect("web description shares disk > web draft description shares\n");
        assert_int_equal(last.before.disk, old);
        assert_true(last.after.image != old);
        assert_int_equal(description_remove(as("alice"), place), 0);
        assert_int_equal(shares_link_remove(as("alice"), place), 0);
        assert_int_equal(image_remove(as("alice"), place, "web"), 0);
        expect("web draft description shares > web draft shares\nweb draft shares > web draft\nweb draft > -\n");
        assert_false(last.again);
}

static void test_a_name_in_use_again(void **state) {
        int64_t place = draft(north, "web");

        (void)state;
        assert_int_equal(image_rename(as("alice"), place, "web", north, "db"), 0);
        (void)draft(north, "web");
        expect("- > web draft\nweb draft > db draft again\n- > web draft\n");
        assert_int_equal(image_remove(as("alice"), place, "db"), 0);
        (void)draft(north, "db");
        expect("db draft > - again\n- > db draft\n");
}

static void test_shares(void **state) {
        int64_t place = filled(north, "web", 100);
        struct share share;

        (void)state;
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        expect("- > web draft\nweb draft > web draft disk\nweb draft disk > web description shares disk\nsealed\n"
               "shared bob\n");
        assert_int_equal(last.share, share.id);
        assert_string_equal(last.after.name, "web");
        assert_int_equal(share_expire(as("alice"), share.id, "+1h"), 0);
        expect("expiry bob\n");
        assert_int_equal(share_revoke(as("alice"), place, "bob", NULL, NULL), 0);
        expect("unshared bob\n");
        assert_int_equal(last.share, share.id);
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_int_equal(share_revoke(as("alice"), place, "bob", NULL, NULL), 0);
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        expect("shared bob again\nunshared bob again\nshared bob\n");
}

static void test_a_share_expires_without_an_event(void **state) {
        int64_t place = filled(north, "web", 100);
        struct share share;

        (void)state;
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_int_equal(share_expire(as("alice"), share.id, "+1h"), 0);
        told[0] = '\0';
        (void)feed_read(feed, &(struct feed_reader){ .concerns = concerns, .each = tell });
        assert_true(feed_due(feed) > 0);
        sql_run("UPDATE event SET time = time + 7200000 WHERE id = (SELECT max(id) FROM event)"); /* the log's clock */
        expect("unshared bob\n");
        assert_int_equal(last.share, share.id);
        assert_int_equal(last.event, 0);
        assert_int_equal(feed_due(feed), 0);
        expect("");
}

static void test_times_set_by_hand(void **state) {
        int64_t place = filled(north, "web", 100);

        (void)state;
        concerned = false;
        expect("");
        concerned = true;
        assert_int_equal(disk_touch(as("alice"), place, 1000), 0);
        expect("touched\n");
        assert_true(last.disk);
        assert_int_equal(description_touch(as("alice"), place, 1000), 0);
        expect("touched\n");
        assert_false(last.disk);
        assert_int_equal(last.place, place);
        /* those of some hours ago are forgotten */
        sql_run("UPDATE touch SET time = time - 10000000");
        assert_int_equal(description_touch(as("alice"), place, 2000), 0);
        assert_int_equal(sql_number("SELECT count(*) FROM touch"), 1);
        expect("touched\n");
}

static void test_refusals_are_no_changes(void **state) {
        struct image image;

        (void)state;
        assert_int_equal(image_create(as("eve"), north, "web", &image), RULE_READ_ONLY_ROLE);
        assert_int_equal(image_create(as("alice"), north, "@", &image), -EINVAL);
        expect("");
}

static void test_instances_trust_regions_accounts(void **state) {
        struct instance instance;
        int64_t owner;

        (void)state;
        assert_int_equal(instance_create(as("bob"), north, "vm", &instance), 0);
        expect("instance made\n");
        assert_int_equal(last.instance, instance.id);
        assert_int_equal(last.region, north);
        assert_string_equal(last.name, "vm");
        assert_int_equal(instance_remove(as("bob"), instance.id), 0);
        expect("instance\n");
        assert_int_equal(last.instance, instance.id);
        assert_int_equal(trust_add(as("bob"), "alice", &owner), 0);
        assert_int_equal(trust_remove(as("bob"), "alice"), 0);
        expect("trust alice made\ntrust alice\n");
        assert_int_equal(region_add(as("operator"), "west", NULL), 0);
        expect("region made\n");
        assert_int_equal(region_remove(as("operator"), "west"), 0);
        expect("region\n");
        assert_string_equal(last.region_name, "west");
        assert_int_equal(account_remove(as("operator"), "carol"), 0);
        expect("account carol\n");
        assert_true(last.account > 0);
}

static void test_launches_are_nobodys_cached(void **state) {
        int64_t place = filled(north, "web", 100);
        struct instance instance;

        (void)state;
        assert_int_equal(instance_create(as("alice"), north, "vm", &instance), 0);
        concerned = false;
        expect("");
        concerned = true;
        assert_int_equal(instance_launch(as("alice"), instance.id, "web"), 0);
        expect("sealed\n");
        assert_int_equal(last.place, place);
        assert_int_equal(instance_image_remove(as("alice"), instance.id), 0);
        assert_int_equal(instance_disk_remove(as("alice"), instance.id), 0);
        expect("");
}

/* As another process would: what it writes is nobody's own here. */
static void test_what_others_do(void **state) {
        _cleanup_service_ struct service *other = NULL;
        char why[WHY_SIZE];
        struct image image;

        (void)state;
        assert_int_equal(service_open(scratch_name("dir"), 0, &other, why), 0);
        assert_int_equal(image_create(as_of(other, "alice"), north, "web", &image), 0);
        (void)draft(north, "db");
        expect("- > web draft, other\n- > db draft\n");
}

static void test_an_event_of_a_newer_version(void **state) {
        (void)state;
        (void)draft(north, "web");
        sql_run("UPDATE event SET op = 'frobnicate' WHERE id = (SELECT max(id) FROM event)");
        expect("unknown\n");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_nothing_is_new),
                CASE(test_the_life_of_an_image),
                CASE(test_what_a_close_makes),
                CASE(test_a_name_in_use_again),
                CASE(test_shares),
                CASE(test_a_share_expires_without_an_event),
                CASE(test_times_set_by_hand),
                CASE(test_refusals_are_no_changes),
                CASE(test_instances_trust_regions_accounts),
                CASE(test_launches_are_nobodys_cached),
                CASE(test_what_others_do),
                CASE(test_an_event_of_a_newer_version),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
