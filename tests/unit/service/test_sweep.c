/* SPDX-License-Identifier: MIT
 * A daemon sweeps when it opens: what no row knows goes, what one knows stays, and nobody else sweeps.
 */
#include "scratch.h"

#include <fcntl.h>
#include <unistd.h>

static void leave(const char *name) {
        _cleanup_fd_ int fd = open(scratch_name(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
}

static bool there(const char *name) {
        return access(scratch_name(name), F_OK) == 0;
}

static void test_a_daemon_sweeps_left_overs(void **state) {
        int64_t web = filled(north, "web", 1000), sealed = filled(south, "db", 10), empty;
        struct disk_handle *handle;

        (void)state;
        finish(created(empty = draft(north, "empty"))); /* no bytes, and not available, but a row */
        assert_int_equal(image_seal(as("alice"), sealed), 0);
        leave("dir/store/north/77777");
        leave("dir/store/north/88888.tmp");
        leave("dir/store/south/77777");
        leave("dir/store/south/notes");
        scratch_reopen(0);
        assert_true(there("dir/store/north/77777")); /* imgshare does not */
        scratch_reopen(SERVICE_BACKGROUND | SERVICE_READ_ONLY);
        assert_true(there("dir/store/north/77777"));
        assert_true(there("dir/store/north/88888.tmp"));
        scratch_reopen(SERVICE_BACKGROUND);
        assert_false(there("dir/store/north/77777"));
        assert_false(there("dir/store/north/88888.tmp"));
        assert_false(there("dir/store/south/77777"));
        assert_true(there("dir/store/south/notes")); /* not ours */
        assert_int_equal(blob_of(empty).st_nlink, 1);
        assert_int_equal(blob_of(sealed).st_nlink, 1);
        handle = opened(web, O_RDONLY);
        scratch_same(handle, 0, 1000);
        finish(handle);
}

/* A blob of one region is a left-over in another: the row says where it is. */
static void test_rows_are_of_a_region(void **state) {
        int64_t web = filled(north, "web", 1000);
        char name[64];

        (void)state;
        (void)snprintf(name, sizeof(name), "dir/store/south/%lld", (long long)row(web).id);
        leave(name);
        scratch_reopen(SERVICE_BACKGROUND);
        assert_false(there(name));
        assert_int_equal(blob_of(web).st_nlink, 1);
}

static void test_what_is_being_written_is_not_swept(void **state) {
        int64_t place = draft(north, "web");
        struct disk_handle *handle = created(place);
        struct service *other = NULL;
        char why[WHY_SIZE];

        (void)state;
        assert_int_equal(disk_remove(as("alice"), place), 0); /* no row any more, but somebody has it open */
        scratch_bytes(handle, 0, 100);
        assert_int_equal(service_open(scratch_name("dir"), SERVICE_BACKGROUND, &other, why), 0);
        scratch_same(handle, 0, 100);
        other = service_close(other);
        finish(handle);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_a_daemon_sweeps_left_overs),
                CASE(test_rows_are_of_a_region),
                CASE(test_what_is_being_written_is_not_swept),
        };

        return cmocka_run_group_tests_name("service sweep", tests, NULL, NULL);
}
