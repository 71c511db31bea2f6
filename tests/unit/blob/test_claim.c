/* SPDX-License-Identifier: MIT
 * Whose a store is: what its mark says to others, and that nothing is written before it is claimed.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static struct blob_store *store;

static int teardown(void **state) {
        store = blob_store_close(store);
        return scratch_teardown(state);
}

/* Opens the store anew as that owner would, with its directory. */
static int look(const struct blob_owner *owner, const char *dir) {
        store = blob_store_close(store);
        return blob_store_open(scratch_path, dir, owner, &store);
}

static void check_mark(const char *expected) {
        _cleanup_fd_ int fd = open(scratch_name("store/.imgshare"), O_RDONLY | O_CLOEXEC);
        char text[256] = "";

        assert_true(read(fd, text, sizeof(text) - 1) >= 0);
        assert_string_equal(text, expected);
}

#define MARK(number, directory, region, event) \
        UUID "\nnumber 000000000000000" number "\ndirectory " directory "\nregion " region "\nevent " event "\n"

static void test_who_it_says_it_belongs_to(void **state) {
        static const struct {
                uint64_t number;
                int64_t region;
                uint64_t inode;
                int64_t birth;
                bool inside;
                int expected;
        } cases[] = {
                { 7, 1, 2, 3, false, BLOB_OURS },
                { 7, 1, 2, 3, true, BLOB_OURS },
                { 7, 1, 9, 3, false, BLOB_ANOTHERS },
                { 7, 1, 2, 9, false, BLOB_ANOTHERS },
                { 7, 1, 9, 9, true, BLOB_MOVED },
                { 8, 1, 2, 3, false, BLOB_ANOTHERS },
                { 8, 1, 9, 9, true, BLOB_ANOTHERS },
                { 0, 1, 2, 3, true, BLOB_UNCOUNTED },
                { 0, 1, 9, 3, true, BLOB_ANOTHERS },
                { 0, 1, 2, 0, true, BLOB_ANOTHERS }, /* no birth is told */
                { 7, 5, 2, 3, true, BLOB_MISPLACED },
                { 8, 5, 9, 9, false, BLOB_MISPLACED },
                { 7, 1, 9, 0, false, BLOB_OURS }, /* no birth is told */
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct blob_owner owner = { .uuid = UUID, .number = cases[i].number, .region = cases[i].region,
                                            .inode = cases[i].inode, .birth = cases[i].birth };

                assert_int_equal(look(&owner, cases[i].inside ? scratch_dir : NULL), cases[i].expected);
                assert_int_equal(blob_store_event(store), 1);
        }
}

static void test_others_may_not_enter(void **state) {
        (void)state;
        assert_int_equal(chmod(scratch_path, 0710), 0);
        assert_int_equal(look(&scratch_owner, NULL), BLOB_EXPOSED);
        assert_int_equal(blob_store_claim(store, 7), -EROFS);
        assert_int_equal(chmod(scratch_path, 0700), 0);
        assert_int_equal(look(&scratch_owner, NULL), BLOB_OURS);
}

static void test_a_store_in_a_store(void **state) {
        (void)state;
        assert_int_equal(mkdir(scratch_name("store/below"), 0700), 0);
        assert_int_equal(blob_store_create(scratch_name("store/below/inner"), &scratch_owner, 1), -ELOOP);
        assert_false(scratch_exists(scratch_name("store/below/inner")));
        assert_int_equal(blob_store_create(scratch_name("inner"), &scratch_owner, 1), 0);
        assert_int_equal(rename(scratch_name("inner"), scratch_name("store/below/inner")), 0);
        assert_int_equal(blob_store_open(scratch_name("store/below/inner"), scratch_dir, &scratch_owner, &store),
                         BLOB_NESTED);
}

/* What changes a store, each on blob 5, which is there. */
static int change(int n) {
        int fd = -1, r = 0;

        switch (n) {
        case 0:
                r = blob_create(store, 6, &fd);
                break;
        case 1:
                r = blob_open(store, 5, O_RDWR, &fd);
                break;
        case 2:
                r = blob_unlink(store, 5);
                break;
        case 3:
                r = blob_link(store, 5, store, 6);
                break;
        case 4:
                r = blob_replace(store, 6, 0, 0, &fd);
                break;
        case 5:
                r = blob_separate(store, 5, 0, &fd);
                break;
        case 6:
                r = blob_set_aside(store, 5);
                break;
        case 7:
                r = blob_sweep(store, NULL, NULL);
                break;
        case 8:
                r = blob_aside_expire(store, INT64_MAX);
                break;
        case 9:
                r = blob_store_mark(store, 99);
                break;
        case 10:
                r = blob_store_remove(store);
                break;
        default:
                return 1;
        }
        fd = fd_close(fd);
        return r;
}

static void nothing_changes(void) {
        int n = 0, r;
        int fd = -1;
        struct stat st;

        while ((r = change(n)) != 1) {
                assert_int_equal(r, -EROFS);
                n++;
        }
        assert_int_equal(scratch_count(scratch_path), 3);
        assert_int_equal(blob_stat(store, 5, &st), 0);
        assert_int_equal(blob_open(store, 5, O_RDONLY, &fd), 0);
        fd = fd_close(fd);
}

static void test_nothing_changes_in_a_store_that_is_not_claimed(void **state) {
        struct blob_owner other = { .uuid = UUID, .number = 8, .region = 1, .inode = 2, .birth = 3 };
        int fd = -1;

        (void)state;
        assert_int_equal(blob_create(scratch_store, 5, &fd), 0);
        fd = fd_close(fd);
        assert_int_equal(look(&scratch_owner, NULL), BLOB_OURS);
        nothing_changes();
        assert_int_equal(look(&other, NULL), BLOB_ANOTHERS);
        assert_int_equal(blob_store_claim(store, 8), -EROFS);
        nothing_changes();
        assert_int_equal(look(&scratch_owner, NULL), BLOB_OURS);
        assert_int_equal(blob_store_claim(store, 7), 0);
        blob_store_shut(store, -EROFS);
        nothing_changes();
        check_mark(MARK("7", "2 3", "1", "1"));
}

static void test_what_moved_along_is_marked_anew(void **state) {
        struct blob_owner moved = scratch_owner;

        (void)state;
        moved.inode = 12;
        moved.birth = 13;
        assert_int_equal(look(&moved, scratch_dir), BLOB_MOVED);
        check_mark(MARK("7", "2 3", "1", "1"));
        assert_int_equal(blob_store_claim(store, 7), 0);
        check_mark(MARK("7", "12 13", "1", "1"));
        assert_int_equal(blob_store_check(store), 0);
        /* who had it finds that out */
        assert_int_equal(blob_store_check(scratch_store), -ESTALE);
        assert_int_equal(blob_store_mark(scratch_store, 50), -ESTALE);
        check_mark(MARK("7", "12 13", "1", "1"));
}

static void test_a_first_mark_is_completed(void **state) {
        (void)state;
        scratch_write(scratch_name("store/.imgshare"), UUID "\n");
        assert_int_equal(look(&scratch_owner, NULL), BLOB_UNMARKED);
        assert_int_equal(blob_store_event(store), 0);
        assert_int_equal(blob_store_claim(store, 7), 0);
        check_mark(MARK("7", "2 3", "1", "0"));
}

/* Two directories find the same first mark; one is faster. */
static void test_a_claim_that_comes_too_late(void **state) {
        struct blob_owner moved = scratch_owner;

        (void)state;
        scratch_write(scratch_name("store/.imgshare"), UUID "\n");
        assert_int_equal(look(&scratch_owner, NULL), BLOB_UNMARKED);
        scratch_write(scratch_name("store/.imgshare"), MARK("8", "12 13", "1", "40"));
        assert_int_equal(blob_store_claim(store, 7), -EAGAIN);
        check_mark(MARK("8", "12 13", "1", "40"));

        moved.number = 8;
        moved.inode = 22;
        assert_int_equal(look(&moved, scratch_dir), BLOB_MOVED);
        scratch_write(scratch_name("store/.imgshare"), MARK("9", "12 13", "1", "40"));
        assert_int_equal(blob_store_claim(store, 7), -EAGAIN);
        check_mark(MARK("9", "12 13", "1", "40"));
}

/* A catalog that lost its numbers. */
static void test_a_number_is_found_in_the_mark(void **state) {
        struct blob_owner owner = scratch_owner;

        (void)state;
        owner.number = 0;
        assert_int_equal(look(&owner, NULL), BLOB_UNCOUNTED);
        assert_int_equal(blob_store_number(store), 7);
        assert_int_equal(blob_store_claim(store, 7), 0);
        check_mark(MARK("7", "2 3", "1", "1"));
        assert_int_equal(look(&owner, NULL), BLOB_UNCOUNTED);
        scratch_write(scratch_name("store/.imgshare"), MARK("8", "2 3", "1", "1"));
        assert_int_equal(blob_store_claim(store, 7), -EAGAIN); /* adopted meanwhile */
}

static void test_taken_by_force(void **state) {
        struct blob_owner other = { .uuid = UUID, .number = 8, .region = 1, .inode = 22, .birth = 23 };

        (void)state;
        assert_int_equal(look(&other, NULL), BLOB_ANOTHERS);
        assert_int_equal(blob_store_seize(store, 40), 0);
        check_mark(MARK("8", "22 23", "1", "40"));
        assert_int_equal(blob_unlink(store, 5), 0);
        assert_int_equal(blob_store_check(scratch_store), -ESTALE);
}

static void test_the_event_never_falls(void **state) {
        int fd = -1;

        (void)state;
        assert_false(blob_store_written(scratch_store));
        assert_int_equal(blob_create(scratch_store, 5, &fd), 0);
        fd = fd_close(fd);
        assert_true(blob_store_written(scratch_store));
        assert_int_equal(blob_store_mark(scratch_store, 40), 0);
        assert_false(blob_store_written(scratch_store));
        check_mark(MARK("7", "2 3", "1", "40"));
        assert_int_equal(blob_store_mark(scratch_store, 39), 0);
        check_mark(MARK("7", "2 3", "1", "40"));
        assert_int_equal(look(&scratch_owner, NULL), BLOB_OURS);
        assert_int_equal(blob_store_event(store), 40);
        assert_int_equal(blob_store_claim(store, 7), 0);
        check_mark(MARK("7", "2 3", "1", "40"));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_who_it_says_it_belongs_to),
                CASE(test_others_may_not_enter),
                CASE(test_a_store_in_a_store),
                CASE(test_nothing_changes_in_a_store_that_is_not_claimed),
                CASE(test_what_moved_along_is_marked_anew),
                CASE(test_a_first_mark_is_completed),
                CASE(test_a_claim_that_comes_too_late),
                CASE(test_a_number_is_found_in_the_mark),
                CASE(test_taken_by_force),
                CASE(test_the_event_never_falls),
        };

        return cmocka_run_group_tests_name("blob claim", tests, NULL, NULL);
}
