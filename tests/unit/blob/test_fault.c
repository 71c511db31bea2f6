/* SPDX-License-Identifier: MIT
 * The order in which data reaches the disk, and what is left if a step fails. The linker wraps the calls: a letter
 * notes each one, and the n-th fails.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static char noted[64];
static size_t notes;
static int fail_at, fail_with; /* 0: none fails */
static size_t short_count;     /* for copy_file_range: bytes it copies; 0: all */

static bool note(char letter) {
        if (notes < sizeof(noted) - 1)
                noted[notes++] = letter;
        noted[notes] = '\0';
        if (fail_at == 0 || --fail_at > 0)
                return false;
        errno = fail_with;
        return true;
}

static void notes_begin(int n, int with) {
        notes = 0;
        noted[0] = '\0';
        fail_at = n;
        fail_with = with;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd) {
        struct stat st;

        assert_int_equal(fstat(fd, &st), 0);
        return note(S_ISDIR(st.st_mode) ? 'D' : 'F') ? -1 : __real_fsync(fd);
}

int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to) {
        return note('r') ? -1 : __real_renameat(from_dir, from, to_dir, to);
}

int __real_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
        return note('l') ? -1 : __real_linkat(from_dir, from, to_dir, to, flags);
}

ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size) {
        return note('w') ? -1 : __real_write(fd, bytes, size);
}

ssize_t __real_copy_file_range(int from_fd, off_t *from, int to_fd, off_t *to, size_t size, unsigned flags);
ssize_t __wrap_copy_file_range(int from_fd, off_t *from, int to_fd, off_t *to, size_t size, unsigned flags);
ssize_t __wrap_copy_file_range(int from_fd, off_t *from, int to_fd, off_t *to, size_t size, unsigned flags) {
        if (note('c'))
                return -1;
        if (short_count > 0 && size > short_count)
                size = short_count;
        return __real_copy_file_range(from_fd, from, to_fd, to, size, flags);
}

static bool blob_before_rmdir;

int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);
int __wrap_rmdir(const char *path) {
        if (blob_before_rmdir)
                scratch_write(scratch_name("store/5"), "");
        return __real_rmdir(path);
}

static void make(int64_t id, uint64_t size) {
        _cleanup_fd_ int fd = -1;

        assert_int_equal(blob_create(scratch_store, id, &fd), 0);
        scratch_fill(fd, 0, size);
}

static uint64_t size_of(int64_t id) {
        struct stat st;

        assert_int_equal(blob_stat(scratch_store, id, &st), 0);
        return (uint64_t)st.st_size;
}

static void test_order_of_a_new_store(void **state) {
        (void)state;
        notes_begin(0, 0);
        assert_int_equal(blob_store_create(scratch_name("new"), &scratch_owner, 1), 0);
        assert_string_equal(noted, "wFrDD"); /* mark, its bytes, its name, the store, the store's name */
}

static void test_order_of_files(void **state) {
        _cleanup_fd_ int fd = -1;

        (void)state;
        notes_begin(0, 0);
        assert_int_equal(blob_create(scratch_store, 5, &fd), 0);
        assert_string_equal(noted, "D");
        notes_begin(0, 0);
        assert_int_equal(blob_sync(scratch_store, fd), 0);
        assert_string_equal(noted, "FD");
        notes_begin(0, 0);
        assert_int_equal(blob_link(scratch_store, 5, scratch_store, 6), 0);
        assert_string_equal(noted, "lrD");
        notes_begin(0, 0);
        assert_int_equal(blob_unlink(scratch_store, 6), 0);
        assert_string_equal(noted, "D");
        notes_begin(0, 0);
        assert_int_equal(blob_replace(scratch_store, 7, fd, 0, &(int){ -1 }), 0);
        assert_string_equal(noted, "FrD");
}

static int none(int64_t id, void *context) {
        (void)id;
        (void)context;
        return 0;
}

static void test_order_of_a_sweep(void **state) {
        (void)state;
        make(5, 0);
        make(6, 0);
        notes_begin(0, 0);
        assert_int_equal(blob_sweep(scratch_store, none, NULL), 2);
        assert_string_equal(noted, "DDD"); /* once for all: lost+found's name; what is in it, the store */
        notes_begin(0, 0);
        assert_int_equal(blob_sweep(scratch_store, none, NULL), 0);
        assert_string_equal(noted, "");
}

static void test_store_creation_fails_everywhere(void **state) {
        int n, r = -EIO;

        (void)state;
        for (n = 1; r < 0; n++) {
                notes_begin(n, EIO);
                r = blob_store_create(scratch_name("new"), &scratch_owner, 1);
                notes_begin(0, 0);
                assert_true(r == 0 || r == -EIO);
                assert_int_equal(scratch_exists(scratch_name("new")), r == 0);
        }
        assert_int_equal(n, 7);
}

static void test_failed_creation_leaves_an_old_directory_as_it_was(void **state) {
        struct stat st;

        (void)state;
        assert_int_equal(mkdir(scratch_name("old"), 0755), 0);
        assert_int_equal(chmod(scratch_name("old"), 0755), 0);
        notes_begin(1, EIO);
        assert_int_equal(blob_store_create(scratch_name("old"), &scratch_owner, 1), -EIO);
        notes_begin(0, 0);
        assert_int_equal(stat(scratch_name("old"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0755);
        assert_int_equal(scratch_count(scratch_name("old")), 0);
}

static void test_removal_overtaken_by_a_new_blob_leaves_a_store(void **state) {
        (void)state;
        blob_before_rmdir = true;
        notes_begin(0, 0);
        assert_int_equal(scratch_remove(scratch_path, &scratch_owner), -ENOTEMPTY);
        blob_before_rmdir = false;
        assert_int_equal(blob_store_check(scratch_store), 0);
        assert_true(scratch_exists(scratch_name("store/5")));
}

static void test_blob_creation_fails(void **state) {
        int fd = -1;

        (void)state;
        notes_begin(1, EIO);
        assert_int_equal(blob_create(scratch_store, 5, &fd), -EIO);
        assert_int_equal(fd, -1);
        assert_int_equal(scratch_count(scratch_path), 2);
}

static void test_link_fails_everywhere(void **state) {
        int n, r = -EIO;

        (void)state;
        make(5, 10);
        make(6, 20);
        for (n = 1; r < 0; n++) {
                notes_begin(n, EIO);
                r = blob_link(scratch_store, 5, scratch_store, 6);
                notes_begin(0, 0);
                assert_true(r == 0 || r == -EIO);
                assert_int_equal(size_of(6), n < 3 ? 20 : 10); /* the third: directory sync, after the rename */
                assert_int_equal(scratch_count(scratch_path), 4);
        }
        assert_int_equal(n, 5);
}

static void test_replace_fails_everywhere(void **state) {
        int n, r = -EIO;

        (void)state;
        make(5, 10);
        make(6, 20);
        for (n = 1; r < 0; n++) {
                _cleanup_fd_ int from = -1, fd = -1;

                assert_int_equal(blob_open(scratch_store, 5, O_RDONLY, &from), 0);
                notes_begin(n, EIO);
                r = blob_replace(scratch_store, 6, from, 10, &fd);
                assert_true(r == 0 || r == -EIO);
                assert_int_equal(fd >= 0, r == 0);
                /* if the kernel's copy fails, read and write are used; when the last call fails it is renamed
                 * already */
                assert_int_equal(size_of(6), r == 0 || strchr(noted, 'D') ? 10 : 20);
                assert_int_equal(scratch_count(scratch_path), 4);
                if (r == 0)
                        scratch_same(from, 0, fd, 0, 10);
                if (r == 0 && strchr(noted, 'c') && fail_at == 0) { /* only the copy failed: go on */
                        (void)fd_close(TAKE_FD(fd));
                        notes_begin(0, 0);
                        assert_int_equal(blob_unlink(scratch_store, 6), 0);
                        make(6, 20);
                        r = -EIO;
                }
        }
        assert_true(n >= 5);
        notes_begin(0, 0);
}

static void test_copy_goes_on_after_short_counts(void **state) {
        _cleanup_fd_ int from = -1, to = -1;

        (void)state;
        make(5, 100 * KIB + 1);
        assert_int_equal(blob_open(scratch_store, 5, O_RDONLY, &from), 0);
        assert_int_equal(blob_create(scratch_store, 6, &to), 0);
        short_count = 7777;
        notes_begin(0, 0);
        assert_int_equal(blob_copy_range(from, 3, to, 1, UINT64_MAX, 0), 100 * KIB - 2);
        short_count = 0;
        scratch_same(from, 3, to, 1, 100 * KIB - 2);
}

static void test_copy_goes_another_way_where_the_kernel_refuses(void **state) {
        static const int refusals[] = { EXDEV, EINVAL, EOPNOTSUPP, ENOSYS, EINTR, EIO };

        (void)state;
        make(5, 100 * KIB + 1);
        for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
                for (int n = 1; n < 4; n++) { /* the second and third are in the middle of the range */
                        _cleanup_fd_ int from = -1, to = -1;

                        assert_int_equal(blob_open(scratch_store, 5, O_RDONLY, &from), 0);
                        assert_int_equal(blob_create(scratch_store, 6, &to), 0);
                        short_count = 30000;
                        notes_begin(n, refusals[i]);
                        assert_int_equal(blob_copy_range(from, 3, to, 1, UINT64_MAX, 0), 100 * KIB - 2);
                        notes_begin(0, 0);
                        short_count = 0;
                        scratch_same(from, 3, to, 1, 100 * KIB - 2);
                        assert_int_equal(blob_unlink(scratch_store, 6), 0);
                }
}

/* A reflink copies the range in one call, if the filesystem shares blocks. */
static void test_reflink_needs_no_other_copy(void **state) {
        _cleanup_fd_ int from = -1, to = -1;

        (void)state;
        make(5, 100 * KIB);
        assert_int_equal(blob_open(scratch_store, 5, O_RDONLY, &from), 0);
        assert_int_equal(blob_create(scratch_store, 6, &to), 0);
        notes_begin(0, 0);
        assert_int_equal(blob_copy_range(from, 4096, to, 8192, 40960, 0), 40960);
        assert_string_equal(noted, "");
        scratch_same(from, 4096, to, 8192, 40960);
        assert_int_equal(blob_copy_range(from, 0, to, 0, 40961, 0), 40961);
        assert_string_equal(noted, "c"); /* the last byte */
        scratch_same(from, 0, to, 0, 40961);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_order_of_a_new_store),
                CASE(test_order_of_files),
                CASE(test_order_of_a_sweep),
                CASE(test_store_creation_fails_everywhere),
                CASE(test_failed_creation_leaves_an_old_directory_as_it_was),
                CASE(test_removal_overtaken_by_a_new_blob_leaves_a_store),
                CASE(test_blob_creation_fails),
                CASE(test_link_fails_everywhere),
                CASE(test_replace_fails_everywhere),
                CASE(test_copy_goes_on_after_short_counts),
                CASE(test_copy_goes_another_way_where_the_kernel_refuses),
        };

        const struct CMUnitTest reflink_tests[] = {
                CASE(test_reflink_needs_no_other_copy),
        };
        int failed;

        failed = cmocka_run_group_tests_name("blob fault", tests, NULL, NULL);
        if (scratch_filesystem("xfs"))
                failed += cmocka_run_group_tests_name("blob fault on xfs", reflink_tests, NULL, NULL);
        return failed;
}
