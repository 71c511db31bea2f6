/* SPDX-License-Identifier: MIT
 * A place's history: its own events, oldest first; for one account only those that name it.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

struct seen {
        int count, stop_at;
        long long last, ids[1000];
};

static int collect(const char *line, size_t length, void *context) {
        struct seen *seen = context;
        long long id;

        assert_int_equal(sscanf(line, "{\"event\":%lld,", &id), 1);
        assert_int_equal(line[length - 1], '\n');
        assert_true(id > seen->last);
        assert_true(seen->count < (int)ARRAY_SIZE(seen->ids));
        seen->last = seen->ids[seen->count++] = id;
        return seen->count == seen->stop_at ? 17 : 0;
}

static int history(int64_t place, const char *account) {
        static struct seen seen;

        seen = (struct seen){ .count = 0 };
        assert_int_equal(catalog_history(scratch_reader, place, account, true, collect, &seen), 0);
        return seen.count;
}

static void test_a_place_has_its_own_events(void **state) {
        int64_t region = must(REGION_PUT, 0, 0, "north"), a, b;

        (void)state;
        region = region_id("north");
        a = must(PLACE_PUT, region, OPERATOR, "a");
        b = must(PLACE_PUT, region, OPERATOR, "b");
        (void)must(PLACE_RENAME, a, 0, "c");
        (void)must(DESCRIPTION_PUT, a, 0, "");
        (void)must(PLACE_END, a, 0, NULL);
        assert_int_equal(history(a, NULL), 4); /* even when the place has ended */
        assert_int_equal(history(b, NULL), 1);
        assert_int_equal(history(0, NULL), 0);
        assert_int_equal(history(999, NULL), 0);
}

/* An account reads what it did and what was done with it, nothing else (CONTRACT 3.3). */
static void test_an_account_reads_its_own_rows(void **state) {
        struct caller bob = { .account = 3, .name = "bob" };
        int64_t web, db;

        (void)state;
        (void)must(REGION_PUT, 0, 0, "north");
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        (void)must(ACCOUNT_PUT, 0, 0, "bobby");
        web = must(PLACE_PUT, region_id("north"), account_id("alice"), "web");
        db = must(PLACE_PUT, region_id("north"), account_id("alice"), "db");
        (void)must(SHARE_PUT, web, account_id("bob"), NULL);
        (void)must(SHARE_PUT, web, account_id("bobby"), NULL);
        (void)must(SHARE_PUT, db, account_id("bob"), NULL);
        (void)log_event(&(struct event){ .caller = &bob, .op = EVENT_COPY, .object = "north/web@alice", .place = web,
                                         .rule = "no-copy-of-shared", .error = "EPERM" });
        assert_int_equal(history(web, NULL), 4);
        assert_int_equal(history(web, "bob"), 2);
        assert_int_equal(history(web, "bobby"), 1);
        assert_int_equal(history(web, "alice"), 3);
        assert_int_equal(history(web, "carol"), 0);
        assert_int_equal(history(web, "bob' OR '1"), 0);
}

static int run_many(struct catalog_connection *c, void *context) {
        const int64_t *places = context;
        int64_t id;
        int r = 0;

        for (int i = 0; i < 600 && r == 0; i++)
                r = change_in(c, DESCRIPTION_PUT, places[i % 2], 0, "text", &id);
        return r;
}

static void test_long_histories_are_whole(void **state) {
        struct seen seen = { .stop_at = 257 };
        int64_t places[2];

        (void)state;
        (void)must(REGION_PUT, 0, 0, "north");
        places[0] = must(PLACE_PUT, region_id("north"), OPERATOR, "a");
        places[1] = must(PLACE_PUT, region_id("north"), OPERATOR, "b");
        assert_int_equal(catalog_write(scratch_catalog, run_many, places), 0);
        assert_int_equal(history(places[0], NULL), 302); /* with the two events that made it and its description */
        assert_int_equal(history(places[1], "operator"), 302);
        assert_int_equal(catalog_history(scratch_reader, places[0], NULL, true, collect, &seen), 17); /* returned by `each` */
        assert_int_equal(seen.count, 257);
        assert_int_equal(chain_check(), 606);
}

static void test_a_damaged_hash_is_told(void **state) {
        struct seen seen = { 0 };
        int64_t place;

        (void)state;
        (void)must(REGION_PUT, 0, 0, "north");
        place = must(PLACE_PUT, region_id("north"), OPERATOR, "web");
        sql_run("UPDATE event SET hash = x'00' WHERE id = 3");
        assert_int_equal(catalog_history(scratch_reader, place, NULL, true, collect, &seen), -EIO);
        assert_int_equal(change(REGION_PUT, 0, 0, "south"), -EIO); /* the chain cannot continue from there */
        assert_int_equal(sql_number("SELECT count(*) FROM event"), 3);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_a_place_has_its_own_events),
                CASE(test_an_account_reads_its_own_rows),
                CASE(test_long_histories_are_whole),
                CASE(test_a_damaged_hash_is_told),
        };

        return cmocka_run_group_tests_name("catalog history", tests, NULL, NULL);
}
