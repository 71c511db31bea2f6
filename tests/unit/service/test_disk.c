/* SPDX-License-Identifier: MIT
 * Disks and their handles: what closing does to an image, what a handle may do, removing an open disk, times.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static struct disk_handle *handle;
static struct image image;

static void test_available_with_the_first_content_at_flush(void **state) {
        int64_t place = draft(north, "web");

        (void)state;
        handle = created(place);
        assert_true(row(place).has_disk);
        assert_int_equal(disk_create(as("alice"), place, O_WRONLY, &image, &handle), -EEXIST);
        assert_int_equal(disk_flush(as("alice"), handle), 0); /* nothing written yet */
        assert_int_equal(row(place).state, IMAGE_DRAFT);
        scratch_put(handle, 0, "hello");
        assert_int_equal(row(place).state, IMAGE_DRAFT);
        assert_int_equal(disk_flush(as("alice"), handle), 0);
        assert_int_equal(row(place).state, IMAGE_AVAILABLE);
        assert_true(row(place).description > 0 && row(place).shares_link > 0);
        assert_null(disk_close(as("alice"), handle));
        assert_int_equal(events("op = 'available' AND object = 'north/web@alice'"), 1);
        handle = opened(place, O_RDWR); /* writable until it is sealed */
        scratch_put(handle, 5, " world");
        assert_string_equal(scratch_get(handle, 0, 100), "hello world");
        finish(handle);
        assert_int_equal(events("op = 'available'"), 1);
}

static void test_a_failed_write_makes_nothing_available(void **state) {
        int64_t place = draft(north, "web");
        int fd;

        (void)state;
        handle = created(place);
        scratch_put(handle, 0, "hello");
        assert_int_equal(disk_write_begin(handle, &fd), 0);
        disk_write_end(handle, -ENOSPC);
        finish(handle);
        assert_int_equal(row(place).state, IMAGE_DRAFT);
        assert_int_equal(blob_of(place).st_size, 5); /* what was written stays */
        assert_int_equal(disk_touch(as("alice"), place, 99), 0);
        finish(opened(place, O_WRONLY)); /* another handle that did not fail */
        assert_int_equal(row(place).state, IMAGE_AVAILABLE);
        assert_int_equal(row(place).mtime, 99); /* nothing was written after that */
}

static void test_writing_back_outlives_handle_and_disk(void **state) {
        int64_t place = draft(north, "web");
        int fd;

        (void)state;
        handle = created(place);
        scratch_put(handle, 0, "hello");
        assert_int_equal(disk_flush(as("alice"), handle), 0);
        fd = disk_write_back_begin(handle);
        assert_true(fd >= 0);
        assert_null(disk_close(as("alice"), handle));
        assert_int_equal(disk_remove(as("alice"), place), 0);
        disk_write_back(fd);
        assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed by disk_write_back */
        handle = opened(filled(north, "db", 10), O_RDONLY);
        fd = disk_write_back_begin(handle);
        assert_int_equal(fd, -EBADF); /* a reader has nothing to write back */
        disk_write_back(fd);
        finish(handle);
}

static void test_handles_do_what_they_were_opened_for(void **state) {
        int64_t place = filled(north, "web", 1000);
        struct disk_handle *other = opened(place, O_RDONLY);
        size_t size = 10;
        int fd;

        (void)state;
        assert_int_equal(disk_write_begin(other, &fd), -EBADF);
        assert_int_equal(disk_truncate(other, 5), -EBADF);
        assert_int_equal(disk_allocate(other, 0, 0, 5), -EBADF);
        handle = opened(place, O_WRONLY);
        assert_int_equal(disk_read_begin(handle, 0, &size, &fd), -EBADF);
        assert_int_equal(disk_copy_range(other, 0, handle, 0, 10), -EOPNOTSUPP); /* the same disk */
        assert_int_equal(disk_copy_range(handle, 0, other, 0, 10), -EBADF);
        scratch_put(handle, 0, "HELLO");
        assert_string_equal(scratch_get(other, 0, 5), "HELLO"); /* immediately */
        assert_int_equal(disk_sync(as("alice"), handle), 0);
        finish(handle);
        finish(other);
        assert_null(disk_close(as("alice"), NULL));
}

static void test_missing_disks(void **state) {
        int64_t place = draft(north, "web");

        (void)state;
        assert_int_equal(disk_open(as("alice"), place, O_RDONLY, &handle), -ENOENT);
        assert_int_equal(disk_remove(as("alice"), place), -ENOENT);
        assert_int_equal(disk_open(as("alice"), 999, O_RDONLY, &handle), -ENOENT);
        assert_int_equal(disk_create(as("bob"), place, O_WRONLY, &image, &handle), -ENOENT);
        assert_int_equal(disk_create(as("operator"), place, O_WRONLY, &image, &handle), RULE_ROLE);
        assert_int_equal(blob_of(place).st_nlink, 0); /* nothing is left behind */
}

static void test_a_left_over_of_a_crash_is_no_hindrance(void **state) {
        int64_t place = draft(north, "web");
        int fd = open(blob_name(place), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        (void)state;
        assert_int_equal(write(fd, "torn", 4), 4);
        fd = fd_close(fd);
        handle = created(place);
        assert_string_equal(scratch_get(handle, 0, 10), "");
        scratch_put(handle, 0, "x");
        finish(handle);
        assert_int_equal(blob_of(place).st_size, 1);
}

static void test_removal_makes_a_new_draft(void **state) {
        int64_t place = filled(north, "web", 1000), old = row(place).id, description = row(place).description;
        char name[200];

        (void)state;
        (void)snprintf(name, sizeof(name), "%s", blob_name(place));
        assert_int_equal(limit_set(as("operator"), LIMIT_KEEP, 0), 0);
        assert_int_equal(disk_remove(as("alice"), place), 0);
        image = row(place);
        assert_true(image.id > old);
        assert_int_equal(image.state, IMAGE_DRAFT);
        assert_int_equal(image.description, description);
        assert_int_equal(access(name, F_OK), -1);
        assert_int_equal(image_get_disk(as("alice"), old, &image), -ENOENT);
        assert_int_equal(events("op = 'delete' AND json_extract(detail, '$.part') = 'disk'"), 1);
        handle = created(place);
        scratch_put(handle, 0, "new");
        finish(handle);
        assert_int_equal(row(place).state, IMAGE_AVAILABLE);
}

static void test_removed_while_open(void **state) {
        int64_t place = filled(north, "web", 1000), old = row(place).id;
        struct disk_handle *writer = opened(place, O_RDWR), *reader = opened(place, O_RDONLY);
        struct stat st;

        (void)state;
        assert_int_equal(disk_remove(as("alice"), place), 0);
        scratch_same(reader, 0, 1000); /* as with any file */
        scratch_put(writer, 0, "more");
        assert_string_equal(scratch_get(reader, 0, 4), "more");
        assert_int_equal(disk_stat_removed(as("alice"), old, &st), 0);
        assert_int_equal(st.st_size, 1000);
        handle = created(place); /* a new disk */
        scratch_put(handle, 0, "new");
        finish(writer);
        assert_int_equal(row(place).state, IMAGE_DRAFT); /* closing the old disk does not affect the new one */
        finish(handle);
        finish(reader);
        assert_int_equal(disk_stat_removed(as("alice"), old, &st), -ENOENT);
        handle = opened(place, O_RDONLY);
        assert_string_equal(scratch_get(handle, 0, 10), "new");
        finish(handle);
}

static void test_times(void **state) {
        int64_t place = filled(north, "web", 10), set = 1234567890123456789;
        struct share share;
        struct stat st;

        (void)state;
        assert_int_equal(disk_touch(as("bob"), place, set), -ENOENT);
        assert_int_equal(disk_touch(as("alice"), place, set), 0);
        image = row(place);
        assert_int_equal(disk_stat(as("alice"), &image, &st), 0);
        assert_int_equal(st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec, set);
        finish(opened(place, O_RDWR)); /* nothing written */
        assert_int_equal(row(place).mtime, set);
        handle = opened(place, O_RDWR);
        scratch_put(handle, 0, "x");
        finish(handle);
        assert_int_equal(row(place).mtime, 0); /* the blob's own time again */
        handle = opened(place, O_RDWR);
        scratch_put(handle, 0, "x");
        assert_int_equal(disk_touch(as("alice"), place, set), 0); /* like cp -p and rsync: write, set, close */
        finish(handle);
        assert_int_equal(row(place).mtime, set);
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_int_equal(row(place).mtime, set);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_available_with_the_first_content_at_flush),
                CASE(test_a_failed_write_makes_nothing_available),
                CASE(test_writing_back_outlives_handle_and_disk),
                CASE(test_handles_do_what_they_were_opened_for),
                CASE(test_missing_disks),
                CASE(test_a_left_over_of_a_crash_is_no_hindrance),
                CASE(test_removal_makes_a_new_draft),
                CASE(test_removed_while_open),
                CASE(test_times),
        };

        return cmocka_run_group_tests_name("service disk", tests, NULL, NULL);
}
