/* SPDX-License-Identifier: MIT
 * Catalog against stores: each kind of damage is found once, and an intact catalog has none.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "instance.h"

static char found[4096];

static int collect(const struct finding *f, void *context) {
        size_t n = strlen(found);

        (void)snprintf(found + n, sizeof(found) - n, "%s %s: %s\n", f->what, f->object, f->problem);
        assert_non_null(f->repair);
        return *(int *)context;
}

static int check(bool digests) {
        int result = 0;

        found[0] = '\0';
        return check_run(as("operator"), digests, collect, &result);
}

static void scribble(int64_t place, const char *text, off_t at) {
        _cleanup_fd_ int fd = open(blob_name(place), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, text, strlen(text), at), strlen(text));
}

static int64_t sealed(const char *name) {
        int64_t place = filled(north, name, 10000);

        assert_int_equal(image_seal(as("alice"), place), 0);
        return place;
}

/* Waits until the daemon's thread has computed the digest. */
static void digested(int64_t place) {
        scratch_reopen(SERVICE_BACKGROUND);
        for (int i = 0; i < 1000 && !row(place).digested; i++)
                (void)nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
        assert_true(row(place).digested);
}

static void test_sound(void **state) {
        int64_t place;

        (void)state;
        assert_int_equal(check(true), 0);
        (void)filled(south, "a", 100);
        finish(created(draft(south, "empty")));
        (void)draft(north, "draft");
        place = sealed("b");
        digested(place);
        assert_int_equal(check(true), 0);
        assert_string_equal(found, "");
}

static void test_a_missing_disk_of_an_instance(void **state) {
        struct instance instance;
        char name[64];

        (void)state;
        (void)sealed("web");
        assert_int_equal(instance_create(as("alice"), north, "vm", &instance), 0);
        assert_int_equal(instance_launch(as("alice"), instance.id, "web"), 0);
        assert_int_equal(check(true), 0);
        assert_int_equal(instance_get(as("alice"), instance.id, &instance), 0);
        (void)snprintf(name, sizeof(name), "dir/store/north/%lld", (long long)instance.launch);
        assert_int_equal(unlink(scratch_name(name)), 0);
        assert_int_equal(check(false), 1);
        assert_string_equal(found, "instance north/vm@alice: its disk is not in the store\n");
        assert_int_equal(instance_disk_remove(as("alice"), instance.id), 0);
        assert_int_equal(check(false), 0);
}

static void test_a_missing_blob(void **state) {
        int64_t a = filled(north, "a", 100), b = sealed("b");

        (void)state;
        assert_int_equal(unlink(blob_name(a)), 0);
        assert_int_equal(check(false), 1);
        assert_string_equal(found, "image north/a@alice: its disk is not in the store\n");
        assert_int_equal(unlink(blob_name(b)), 0);
        assert_int_equal(check(true), 2);
}

static void test_an_extra_blob(void **state) {
        _cleanup_fd_ int fd = open(scratch_name("dir/store/south/2"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        time_t end = time(NULL) + 60;

        (void)state;
        assert_true(fd >= 0);
        assert_int_equal(check(false), 1);
        assert_string_equal(found, "blob south/2: no image of the catalog has it\n");
        scratch_reopen(SERVICE_BACKGROUND); /* `the next mount puts it into lost+found` */
        while (time(NULL) < end && check(false) != 0)
                (void)usleep(10000);
        assert_int_equal(check(false), 0);
}

static void test_a_wrong_size(void **state) {
        int64_t a = filled(north, "a", 100), b = sealed("b");

        (void)state;
        assert_int_equal(truncate(blob_name(a), 5), 0); /* not sealed: no size is recorded */
        assert_int_equal(truncate(blob_name(b), 9999), 0);
        assert_int_equal(check(false), 1);
        assert_string_equal(found, "image north/b@alice: its disk has 9999 bytes, 10000 were sealed\n");
}

static void test_wrong_bytes_are_found_by_digest_alone(void **state) {
        int64_t b = sealed("b");

        (void)state;
        digested(b);
        scribble(b, "x", 5000);
        assert_int_equal(check(false), 0);
        assert_int_equal(check(true), 1);
        assert_string_equal(found, "image north/b@alice: its bytes are not those that were sealed\n");
}

static void test_an_offline_region_is_one_finding(void **state) {
        (void)state;
        (void)filled(north, "a", 100);
        (void)sealed("b");
        assert_int_equal(rename(scratch_name("dir/store/north"), scratch_name("away")), 0);
        assert_int_equal(check(true), 1);
        assert_string_equal(found, "region north: its store is offline\n");
}

static void test_what_is_being_made_is_no_finding(void **state) {
        int64_t place = filled(north, "a", 100);
        struct disk_handle *handle = opened(place, O_RDWR);

        (void)state;
        assert_int_equal(disk_remove(as("alice"), place), 0);
        assert_int_equal(check(false), 0);
        finish(handle);
}

static void test_who_may_and_who_ends_it(void **state) {
        int64_t a = filled(north, "a", 100);
        int result = 17;

        (void)state;
        assert_int_equal(check_run(as("alice"), false, collect, &result), -EACCES);
        found[0] = '\0';
        assert_int_equal(unlink(blob_name(a)), 0);
        (void)filled(north, "b", 100);
        assert_int_equal(check_run(as("eve"), false, collect, &result), 17);
        result = 0;
        assert_int_equal(check_run(as("eve"), false, collect, &result), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_sound),
                CASE(test_a_missing_blob),
                CASE(test_a_missing_disk_of_an_instance),
                CASE(test_an_extra_blob),
                CASE(test_a_wrong_size),
                CASE(test_wrong_bytes_are_found_by_digest_alone),
                CASE(test_an_offline_region_is_one_finding),
                CASE(test_what_is_being_made_is_no_finding),
                CASE(test_who_may_and_who_ends_it),
        };

        return cmocka_run_group_tests_name("service check", tests, NULL, NULL);
}
