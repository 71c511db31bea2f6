/* SPDX-License-Identifier: MIT
 * Remembered rows equal the current ones, whoever commits, and however the log is copied back, reset or recovered;
 * reads together share one transaction.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "look.h"
/* --- one process --- */

static void test_a_row_is_asked_for_once(void **state) {
        (void)state;
        look_set_quota(1);
        assert_int_equal(look_quota(), 1);
        assert_true(look_asked(S_ACCOUNT_GET));
        for (int i = 0; i < 3; i++) {
                assert_int_equal(look_quota(), 1);
                assert_false(look_asked(S_ACCOUNT_GET));
        }
        look_set_quota(2);
        assert_int_equal(look_quota(), 2);
        assert_true(look_asked(S_ACCOUNT_GET));
        (void)must(REGION_PUT, 0, 0, "north"); /* nearly any change */
        assert_int_equal(look_quota(), 2);
        assert_true(look_asked(S_ACCOUNT_GET));
}

static void test_what_is_missing_is_asked_for(void **state) {
        (void)state;
        for (int i = 0; i < 2; i++) {
                _cleanup_read_ struct catalog_connection *c = look_begin(scratch_catalog);
                struct account account;

                assert_int_equal(catalog_account_find(c, "bob", &account), -ENOENT);
        }
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        assert_true(account_id("bob") > 0);
}

/* Lookups with the same numbers, by different keys, through different statements. */
static void test_rows_are_of_their_keys(void **state) {
        int64_t north, web, link, shared;
        struct catalog_connection *c;
        struct image image;
        struct share share;
        int64_t place;

        (void)state;
        (void)must(REGION_PUT, 0, 0, "north");
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        north = region_id("north");
        web = must(PLACE_PUT, north, alice, "web");
        link = must(IMAGE_RENEW, web, 0, NULL);
        shared = must(SHARE_PUT, link, account_id("bob"), NULL);
        for (int i = 0; i < 3; i++) {
                c = look_begin(scratch_catalog);
                assert_int_equal(catalog_image_get(c, web, &image), 0);
                assert_int_equal(image.id, link);
                assert_int_equal(catalog_image_of_id(c, link, &image), 0);
                assert_int_equal(image.place, web);
                assert_int_equal(catalog_image_of_id(c, web, &image), -ENOENT); /* the place was renewed */
                assert_int_equal(catalog_image_get(c, link, &image), -ENOENT);
                assert_int_equal(catalog_place_find(c, north, alice, "web", &place), 0);
                assert_int_equal(place, web);
                assert_int_equal(catalog_place_find(c, north, alice, "we", &place), -ENOENT);
                assert_int_equal(catalog_share_find(c, link, account_id("bob"), &share), 0);
                assert_int_equal(share.id, shared);
                assert_int_equal(catalog_share_named(c, link, "bob", &share), 0);
                assert_int_equal(share.id, shared);
                assert_int_equal(catalog_share_named(c, link, "alice", &share), -ENOENT);
                assert_int_equal(catalog_share_get(c, shared, &share), 0);
                assert_int_equal(share.image, link);
                catalog_read_end(&c);
        }
}

/* A share expires without a commit. */
static void test_a_share_that_will_expire_is_asked_for(void **state) {
        int64_t web, id;
        struct share share;

        (void)state;
        (void)must(REGION_PUT, 0, 0, "north");
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        web = must(PLACE_PUT, region_id("north"), alice, "web");
        id = must(SHARE_PUT, web, account_id("bob"), NULL);
        (void)must(EXPIRY_PUT, id, 4000000000000, NULL);
        for (int i = 0; i < 2; i++) {
                struct catalog_connection *c = look_begin(scratch_catalog);

                assert_int_equal(catalog_share_get(c, id, &share), 0);
                assert_int_equal(catalog_share_named(c, web, "bob", &share), 0);
                catalog_read_end(&c);
                assert_true(look_asked(S_SHARE_GET));
                assert_true(look_asked(S_SHARE_FIND));
        }
}

static void test_only_who_reads_together_knows(void **state) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct account account;

        (void)state;
        assert_int_equal(look_quota(), -1);
        assert_int_equal(catalog_read(scratch_catalog, &c), 0);
        (void)sqlite3_stmt_status(c->statements[S_ACCOUNT_GET], SQLITE_STMTSTATUS_RUN, 1);
        assert_int_equal(catalog_account_get(c, alice, &account), 0);
        assert_int_equal(sqlite3_stmt_status(c->statements[S_ACCOUNT_GET], SQLITE_STMTSTATUS_RUN, 1), 1);
}

/* More rows than there is room for: dropped ones are read again. */
static void test_many_rows(void **state) {
        (void)state;
        many(ACCOUNT_PUT, 2000, 0, 0, false, "a");
        for (int round = 0; round < 2; round++)
                for (int i = 0; i < 2000; i++) {
                        _cleanup_read_ struct catalog_connection *c = look_begin(scratch_catalog);
                        struct account account;
                        char name[NAME_SIZE];

                        (void)snprintf(name, sizeof(name), "a%d", i); /* fits */
                        assert_int_equal(catalog_account_find(c, name, &account), 0);
                        assert_string_equal(account.name, name);
                }
}

/* --- the transaction --- */

static void test_together_is_one_transaction(void **state) {
        struct catalog_connection *c = look_begin(scratch_catalog), *again = catalog_read_again(c);
        struct account account;
        int64_t place;

        (void)state;
        assert_true(sqlite3_get_autocommit(c->db)); /* nothing was read yet */
        assert_int_equal(catalog_place_find(c, 1, 1, "web", &place), -ENOENT);
        assert_false(sqlite3_get_autocommit(c->db));
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        assert_int_equal(catalog_account_find(again, "bob", &account), -ENOENT);
        catalog_read_end(&again);
        assert_int_equal(catalog_account_find(c, "bob", &account), -ENOENT);
        again = c;
        catalog_read_end(&c);
        assert_true(sqlite3_get_autocommit(again->db));
        c = look_begin(scratch_catalog);
        assert_int_equal(catalog_account_find(c, "bob", &account), 0);
        catalog_read_end(&c);
}

/* A row read in a transaction that began before a commit is not remembered after it. */
static void test_an_old_transaction_makes_nothing_known(void **state) {
        struct catalog_connection *old = look_begin(scratch_catalog);
        struct account account;
        int64_t place;

        (void)state;
        assert_int_equal(catalog_place_find(old, 1, 1, "web", &place), -ENOENT); /* the transaction begins */
        look_set_quota(7);
        assert_int_equal(catalog_account_get(old, alice, &account), 0);
        assert_int_equal(account.quota, -1);
        assert_int_equal(look_quota(), 7);
        assert_int_equal(catalog_account_get(old, alice, &account), 0);
        assert_int_equal(account.quota, -1);
        catalog_read_end(&old);
        assert_int_equal(look_quota(), 7);
}

/* --- the log --- */

static void test_copying_the_log_back_changes_nothing(void **state) {
        static const char *const modes[] = { "PASSIVE", "FULL", "RESTART", "TRUNCATE" };
        char sql[64];

        (void)state;
        for (int i = 0; i < 40; i++) {
                look_set_quota(i);
                if (i % 3 == 0)
                        assert_int_equal(look_quota(), i);
                (void)snprintf(sql, sizeof(sql), "PRAGMA wal_checkpoint(%s)", modes[i % ARRAY_SIZE(modes)]);
                sql_run(sql);
                assert_int_equal(look_quota(), i);
                assert_int_equal(look_quota(), i);
        }
}

/* Damages unreliable parts of the log's index, as a dying writer or another program may leave them. */
static void damage(off_t offset, size_t size) {
        pid_t pid = fork(); /* closing the file here would drop SQLite's locks */
        int status = -1;

        assert_true(pid >= 0);
        if (pid == 0) {
                char path[128], zeros[64] = { 0 };
                int fd;

                (void)snprintf(path, sizeof(path), "%s-shm", scratch_path);
                fd = open(path, O_RDWR | O_CLOEXEC);
                _exit(fd >= 0 && pwrite(fd, zeros, size, offset) == (ssize_t)size ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void test_a_damaged_index_is_not_believed(void **state) {
        static const struct {
                off_t offset;
                size_t size;
        } cases[] = { { 0, 48 }, { 48, 48 }, { 8, 4 }, { 56, 4 }, { 12, 1 }, { 0, 4 } };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                look_set_quota((int64_t)i);
                assert_int_equal(look_quota(), i);
                damage(cases[i].offset, cases[i].size);
                assert_int_equal(look_quota(), i); /* SQLite recovers the index */
                assert_int_equal(look_quota(), i);
                look_set_quota(100 + (int64_t)i);
                assert_int_equal(look_quota(), 100 + i);
        }
}

static void test_without_an_index_everything_is_asked(void **state) {
        _cleanup_read_ struct catalog_connection *c = look_begin(scratch_catalog);
        struct account account;

        (void)state;
        c->log_header = NULL;
        for (int i = 1; i <= 3; i++) {
                assert_int_equal(catalog_account_get(c, alice, &account), 0);
                assert_int_equal(sqlite3_stmt_status(c->statements[S_ACCOUNT_GET], SQLITE_STMTSTATUS_RUN, 0), i);
        }
}

/* --- several at once --- */

#define PROCESSES 3
#define READERS 3
#define ROUNDS 400

struct shared {
        atomic_llong committed[PROCESSES]; /* the last change acknowledged to each */
        atomic_int ended;
};
static struct shared *shared;
static int64_t accounts[PROCESSES];

static int raise_quota(int process) {
        struct catalog *catalog = NULL;
        int failures = 0;

        if (catalog_open(scratch_path, CATALOG_NOT_DURABLE, &catalog) < 0)
                return 100;
        for (int i = 1; i <= ROUNDS; i++) {
                failures += look_set_quota_of(catalog, accounts[process], i) != 0;
                shared->committed[process] = i;
        }
        (void)catalog_close(catalog); /* returns NULL */
        return failures;
}

/* A read must not be older than what was committed before it began. */
static void *read_quotas(void *argument) {
        int *failures = argument;

        while (shared->ended < PROCESSES)
                for (int i = 0; i < PROCESSES; i++) {
                        long long before = shared->committed[i];
                        struct catalog_connection *c = NULL;
                        struct account account;

                        if (catalog_read(scratch_catalog, &c) < 0) {
                                ++*failures;
                                continue;
                        }
                        catalog_read_together(c);
                        *failures += catalog_account_get(c, accounts[i], &account) < 0 || account.quota < before;
                        catalog_read_end(&c);
                }
        return NULL;
}

static void test_readers_are_never_behind_other_processes(void **state) {
        pthread_t threads[READERS];
        pid_t children[PROCESSES];
        int failures[READERS] = { 0 };

        (void)state;
        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(shared != MAP_FAILED);
        many(ACCOUNT_PUT, PROCESSES, 0, 0, false, "p");
        for (int i = 0; i < PROCESSES; i++) {
                char name[NAME_SIZE];

                (void)snprintf(name, sizeof(name), "p%d", i); /* fits */
                accounts[i] = account_id(name);
                assert_int_equal(look_set_quota_of(scratch_catalog, accounts[i], 0), 0);
        }
        scratch_close(); /* nothing is open at a fork */
        for (int i = 0; i < PROCESSES; i++) {
                children[i] = fork();
                assert_true(children[i] >= 0);
                if (children[i] == 0)
                        _exit(raise_quota(i));
        }
        scratch_open();
        for (int i = 0; i < READERS; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, read_quotas, &failures[i]), 0);
        for (int i = 0; i < PROCESSES; i++) {
                int status = -1;

                assert_int_equal(waitpid(children[i], &status, 0), children[i]);
                assert_int_equal(status, 0);
                shared->ended++;
        }
        for (int i = 0; i < READERS; i++) {
                assert_int_equal(pthread_join(threads[i], NULL), 0);
                assert_int_equal(failures[i], 0);
        }
        (void)munmap(shared, sizeof(*shared)); /* cannot fail: it is mapped */
}

static void *change_quota(void *argument) {
        int *failures = argument;

        for (int i = 1; i <= ROUNDS; i++) {
                *failures += look_set_quota_of(scratch_catalog, alice, i) != 0;
                shared->committed[0] = i;
        }
        shared->ended = PROCESSES;
        return NULL;
}

static void test_readers_are_never_behind_their_own_writer(void **state) {
        struct shared here = { 0 };
        pthread_t threads[READERS], writer;
        int failures[READERS + 1] = { 0 };

        (void)state;
        look_set_quota(0);
        shared = &here;
        for (int i = 0; i < PROCESSES; i++)
                accounts[i] = alice;
        for (int i = 0; i < READERS; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, read_quotas, &failures[i]), 0);
        assert_int_equal(pthread_create(&writer, NULL, change_quota, &failures[READERS]), 0);
        assert_int_equal(pthread_join(writer, NULL), 0);
        for (int i = 0; i < READERS; i++)
                assert_int_equal(pthread_join(threads[i], NULL), 0);
        for (int i = 0; i <= READERS; i++)
                assert_int_equal(failures[i], 0);
        shared = NULL;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, look_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_a_row_is_asked_for_once),
                CASE(test_what_is_missing_is_asked_for),
                CASE(test_rows_are_of_their_keys),
                CASE(test_a_share_that_will_expire_is_asked_for),
                CASE(test_only_who_reads_together_knows),
                CASE(test_many_rows),
                CASE(test_together_is_one_transaction),
                CASE(test_an_old_transaction_makes_nothing_known),
                CASE(test_copying_the_log_back_changes_nothing),
                CASE(test_a_damaged_index_is_not_believed),
                CASE(test_without_an_index_everything_is_asked),
                CASE(test_readers_are_never_behind_other_processes),
                CASE(test_readers_are_never_behind_their_own_writer),
        };

        return cmocka_run_group_tests_name("catalog memo", tests, NULL, NULL);
}
