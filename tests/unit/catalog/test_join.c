/* SPDX-License-Identifier: MIT
 * What a commit writes to the log is one write, and all of it is there.
 */
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* How many calls that write this process has made. */
static long long writes(void) {
        FILE *file = fopen("/proc/self/io", "re");
        char line[64];
        long long n = -1;

        assert_non_null(file);
        while (n < 0 && fgets(line, sizeof(line), file))
                (void)sscanf(line, "syscw: %lld", &n); /* the line may be another one */
        (void)fclose(file); /* it was only read */
        assert_true(n >= 0);
        return n;
}

static void test_a_commit_is_one_write(void **state) {
        const char *preloaded = getenv("LD_PRELOAD");

        (void)state;
        if (preloaded && strstr(preloaded, "vgpreload")) /* valgrind writes too */
                skip();
        (void)must(REGION_PUT, 0, 0, "north"); /* the log's own header is written by the first */
        for (int i = 0; i < 10; i++) {
                char name[16];
                long long before = writes();

                (void)snprintf(name, sizeof(name), "web%d", i); /* fits */
                (void)must(PLACE_PUT, region_id("north"), OPERATOR, name);
                assert_int_equal(writes(), before + 1);
        }
        assert_int_equal(sql_number("SELECT count(*) FROM place"), 10);
}

/* Far more than is held back at a time. */
static void test_a_large_commit_is_whole(void **state) {
        (void)state;
        many(ACCOUNT_PUT, 10000, 0, 0, false, "a");
        assert_int_equal(sql_number("SELECT count(*) FROM account"), 10001);
        scratch_close();
        assert_int_equal(sql_number("SELECT count(*) FROM account"), 10001);
        assert_int_equal(chain_check(), 10001);
}

/* Where nothing is flushed nothing is held back: others read it at once. */
static void test_what_is_not_flushed_is_there(void **state) {
        (void)state;
        scratch_close();
        assert_int_equal(catalog_open(scratch_path, CATALOG_NOT_DURABLE, &scratch_catalog), 0);
        assert_int_equal(catalog_read(scratch_catalog, &scratch_reader), 0);
        for (int i = 1; i <= 100; i++) {
                char name[16];

                (void)snprintf(name, sizeof(name), "r%d", i); /* fits */
                (void)must(REGION_PUT, 0, 0, name);
                assert_int_equal(sql_number("SELECT count(*) FROM region"), i);
        }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_a_commit_is_one_write),
                CASE(test_a_large_commit_is_whole),
                CASE(test_what_is_not_flushed_is_there),
        };

        return cmocka_run_group_tests_name("catalog join", tests, NULL, NULL);
}
