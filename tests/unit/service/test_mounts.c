/* SPDX-License-Identifier: MIT
 * Two services on one directory, like two mounts: each sees the other's changes and respects its open disks.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static struct service *other;
static struct share share;
static struct disk_handle *handle;

static int setup(void **state) {
        char why[WHY_SIZE];

        (void)scratch_setup(state); /* 0 */
        assert_int_equal(service_open(scratch_name("dir"), 0, &other, why), 0);
        return 0;
}

static int teardown(void **state) {
        other = service_close(other);
        return scratch_teardown(state);
}

static struct disk_handle *there(int64_t place, int flags) {
        struct disk_handle *h = NULL;

        assert_int_equal(disk_open(as_of(other, "alice"), place, flags, &h), 0);
        return h;
}

static void end(struct disk_handle *h) {
        assert_int_equal(disk_flush(as_of(other, "alice"), h), 0);
        assert_null(disk_close(as_of(other, "alice"), h));
}

static void test_a_writer_here_is_busy_there(void **state) {
        int64_t place = filled(north, "web", 1000), b = draft(south, "b");
        struct image image;

        (void)state;
        handle = opened(place, O_WRONLY);
        assert_int_equal(share_grant(as_of(other, "alice"), place, "bob", &share, NULL), -EBUSY);
        assert_int_equal(image_seal(as_of(other, "alice"), place), -EBUSY);
        assert_int_equal(image_copy(as_of(other, "alice"), place, b, &image), -EBUSY);
        end(there(place, O_WRONLY)); /* writers do not exclude each other */
        finish(handle);
        assert_int_equal(share_grant(as_of(other, "alice"), place, "bob", &share, NULL), 0);
        assert_int_equal(disk_open(as("alice"), place, O_WRONLY, &handle), RULE_SEALED); /* known here, too */
        assert_int_equal(image_get(as("bob"), place, &image), 0);
}

static void test_a_copy_here_holds_the_source_there(void **state) {
        int64_t a = filled(north, "a", MIB), b = draft(south, "b");
        struct disk_handle *from = opened(a, O_RDONLY), *to = created(b), *writer = NULL, *reader;

        (void)state;
        assert_int_equal(disk_copy_range(from, 0, to, 0, MIB / 2), MIB / 2);
        assert_int_equal(disk_open(as_of(other, "alice"), a, O_RDWR, &writer), -EBUSY);
        assert_int_equal(disk_remove(as_of(other, "alice"), a), -EBUSY);
        assert_int_equal(disk_open(as_of(other, "alice"), b, O_RDWR, &writer), -EBUSY); /* a reference has one writer */
        assert_int_equal(disk_copy_range(from, MIB / 2, to, MIB / 2, MIB / 2), MIB / 2);
        finish(to);
        finish(from);
        assert_int_equal(blob_of(a).st_nlink, 2);
        reader = opened(b, O_RDONLY);
        to = there(b, O_RDWR);
        scratch_same(to, 0, MIB);
        scratch_put(to, 0, "there");
        end(to);
        from = opened(a, O_RDONLY);
        scratch_same(from, 0, MIB);
        finish(from);
        handle = opened(b, O_RDONLY); /* the other service replaced the file: opened again here, though it was open */
        assert_string_equal(scratch_get(handle, 0, 5), "there");
        finish(handle);
        finish(reader);
}

/* If somebody else writes the target, too, a copy is bytes: a reference would leave two files for one name. */
static void test_a_target_with_two_writers_gets_bytes(void **state) {
        int64_t a = filled(north, "a", MIB), b = draft(south, "b");
        struct disk_handle *from = opened(a, O_RDONLY), *to = created(b), *writer = there(b, O_RDWR);

        (void)state;
        assert_int_equal(disk_copy_range(from, 0, to, 0, MIB), MIB);
        scratch_put(writer, 0, "there");
        assert_string_equal(scratch_get(to, 0, 5), "there");
        finish(to);
        end(writer);
        finish(from);
        assert_int_equal(blob_of(b).st_nlink, 1);
        assert_int_equal(blob_of(b).st_size, MIB);
        handle = opened(b, O_RDONLY);
        assert_string_equal(scratch_get(handle, 0, 5), "there");
        finish(handle);
}

static void test_removed_there_while_open_here(void **state) {
        int64_t place = filled(north, "web", 1000);

        (void)state;
        handle = opened(place, O_RDONLY);
        assert_int_equal(disk_remove(as_of(other, "alice"), place), 0);
        scratch_same(handle, 0, 1000);
        finish(handle);
        assert_int_equal(disk_open(as("alice"), place, O_RDONLY, &handle), -ENOENT);
}

static void test_changes_there_are_judged_here(void **state) {
        int64_t place = filled(north, "web", 1000);
        struct request *gone = as("carol");
        struct image image;

        (void)state;
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_int_equal(share_revoke(as_of(other, "alice"), place, "bob", NULL, NULL), 0);
        assert_int_equal(image_get(as("bob"), place, &image), -ENOENT);
        assert_int_equal(image_rename(as_of(other, "alice"), place, "web", north, "db"), 0);
        assert_int_equal(image_remove(as("alice"), place, "web"), -ENOENT); /* it has another name by now */
        assert_int_equal(account_remove(as_of(other, "operator"), "carol"), 0);
        assert_int_equal(image_create(gone, north, "x", &image), -EACCES);
        assert_int_equal(description_write(gone, place, "x", 1), -EACCES);
        assert_int_equal(account_set(as_of(other, "operator"), "bob", &(struct account_change){ ACCOUNT_ROLE, ROLE_AUDITOR }, 1), 0);
        gone = as("alice");
        gone->caller.role = ROLE_OPERATOR; /* a request's own role does not count */
        assert_int_equal(limit_set(gone, LIMIT_SHARES, 1), RULE_ROLE);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_a_writer_here_is_busy_there),
                CASE(test_a_copy_here_holds_the_source_there),
                CASE(test_a_target_with_two_writers_gets_bytes),
                CASE(test_removed_there_while_open_here),
                CASE(test_changes_there_are_judged_here),
        };

        return cmocka_run_group_tests_name("service mounts", tests, NULL, NULL);
}
