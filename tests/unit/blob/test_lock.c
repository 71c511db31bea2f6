/* SPDX-License-Identifier: MIT
 * Which locks exclude each other, within a process and between two, and how long a caller waits.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum held { WRITE, FLUSHED, REFER, SEAL, COPY, REMOVE, DIGEST };

static const enum blob_lock_kind kinds[] = {
        [WRITE] = BLOB_LOCK_WRITE, [FLUSHED] = BLOB_LOCK_WRITE, [REFER] = BLOB_LOCK_WRITE,   [SEAL] = BLOB_LOCK_SEAL,
        [COPY] = BLOB_LOCK_COPY,   [REMOVE] = BLOB_LOCK_REMOVE, [DIGEST] = BLOB_LOCK_DIGEST,
};

static int take(int64_t id, enum held held, struct blob_lock *ret_lock) {
        int r;

        r = blob_lock(scratch_store, id, kinds[held], 0, ret_lock);
        if (r >= 0 && held == FLUSHED)
                r = blob_lock_flushed(ret_lock, true);
        if (r >= 0 && held == REFER)
                r = blob_lock_refer(ret_lock, true);
        return r;
}

/* Another process that holds a lock until told to end. Commands: 'd' delay, 'u' written again, 'r' release, 'q' end
 * (not EOF: the next holder inherits the pipe). */
struct holder {
        pid_t pid;
        int fd;
};

static void pause_ms(int ms) {
        struct timespec pause = { ms / 1000, (ms % 1000) * 1000000L };

        (void)nanosleep(&pause, NULL);
}

static void hold(int tell_fd, int hear_fd, int64_t id, enum held held) {
        struct blob_lock lock = BLOB_LOCK_NONE;
        char command = 0;
        int r = take(id, held, &lock);

        if (write(tell_fd, &r, sizeof(r)) != sizeof(r))
                _exit(1);
        while (read(hear_fd, &command, 1) == 1) {
                if (command == 'q')
                        break;
                if (command == 'd')
                        pause_ms(60);
                if (command == 'u' && blob_lock_flushed(&lock, false) < 0)
                        _exit(1);
                if (command == 'r')
                        lock = blob_unlock(lock);
        }
        _exit(0);
}

static struct holder holder_start(int64_t id, enum held held) {
        int tell[2], hear[2], r;
        struct holder holder;

        assert_int_equal(pipe2(tell, O_CLOEXEC), 0);
        assert_int_equal(pipe2(hear, O_CLOEXEC), 0);
        holder.pid = fork();
        assert_true(holder.pid >= 0);
        if (holder.pid == 0) {
                (void)close(hear[1]);
                (void)close(tell[0]);
                hold(tell[1], hear[0], id, held);
        }
        (void)close(tell[1]);
        (void)close(hear[0]);
        assert_int_equal(read(tell[0], &r, sizeof(r)), sizeof(r));
        assert_int_equal(r, 0);
        (void)close(tell[0]);
        holder.fd = hear[1];
        return holder;
}

static void holder_tell(struct holder holder, const char *commands) {
        assert_int_equal(write(holder.fd, commands, strlen(commands)), strlen(commands));
}

static void holder_end(struct holder holder, int with) {
        int status;

        if (with)
                assert_int_equal(kill(holder.pid, with), 0);
        else
                holder_tell(holder, "q");
        (void)close(holder.fd);
        assert_int_equal(waitpid(holder.pid, &status, 0), holder.pid);
}

/* All pairs except two sealers: the second one waits. */
static const struct {
        enum held held, wanted;
        int expected;
} pairs[] = {
        { WRITE, WRITE, 0 },         { WRITE, SEAL, -EBUSY },   { WRITE, COPY, -EBUSY },    { WRITE, REMOVE, 0 },
        { WRITE, DIGEST, 0 },        { WRITE, REFER, -EBUSY },  { FLUSHED, WRITE, 0 },      { FLUSHED, SEAL, -EBUSY },
        { FLUSHED, COPY, -EBUSY },   { FLUSHED, REMOVE, 0 },    { FLUSHED, REFER, -EBUSY }, { REFER, WRITE, -EBUSY },
        { REFER, SEAL, -EBUSY },     { REFER, COPY, -EBUSY },   { REFER, REMOVE, 0 },       { REFER, DIGEST, 0 },
        { REFER, REFER, -EBUSY },    { SEAL, WRITE, -EBUSY },   { SEAL, REFER, -EBUSY },    { SEAL, COPY, 0 },
        { SEAL, REMOVE, 0 },         { SEAL, DIGEST, 0 },       { COPY, WRITE, -EBUSY },    { COPY, REFER, -EBUSY },
        { COPY, SEAL, 0 },           { COPY, COPY, 0 },         { COPY, REMOVE, -EBUSY },   { COPY, DIGEST, 0 },
        { REMOVE, WRITE, 0 },        { REMOVE, SEAL, 0 },       { REMOVE, COPY, -EBUSY },   { REMOVE, REMOVE, -EBUSY },
        { REMOVE, DIGEST, 0 },       { DIGEST, WRITE, 0 },      { DIGEST, REFER, 0 },       { DIGEST, SEAL, 0 },
        { DIGEST, COPY, 0 },         { DIGEST, REMOVE, 0 },     { DIGEST, DIGEST, -EBUSY },
};

static void want(size_t i) {
        struct blob_lock lock = BLOB_LOCK_NONE;
        int r;

        r = take(5, pairs[i].wanted, &lock);
        if (r != pairs[i].expected)
                fail_msg("held %d, wanted %d: %d instead of %d", pairs[i].held, pairs[i].wanted, r, pairs[i].expected);
        lock = blob_unlock(lock);
        r = take(6, pairs[i].wanted, &lock); /* other ids are not affected */
        assert_int_equal(r, 0);
        lock = blob_unlock(lock);
        assert_int_equal(lock.fd, -1);
}

static void test_every_pair_in_one_process(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
                struct blob_lock lock = BLOB_LOCK_NONE;

                assert_int_equal(take(5, pairs[i].held, &lock), 0);
                want(i);
                lock = blob_unlock(lock);
        }
}

static void test_every_pair_between_processes(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
                struct holder holder = holder_start(5, pairs[i].held);

                want(i);
                holder_end(holder, 0);
        }
}

static void test_released_locks_are_free(void **state) {
        (void)state;
        for (enum held held = WRITE; held <= DIGEST; held++) {
                struct blob_lock lock = BLOB_LOCK_NONE, all[4];

                assert_int_equal(take(5, held, &lock), 0);
                lock = blob_unlock(lock);
                assert_int_equal(take(5, REFER, &all[0]), 0);
                assert_int_equal(take(5, REMOVE, &all[1]), 0);
                assert_int_equal(take(5, DIGEST, &all[2]), 0);
                for (int i = 0; i < 3; i++)
                        all[i] = blob_unlock(all[i]);
                assert_int_equal(take(5, SEAL, &all[3]), 0);
                all[3] = blob_unlock(all[3]);
        }
}

static void test_a_refused_lock_leaves_nothing_held(void **state) {
        struct blob_lock copy = BLOB_LOCK_NONE, lock = BLOB_LOCK_NONE, seal = BLOB_LOCK_NONE;

        (void)state;
        assert_int_equal(take(5, COPY, &copy), 0);
        assert_int_equal(take(5, WRITE, &lock), -EBUSY);
        assert_int_equal(lock.fd, -1);
        assert_int_equal(take(5, SEAL, &seal), 0); /* no writer */
        seal = blob_unlock(seal);
        copy = blob_unlock(copy);
}

/* When a holder dies, a rival that it excluded gets the lock. */
static void test_death_releases(void **state) {
        static const enum held rivals[] = {
                [WRITE] = SEAL,  [FLUSHED] = SEAL,  [REFER] = WRITE,   [SEAL] = WRITE,
                [COPY] = REMOVE, [REMOVE] = REMOVE, [DIGEST] = DIGEST,
        };

        (void)state;
        for (enum held held = WRITE; held <= DIGEST; held++) {
                struct holder holder = holder_start(5, held);
                struct blob_lock lock = BLOB_LOCK_NONE;

                assert_int_equal(take(5, rivals[held], &lock), -EBUSY);
                holder_end(holder, SIGKILL);
                assert_int_equal(take(5, rivals[held], &lock), 0);
                lock = blob_unlock(lock);
        }
}

static void test_a_forked_child_keeps_no_lock(void **state) {
        struct blob_lock lock = BLOB_LOCK_NONE;
        int hear[2], status;
        pid_t pid;

        (void)state;
        assert_int_equal(take(5, SEAL, &lock), 0);
        assert_int_equal(pipe2(hear, O_CLOEXEC), 0);
        pid = fork(); /* inherits the lock's descriptor */
        assert_true(pid >= 0);
        if (pid == 0) {
                char c;

                (void)close(hear[1]);
                _exit((int)read(hear[0], &c, 1));
        }
        lock = blob_unlock(lock);
        assert_int_equal(take(5, SEAL, &lock), 0);
        lock = blob_unlock(lock);
        (void)close(hear[0]);
        (void)close(hear[1]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void test_unflushed_writer_is_not_waited_for(void **state) {
        struct holder holder = holder_start(5, WRITE);
        struct blob_lock lock = BLOB_LOCK_NONE;
        int64_t began = scratch_now_ms();

        (void)state;
        assert_int_equal(blob_lock(scratch_store, 5, BLOB_LOCK_SEAL, 5000, &lock), -EBUSY);
        assert_int_equal(blob_lock(scratch_store, 5, BLOB_LOCK_COPY, 5000, &lock), -EBUSY);
        assert_true(scratch_now_ms() - began < 2000);
        holder_end(holder, 0);
}

static void test_one_unflushed_among_flushed_is_not_waited_for(void **state) {
        struct holder flushed = holder_start(5, FLUSHED), unflushed = holder_start(5, WRITE);
        struct blob_lock lock = BLOB_LOCK_NONE;
        int64_t began = scratch_now_ms();

        (void)state;
        assert_int_equal(blob_lock(scratch_store, 5, BLOB_LOCK_SEAL, 5000, &lock), -EBUSY);
        assert_int_equal(blob_lock(scratch_store, 5, BLOB_LOCK_COPY, 5000, &lock), -EBUSY);
        assert_true(scratch_now_ms() - began < 2000);
        holder_end(flushed, 0);
        holder_end(unflushed, 0);
}

/* Whatever the limit: the sync of the other sealer may take longer. */
static void test_sealer_is_waited_for_until_it_is_done(void **state) {
        static const int limits[] = { 0, 1 };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
                struct holder holder = holder_start(5, SEAL);
                struct blob_lock lock = BLOB_LOCK_NONE;
                int64_t began = scratch_now_ms();

                holder_tell(holder, "ddr");
                assert_int_equal(blob_lock(scratch_store, 5, BLOB_LOCK_SEAL, limits[i], &lock), 0);
                assert_true(scratch_now_ms() - began >= 50);
                lock = blob_unlock(lock);
                holder_end(holder, 0);
        }
}

static void test_sealers_death_ends_the_wait_for_it(void **state) {
        struct holder holder = holder_start(5, SEAL);
        struct blob_lock lock = BLOB_LOCK_NONE;

        (void)state;
        holder_tell(holder, "dq");
        assert_int_equal(blob_lock(scratch_store, 5, BLOB_LOCK_SEAL, 0, &lock), 0);
        lock = blob_unlock(lock);
        holder_end(holder, SIGKILL);
}

static void test_flushed_writer_is_waited_for_in_vain(void **state) {
        static const enum blob_lock_kind waiters[] = { BLOB_LOCK_SEAL, BLOB_LOCK_COPY };
        struct holder holder = holder_start(5, FLUSHED);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(waiters); i++) {
                struct blob_lock lock = BLOB_LOCK_NONE;
                int64_t began = scratch_now_ms();

                assert_int_equal(blob_lock(scratch_store, 5, waiters[i], 200, &lock), -EBUSY);
                assert_in_range(scratch_now_ms() - began, 199, 3000);
        }
        holder_end(holder, 0);
}

static void test_flushed_writer_is_waited_for(void **state) {
        static const enum blob_lock_kind waiters[] = { BLOB_LOCK_SEAL, BLOB_LOCK_COPY };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(waiters); i++) {
                struct holder one = holder_start(5, FLUSHED), two = holder_start(5, FLUSHED);
                struct blob_lock lock = BLOB_LOCK_NONE;
                int64_t began = scratch_now_ms();

                holder_tell(one, "dr");
                holder_tell(two, "ddr");
                assert_int_equal(blob_lock(scratch_store, 5, waiters[i], 10000, &lock), 0);
                assert_in_range(scratch_now_ms() - began, 20, 9000);
                lock = blob_unlock(lock);
                holder_end(one, 0);
                holder_end(two, 0);
        }
}

static void test_writer_that_writes_again_ends_the_wait(void **state) {
        struct holder holder = holder_start(5, FLUSHED);
        struct blob_lock lock = BLOB_LOCK_NONE;
        int64_t began = scratch_now_ms();

        (void)state;
        holder_tell(holder, "du");
        assert_int_equal(blob_lock(scratch_store, 5, BLOB_LOCK_SEAL, 10000, &lock), -EBUSY);
        assert_true(scratch_now_ms() - began < 9000);
        holder_end(holder, 0);
}

/* Asks the kernel: trying a lock would disturb the test. */
static bool held_by_copier(int64_t id) {
        _cleanup_fd_ int fd = open(scratch_name("store/.locks"), O_RDWR | O_CLOEXEC);
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = id * 8 + 2, .l_len = 1 };

        assert_int_equal(fcntl(fd, F_OFD_GETLK, &lock), 0);
        return lock.l_type == F_RDLCK;
}

static void test_waiting_copier_keeps_new_writers_out(void **state) {
        struct blob_lock writer = BLOB_LOCK_NONE, other = BLOB_LOCK_NONE;
        int status;
        pid_t pid;

        (void)state;
        assert_int_equal(take(5, FLUSHED, &writer), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                writer.fd = fd_close(writer.fd);
                _exit(blob_lock(scratch_store, 5, BLOB_LOCK_COPY, 20000, &other) == 0 ? 0 : 1);
        }
        for (int64_t end = scratch_now_ms() + 10000; !held_by_copier(5);)
                assert_true(scratch_now_ms() < end);
        for (int i = 0; i < 1000; i++)
                assert_int_equal(take(5, WRITE, &other), -EBUSY); /* and does not make it give up */
        writer = blob_unlock(writer);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void test_refer_ends_and_can_begin_again(void **state) {
        struct blob_lock writer = BLOB_LOCK_NONE, other = BLOB_LOCK_NONE;

        (void)state;
        assert_int_equal(take(5, WRITE, &writer), 0);
        assert_int_equal(take(5, WRITE, &other), 0);
        assert_int_equal(blob_lock_refer(&writer, true), -EBUSY);
        assert_int_equal(blob_lock_refer(&other, true), -EBUSY); /* the refused attempt left no lock */
        other = blob_unlock(other);
        assert_int_equal(take(5, WRITE, &other), 0);
        other = blob_unlock(other);
        assert_int_equal(blob_lock_refer(&writer, true), 0);
        assert_int_equal(blob_lock_refer(&writer, true), 0);
        assert_int_equal(take(5, WRITE, &other), -EBUSY);
        assert_int_equal(blob_lock_refer(&writer, false), 0);
        assert_int_equal(take(5, WRITE, &other), 0);
        other = blob_unlock(other);
        writer = blob_unlock(writer);
}

static void test_locks_file_replaced_is_an_error(void **state) {
        struct blob_lock lock = BLOB_LOCK_NONE;

        (void)state;
        assert_int_equal(rename(scratch_name("store/.locks"), scratch_name("locks")), 0);
        assert_int_equal(take(5, WRITE, &lock), -EIO);
        scratch_write(scratch_name("store/.locks"), "");
        assert_int_equal(take(5, WRITE, &lock), -EIO);
        assert_int_equal(rename(scratch_name("locks"), scratch_name("store/.locks")), 0);
        assert_int_equal(take(5, WRITE, &lock), 0);
        lock = blob_unlock(lock);
}

static void test_missing_locks_file_is_made_by_open(void **state) {
        struct blob_lock lock = BLOB_LOCK_NONE;

        (void)state;
        scratch_store = blob_store_close(scratch_store);
        assert_int_equal(unlink(scratch_name("store/.locks")), 0);
        assert_int_equal(scratch_open(scratch_path, &scratch_owner, &scratch_store), 0);
        assert_int_equal(take(5, WRITE, &lock), 0);
        lock = blob_unlock(lock);
}

static void test_the_largest_id_has_a_lock_of_its_own(void **state) {
        int64_t largest = (INT64_MAX - 8) / 8;
        struct blob_lock one = BLOB_LOCK_NONE, two = BLOB_LOCK_NONE;

        (void)state;
        assert_int_equal(take(largest, DIGEST, &one), 0);
        assert_int_equal(take(largest, DIGEST, &two), -EBUSY);
        assert_int_equal(take(largest - 1, DIGEST, &two), 0);
        two = blob_unlock(two);
        one = blob_unlock(one);
}

static void test_unlock_takes_none(void **state) {
        (void)state;
        assert_int_equal(blob_unlock(BLOB_LOCK_NONE).fd, -1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_every_pair_in_one_process),
                CASE(test_every_pair_between_processes),
                CASE(test_released_locks_are_free),
                CASE(test_a_refused_lock_leaves_nothing_held),
                CASE(test_death_releases),
                CASE(test_a_forked_child_keeps_no_lock),
                CASE(test_unflushed_writer_is_not_waited_for),
                CASE(test_one_unflushed_among_flushed_is_not_waited_for),
                CASE(test_sealer_is_waited_for_until_it_is_done),
                CASE(test_sealers_death_ends_the_wait_for_it),
                CASE(test_flushed_writer_is_waited_for_in_vain),
                CASE(test_flushed_writer_is_waited_for),
                CASE(test_writer_that_writes_again_ends_the_wait),
                CASE(test_waiting_copier_keeps_new_writers_out),
                CASE(test_refer_ends_and_can_begin_again),
                CASE(test_locks_file_replaced_is_an_error),
                CASE(test_missing_locks_file_is_made_by_open),
                CASE(test_the_largest_id_has_a_lock_of_its_own),
                CASE(test_unlock_takes_none),
        };

        return cmocka_run_group_tests_name("blob lock", tests, NULL, NULL);
}
