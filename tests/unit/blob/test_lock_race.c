/* SPDX-License-Identifier: MIT
 * Five processes hammer one id, each with another kind of lock: two that exclude each other never hold at once.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum actor { WRITER, REFERRER, SEALER, COPIER, REMOVER, ACTORS };

static const struct {
        enum blob_lock_kind kind;
        unsigned excludes; /* bits of actors */
} rules[ACTORS] = {
        [WRITER] = { BLOB_LOCK_WRITE, 1 << REFERRER | 1 << SEALER | 1 << COPIER },
        [REFERRER] = { BLOB_LOCK_WRITE, 1 << WRITER | 1 << REFERRER | 1 << SEALER | 1 << COPIER },
        [SEALER] = { BLOB_LOCK_SEAL, 1 << WRITER | 1 << REFERRER | 1 << SEALER },
        [COPIER] = { BLOB_LOCK_COPY, 1 << WRITER | 1 << REFERRER | 1 << REMOVER },
        [REMOVER] = { BLOB_LOCK_REMOVE, 1 << COPIER | 1 << REMOVER },
};

struct board {
        atomic_int holding[ACTORS];
        atomic_int successes[ACTORS * 2];
        atomic_int violations;
};

static int take(enum actor actor, struct blob_lock *ret_lock) {
        struct blob_lock lock = BLOB_LOCK_NONE;
        int r;

        r = blob_lock(scratch_store, 9, rules[actor].kind, 0, &lock);
        if (r >= 0 && actor == REFERRER)
                r = blob_lock_refer(&lock, true);
        if (r < 0)
                lock = blob_unlock(lock);
        *ret_lock = lock;
        return r;
}

static void hammer(struct board *board, int number, enum actor actor, int ms) {
        int64_t end = scratch_now_ms() + ms;

        while (scratch_now_ms() < end) {
                struct blob_lock lock = BLOB_LOCK_NONE;
                int r = take(actor, &lock);

                if (r == -EBUSY)
                        continue;
                if (r < 0)
                        _exit(1);
                atomic_fetch_add(&board->holding[actor], 1);
                for (int other = 0; other < ACTORS; other++)
                        if (rules[actor].excludes & 1u << other &&
                            atomic_load(&board->holding[other]) > (other == (int)actor ? 1 : 0))
                                atomic_fetch_add(&board->violations, 1);
                atomic_fetch_add(&board->successes[number], 1);
                atomic_fetch_sub(&board->holding[actor], 1);
                lock = blob_unlock(lock);
        }
        _exit(0);
}

static void race(const enum actor *actors, int n, int ms) {
        struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        assert_true(board != MAP_FAILED);
        for (int i = 0; i < n; i++) {
                pid_t pid = fork();

                assert_true(pid >= 0);
                if (pid == 0)
                        hammer(board, i, actors[i], ms);
        }
        for (int i = 0; i < n; i++) {
                int status;

                assert_true(wait(&status) > 0);
                assert_int_equal(status, 0);
        }
        assert_int_equal(board->violations, 0);
        for (int i = 0; i < n; i++)
                assert_true(board->successes[i] > 0);
        assert_int_equal(munmap(board, sizeof(*board)), 0);
}

/* Two lock calls in one process, the second one between any two steps of the first: the linker redirects fcntl here. */
static int steps_before_rival = -1; /* -1: no rival */
static enum actor rival;
static struct blob_lock rival_lock = BLOB_LOCK_NONE;
static int rival_result;

int __real_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, struct flock *lock);
int __wrap_fcntl64(int fd, int command, struct flock *lock) {
        if (steps_before_rival >= 0 && steps_before_rival-- == 0)
                rival_result = take(rival, &rival_lock);
        return __real_fcntl64(fd, command, lock);
}

static void test_every_interleaving_of_two(void **state) {
        (void)state;
        for (int first = 0; first < ACTORS; first++)
                for (int second = 0; second < ACTORS; second++)
                        for (int step = 0; step < 10; step++) {
                                struct blob_lock lock = BLOB_LOCK_NONE;
                                int r;

                                if (first == SEALER && second == SEALER)
                                        break; /* it would wait for itself */
                                rival = (enum actor)second;
                                rival_result = -EBUSY;
                                steps_before_rival = step;
                                r = take((enum actor)first, &lock);
                                assert_true(step > 0 || steps_before_rival < 0); /* the redirection works */
                                steps_before_rival = -1;
                                assert_true(r == 0 || r == -EBUSY);
                                assert_true(rival_result == 0 || rival_result == -EBUSY);
                                if (rules[first].excludes & 1u << second && r == 0 && rival_result == 0)
                                        fail_msg("%d with %d at its step %d", first, second, step);
                                lock = blob_unlock(lock);
                                rival_lock = blob_unlock(rival_lock);
                        }
}

static void test_writer_against_copier(void **state) {
        (void)state;
        race((const enum actor[]){ WRITER, COPIER }, 2, 700);
}

static void test_writer_against_referrer(void **state) {
        (void)state;
        race((const enum actor[]){ WRITER, REFERRER }, 2, 700);
}

static void test_referrer_against_referrer(void **state) {
        (void)state;
        race((const enum actor[]){ REFERRER, REFERRER }, 2, 700);
}

static void test_writer_against_sealer(void **state) {
        (void)state;
        race((const enum actor[]){ WRITER, SEALER }, 2, 700);
}

static void test_sealer_against_sealer(void **state) {
        (void)state;
        race((const enum actor[]){ SEALER, SEALER }, 2, 700);
}

static void test_copier_against_remover(void **state) {
        (void)state;
        race((const enum actor[]){ COPIER, REMOVER }, 2, 700);
}

static void test_all_against_all(void **state) {
        (void)state;
        race((const enum actor[]){ WRITER, WRITER, REFERRER, SEALER, COPIER, COPIER, REMOVER }, 7, 1500);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_every_interleaving_of_two),
                CASE(test_writer_against_copier),
                CASE(test_writer_against_referrer),
                CASE(test_referrer_against_referrer),
                CASE(test_writer_against_sealer),
                CASE(test_sealer_against_sealer),
                CASE(test_copier_against_remover),
                CASE(test_all_against_all),
        };

        return cmocka_run_group_tests_name("blob lock race", tests, NULL, NULL);
}
