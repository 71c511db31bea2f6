/* SPDX-License-Identifier: MIT
 * Is the machine's clock right? Every way that it goes wrong, and comes right again; and the file that remembers.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "anchor.h"
#include "connection.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define YEAR (365 * DAY)
#define MAY INT64_C(1777803072345)
#define RIGHT ((struct anchor){ MAY, MAY }) /* the machine was started in May, as its clock said */

/* In this boot, so long after its start; the clock is so far off. */
static const struct {
        const char *what;
        struct anchor anchor;
        int64_t since, off;
        bool agrees;
        int64_t time; /* by the anchor, as far as it goes by that of RIGHT */
} running[] = {
        { "right", RIGHT, DAY, 0, true, DAY },
        { "slept, right", RIGHT, YEAR, 0, true, YEAR },
        { "an hour ahead", RIGHT, DAY, HOUR, true, DAY },
        { "an hour behind", RIGHT, DAY, -HOUR, true, DAY },
        { "more than an hour ahead", RIGHT, DAY, HOUR + 1, false, DAY },
        { "more than an hour behind", RIGHT, DAY, -HOUR - 1, false, DAY },
        { "in 1970", RIGHT, DAY, -MAY, false, DAY },
        { "as far ahead as can be", RIGHT, DAY, INT64_C(1) << 60, false, DAY },
        { "at least May: June", { MAY, INT64_MAX }, 0, 31 * DAY, true, 0 },
        { "at least May: nearly", { MAY, INT64_MAX }, 0, -HOUR, true, 0 },
        { "at least May: 1970", { MAY, INT64_MAX }, DAY, -MAY, false, DAY },
        { "from May to July: June", { MAY, MAY + 61 * DAY }, 0, 31 * DAY, true, 0 },
        { "from May to July: August", { MAY, MAY + 61 * DAY }, 0, 92 * DAY, false, 0 },
        { "never", { MAY, MAY - 3 * HOUR }, 0, 0, false, 0 },
};

static void test_running(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(running); i++) {
                const struct instant now = { .wall = MAY + running[i].since + running[i].off, .since = running[i].since };

                if (anchor_agrees(&running[i].anchor, &now) != running[i].agrees ||
                    anchor_time(&running[i].anchor, &now) != MAY + running[i].time)
                        fail_msg("%s", running[i].what);
        }
}

/* After a restart: the log's last time is May; the clock was so far ahead when it was doubted, and is so far from May. */
static const struct {
        const char *what;
        int64_t ahead, off;
        bool agrees;
} restarted[] = {
        { "at once", 0, 0, true },
        { "a year later", 0, YEAR, true },
        { "an hour before the log", 0, -HOUR, true },
        { "two hours before the log", 0, -2 * HOUR, false },
        { "in 1970", 0, -MAY, false },
        { "ahead, and still so", YEAR, YEAR, false },
        { "ahead, and still so, an hour later", YEAR, YEAR + HOUR, false },
        { "ahead, and set right", YEAR, DAY, true },
        { "ahead, and set back too far", YEAR, -DAY, false },
        { "two hours ahead, and set right at once", 2 * HOUR, HOUR / 2, true },
        { "two hours ahead, and still so", 2 * HOUR, 2 * HOUR, false },
        { "behind, and still so", -YEAR, -YEAR, false },
        { "behind, and set right", -YEAR, DAY, true },
};

static void test_restarted(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(restarted); i++) {
                const struct instant now = { .wall = MAY + restarted[i].off, .since = 5000 };
                const struct anchor anchor = anchor_first(&now, MAY, restarted[i].ahead);

                if (anchor_agrees(&anchor, &now) != restarted[i].agrees)
                        fail_msg("%s", restarted[i].what);
                if (!restarted[i].agrees) /* the log goes on from its last time */
                        assert_int_equal(anchor_time(&anchor, &now), MAY);
        }
}

static void test_none_agrees_with_all(void **state) {
        const struct instant times[] = { { 0, 0 }, { MAY, 0 }, { -MAY, YEAR } };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
                assert_true(anchor_agrees(&ANCHOR_NONE, &times[i]));
                assert_int_equal(anchor_time(&ANCHOR_NONE, &times[i]), times[i].wall);
        }
}

static const struct boot boot = { .id = "0d4a4b6e-6f0c-4c8b-8f5e-0123456789ab" };

static void put(const char *text) {
        int fd = open(scratch_name("catalog.db-clock"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        assert_int_equal(close(fd), 0);
}

static void test_file(void **state) {
        const struct home *home = &scratch_catalog->home;
        const struct anchor anchors[] = { RIGHT, { -MAY, MAY }, { 0, 0 }, { MAY, INT64_MAX } };
        struct boot other = boot;
        struct anchor read;

        (void)state;
        other.id[0] = 'f';
        assert_int_equal(anchor_read(home, &boot, &read), -ENOENT);
        for (size_t i = 0; i < ARRAY_SIZE(anchors); i++) {
                assert_int_equal(anchor_write(home, &boot, &anchors[i]), 0);
                assert_int_equal(anchor_read(home, &boot, &read), 0);
                assert_true(read.low == anchors[i].low && read.high == anchors[i].high);
                assert_int_equal(anchor_read(home, &other, &read), -ENOENT);
                assert_int_equal(anchor_read(home, &(struct boot){ 0 }, &read), -ENOENT);
        }
}

static void test_what_is_no_anchor(void **state) {
        static const char *const texts[] = {
                "", "\n", "x", "0d4a4b6e-6f0c-4c8b-8f5e-0123456789ab", "0d4a4b6e-6f0c-4c8b-8f5e-0123456789ab 1 2",
                "0d4a4b6e-6f0c-4c8b-8f5e-0123456789ab 1 2 4", "0d4a4b6e-6f0c-4c8b-8f5e-0123456789ab x 2 3",
                "0d4a4b6e-6f0c-4c8b-8f5e-0123456789ab 9223372036854775807 9223372036854775807 0",
                "0d4a4b6e-6f0c-4c8b-8f5e-0123456789ab -9223372036854775808 1 -9223372036854775807",
        };
        struct anchor read;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                put(texts[i]);
                if (anchor_read(&scratch_catalog->home, &boot, &read) != -ENOENT)
                        fail_msg("'%s' is an anchor", texts[i]);
        }
        put("0d4a4b6e-6f0c-4c8b-8f5e-0123456789ab 1 2 3");
        assert_int_equal(anchor_read(&scratch_catalog->home, &boot, &read), 0);
}

/* This machine: its boot has a name, and the time since its start goes on. */
static void test_this_machine(void **state) {
        struct boot here;
        struct instant then, now;

        (void)state;
        boot_read(&here);
        assert_int_equal(strlen(here.id), BOOT_ID_SIZE - 1);
        then = instant_now(&here);
        now = instant_now(&here);
        assert_true(then.since > 0 && now.since >= then.since);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_running), cmocka_unit_test(test_restarted),
                cmocka_unit_test(test_none_agrees_with_all), cmocka_unit_test(test_this_machine),
                CASE(test_file), CASE(test_what_is_no_anchor),
        };

        return cmocka_run_group_tests_name("anchor", tests, NULL, NULL);
}
