/* SPDX-License-Identifier: MIT
 * The bytes of a disk that shares none: writing, truncating, holes, seeking.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static struct disk_handle *handle;

static uint64_t size_of(void) {
        size_t size = 1;
        struct stat st;
        int fd;

        assert_int_equal(disk_read_begin(handle, 0, &size, &fd), 0);
        assert_int_equal(fstat(fd, &st), 0);
        disk_read_end(handle);
        return (uint64_t)st.st_size;
}

static void test_truncate_cuts_and_extends(void **state) {
        int64_t place = filled(north, "web", 10000);

        (void)state;
        handle = opened(place, O_RDWR);
        assert_int_equal(disk_truncate(handle, 5000), 0);
        assert_int_equal(size_of(), 5000);
        assert_int_equal(disk_truncate(handle, 20000), 0);
        assert_int_equal(size_of(), 20000);
        scratch_same(handle, 0, 5000);
        scratch_zeros(handle, 5000, 15000);
        finish(handle);
        assert_int_equal(disk_truncate_path(as("alice"), place, 7), 0);
        assert_int_equal(blob_of(place).st_size, 7);
        handle = opened(place, O_RDWR | O_TRUNC);
        assert_int_equal(size_of(), 0);
        finish(handle);
        assert_int_equal(row(place).state, IMAGE_AVAILABLE);
}

static void test_holes_are_kept_and_found(void **state) {
        int64_t place = draft(north, "web");

        (void)state;
        handle = created(place);
        scratch_bytes(handle, MIB, 64 * KIB);
        assert_int_equal(disk_truncate(handle, 4 * MIB), 0);
        assert_int_equal(disk_sync(as("alice"), handle), 0);
        assert_int_equal(disk_seek(handle, 0, SEEK_DATA), MIB);
        assert_int_equal(disk_seek(handle, MIB, SEEK_HOLE), MIB + 64 * KIB);
        assert_int_equal(disk_seek(handle, MIB + 64 * KIB, SEEK_DATA), -ENXIO);
        assert_int_equal(disk_seek(handle, 2 * MIB, SEEK_HOLE), 2 * MIB);
        assert_int_equal(disk_seek(handle, 4 * MIB, SEEK_HOLE), -ENXIO);
        scratch_zeros(handle, 0, MIB);
        scratch_same(handle, MIB, 64 * KIB);
        finish(handle);
        assert_in_range(blob_of(place).st_blocks * 512, 64 * KIB, 256 * KIB);
        assert_int_equal(blob_of(place).st_size, 4 * MIB);
}

static void test_allocate_and_punch(void **state) {
        int64_t place = filled(north, "web", 64 * KIB);

        (void)state;
        handle = opened(place, O_RDWR);
        assert_int_equal(disk_allocate(handle, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8 * KIB, 8 * KIB), 0);
        assert_int_equal(disk_allocate(handle, 0, 0, 128 * KIB), 0);
        assert_int_equal(size_of(), 128 * KIB);
        scratch_same(handle, 0, 8 * KIB);
        scratch_zeros(handle, 8 * KIB, 8 * KIB);
        scratch_same(handle, 16 * KIB, 48 * KIB);
        assert_int_equal(disk_allocate(handle, 0, 0, 0), -EINVAL);
        finish(handle);
}

static void test_stat_tells_the_truth_open_or_not(void **state) {
        int64_t place = filled(north, "web", 5000);
        struct image image = row(place);
        struct stat st;

        (void)state;
        handle = opened(place, O_RDWR);
        scratch_bytes(handle, 5000, 5000);
        assert_int_equal(disk_stat(as("alice"), &image, &st), 0);
        assert_int_equal(st.st_size, 10000);
        finish(handle);
        assert_int_equal(disk_stat(as("alice"), &image, &st), 0);
        assert_int_equal(st.st_size, 10000);
        assert_int_equal(st.st_blocks, blob_of(place).st_blocks);
        assert_int_equal(unlink(blob_name(place)), 0);
        assert_int_equal(disk_stat(as("alice"), &image, &st), -EIO); /* damaged, not missing */
        assert_int_equal(disk_open(as("alice"), place, O_RDONLY, &handle), -EIO);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_truncate_cuts_and_extends),
                CASE(test_holes_are_kept_and_found),
                CASE(test_allocate_and_punch),
                CASE(test_stat_tells_the_truth_open_or_not),
        };

        return cmocka_run_group_tests_name("service write", tests, NULL, NULL);
}
