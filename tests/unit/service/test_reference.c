/* SPDX-License-Identifier: MIT
 * A copy in progress: the new disk is the first bytes of the old one, for reads, sizes and seeks; the old one is
 * locked.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int64_t a, b;
static struct disk_handle *from, *to;

/* a has 3 MiB of data, then a hole up to 8 MiB; b is an empty disk. */
static int setup(void **state) {
        struct disk_handle *handle;

        (void)scratch_setup(state); /* 0 */
        a = draft(north, "a");
        handle = created(a);
        scratch_bytes(handle, 0, 3 * MIB);
        assert_int_equal(disk_truncate(handle, 8 * MIB), 0);
        finish(handle);
        b = draft(south, "b");
        to = created(b);
        from = opened(a, O_RDONLY);
        return 0;
}

static int teardown(void **state) {
        if (to)
                to = disk_close(as("alice"), to);
        from = disk_close(as("alice"), from);
        return scratch_teardown(state);
}

static uint64_t size(void) {
        struct image image = row(b);
        struct stat st;

        assert_int_equal(disk_stat(as("alice"), &image, &st), 0);
        return (uint64_t)st.st_size;
}

static void test_pieces_grow_the_reference(void **state) {
        (void)state;
        for (uint64_t at = 0; at < 2 * MIB; at += 512 * KIB) {
                assert_int_equal(disk_copy_range(from, at, to, at, 512 * KIB), 512 * KIB);
                assert_int_equal(size(), at + 512 * KIB);
        }
        assert_int_equal(blob_of(b).st_size, 0); /* no byte was moved */
        scratch_same(to, 0, 2 * MIB);
        assert_string_equal(scratch_get(to, 2 * MIB, 100), ""); /* nothing beyond */
        assert_int_equal(strlen(scratch_get(to, 2 * MIB - 10, 100)), 10);
        assert_int_equal(disk_seek(to, 0, SEEK_DATA), 0);
        assert_int_equal(disk_seek(to, 0, SEEK_HOLE), 2 * MIB);
        assert_int_equal(disk_seek(to, 2 * MIB, SEEK_DATA), -ENXIO);
        assert_int_equal(disk_seek(to, 2 * MIB, SEEK_HOLE), -ENXIO);
        assert_int_equal(disk_copy_range(from, 8 * MIB, to, 8 * MIB, MIB), 0); /* the source's end */
        assert_int_equal(disk_copy_range(from, 0, to, 0, 0), 0);
        assert_int_equal(size(), 2 * MIB);
}

static void test_gaps_and_truncation_over_holes_stay_references(void **state) {
        (void)state;
        assert_int_equal(disk_copy_range(from, 0, to, 0, 3 * MIB), 3 * MIB);
        assert_int_equal(disk_copy_range(from, 5 * MIB, to, 5 * MIB, MIB), MIB); /* 3 to 5 is a hole */
        assert_int_equal(size(), 6 * MIB);
        assert_int_equal(disk_truncate(to, 8 * MIB), 0);
        assert_int_equal(size(), 8 * MIB);
        assert_int_equal(disk_truncate(to, 7 * MIB), 0);
        assert_int_equal(size(), 7 * MIB);
        assert_int_equal(blob_of(b).st_size, 0);
        assert_int_equal(disk_truncate(to, 9 * MIB), 0); /* longer than the source: now bytes of its own */
        assert_int_equal(blob_of(b).st_size, 9 * MIB);
        scratch_same(to, 0, 3 * MIB);
        scratch_zeros(to, 3 * MIB, 6 * MIB);
}

static void test_a_gap_in_data_is_no_reference(void **state) {
        (void)state;
        assert_int_equal(disk_copy_range(from, 0, to, 0, MIB), MIB);
        assert_int_equal(disk_copy_range(from, 2 * MIB, to, 2 * MIB, MIB), MIB);
        assert_int_equal(blob_of(b).st_size, 3 * MIB);
        scratch_same(to, 0, MIB);
        scratch_zeros(to, MIB, MIB);
        scratch_same(to, 2 * MIB, MIB);
}

static void test_another_offset_is_bytes(void **state) {
        (void)state;
        scratch_put(to, 0, "head");
        assert_int_equal(disk_copy_range(from, 0, to, 4, 1000), 1000);
        assert_int_equal(disk_copy_range(from, 1000, to, 1004, 1000), 1000);
        assert_int_equal(blob_of(b).st_size, 2004);
        assert_int_equal(strncmp(scratch_get(to, 0, 4), "head", 4), 0);
        assert_int_equal(blob_of(b).st_nlink, 1);
}

static void test_another_offset_of_an_empty_disk_is_bytes_too(void **state) {
        char expected[101];

        (void)state;
        assert_int_equal(disk_copy_range(from, 0, to, 4096, 1000), 1000);
        assert_int_equal(blob_of(b).st_size, 5096);
        scratch_zeros(to, 0, 4096);
        assert_int_equal(disk_truncate(to, 0), 0);
        assert_int_equal(disk_copy_range(from, 4096, to, 0, 1000), 1000);
        assert_int_equal(blob_of(b).st_size, 1000);
        (void)snprintf(expected, sizeof(expected), "%s", scratch_get(from, 4096, 100));
        assert_string_equal(scratch_get(to, 0, 100), expected);
        assert_int_equal(disk_copy_range(from, 0, to, 0, 2 * MIB), 2 * MIB); /* not empty: overwritten with bytes */
        assert_int_equal(blob_of(b).st_size, 2 * MIB);
        scratch_same(to, 0, 2 * MIB);
}

static void test_a_write_ends_the_reference(void **state) {
        (void)state;
        assert_int_equal(disk_copy_range(from, 0, to, 0, 2 * MIB), 2 * MIB);
        scratch_put(to, MIB, "CHANGED");
        assert_int_equal(blob_of(b).st_size, 2 * MIB);
        scratch_same(to, 0, MIB);
        assert_string_equal(scratch_get(to, MIB, 7), "CHANGED");
        scratch_same(to, MIB + 7, MIB - 7);
        scratch_same(from, MIB, 1000); /* the source is unchanged */
        assert_int_equal(disk_copy_range(from, 2 * MIB, to, 2 * MIB, MIB), MIB); /* continues with bytes */
        scratch_same(to, 2 * MIB, MIB);
        assert_string_equal(scratch_get(to, MIB, 7), "CHANGED");
}

static void test_the_source_is_held_still(void **state) {
        struct disk_handle *writer = NULL;

        (void)state;
        assert_int_equal(disk_copy_range(from, 0, to, 0, MIB), MIB);
        assert_int_equal(disk_open(as("alice"), a, O_WRONLY, &writer), -EBUSY);
        assert_int_equal(disk_truncate_path(as("alice"), a, 0), -EBUSY);
        assert_int_equal(disk_remove(as("alice"), a), -EBUSY);
        assert_int_equal(row(a).state, IMAGE_AVAILABLE); /* a killed cp must not seal it */
        finish(to);
        to = NULL;
        assert_int_equal(disk_truncate_path(as("alice"), a, 5 * MIB), 0);
        assert_int_equal(disk_remove(as("alice"), a), 0);
}

static void test_a_source_being_written_is_busy(void **state) {
        struct disk_handle *writer = opened(a, O_WRONLY);

        (void)state;
        assert_int_equal(disk_copy_range(from, 0, to, 0, MIB), -EBUSY);
        finish(writer);
        assert_int_equal(disk_copy_range(from, 0, to, 0, MIB), MIB);
}

static void test_changing_the_source_in_the_middle(void **state) {
        int64_t c = filled(north, "c", 2 * MIB);
        struct disk_handle *other = opened(c, O_RDONLY);

        (void)state;
        assert_int_equal(disk_copy_range(from, 0, to, 0, MIB), MIB);
        assert_int_equal(disk_copy_range(other, MIB, to, MIB, MIB), MIB);
        scratch_same(to, 0, 2 * MIB);
        assert_int_equal(blob_of(b).st_size, 2 * MIB);
        assert_int_equal(disk_truncate_path(as("alice"), a, 0), 0); /* no longer locked */
        assert_int_equal(disk_truncate_path(as("alice"), c, 0), -EBUSY);
        scratch_same(to, 0, 2 * MIB);
        finish(other);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_pieces_grow_the_reference),
                CASE(test_gaps_and_truncation_over_holes_stay_references),
                CASE(test_a_gap_in_data_is_no_reference),
                CASE(test_another_offset_is_bytes),
                CASE(test_another_offset_of_an_empty_disk_is_bytes_too),
                CASE(test_a_write_ends_the_reference),
                CASE(test_the_source_is_held_still),
                CASE(test_a_source_being_written_is_busy),
                CASE(test_changing_the_source_in_the_middle),
        };

        return cmocka_run_group_tests_name("service reference", tests, NULL, NULL);
}
