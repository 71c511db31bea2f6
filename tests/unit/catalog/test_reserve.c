/* SPDX-License-Identifier: MIT
 * The reserve: it is in the catalog's files, and stays there; while it is not whole, only what ends something is
 * written (CONTRACT 5.9). Calls of fallocate fail here at will.
 */
#include "scratch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connection.h"

#define HALF (INT64_C(32) << 20) /* of the default, on a file system that is not small */

int __real_fallocate64(int fd, int mode, off_t at, off_t size);
int __wrap_fallocate64(int fd, int mode, off_t at, off_t size);
static int failing; /* errno; 0: none */

int __wrap_fallocate64(int fd, int mode, off_t at, off_t size) {
        if (failing == 0)
                return __real_fallocate64(fd, mode, at, size);
        errno = failing;
        return -1;
}

static struct stat file(const char *suffix) {
        char path[128];
        struct stat st = { 0 };

        (void)snprintf(path, sizeof(path), "%s%s", scratch_path, suffix);
        if (stat(path, &st) < 0)
                st.st_size = -1;
        return st;
}

static int64_t allocated(const char *suffix) {
        return (int64_t)file(suffix).st_blocks * 512;
}

static void reopen(enum catalog_flags flags) {
        scratch_close();
        assert_int_equal(catalog_open(scratch_path, flags, &scratch_catalog), 0);
        assert_int_equal(catalog_read(scratch_catalog, &scratch_reader), 0);
}

static void assert_whole(void) {
        assert_true(file("").st_size >= sql_number("PRAGMA page_count") * 4096 + HALF);
        assert_true(allocated("") >= HALF);
        assert_true(allocated("-wal") >= HALF);
        assert_int_equal(file("-reserve").st_size, 128 << 10);
}

static int alone(void **state) {
        failing = 0;
        return scratch_setup(state);
}

static void test_it_is_made_before_the_first_change_and_stays(void **state) {
        int64_t size;

        (void)state;
        assert_int_equal(file("-reserve").st_size, -1);
        reopen(CATALOG_RESERVE);
        must(ACCOUNT_PUT, 0, 0, "bob");
        assert_whole();
        size = file("").st_size;
        many(ACCOUNT_PUT, 3000, 0, 0, false, "more");
        scratch_close();
        assert_true(allocated("-wal") >= HALF);
        assert_true(file("-shm").st_size > 0);
        assert_int_equal(file("").st_size, size); /* what was ahead is enough */
        /* also by who only reads, or keeps none */
        reopen(CATALOG_READ_ONLY);
        reopen(0);
        must(ACCOUNT_PUT, 0, 0, "carol");
        scratch_close();
        assert_true(allocated("-wal") >= HALF);
        assert_int_equal(file("").st_size, size);
        scratch_open();
        assert_int_equal(chain_check(), 3 + 3000);
        assert_int_equal(sql_number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

static void test_a_log_that_stays_is_short(void **state) {
        (void)state;
        reopen(CATALOG_RESERVE);
        for (int i = 0; i < 8; i++) {
                char prefix[8];

                (void)snprintf(prefix, sizeof(prefix), "n%d-", i);
                many(ACCOUNT_PUT, 400, 0, 0, false, prefix);
        }
        reopen(CATALOG_RESERVE);
        must(ACCOUNT_PUT, 0, 0, "last");
        {
                struct catalog_stats stats;

                catalog_stats(scratch_catalog, &stats);
                assert_in_range(stats.log_pages, 1, 100);
        }
        assert_int_equal(chain_check(), 2 + 8 * 400);
}

static void test_without_room_only_ends_are_written(void **state) {
        static const int lacks[] = { ENOSPC, EDQUOT };

        (void)state;
        must(REGION_PUT, 0, 0, "north");
        must(ACCOUNT_PUT, 0, 0, "alice");
        must(ACCOUNT_PUT, 0, 0, "bob");
        for (size_t i = 0; i < ARRAY_SIZE(lacks); i++) {
                int64_t place = must(PLACE_PUT, region_id("north"), account_id("alice"), i ? "db" : "web");
                int64_t share, events;

                must(IMAGE_FILL, place, place, NULL);
                must(IMAGE_SEAL, place, 5, NULL);
                share = must(SHARE_PUT, place, account_id("bob"), NULL);
                reopen(CATALOG_RESERVE);
                failing = lacks[i];
                events = sql_number("SELECT max(id) FROM event");
                if (i == 0) {
                        assert_int_equal(change(ACCOUNT_PUT, 0, 0, "carol"), -ENOSPC);
                        assert_int_equal(change(SETTING_PUT, 7, 0, "images-per-region"), -ENOSPC);
                        assert_int_equal(sql_number("SELECT max(id) FROM event"), events);
                }
                assert_true(change(SHARE_END, share, 0, NULL) > 0);
                assert_true(change(PLACE_END, place, 0, NULL) > 0);
                failing = 0;
                reopen(0);
        }
}

static void test_a_file_system_that_cannot_allocate_has_room(void **state) {
        (void)state;
        reopen(CATALOG_RESERVE);
        failing = EOPNOTSUPP;
        must(ACCOUNT_PUT, 0, 0, "bob");
        failing = 0;
}

static void test_none_is_wanted(void **state) {
        (void)state;
        must(SETTING_PUT, 0, 0, "reserve");
        reopen(CATALOG_RESERVE);
        failing = ENOSPC;
        must(ACCOUNT_PUT, 0, 0, "bob");
        failing = 0;
        assert_true(file("").st_size < 1 << 20);
}

static void test_an_eighth_at_most(void **state) {
        (void)state;
        assert_int_equal(catalog_reserve_of(64 << 20, UINT64_C(1) << 40), 64 << 20);
        assert_int_equal(catalog_reserve_of(64 << 20, 512 << 20), 64 << 20);
        assert_int_equal(catalog_reserve_of(64 << 20, 96 << 20), 12 << 20);
        assert_int_equal(catalog_reserve_of(0, 96 << 20), 0);
        assert_int_equal(catalog_reserve_of(INT64_MAX, 96 << 20), 12 << 20);
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, alone, scratch_teardown)
                TEST(test_it_is_made_before_the_first_change_and_stays),
                TEST(test_a_log_that_stays_is_short),
                TEST(test_without_room_only_ends_are_written),
                TEST(test_a_file_system_that_cannot_allocate_has_room),
                TEST(test_none_is_wanted),
                TEST(test_an_eighth_at_most),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
