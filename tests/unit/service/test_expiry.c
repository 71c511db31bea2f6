/* SPDX-License-Identifier: MIT
 * Shares that expire: by the log's clock, for every question, with or without a daemon.
 */
#include "scratch.h"

#include <errno.h>

#include "registry.h"
#include "share.h"
#include "timestamp.h"
#include "upkeep/wing.h"

static struct share share;
static struct image image;

static int64_t shared(const char *name) {
        int64_t place = filled(north, name, 100);

        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        return place;
}

static void test_an_expiry_is_kept_and_cleared(void **state) {
        int64_t place = shared("web");

        (void)state;
        assert_int_equal(share_expire(as("alice"), share.id, "2999-12-31"), 0);
        assert_int_equal(share_find(as("bob"), place, "bob", &share, &image), 0);
        assert_true(share.expires == INT64_C(32503679999999));
        assert_int_equal(share_expire(as("alice"), share.id, "never"), 0);
        assert_int_equal(share_find(as("bob"), place, "bob", &share, &image), 0);
        assert_int_equal(share.expires, 0);
        assert_int_equal(events("op = 'set-expiry'"), 2);
}

static void test_only_the_owner_sets_it(void **state) {
        (void)shared("web");

        (void)state;
        assert_int_equal(share_expire(as("bob"), share.id, "+1h"), RULE_NO_RESHARE);
        assert_int_equal(share_expire(as("carol"), share.id, "+1h"), -ENOENT);
        assert_int_equal(share_expire(as("alice"), share.id, "yesterday"), -EINVAL);
        assert_int_equal(share_expire(as("alice"), share.id, "2020-01-01"), -EINVAL);
        assert_int_equal(events("op = 'set-expiry' AND rule IS NULL"), 0);
}

/* Shared, and expired by the log's clock, which is so many ms ahead of the wall clock, as if that had been set back. */
static int64_t expired_by(int64_t ms) {
        int64_t place = shared("web");
        char time[TIMESTAMP_SIZE], sql[128];

        assert_int_equal(share_expire(as("alice"), share.id, timestamp_format(timestamp_now() + ms / 2, time)), 0);
        assert_int_equal(share_find(as("bob"), place, "bob", &share, &image), 0);
        (void)snprintf(sql, sizeof(sql), "UPDATE event SET time = time + %lld WHERE id = (SELECT max(id) FROM event)",
                       (long long)ms); /* fits */
        sql_run(sql);
        return place;
}

static void test_a_clock_set_back_revives_nothing(void **state) {
        int64_t place = expired_by(1800000), id = share.id;

        (void)state;
        assert_int_equal(share_find(as("alice"), place, "bob", &share, &image), -ENOENT);
        assert_int_equal(live_shares(place), 0);
        assert_int_equal(image_get(as("bob"), place, &(struct image){ 0 }), -ENOENT);
        /* bob can get a new share, and the end of the old one is in the log */
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_true(share.id != id);
        assert_int_equal(events("op = 'expire' AND account = 'bob'"), 1);
}

/* Nobody can say that it has expired: only its owner ends it, by granting it anew. */
static void test_a_clock_in_doubt_ends_nothing(void **state) {
        int64_t place = expired_by(7200000), id = share.id;
        struct clock_state clock;

        (void)state;
        assert_int_equal(clock_get(as("operator"), &clock), 0);
        assert_true(clock.doubted);
        assert_int_equal(share_find(as("alice"), place, "bob", &share, &image), -ENOENT);
        assert_true(expiry_round(scratch_service) < 0);
        assert_int_equal(events("op = 'clock-doubt'"), 1);
        assert_int_equal(events("op = 'expire'"), 0);
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_true(share.id != id);
        assert_int_equal(events("op = 'unshare' AND account = 'bob'"), 1);
        /* until an operator says that the clock is right */
        assert_int_equal(clock_set(as("alice")), RULE_ROLE);
        assert_int_equal(clock_set(as("operator")), 0);
        assert_int_equal(clock_set(as("operator")), -EALREADY);
        assert_int_equal(clock_get(as("operator"), &clock), 0);
        assert_true(!clock.doubted && clock.log == clock.machine && clock.last > clock.log);
        assert_true(expiry_round(scratch_service) < 0);
        assert_int_equal(events("op = 'clock-doubt'"), 1);
        assert_int_equal(events("op = 'expire'"), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_an_expiry_is_kept_and_cleared),
                CASE(test_only_the_owner_sets_it),
                CASE(test_a_clock_set_back_revives_nothing),
                CASE(test_a_clock_in_doubt_ends_nothing),
        };

        return cmocka_run_group_tests_name("service expiry", tests, NULL, NULL);
}
