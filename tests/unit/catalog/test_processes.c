/* SPDX-License-Identifier: MIT
 * Several processes on one catalog: no change is lost, the chain stays intact.
 */
#include "scratch.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>

#define PROCESSES 4
#define THREADS 2
#define EACH 30

static int run_account(struct catalog_connection *c, void *context) {
        int64_t event;

        return change_in(c, ACCOUNT_PUT, 0, 0, context, &event);
}

struct worker {
        pthread_t thread;
        struct catalog *catalog;
        int process, number, failures;
};

static void *work(void *argument) {
        struct worker *w = argument;

        for (int i = 0; i < EACH; i++) {
                char name[32];

                (void)snprintf(name, sizeof(name), "p%d-%d-%d", w->process, w->number, i);
                w->failures += catalog_write(w->catalog, run_account, name) != 0;
        }
        return NULL;
}

/* Runs in the child. Returns the number of failures. */
static int child(int process) {
        struct worker workers[THREADS];
        struct catalog *catalog = NULL;
        int failures = 0;

        if (catalog_open(scratch_path, 0, &catalog) < 0)
                return 100;
        for (int i = 0; i < THREADS; i++) {
                workers[i] = (struct worker){ .catalog = catalog, .process = process, .number = i };
                failures += pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0;
        }
        for (int i = 0; i < THREADS; i++) {
                failures += pthread_join(workers[i].thread, NULL) != 0;
                failures += workers[i].failures;
        }
        (void)catalog_close(catalog); /* returns NULL */
        return failures;
}

static void test_processes_and_threads_lose_nothing(void **state) {
        pid_t children[PROCESSES];

        (void)state;
        for (int i = 0; i < PROCESSES; i++) {
                children[i] = fork(); /* nothing is open at a fork */
                assert_true(children[i] >= 0);
                if (children[i] == 0)
                        _exit(child(i));
        }
        for (int i = 0; i < PROCESSES; i++) {
                int status = -1;

                assert_int_equal(waitpid(children[i], &status, 0), children[i]);
                assert_true(WIFEXITED(status));
                assert_int_equal(WEXITSTATUS(status), 0);
        }
        assert_int_equal(chain_check(), 1 + PROCESSES * THREADS * EACH);
        assert_int_equal(sql_number("SELECT count(*) FROM account"), 1 + PROCESSES * THREADS * EACH);
        assert_int_equal(sql_number("SELECT count(DISTINCT id) FROM account"), 1 + PROCESSES * THREADS * EACH);
        /* each row is dated by its own event */
        assert_int_equal(sql_number("SELECT count(*) FROM account a JOIN event e ON e.id = a.from_event AND e.account = a.name"),
                         PROCESSES * THREADS * EACH);
}

/* A process that dies in a transaction leaves nothing and blocks nobody. */
static int run_and_die(struct catalog_connection *c, void *context) {
        if (run_account(c, context) == 0)
                _exit(7);
        return -EIO;
}

static void test_a_killed_process_leaves_nothing(void **state) {
        pid_t pid = fork();
        int status = -1;

        (void)state;
        assert_true(pid >= 0);
        if (pid == 0) {
                struct catalog *catalog = NULL;
                char name[] = "ghost";

                if (catalog_open(scratch_path, 0, &catalog) < 0)
                        _exit(1);
                (void)catalog_write(catalog, run_and_die, name);
                _exit(2);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 7);
        scratch_open();
        assert_int_equal(catalog_account_used(scratch_reader, "ghost"), 0);
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        assert_int_equal(chain_check(), 2);
}

/* One catalog reads at once what another one wrote. */
static void test_a_change_is_seen_by_others_at_once(void **state) {
        struct catalog *other = NULL;
        struct catalog_connection *c = NULL;
        struct account account;

        (void)state;
        scratch_open();
        assert_int_equal(catalog_open(scratch_path, 0, &other), 0);
        assert_int_equal(catalog_read(other, &c), 0);
        for (int i = 0; i < 20; i++) {
                char name[16];

                (void)snprintf(name, sizeof(name), "a%d", i);
                assert_int_equal(catalog_account_find(c, name, &account), -ENOENT);
                (void)must(ACCOUNT_PUT, 0, 0, name);
                assert_int_equal(catalog_account_find(c, name, &account), 0);
                (void)must(ACCOUNT_END, account.id, 0, NULL);
                assert_int_equal(catalog_account_get(c, account.id, &account), -ENOENT);
        }
        catalog_read_end(&c);
        other = catalog_close(other);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup_closed, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_processes_and_threads_lose_nothing),
                CASE(test_a_killed_process_leaves_nothing),
                CASE(test_a_change_is_seen_by_others_at_once),
        };

        return cmocka_run_group_tests_name("catalog processes", tests, NULL, NULL);
}
