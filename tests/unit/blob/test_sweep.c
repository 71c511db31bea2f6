/* SPDX-License-Identifier: MIT
 * Which names are blobs, and which of them are swept.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

static void make(int64_t id) {
        int fd = -1;

        assert_int_equal(blob_create(scratch_store, id, &fd), 0);
        fd = fd_close(fd);
}

static bool there(int64_t id) {
        struct stat st;

        return blob_stat(scratch_store, id, &st) == 0;
}

static const char *const foreign[] = {
        "store/0",      "store/05",    "store/-5",   "store/5x",
        "store/5.tmp2", "store/5.tm",  "store/ 5",   "store/5 ",
        "store/05.tmp", "store/.5.tmp", "store/.tmp", "store/x5",
        "store/+5",     "store/5.TMP", "store/0.tmp", "store/lost+found",
        "store/9223372036854775807",
        "store/99999999999999999999999999",
        "store/1152921504606846976",
};

struct seen {
        int64_t ids[16];
        int n;
};

static int collect(int64_t id, void *context) {
        struct seen *seen = context;

        assert_true(seen->n < 16);
        seen->ids[seen->n++] = id;
        return 0;
}

static int end_at_once(int64_t id, void *context) {
        (void)id;
        ++*(int *)context;
        return 17;
}

static void test_each_sees_blobs_only(void **state) {
        struct seen seen = { 0 };
        int64_t sum = 0;
        int calls = 0;

        (void)state;
        assert_int_equal(blob_each(scratch_store, collect, &seen), 0);
        assert_int_equal(seen.n, 0);
        for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
                scratch_write(scratch_name(foreign[i]), "");
        scratch_write(scratch_name("store/3.tmp"), "");
        assert_int_equal(mkdir(scratch_name("store/77"), 0700), 0);
        assert_int_equal(symlink("1", scratch_name("store/78")), 0);
        make(1);
        make(20);
        make(1152921504606846974); /* the largest */
        assert_int_equal(blob_each(scratch_store, collect, &seen), 0);
        assert_int_equal(seen.n, 3);
        for (int i = 0; i < 3; i++)
                sum += seen.ids[i];
        assert_int_equal(sum, 1152921504606846974 + 21);
        assert_int_equal(blob_each(scratch_store, end_at_once, &calls), 17);
        assert_int_equal(calls, 1);
}

/* Answers by id: below 10 is wanted; from 100 on the question fails. */
static int below_ten(int64_t id, void *context) {
        if (context)
                ++*(int *)context;
        return id >= 100 ? -ETIMEDOUT : id < 10;
}

static void test_sweep_sets_the_unwanted_aside(void **state) {
        (void)state;
        make(5);
        make(15);
        make(16);
        assert_int_equal(blob_sweep(scratch_store, below_ten, NULL), 2);
        assert_true(there(5));
        assert_false(there(15));
        assert_false(there(16));
        assert_int_equal(blob_aside_count(scratch_store, NULL), 2);
        assert_int_equal(blob_sweep(scratch_store, below_ten, NULL), 0);
}

static void test_sweep_leaves_foreign_names_alone(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
                scratch_write(scratch_name(foreign[i]), "");
        assert_int_equal(mkdir(scratch_name("store/77"), 0700), 0);
        assert_int_equal(mkdir(scratch_name("store/78.tmp"), 0700), 0);
        assert_int_equal(symlink("x", scratch_name("store/79")), 0);
        assert_int_equal(blob_sweep(scratch_store, below_ten, NULL), 0);
        assert_int_equal(scratch_count(scratch_path), 2 + 3 + ARRAY_SIZE(foreign));
        assert_int_equal(blob_store_check(scratch_store), 0);
}

static void test_sweep_leaves_what_somebody_writes_or_seals(void **state) {
        static const enum blob_lock_kind kinds[] = { BLOB_LOCK_WRITE, BLOB_LOCK_SEAL };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                struct blob_lock lock = BLOB_LOCK_NONE;

                assert_int_equal(blob_lock(scratch_store, 15, kinds[i], 0, &lock), 0);
                make(15);
                make(16);
                assert_int_equal(blob_sweep(scratch_store, below_ten, NULL), 1);
                assert_true(there(15));
                assert_false(there(16));
                lock = blob_unlock(lock);
                assert_int_equal(blob_sweep(scratch_store, below_ten, NULL), 1);
                assert_false(there(15));
        }
}

static void test_sweep_removes_temporary_files_of_anybody(void **state) {
        (void)state;
        make(5);
        scratch_write(scratch_name("store/5.tmp"), "torn");
        scratch_write(scratch_name("store/15.tmp"), "torn");
        assert_int_equal(link(scratch_name("store/5"), scratch_name("store/6.tmp")), 0);
        assert_int_equal(blob_sweep(scratch_store, below_ten, NULL), 3);
        assert_int_equal(scratch_count(scratch_path), 3);
        assert_true(there(5));
}

/* The maker writes the row between the two questions, then unlocks. */
static int wanted_at_last(int64_t id, void *context) {
        int *asked = context;

        (void)id;
        return (*asked)++ > 0;
}

static void test_sweep_asks_again_under_the_lock(void **state) {
        int asked = 0;

        (void)state;
        make(15);
        assert_int_equal(blob_sweep(scratch_store, wanted_at_last, &asked), 0);
        assert_int_equal(asked, 2);
        assert_true(there(15));
}

static int sealed_meanwhile(int64_t id, void *context) {
        struct blob_lock lock = BLOB_LOCK_NONE;
        int *asked = context;

        /* at the second question the sweeper holds the lock: no writer can begin */
        assert_int_equal(blob_lock(scratch_store, id, BLOB_LOCK_WRITE, 0, &lock), (*asked)++ > 0 ? -EBUSY : 0);
        lock = blob_unlock(lock);
        return 0;
}

static void test_sweep_holds_the_lock_when_it_removes(void **state) {
        int asked = 0;

        (void)state;
        make(15);
        assert_int_equal(blob_sweep(scratch_store, sealed_meanwhile, &asked), 1);
        assert_int_equal(asked, 2);
}

static void test_sweep_ends_when_the_question_fails(void **state) {
        int asked = 0;

        (void)state;
        make(100);
        make(101);
        assert_int_equal(blob_sweep(scratch_store, below_ten, &asked), -ETIMEDOUT);
        assert_int_equal(asked, 1);
        assert_true(there(100));
        assert_true(there(101));
}

static void test_sweep_of_an_offline_store_removes_nothing(void **state) {
        int asked = 0;

        (void)state;
        make(15);
        scratch_write(scratch_name("store/15.tmp"), "");
        scratch_write(scratch_name("store/.imgshare"), OTHER_UUID "\n");
        assert_int_equal(blob_sweep(scratch_store, below_ten, &asked), -EIO);
        scratch_write(scratch_name("store/.imgshare"), UUID "\n");
        assert_int_equal(rename(scratch_path, scratch_name("away")), 0);
        assert_int_equal(blob_sweep(scratch_store, below_ten, &asked), -EIO);
        assert_int_equal(asked, 0);
        assert_int_equal(scratch_count(scratch_name("away")), 4);
}

/* A sweeper or a check unlocks while another waits for it: the linker redirects pauses here. */
static struct blob_lock sweeping = BLOB_LOCK_NONE;

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *pause, struct timespec *left);
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *pause, struct timespec *left) {
        (void)clock;
        (void)flags;
        (void)pause;
        (void)left;
        sweeping = blob_unlock(sweeping);
        return 0;
}

static void test_a_maker_waits_for_the_sweeper(void **state) {
        struct blob_lock lock = BLOB_LOCK_NONE;

        (void)state;
        assert_int_equal(blob_lock(scratch_store, 5, BLOB_LOCK_SEAL, 0, &sweeping), 0); /* on the sweeper's byte */
        assert_int_equal(blob_lock(scratch_store, 5, BLOB_LOCK_WRITE, 0, &lock), -EBUSY);
        assert_int_equal(blob_lock(scratch_store, 5, BLOB_LOCK_WRITE, BLOB_SWEEP_MS, &lock), 0);
        lock = blob_unlock(lock);
}

static void test_a_linker_waits_for_the_sweeper(void **state) {
        struct flock temporary = { .l_type = F_WRLCK, .l_start = 6 * 8 + 5, .l_len = 1 }; /* internal.h: LOCK_BYTE */

        (void)state;
        make(5);
        sweeping.fd = open(scratch_name("store/.locks"), O_RDWR | O_CLOEXEC);
        assert_int_equal(fcntl(sweeping.fd, F_OFD_SETLK, &temporary), 0);
        assert_int_equal(blob_link(scratch_store, 5, scratch_store, 6), 0);
        assert_int_equal(sweeping.fd, -1);
        assert_true(there(6));
}

static void test_the_sweeper_waits_for_a_check(void **state) {
        (void)state;
        make(15);
        assert_int_equal(blob_lock(scratch_store, 15, BLOB_LOCK_SEAL, 0, &sweeping), 0); /* as check does */
        assert_int_equal(blob_sweep(scratch_store, below_ten, NULL), 1);
        assert_false(there(15));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_each_sees_blobs_only),
                CASE(test_sweep_sets_the_unwanted_aside),
                CASE(test_sweep_leaves_foreign_names_alone),
                CASE(test_sweep_leaves_what_somebody_writes_or_seals),
                CASE(test_sweep_removes_temporary_files_of_anybody),
                CASE(test_sweep_asks_again_under_the_lock),
                CASE(test_sweep_holds_the_lock_when_it_removes),
                CASE(test_sweep_ends_when_the_question_fails),
                CASE(test_sweep_of_an_offline_store_removes_nothing),
                CASE(test_a_maker_waits_for_the_sweeper),
                CASE(test_a_linker_waits_for_the_sweeper),
                CASE(test_the_sweeper_waits_for_a_check),
        };

        return cmocka_run_group_tests_name("blob sweep", tests, NULL, NULL);
}
