/* SPDX-License-Identifier: MIT
 * The end of a copy: a whole reference becomes a hard link to the sealed source, a partial one becomes bytes. A write
 * to either never reaches the other.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define SIZE (2 * MIB)

static int64_t a, b;
static struct disk_handle *from, *to;

static int setup(void **state) {
        (void)scratch_setup(state); /* 0 */
        a = filled(north, "a", SIZE);
        b = draft(south, "b");
        to = created(b);
        from = opened(a, O_RDONLY);
        return 0;
}

static void copy(uint64_t size) {
        for (uint64_t at = 0; at < size; at += size / 4)
                assert_int_equal(disk_copy_range(from, at, to, at, size / 4), size / 4);
}

static void closed(void) {
        finish(to);
        finish(from);
}

static void test_a_whole_copy_is_a_link(void **state) {
        struct image image;

        (void)state;
        copy(SIZE);
        assert_int_equal(blob_of(a).st_nlink, 1);
        closed();
        assert_int_equal(blob_of(a).st_nlink, 2);
        assert_int_equal(blob_of(b).st_ino, blob_of(a).st_ino);
        image = row(a);
        assert_int_equal(image.state, IMAGE_SEALED);
        assert_int_equal(image.size, SIZE);
        image = row(b);
        assert_int_equal(image.state, IMAGE_AVAILABLE);
        assert_int_equal(live_shares(b), 0);
        assert_int_equal(events("op = 'seal' AND object = 'north/a@alice'"), 1);
        assert_int_equal(events("op = 'copy' AND object = 'south/b@alice' AND json_extract(detail, '$.source') = 'north/a@alice'"), 1);
        assert_int_equal(events("op = 'available' AND object = 'south/b@alice'"), 0); /* one event, not two */
        to = opened(b, O_RDONLY);
        scratch_same(to, 0, SIZE);
        finish(to);
}

static void test_a_partial_copy_is_bytes_and_seals_nothing(void **state) {
        (void)state;
        copy(SIZE / 2);
        closed();
        assert_int_equal(blob_of(a).st_nlink, 1);
        assert_int_equal(blob_of(b).st_nlink, 1);
        assert_int_equal(blob_of(b).st_size, SIZE / 2);
        assert_int_equal(row(a).state, IMAGE_AVAILABLE);
        assert_int_equal(row(b).state, IMAGE_AVAILABLE);
        assert_int_equal(events("op = 'copy' AND object = 'south/b@alice'"), 1); /* its lineage is recorded anyway */
        to = opened(b, O_RDONLY);
        scratch_same(to, 0, SIZE / 2);
        finish(to);
        assert_int_equal(disk_truncate_path(as("alice"), a, 1), 0);
}

static void test_what_is_synced_is_in_the_file(void **state) {
        (void)state;
        copy(SIZE / 2);
        assert_int_equal(disk_sync(as("alice"), from), 0); /* syncing the source does not affect the copy */
        assert_int_equal(blob_of(b).st_size, 0);
        assert_int_equal(disk_sync(as("alice"), to), 0);
        assert_int_equal(blob_of(b).st_size, SIZE / 2);
        assert_int_equal(row(a).state, IMAGE_AVAILABLE);
        for (uint64_t at = SIZE / 2; at < SIZE; at += SIZE / 4)
                assert_int_equal(disk_copy_range(from, at, to, at, SIZE / 4), SIZE / 4);
        scratch_same(to, 0, SIZE);
        closed();
        assert_int_equal(blob_of(b).st_size, SIZE);
}

static void test_a_synced_whole_copy_is_a_link(void **state) {
        struct disk_handle *reader;

        (void)state;
        copy(SIZE);
        reader = opened(b, O_RDONLY); /* as `sync FILE` opens it */
        assert_int_equal(disk_sync(as("alice"), reader), 0);
        assert_int_equal(blob_of(b).st_ino, blob_of(a).st_ino);
        assert_int_equal(row(a).state, IMAGE_SEALED);
        finish(reader);
        closed();
        assert_int_equal(row(b).state, IMAGE_AVAILABLE);
        assert_int_equal(events("op = 'copy' AND object = 'south/b@alice'"), 1);
}

static void test_release_without_flush_settles_too(void **state) {
        (void)state;
        copy(SIZE);
        to = disk_close(as("alice"), to);
        finish(from);
        assert_int_equal(blob_of(b).st_size, SIZE);
        assert_int_equal(row(b).state, IMAGE_DRAFT); /* only a flush makes it available */
        to = opened(b, O_RDONLY);
        scratch_same(to, 0, SIZE);
        finish(to);
}

static void test_writing_the_copy_keeps_the_sources_bytes(void **state) {
        (void)state;
        copy(SIZE);
        closed();
        to = opened(b, O_RDWR);
        assert_int_equal(blob_of(b).st_nlink, 2); /* not separated before the first write */
        scratch_put(to, 0, "CHANGED");
        assert_int_equal(blob_of(b).st_nlink, 1);
        assert_int_equal(blob_of(a).st_nlink, 1);
        finish(to);
        from = opened(a, O_RDONLY);
        to = opened(b, O_RDONLY);
        scratch_same(from, 0, SIZE);
        assert_string_equal(scratch_get(to, 0, 7), "CHANGED");
        scratch_same(to, 7, SIZE - 7);
        closed();
}

static void test_writing_after_the_flush_through_the_same_handle(void **state) {
        (void)state;
        copy(SIZE);
        assert_int_equal(disk_flush(as("alice"), to), 0); /* dup and close: the handle stays open */
        assert_int_equal(blob_of(b).st_nlink, 2);
        scratch_put(to, 10, "CHANGED");
        scratch_same(from, 0, SIZE);
        closed();
        assert_int_equal(blob_of(b).st_nlink, 1);
}

static void test_truncating_and_allocating_the_copy_too(void **state) {
        (void)state;
        copy(SIZE);
        closed();
        assert_int_equal(disk_truncate_path(as("alice"), b, 100), 0);
        assert_int_equal(blob_of(a).st_size, SIZE);
        assert_int_equal(blob_of(b).st_size, 100);
        from = opened(a, O_RDONLY);
        scratch_same(from, 0, SIZE);
        finish(from);
}

/* When a copy's own name is removed, only the source's link is left; the copy still must not be written to. */
static void test_writing_a_copy_that_was_removed_while_open(void **state) {
        int fd = -1;

        (void)state;
        copy(SIZE);
        closed();
        to = opened(b, O_RDWR);
        assert_int_equal(limit_set(as("operator"), LIMIT_KEEP, 0), 0);
        assert_int_equal(disk_remove(as("alice"), b), 0);
        assert_int_equal(blob_of(a).st_nlink, 1);
        scratch_same(to, 0, SIZE);
        assert_int_equal(disk_write_begin(to, &fd), -ESTALE);
        assert_int_equal(disk_truncate(to, 0), -ESTALE);
        finish(to);
        from = opened(a, O_RDONLY);
        scratch_same(from, 0, SIZE);
        finish(from);
}

static void test_removing_the_source_leaves_the_copy(void **state) {
        (void)state;
        copy(SIZE);
        closed();
        assert_int_equal(limit_set(as("operator"), LIMIT_KEEP, 0), 0);
        assert_int_equal(disk_remove(as("alice"), a), 0);
        assert_int_equal(blob_of(b).st_nlink, 1);
        to = opened(b, O_RDWR);
        scratch_same(to, 0, SIZE);
        scratch_put(to, 0, "x");
        finish(to);
        assert_int_equal(blob_of(b).st_size, SIZE);
}

static void test_a_copy_of_a_copy_is_a_link_to_the_same(void **state) {
        int64_t c = draft(north, "c");

        (void)state;
        copy(SIZE);
        closed();
        from = opened(b, O_RDONLY);
        to = created(c);
        copy(SIZE);
        closed();
        assert_int_equal(blob_of(a).st_nlink, 3);
        assert_int_equal(row(b).state, IMAGE_SEALED);
        assert_int_equal(events("op = 'copy' AND object = 'north/c@alice' AND json_extract(detail, '$.source') = 'south/b@alice'"), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_a_whole_copy_is_a_link),
                CASE(test_a_partial_copy_is_bytes_and_seals_nothing),
                CASE(test_what_is_synced_is_in_the_file),
                CASE(test_a_synced_whole_copy_is_a_link),
                CASE(test_release_without_flush_settles_too),
                CASE(test_writing_the_copy_keeps_the_sources_bytes),
                CASE(test_writing_after_the_flush_through_the_same_handle),
                CASE(test_truncating_and_allocating_the_copy_too),
                CASE(test_writing_a_copy_that_was_removed_while_open),
                CASE(test_removing_the_source_leaves_the_copy),
                CASE(test_a_copy_of_a_copy_is_a_link_to_the_same),
        };

        return cmocka_run_group_tests_name("service settle", tests, NULL, NULL);
}
