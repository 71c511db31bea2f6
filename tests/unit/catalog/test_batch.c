/* SPDX-License-Identifier: MIT
 * Changes that share a transaction: each is made or undone alone, in order; one flush, or one failure, is shared by
 * all. The clock stands still unless a change moves it: all that waits comes into one batch.
 */
#include "scratch.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "connection.h"

#define MS 1000000

static _Atomic int64_t clock_ns;

int __real_clock_gettime(clockid_t id, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret_time) {
        if (id != CLOCK_MONOTONIC)
                return __real_clock_gettime(id, ret_time);
        *ret_time = (struct timespec){ .tv_sec = clock_ns / 1000000000, .tv_nsec = clock_ns % 1000000000 };
        return 0;
}

/* The setting that the changes write: another one each round. */
static char setting[16] = "all";

static void begin_round(int number) {
        (void)snprintf(setting, sizeof(setting), "all%d", number); /* fits */
}

/* A change: appends its number to the setting, then returns what the test wants. */
struct wish {
        pthread_t thread;
        int64_t account;
        int number, wanted, result;
        int64_t ms; /* that it takes */
        int level;  /* PRAGMA synchronous while it ran */
        void (*fault)(sqlite3 *db);
};

static int level_of(sqlite3 *db) {
        sqlite3_stmt *s = NULL;
        int level = -1;

        if (sqlite3_prepare_v2(db, "PRAGMA synchronous", -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
                level = sqlite3_column_int(s, 0);
        (void)sqlite3_finalize(s);
        return level;
}

static int run_change(struct catalog_connection *c, void *context) {
        struct wish *change = context;
        int64_t id, all = 0;
        int r = catalog_setting_get(c, setting, 0, &all);

        if (r == 0)
                r = change_in(c, SETTING_PUT, 10 * all + change->number, 0, setting, &id);
        change->level = level_of(c->db);
        clock_ns += change->ms * MS;
        if (change->fault)
                change->fault(c->db);
        return r < 0 ? r : change->wanted;
}

/* Keeps the writer's turn until the test ends it, and then for so long that the batch takes no other change. */
static sem_t held, let_go;

static int run_hold(struct catalog_connection *c, void *context) {
        (void)c;
        (void)context;
        (void)sem_post(&held);
        while (sem_wait(&let_go) < 0)
                ;
        clock_ns += 10 * MS;
        return 1;
}

static void *hold(void *argument) {
        (void)argument;
        (void)catalog_write(scratch_catalog, run_hold, NULL);
        return NULL;
}

static void *ask(void *argument) {
        struct wish *change = argument;

        change->result = catalog_write_for(scratch_catalog, change->account, run_change, change);
        return NULL;
}

static int queued(void) {
        int n = 0;

        (void)pthread_mutex_lock(&scratch_catalog->lock);
        for (const struct pending *job = STAILQ_FIRST(&scratch_catalog->queue); job; job = STAILQ_NEXT(job, next))
                n++;
        (void)pthread_mutex_unlock(&scratch_catalog->lock);
        return n;
}

static pthread_t holder;

static void begin_hold(void) {
        assert_int_equal(sem_init(&held, 0, 0), 0);
        assert_int_equal(sem_init(&let_go, 0, 0), 0);
        assert_int_equal(pthread_create(&holder, NULL, hold, NULL), 0);
        while (sem_wait(&held) < 0)
                ;
}

static void end_hold(void) {
        (void)sem_post(&let_go);
        (void)pthread_join(holder, NULL);
}

/* Queues all changes, in order, then lets the writer make them. */
static void together(struct wish *changes, int count) {
        begin_hold();
        for (int i = 0; i < count; i++) {
                changes[i].number = i + 1;
                assert_int_equal(pthread_create(&changes[i].thread, NULL, ask, &changes[i]), 0);
                while (queued() < i + 1)
                        (void)sched_yield();
        }
        end_hold();
        for (int i = 0; i < count; i++)
                assert_int_equal(pthread_join(changes[i].thread, NULL), 0);
}

static int64_t done(void) {
        char sql[128];

        (void)snprintf(sql, sizeof(sql),
                       "SELECT value FROM setting WHERE name = '%s' AND until_event = 140737488355327", setting);
        return sql_number(sql);
}

static struct catalog_stats stats(void) {
        struct catalog_stats s;

        catalog_stats(scratch_catalog, &s);
        return s;
}

static void test_one_commit_serves_all(void **state) {
        struct wish changes[6] = { 0 };

        (void)state;
        together(changes, 6);
        assert_int_equal(done(), 123456);
        assert_int_equal(chain_check(), 1 + 6);
        assert_int_equal(stats().commits, 1);
        assert_int_equal(stats().changes, 6);
        assert_int_equal(stats().largest, 6);
        assert_int_equal(stats().sizes[2], 1); /* 4 to 7 changes */
        for (int i = 0; i < 6; i++) {
                assert_int_equal(changes[i].result, 0);
                assert_int_equal(changes[i].level, 2);
        }
}

/* One account's changes wait, and another's come last: it is next, and the first leaves the rest to another commit. */
static void test_accounts_take_turns(void **state) {
        static const int order[] = { 1, 11, 12, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
        struct wish changes[12] = { 0 };
        int64_t expected = 0;

        (void)state;
        for (int i = 0; i < 12; i++) {
                changes[i].account = i < 10 ? 5 : i == 10 ? 6 : 7;
                expected = 10 * expected + order[i];
        }
        together(changes, 12);
        assert_int_equal(done(), expected);
        assert_int_equal(stats().commits, 2);
        assert_int_equal(stats().changes, 12);
        assert_int_equal(stats().largest, 8); /* in the second: what is left of the first account's, alone again */
        for (int i = 0; i < 12; i++)
                assert_int_equal(changes[i].result, 0);
}

/* Alone it has all of a commit. */
static void test_an_account_alone_does_not_wait(void **state) {
        struct wish changes[12] = { 0 };

        (void)state;
        for (int i = 0; i < 12; i++)
                changes[i].account = 5;
        together(changes, 12);
        assert_int_equal(stats().commits, 1);
        assert_int_equal(stats().largest, 12);
}

/* A refused change in every position among others. */
static void test_a_refused_neighbour_disturbs_nobody(void **state) {
        int64_t events = 1;

        (void)state;
        for (int pattern = 0; pattern < 16; pattern++) {
                struct wish changes[4] = { 0 };
                int64_t expected = 0;

                begin_round(pattern);
                for (int i = 0; i < 4; i++)
                        if (pattern & 1 << i)
                                changes[i].wanted = i % 2 ? 21 : -EIO;
                        else
                                expected = 10 * expected + i + 1;
                together(changes, 4);
                for (int i = 0; i < 4; i++) {
                        assert_int_equal(changes[i].result, changes[i].wanted);
                        events += changes[i].wanted == 0;
                }
                assert_int_equal(done(), pattern == 15 ? -1 : expected);
                assert_int_equal(chain_check(), events);
        }
        assert_int_equal(stats().commits, 15);
        assert_int_equal(stats().changes, events - 1);
}

static _Atomic bool broken;

static int refuse_commit(void *context) {
        (void)context;
        return broken;
}

static void break_commit(sqlite3 *db) {
        broken = true;
        (void)sqlite3_commit_hook(db, refuse_commit, NULL);
}

/* A failed commit is reported to every change in it. Decisions that build on it are void, too. */
static void test_a_failed_commit_fails_all(void **state) {
        struct wish changes[] = { { .wanted = 7 }, { .fault = break_commit }, { .wanted = 7 }, { .wanted = 0 } };

        (void)state;
        together(changes, 4);
        assert_int_equal(changes[0].result, 7); /* refused before anything was done */
        assert_true(changes[1].result < 0);
        assert_true(changes[2].result < 0);
        assert_true(changes[3].result < 0);
        assert_int_equal(chain_check(), 1);
        assert_int_equal(stats().commits, 0);
        broken = false;
        together(changes + 3, 1);
        assert_int_equal(changes[3].result, 0);
        assert_int_equal(done(), 1);
}

static int deny_savepoints(void *context, int action, const char *a, const char *b, const char *c, const char *d) {
        (void)context, (void)b, (void)c, (void)d;
        return action == SQLITE_SAVEPOINT && strcmp(a, "ROLLBACK") == 0 ? SQLITE_DENY : SQLITE_OK;
}

static int deny_rollbacks(void *context, int action, const char *a, const char *b, const char *c, const char *d) {
        if (action == SQLITE_TRANSACTION && strcmp(a, "ROLLBACK") == 0)
                return SQLITE_DENY;
        return deny_savepoints(context, action, a, b, c, d);
}

static void break_savepoints(sqlite3 *db) {
        (void)sqlite3_set_authorizer(db, deny_savepoints, NULL);
}

static void break_rollbacks(sqlite3 *db) {
        (void)sqlite3_set_authorizer(db, deny_rollbacks, NULL);
}

/* A change that cannot be undone alone is undone with its whole transaction. Later changes do not notice. */
static void test_a_stuck_transaction_is_given_up(void **state) {
        void (*const faults[])(sqlite3 *) = { break_savepoints, break_rollbacks };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
                struct wish changes[] = { { .fault = faults[i] }, { 0 }, { .wanted = 7 }, { 0 }, { 0 } };

                begin_round((int)i);
                together(changes, 5);
                assert_true(changes[0].result < 0);
                assert_true(changes[1].result < 0);
                assert_true(changes[2].result < 0);
                assert_int_equal(changes[3].result, 0);
                assert_int_equal(changes[4].result, 0);
                assert_int_equal(done(), 45);
                assert_int_equal(chain_check(), 1 + 2 * (int64_t)(i + 1));
        }
}

static void end_transaction(sqlite3 *db) {
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* as SQLite itself does when a disk is full */
}

static void test_a_transaction_that_ends_by_itself(void **state) {
        struct wish changes[] = { { 0 }, { .fault = end_transaction }, { 0 } };

        (void)state;
        together(changes, 3);
        assert_true(changes[0].result < 0);
        assert_true(changes[1].result < 0);
        assert_int_equal(changes[2].result, 0);
        assert_int_equal(done(), 3);
        assert_int_equal(chain_check(), 2);
}

/* So that other processes can write, too. */
static void test_a_transaction_takes_no_more_after_some_time(void **state) {
        struct wish changes[] = { { .ms = 4 }, { .ms = 7 }, { 0 }, { .ms = 9 }, { .ms = 30 }, { .ms = 30 } };

        (void)state;
        together(changes, 6);
        assert_int_equal(done(), 123456);
        assert_int_equal(stats().commits, 3);
        assert_int_equal(stats().sizes[0], 1);
        assert_int_equal(stats().sizes[1], 2);
}

static void post(struct wish *change) {
        assert_int_equal(catalog_post(scratch_catalog, run_change, change, NULL), 0);
}

/* CONTRACT 5.3: posted changes reach the disk with the flush of awaited ones, or later. */
static void test_posted_ones_share_the_flush_of_others(void **state) {
        struct wish posted[4] = { { .number = 1 }, { .number = 2 }, { .number = 3, .wanted = 7 }, { .number = 4 } };
        struct wish waited = { .number = 5 };

        (void)state;
        begin_round(0);
        begin_hold();
        post(&posted[0]);
        post(&posted[1]);
        assert_int_equal(pthread_create(&waited.thread, NULL, ask, &waited), 0);
        while (queued() < 3)
                (void)sched_yield();
        post(&posted[2]);
        post(&posted[3]);
        end_hold();
        assert_int_equal(pthread_join(waited.thread, NULL), 0);
        scratch_close();
        assert_int_equal(posted[0].level, 2);
        assert_int_equal(waited.level, 2);
        assert_int_equal(done(), 1254);
        scratch_open();
        begin_round(1);
        posted[0].level = 0;
        post(&posted[0]);
        scratch_close();
        assert_int_equal(posted[0].level, 1);
        assert_int_equal(done(), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_one_commit_serves_all),
                CASE(test_accounts_take_turns),
                CASE(test_an_account_alone_does_not_wait),
                CASE(test_a_refused_neighbour_disturbs_nobody),
                CASE(test_a_failed_commit_fails_all),
                CASE(test_a_stuck_transaction_is_given_up),
                CASE(test_a_transaction_that_ends_by_itself),
                CASE(test_a_transaction_takes_no_more_after_some_time),
                CASE(test_posted_ones_share_the_flush_of_others),
        };

        return cmocka_run_group_tests_name("catalog batch", tests, NULL, NULL);
}
