/* SPDX-License-Identifier: MIT
 * A daemon sweeps when it has opened: what no row knows is set aside, what one knows stays, and nobody else sweeps. The
 * numbers of what is left here are of events that made no image.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "upkeep/wing.h"

static void leave(const char *name) {
        _cleanup_fd_ int fd = open(scratch_name(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
}

static bool there(const char *name) {
        return access(scratch_name(name), F_OK) == 0;
}

/* Waits until the background thread has swept. */
static void eventually_gone(const char *name) {
        time_t end = time(NULL) + 60;

        while (there(name) && time(NULL) < end)
                (void)usleep(1000);
        assert_false(there(name));
}

static void test_a_daemon_sweeps_left_overs(void **state) {
        int64_t web = filled(north, "web", 1000), sealed = filled(south, "db", 10), empty;
        struct disk_handle *handle;

        (void)state;
        finish(created(empty = draft(north, "empty"))); /* no bytes, not available, but it has a row */
        assert_int_equal(image_seal(as("alice"), sealed), 0);
        leave("dir/store/north/2");
        leave("dir/store/north/5.tmp");
        leave("dir/store/south/2");
        leave("dir/store/south/notes");
        scratch_reopen(0);
        assert_true(there("dir/store/north/2")); /* imgshare does not */
        scratch_reopen(SERVICE_BACKGROUND | SERVICE_READ_ONLY);
        assert_true(there("dir/store/north/2"));
        assert_true(there("dir/store/north/5.tmp"));
        scratch_reopen(SERVICE_BACKGROUND);
        eventually_gone("dir/store/north/2");
        eventually_gone("dir/store/north/5.tmp");
        eventually_gone("dir/store/south/2");
        assert_true(there("dir/store/south/notes")); /* not ours */
        assert_int_equal(blob_of(empty).st_nlink, 1);
        assert_int_equal(blob_of(sealed).st_nlink, 1);
        handle = opened(web, O_RDONLY);
        scratch_same(handle, 0, 1000);
        finish(handle);
}

/* A blob is a leftover in any region but its row's. */
static void test_rows_are_of_a_region(void **state) {
        int64_t web = filled(north, "web", 1000);
        char name[64];

        (void)state;
        (void)snprintf(name, sizeof(name), "dir/store/south/%lld", (long long)row(web).id);
        leave(name);
        scratch_reopen(SERVICE_BACKGROUND);
        eventually_gone(name);
        assert_int_equal(blob_of(web).st_nlink, 1);
}

static void test_what_is_being_written_is_not_swept(void **state) {
        int64_t place = draft(north, "web");
        struct disk_handle *handle = created(place);

        (void)state;
        assert_int_equal(disk_remove(as("alice"), place), 0); /* no row any more, but it is still open */
        scratch_bytes(handle, 0, 100);
        service_sweep(scratch_service);
        scratch_same(handle, 0, 100);
        finish(handle);
}

/* Many blobs, some of them leftovers. */
static void test_many_blobs(void **state) {
        static const char *const left[] = { "dir/store/north/2", "dir/store/north/3", "dir/store/north/4" };
        int64_t places[300];
        char name[16];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                (void)snprintf(name, sizeof(name), "web%zu", i); /* fits */
                places[i] = filled(north, name, 1);
        }
        for (size_t i = 0; i < ARRAY_SIZE(left); i++)
                leave(left[i]);
        service_sweep(scratch_service);
        for (size_t i = 0; i < ARRAY_SIZE(left); i++)
                assert_false(there(left[i]));
        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
                assert_int_equal(blob_of(places[i]).st_nlink, 1);
}

/* Leftovers of a crash do not obstruct new disks before they are swept, and the sweep does not obstruct new disks. */
static void test_what_is_left_over_is_in_nobodys_way(void **state) {
        int64_t web = draft(north, "web"), db = draft(north, "db"), source = filled(north, "source", 1000);
        struct disk_handle *handle;
        struct image image;
        char name[64];

        (void)state;
        (void)snprintf(name, sizeof(name), "dir/store/north/%lld", (long long)row(web).id);
        leave(name);
        (void)snprintf(name, sizeof(name), "dir/store/north/%lld", (long long)row(db).id);
        leave(name);
        handle = created(web);
        scratch_bytes(handle, 0, 100);
        assert_int_equal(image_copy(as("alice"), source, db, &image), 0);
        service_sweep(scratch_service);
        scratch_same(handle, 0, 100);
        finish(handle);
        assert_int_equal(blob_of(web).st_size, 100);
        assert_int_equal(blob_of(db).st_size, 1000);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_a_daemon_sweeps_left_overs),
                CASE(test_rows_are_of_a_region),
                CASE(test_what_is_being_written_is_not_swept),
                CASE(test_many_blobs),
                CASE(test_what_is_left_over_is_in_nobodys_way),
        };

        return cmocka_run_group_tests_name("service sweep", tests, NULL, NULL);
}
