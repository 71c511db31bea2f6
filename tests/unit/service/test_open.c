/* SPDX-License-Identifier: MIT
 * Making and opening DIR: modes, refusals and their reasons, regions whose store is offline.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static char why[WHY_SIZE];

static mode_t mode_of(const char *name) {
        struct stat st;

        assert_int_equal(stat(scratch_name(name), &st), 0);
        return st.st_mode & 07777;
}

static void test_all_is_private(void **state) {
        mode_t old = umask(0);
        struct disk_handle *handle;

        (void)state;
        assert_int_equal(service_create(scratch_name("new"), 0, VIA_CLI, why), 0);
        assert_int_equal(mode_of("new"), 0700);
        assert_int_equal(mode_of("new/store"), 0700);
        assert_int_equal(mode_of("new/catalog.db"), 0600);
        assert_int_equal(region_add(as("operator"), "east", NULL), 0);
        assert_int_equal(mode_of("dir/store/east"), 0700);
        handle = created(draft(north, "web"));
        (void)umask(old);
        assert_int_equal(blob_of(sql_number("SELECT max(id) FROM place")).st_mode & 07777, 0600);
        finish(handle);
}

static void test_create_takes_an_empty_directory_only(void **state) {
        (void)state;
        assert_int_equal(mkdir(scratch_name("empty"), 0755), 0);
        assert_int_equal(chmod(scratch_name("empty"), 0755), 0);
        assert_int_equal(service_create(scratch_name("empty"), 0, VIA_CLI, why), 0);
        assert_int_equal(mode_of("empty"), 0700);
        assert_int_equal(service_create(scratch_name("empty"), 0, VIA_CLI, why), -EEXIST); /* whatever else DIR holds */
        assert_non_null(strstr(why, "holds a catalog"));
        assert_int_equal(mkdir(scratch_name("full"), 0755), 0);
        assert_int_equal(mkdir(scratch_name("full/x"), 0755), 0);
        assert_int_equal(service_create(scratch_name("full"), 0, VIA_CLI, why), -ENOTEMPTY);
        assert_non_null(strstr(why, "not empty"));
        assert_int_equal(access(scratch_name("full/catalog.db"), F_OK), -1);
        assert_int_equal(service_create(scratch_name("none/new"), 0, VIA_CLI, why), -ENOENT);
        assert_true(strlen(why) > 0);
}

static void test_a_directory_others_can_enter_is_refused(void **state) {
        static const mode_t open_modes[] = { 0701, 0710, 0770, 0755, 0777, 0740, 0702, 0704 };
        struct service *service = NULL;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(open_modes); i++) {
                assert_int_equal(chmod(scratch_name("dir"), open_modes[i]), 0);
                assert_int_equal(service_open(scratch_name("dir"), 0, &service, why), -EPERM);
                assert_non_null(strstr(why, "others can enter"));
                assert_int_equal(service_open(scratch_name("dir"), SERVICE_READ_ONLY, &service, why), -EPERM);
                assert_null(service);
        }
        assert_int_equal(chmod(scratch_name("dir"), 0700), 0);
        assert_int_equal(service_open(scratch_name("dir"), 0, &service, why), 0);
        service = service_close(service);
}

static void test_what_is_no_catalog_is_told(void **state) {
        struct service *service = NULL;

        (void)state;
        scratch_tampered();
        assert_int_equal(service_open(scratch_name("none"), 0, &service, why), -ENOENT);
        assert_int_equal(mkdir(scratch_name("empty"), 0700), 0);
        assert_int_equal(service_open(scratch_name("empty"), 0, &service, why), -ENOENT);
        assert_non_null(strstr(why, "there is no catalog in it"));
        assert_int_equal(service_open(scratch_name("dir/catalog.db"), 0, &service, why), -ENOTDIR);
        scratch_service = service_close(scratch_service);
        sql_run("PRAGMA user_version = 3");
        assert_int_equal(service_open(scratch_name("dir"), 0, &service, why), -EPROTONOSUPPORT);
        assert_non_null(strstr(why, "newer version"));
        sql_run("PRAGMA user_version = 202; PRAGMA application_id = 7");
        assert_int_equal(service_open(scratch_name("dir"), 0, &service, why), -EMEDIUMTYPE);
        assert_non_null(strstr(why, "no catalog of imgsharefs"));
        assert_null(service);
}

static void test_read_only_changes_nothing(void **state) {
        int64_t place = filled(north, "web", 100), before;
        struct image image;
        struct share share;

        (void)state;
        scratch_reopen(SERVICE_READ_ONLY);
        before = events("1");
        assert_int_equal(image_create(as("alice"), north, "db", &image), -EROFS);
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), -EROFS);
        assert_int_equal(fixed_tree(as("alice"), false, "north/x", false), RULE_FIXED_TREE);
        assert_int_equal(row(place).state, IMAGE_AVAILABLE);
        scratch_reopen(0);
        assert_int_equal(events("1"), before); /* refusals are not logged either */
}

static void test_callers(void **state) {
        struct caller caller;

        (void)state;
        assert_int_equal(service_caller(scratch_service, "nobody", 0, VIA_CLI, &caller), -ENOENT);
        assert_int_equal(service_caller(scratch_service, "eve", 7, VIA_CLI, &caller), 0);
        assert_string_equal(caller.name, "eve");
        assert_int_equal(caller.role, ROLE_AUDITOR);
        assert_int_equal(caller.uid, 7);
        assert_int_equal(caller.via, VIA_CLI);
        assert_int_equal(account_set(as("operator"), "eve", &(struct account_change){ ACCOUNT_ROLE, ROLE_OPERATOR }, 1), 0);
        assert_int_equal(service_caller_refresh(scratch_service, &caller), 0);
        assert_int_equal(caller.role, ROLE_OPERATOR);
        assert_int_equal(account_remove(as("operator"), "eve"), 0);
        assert_int_equal(service_caller_refresh(scratch_service, &caller), -ENOENT);
}

static void test_an_offline_region_is_EIO_and_the_others_work(void **state) {
        int64_t place = filled(north, "web", 1000), sealed = filled(north, "sealed", 2000), fine = filled(south, "db", 10);
        struct disk_handle *handle = NULL;
        struct image image, sealed_row;
        struct statvfs space;
        struct share share;
        struct stat st;

        (void)state;
        assert_int_equal(image_seal(as("alice"), sealed), 0);
        assert_int_equal(rename(scratch_name("dir/store/north"), scratch_name("away")), 0);
        for (int again = 0; again < 2; again++) { /* noticed by a running service, and after a restart */
                image = row(place);
                sealed_row = row(sealed);
                assert_int_equal(disk_open(as("alice"), place, O_RDONLY, &handle), -EIO);
                assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), -EIO);
                assert_int_equal(disk_stat(as("alice"), &image, &st), -EIO);
                assert_int_equal(disk_stat(as("alice"), &sealed_row, &st), 0); /* the catalog knows */
                assert_int_equal(st.st_size, 2000);
                assert_int_equal(image_region_statvfs(as("alice"), north, &space), -EIO);
                assert_int_equal(image_region_statvfs(as("alice"), south, &space), 0);
                finish(opened(fine, O_RDONLY));
                assert_int_equal(events("op = 'share'"), 0);
                if (again == 0)
                        scratch_reopen(SERVICE_BACKGROUND);
        }
        assert_int_equal(rename(scratch_name("away"), scratch_name("dir/store/north")), 0);
        handle = opened(place, O_RDONLY);
        scratch_same(handle, 0, 1000);
        finish(handle);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_all_is_private),
                CASE(test_create_takes_an_empty_directory_only),
                CASE(test_a_directory_others_can_enter_is_refused),
                CASE(test_what_is_no_catalog_is_told),
                CASE(test_read_only_changes_nothing),
                CASE(test_callers),
                CASE(test_an_offline_region_is_EIO_and_the_others_work),
        };

        return cmocka_run_group_tests_name("service open", tests, NULL, NULL);
}
