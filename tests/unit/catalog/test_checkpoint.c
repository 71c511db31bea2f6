/* SPDX-License-Identifier: MIT
 * The write-ahead log stays short, whoever writes: one process for long, or many short ones, with readers open.
 */
#include "scratch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "connection.h"

#define LOG_MOST ((int64_t)24 << 20) /* three times the size at which it is copied back */

static int64_t log_size(void) {
        char path[128];
        struct stat st;

        (void)snprintf(path, sizeof(path), "%s-wal", scratch_path);
        return stat(path, &st) < 0 ? 0 : st.st_size;
}

/* Writes about 150 pages. */
static void write_much(int number) {
        char prefix[32];

        (void)snprintf(prefix, sizeof(prefix), "n%d-", number);
        many(ACCOUNT_PUT, 400, 0, 0, false, prefix);
}

static void test_one_who_writes_for_long(void **state) {
        struct catalog_stats stats;
        int64_t written = 0;

        (void)state;
        for (int i = 0; i < 120; i++) {
                int64_t before = log_size();

                write_much(i);
                written += log_size() - before; /* less than was written: the log starts over */
                catalog_stats(scratch_catalog, &stats);
        }
        assert_true(stats.checkpoints > 0);
        assert_true(log_size() < 2 * LOG_MOST);
        assert_true(written < 2 * LOG_MOST);
        assert_int_equal(chain_check(), 1 + 120 * 400);
        scratch_close();
        assert_int_equal(log_size(), 0);
        assert_int_equal(sql_number("SELECT count(*) FROM account"), 1 + 120 * 400);
}

/* While another process writes on, the log is never completely in the file; it can only start over in a pause. */
static void test_small_changes_without_a_pause(void **state) {
        int64_t most = 0;

        (void)state;
        scratch_close();
        assert_int_equal(catalog_open(scratch_path, CATALOG_NOT_DURABLE, &scratch_catalog), 0);
        for (int i = 0; i < 6000; i++) {
                struct catalog_stats stats;
                char name[32];

                (void)snprintf(name, sizeof(name), "n%d", i);
                (void)must(ACCOUNT_PUT, 0, 0, name);
                catalog_stats(scratch_catalog, &stats);
                most = stats.log_pages > most ? stats.log_pages : most;
        }
        assert_true(most * 4096 < 2 * LOG_MOST);
}

/* Like many commands beside a daemon that only reads. */
static void test_many_who_come_and_go(void **state) {
        struct catalog *daemon = scratch_catalog;

        (void)state;
        for (int i = 0; i < 100; i++) {
                scratch_catalog = NULL;
                assert_int_equal(catalog_open(scratch_path, 0, &scratch_catalog), 0);
                write_much(i);
                assert_null(catalog_close(scratch_catalog));
        }
        scratch_catalog = daemon;
        assert_true(log_size() > 0); /* the daemon has the catalog open */
        assert_true(log_size() < LOG_MOST);
}

static _Atomic bool stop;

static void *read_on(void *argument) {
        struct account account;
        int failures = 0;

        (void)argument;
        while (!stop) {
                _cleanup_read_ struct catalog_connection *c = NULL;

                failures += catalog_read(scratch_catalog, &c) != 0 || catalog_account_get(c, OPERATOR, &account) != 0;
        }
        return failures ? &stop : NULL;
}

static void test_with_readers_that_overlap(void **state) {
        pthread_t readers[4];

        (void)state;
        stop = false;
        for (int i = 0; i < 4; i++)
                assert_int_equal(pthread_create(&readers[i], NULL, read_on, NULL), 0);
        for (int i = 0; i < 100; i++)
                write_much(i);
        stop = true;
        for (int i = 0; i < 4; i++) {
                void *failed = NULL;

                assert_int_equal(pthread_join(readers[i], &failed), 0);
                assert_null(failed);
        }
        assert_true(log_size() < 2 * LOG_MOST);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_one_who_writes_for_long),
                CASE(test_small_changes_without_a_pause),
                CASE(test_many_who_come_and_go),
                CASE(test_with_readers_that_overlap),
        };

        return cmocka_run_group_tests_name("catalog checkpoint", tests, NULL, NULL);
}
