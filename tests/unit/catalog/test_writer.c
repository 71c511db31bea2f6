/* SPDX-License-Identifier: MIT
 * The one writer: a change is made completely or not at all, in the order of requests, by many threads, with and
 * without waiting.
 */
#include "scratch.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "connection.h"

struct job {
        const char *name;
        int64_t value;
        int result;
        int runs;
};

/* Puts a setting by an event, then returns what the test wants. */
static int run_setting(struct catalog_connection *c, void *context) {
        struct job *job = context;
        int64_t id;
        int r = change_in(c, SETTING_PUT, job->value, 0, job->name, &id);

        job->runs++;
        return r < 0 ? r : job->result;
}

static int64_t setting(const char *name) {
        int64_t value = -1;

        assert_int_equal(catalog_setting_get(scratch_reader, name, -1, &value), 0);
        return value;
}

static void test_only_zero_commits(void **state) {
        static const int results[] = { 1, 21, INT32_MAX, -EIO, -1, -ENOENT };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
                struct job job = { .name = "x", .value = 5, .result = results[i] };

                assert_int_equal(catalog_write(scratch_catalog, run_setting, &job), results[i]);
                assert_int_equal(job.runs, 1);
                assert_int_equal(setting("x"), -1);
                assert_int_equal(chain_check(), 1);
        }
        assert_int_equal(catalog_write(scratch_catalog, run_setting, &(struct job){ .name = "x", .value = 6 }), 0);
        assert_int_equal(setting("x"), 6);
        assert_int_equal(chain_check(), 2); /* a change that failed uses up no number */
}

/* A statement that fails midway leaves nothing, and the writer goes on. */
static int run_twice(struct catalog_connection *c, void *context) {
        int64_t id;
        int r = change_in(c, REGION_PUT, 0, 0, "north", &id);

        (void)context;
        return r < 0 ? r : change_in(c, REGION_PUT, 0, 0, "north", &id);
}

static void test_a_failed_statement_undoes_the_change(void **state) {
        (void)state;
        assert_int_equal(catalog_write(scratch_catalog, run_twice, NULL), -EEXIST);
        assert_int_equal(sql_number("SELECT count(*) FROM region"), 0);
        assert_int_equal(chain_check(), 1);
        (void)must(REGION_PUT, 0, 0, "north");
        assert_int_equal(chain_check(), 2);
}

/* An event of an account that does not exist: an errno, and no row. */
static int run_orphan(struct catalog_connection *c, void *context) {
        struct caller nobody = { .account = 77, .name = "nobody" };
        int64_t id;

        (void)context;
        return catalog_event_add(c, &(struct event){ .caller = &nobody, .op = EVENT_LIMIT, .object = "x",
                                                     .detail = { { .key = "value", .number = 1 } } }, &id);
}

static void test_a_change_by_nobody_is_undone(void **state) {
        (void)state;
        assert_true(catalog_write(scratch_catalog, run_orphan, NULL) < 0);
        assert_int_equal(chain_check(), 1);
        (void)must(REGION_PUT, 0, 0, "north");
}

struct posted {
        int64_t value;
        int *done;
        int result;
};

static int run_posted(struct catalog_connection *c, void *context) {
        struct posted *posted = context;
        struct job job = { .name = "last", .value = posted->value, .result = posted->result };

        return run_setting(c, &job);
}

static void posted_done(void *context, int r) {
        struct posted *posted = context;

        *posted->done += r == posted->result; /* it gets the result of `run` */
        free(posted);
}

static void post(int64_t value, int result, int *done) {
        struct posted *posted = malloc(sizeof(*posted));

        assert_non_null(posted);
        *posted = (struct posted){ .value = value, .done = done, .result = result };
        assert_int_equal(catalog_post(scratch_catalog, run_posted, posted, posted_done), 0);
}

static void test_order_is_kept(void **state) {
        int done = 0;

        (void)state;
        for (int i = 1; i <= 50; i++) {
                struct job job = { .name = "waited", .value = i };

                post(i, 0, &done);
                assert_int_equal(catalog_write(scratch_catalog, run_setting, &job), 0);
                assert_int_equal(setting("last"), i); /* earlier posted changes are written first */
        }
        scratch_close();
        assert_int_equal(done, 50);
        assert_int_equal(chain_check(), 101);
}

static void test_posted_jobs_are_written_before_close_returns(void **state) {
        int done = 0;

        (void)state;
        for (int i = 1; i <= 200; i++)
                post(i, i % 10 == 0 ? -EIO : i % 10 == 1 ? 5 : 0, &done);
        scratch_close();
        assert_int_equal(done, 200); /* including those that failed */
        assert_int_equal(chain_check(), 1 + 200 - 40);
        scratch_open();
        assert_int_equal(setting("last"), 199);
        assert_int_equal(catalog_post(scratch_catalog, run_posted, &(struct posted){ .value = 7 }, NULL), 0);
        scratch_close();
        scratch_open();
        assert_int_equal(setting("last"), 7);
}

#define THREADS 8
#define EACH 40

struct worker {
        pthread_t thread;
        int number;
        int failures;
};

static void *work(void *argument) {
        struct worker *w = argument;

        for (int i = 0; i < EACH; i++) {
                char name[32];
                struct job job = { .name = name, .value = i, .result = i % 4 == 3 ? 9 : 0 };

                (void)snprintf(name, sizeof(name), "%d-%d", w->number, i);
                w->failures += catalog_write(scratch_catalog, run_setting, &job) != job.result || job.runs != 1;
        }
        return NULL;
}

static void test_threads_lose_nothing(void **state) {
        struct worker workers[THREADS];

        (void)state;
        for (int i = 0; i < THREADS; i++) {
                workers[i] = (struct worker){ .number = i };
                assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) {
                assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
                assert_int_equal(workers[i].failures, 0);
        }
        assert_int_equal(sql_number("SELECT count(*) FROM setting"), THREADS * EACH * 3 / 4);
        assert_int_equal(chain_check(), 1 + THREADS * EACH * 3 / 4);
}

static void *read_on(void *argument) {
        struct worker *w = argument;
        struct account account;

        for (int i = 0; i < EACH; i++) {
                _cleanup_read_ struct catalog_connection *c = NULL;

                w->failures += catalog_read(scratch_catalog, &c) != 0 || catalog_account_get(c, OPERATOR, &account) != 0;
        }
        return NULL;
}

static void test_readers_do_not_wait(void **state) {
        struct worker writer = { 0 }, readers[THREADS] = { 0 };

        (void)state;
        assert_int_equal(pthread_create(&writer.thread, NULL, work, &writer), 0);
        for (int i = 0; i < THREADS; i++)
                assert_int_equal(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
        for (int i = 0; i < THREADS; i++)
                assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
        assert_int_equal(pthread_join(writer.thread, NULL), 0);
        for (int i = 0; i < THREADS; i++)
                assert_int_equal(readers[i].failures + writer.failures, 0);
}

static int run_durability(struct catalog_connection *c, void *context) {
        sqlite3_stmt *s = NULL;

        if (sqlite3_prepare_v2(c->db, "PRAGMA synchronous", -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
                *(int *)context = sqlite3_column_int(s, 0);
        (void)sqlite3_finalize(s);
        return 0;
}

/* CONTRACT 5.3 durability: awaited changes are flushed (2, full), posted ones are not (1, normal). */
static void test_only_posted_jobs_are_not_flushed(void **state) {
        (void)state;
        for (int relaxed = 0; relaxed < 2; relaxed++) {
                int before = 0, posted = 0, together = 0, after = 0;

                assert_int_equal(catalog_write(scratch_catalog, run_durability, &before), 0);
                assert_int_equal(catalog_post(scratch_catalog, run_durability, &posted, NULL), 0);
                scratch_close();
                assert_int_equal(catalog_open(scratch_path, relaxed ? CATALOG_NOT_DURABLE : 0, &scratch_catalog), 0);
                assert_int_equal(catalog_post(scratch_catalog, run_durability, &together, NULL), 0);
                assert_int_equal(catalog_write(scratch_catalog, run_durability, &after), 0); /* one commit or two */
                assert_int_equal(before, 2);
                assert_int_equal(posted, 1);
                assert_int_equal(after, relaxed ? 1 : 2);
                scratch_close();
                assert_int_equal(catalog_open(scratch_path, 0, &scratch_catalog), 0);
        }
}

/* --- another process holds the catalog's lock --- */

#define CALLERS 64

struct caller_thread {
        pthread_t thread;
        char name[16];
        struct job job;
        int r;
        atomic_int *refused;
};

static void *call(void *argument) {
        struct caller_thread *t = argument;

        t->r = catalog_write(scratch_catalog, run_setting, &t->job);
        *t->refused += t->r == -EAGAIN;
        return NULL;
}

/* Some callers wait for the lock; the others give up long before, and their changes are not made. */
static void test_not_all_wait_for_long(void **state) {
        static struct caller_thread callers[CALLERS];
        atomic_int refused = 0;
        sqlite3 *db = NULL;

        (void)state;
        assert_int_equal(sqlite3_open(scratch_path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        for (int i = 0; i < CALLERS; i++) {
                struct caller_thread *t = &callers[i];

                (void)snprintf(t->name, sizeof(t->name), "c%d", i); /* fits */
                t->job = (struct job){ .name = t->name, .value = i };
                t->refused = &refused;
                assert_int_equal(pthread_create(&t->thread, NULL, call, t), 0);
        }
        while (refused < CALLERS - 1 - 48) /* one leads */
                (void)sched_yield(); /* cannot fail */
        assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        for (int i = 0; i < CALLERS; i++) {
                assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
                assert_int_equal(callers[i].job.runs, callers[i].r == 0);
                assert_int_equal(setting(callers[i].name), callers[i].r == 0 ? i : -1);
        }
        assert_int_equal(refused, CALLERS - 1 - 48);
        assert_int_equal(chain_check(), 1 + 49);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_only_zero_commits),
                CASE(test_a_failed_statement_undoes_the_change),
                CASE(test_a_change_by_nobody_is_undone),
                CASE(test_order_is_kept),
                CASE(test_posted_jobs_are_written_before_close_returns),
                CASE(test_threads_lose_nothing),
                CASE(test_readers_do_not_wait),
                CASE(test_only_posted_jobs_are_not_flushed),
                CASE(test_not_all_wait_for_long),
        };

        return cmocka_run_group_tests_name("catalog writer", tests, NULL, NULL);
}
