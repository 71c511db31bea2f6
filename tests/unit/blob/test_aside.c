/* SPDX-License-Identifier: MIT
 * What is set aside in lost+found: under which name, that nothing is replaced, and when it goes.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

static time_t now = 1000;

time_t __wrap_time(time_t *where);
time_t __wrap_time(time_t *where) {
        (void)where;
        return now;
}

static bool cannot_spare; /* a filesystem that does not know RENAME_NOREPLACE */

int __real_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
        if (cannot_spare) {
                errno = EINVAL;
                return -1;
        }
        return __real_renameat2(from_dir, from, to_dir, to, flags);
}

static int syncs, fail_at; /* 0: none fails */

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd) {
        if (++syncs != fail_at)
                return __real_fsync(fd);
        errno = EIO;
        return -1;
}

static void make(int64_t id, const char *text) {
        int fd = -1;

        assert_int_equal(blob_create(scratch_store, id, &fd), 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        fd = fd_close(fd);
}

static void check_text(const char *name, const char *expected) {
        _cleanup_fd_ int fd = open(scratch_name(name), O_RDONLY | O_CLOEXEC);
        char text[64] = { 0 };

        assert_true(fd >= 0);
        assert_true(read(fd, text, sizeof(text) - 1) >= 0);
        assert_string_equal(text, expected);
}

static void set_aside_twice(void) {
        struct stat st;

        make(5, "first");
        assert_int_equal(blob_set_aside(scratch_store, 5), 0);
        make(5, "second");
        assert_int_equal(blob_set_aside(scratch_store, 5), 0);
        make(5, "third");
        assert_int_equal(blob_set_aside(scratch_store, 5), 0);
        check_text("store/lost+found/5.1000", "first");
        check_text("store/lost+found/5.1000.1", "second");
        check_text("store/lost+found/5.1000.2", "third");
        assert_int_equal(blob_stat(scratch_store, 5, &st), -ENOENT);
        assert_int_equal(stat(scratch_name("store/lost+found"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
}

static void test_nothing_is_replaced(void **state) {
        (void)state;
        set_aside_twice();
}

static void test_nothing_is_replaced_where_rename_always_does(void **state) {
        (void)state;
        cannot_spare = true;
        set_aside_twice();
        cannot_spare = false;
}

static void test_what_is_not_there_makes_nothing(void **state) {
        (void)state;
        assert_int_equal(blob_set_aside(scratch_store, 5), 0);
        assert_false(scratch_exists(scratch_name("store/lost+found")));
        assert_int_equal(blob_aside_expire(scratch_store, INT64_MAX), 0);
        assert_int_equal(blob_aside_count(scratch_store, NULL), 0);
}

static void test_it_is_on_disk(void **state) {
        (void)state;
        make(5, "x");
        syncs = 0;
        assert_int_equal(blob_set_aside(scratch_store, 5), 0);
        assert_int_equal(syncs, 3); /* lost+found's own name, or the blob could be lost with it; both directories */
        make(6, "y");
        syncs = 0;
        fail_at = 1;
        assert_int_equal(blob_set_aside(scratch_store, 6), -EIO);
        check_text("store/6", "y");
        for (int n = 2; n <= 3; n++) {
                if (n > 2)
                        make(6, "y");
                syncs = 0;
                fail_at = n;
                assert_int_equal(blob_set_aside(scratch_store, 6), -EIO);
                fail_at = 0;
        }
        check_text("store/lost+found/6.1000", "y");
        check_text("store/lost+found/6.1000.1", "y");
}

static void test_a_link_is_no_lost_and_found(void **state) {
        (void)state;
        make(5, "x");
        assert_int_equal(mkdir(scratch_name("elsewhere"), 0700), 0);
        assert_int_equal(symlink("../elsewhere", scratch_name("store/lost+found")), 0);
        assert_true(blob_set_aside(scratch_store, 5) < 0);
        check_text("store/5", "x");
        assert_int_equal(scratch_count(scratch_name("elsewhere")), 0);
}

/* Of the names below only the first three are ours. */
static const char *const lying[] = {
        "5.100", "6.200", "7.100.3",
        "#12", "5", "5.", ".100", "5.100.", "5.100.3.4", "5.100x", "x.100", "5.99999999999999999999", "-5.100",
};

static void test_only_what_is_ours_and_old_goes(void **state) {
        int64_t bytes = -1;

        (void)state;
        assert_int_equal(mkdir(scratch_name("store/lost+found"), 0700), 0);
        assert_int_equal(mkdir(scratch_name("store/lost+found/8.100"), 0700), 0);
        for (size_t i = 0; i < ARRAY_SIZE(lying); i++) {
                char name[64];

                (void)snprintf(name, sizeof(name), "store/lost+found/%s", lying[i]);
                scratch_write(scratch_name(name), "");
        }
        assert_int_equal(blob_aside_count(scratch_store, &bytes), -ENOTEMPTY);
        assert_int_equal(blob_aside_expire(scratch_store, 100), 0);
        assert_int_equal(blob_aside_expire(scratch_store, 200), 2);
        assert_true(scratch_exists(scratch_name("store/lost+found/6.200")));
        assert_int_equal(blob_aside_expire(scratch_store, INT64_MAX), 1);
        assert_int_equal(scratch_count(scratch_name("store/lost+found")), 1 + ARRAY_SIZE(lying) - 3);
}

static void test_count_and_remove(void **state) {
        int64_t bytes = 0;

        (void)state;
        make(5, "some text");
        make(6, "");
        assert_int_equal(blob_set_aside(scratch_store, 5), 0);
        assert_int_equal(blob_set_aside(scratch_store, 6), 0);
        assert_int_equal(blob_aside_count(scratch_store, &bytes), 2);
        assert_true(bytes > 0);
        assert_int_equal(scratch_remove(scratch_path, &scratch_owner), 0);
        assert_false(scratch_exists(scratch_path));
}

static void test_a_store_with_strange_things_set_aside_stays(void **state) {
        (void)state;
        make(5, "x");
        assert_int_equal(blob_set_aside(scratch_store, 5), 0);
        scratch_write(scratch_name("store/lost+found/#12"), "found by fsck");
        assert_int_equal(scratch_remove(scratch_path, &scratch_owner), -ENOTEMPTY);
        check_text("store/lost+found/5.1000", "x");
}

static void test_lost_and_found_is_the_stores_own(void **state) {
        (void)state;
        assert_int_equal(mkdir(scratch_name("fresh"), 0700), 0);
        assert_int_equal(mkdir(scratch_name("fresh/lost+found"), 0700), 0); /* as mkfs leaves it */
        assert_int_equal(blob_store_create(scratch_name("fresh"), &scratch_owner, 1), 0);
        assert_int_equal(scratch_remove(scratch_name("fresh"), &scratch_owner), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_nothing_is_replaced),
                CASE(test_nothing_is_replaced_where_rename_always_does),
                CASE(test_what_is_not_there_makes_nothing),
                CASE(test_it_is_on_disk),
                CASE(test_a_link_is_no_lost_and_found),
                CASE(test_only_what_is_ours_and_old_goes),
                CASE(test_count_and_remove),
                CASE(test_a_store_with_strange_things_set_aside_stays),
                CASE(test_lost_and_found_is_the_stores_own),
        };

        return cmocka_run_group_tests_name("blob aside", tests, NULL, NULL);
}
