/* SPDX-License-Identifier: MIT
 * Making and opening catalogs: their owners and modes, and the errno of each refusal.
 */
#include "scratch.h"

#include "connection.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static void test_new_catalog_holds_the_operator_and_one_event(void **state) {
        struct account account;

        (void)state;
        assert_string_equal(catalog_uuid(scratch_catalog), UUID);
        assert_int_equal(catalog_account_find(scratch_reader, "operator", &account), 0);
        assert_int_equal(account.id, OPERATOR);
        assert_int_equal(account.role, ROLE_OPERATOR);
        assert_int_equal(account.uid, -1);
        assert_int_equal(account.quota, -1);
        assert_int_equal(sql_number("SELECT count(*) FROM event"), 1);
        assert_int_equal(sql_number("SELECT id = 1 AND op = 'init' AND actor = 1 AND uid = 1000 AND via = 'cli' FROM event"), 1);
        assert_int_equal(sql_number("PRAGMA user_version"), CATALOG_STAMP);
        assert_int_equal(sql_number("PRAGMA application_id"), 0x494d4753);
        assert_int_equal(sql_number("SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
}

static void test_files_are_private_under_any_umask(void **state) {
        static const char *const names[] = { "other.db", "other.db-wal", "other.db-shm" };
        static const mode_t masks[] = { 0, 022, 0177 };
        mode_t old = umask(0);

        (void)state;
        for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
                struct catalog *catalog = NULL;
                struct stat st;

                (void)umask(masks[m]);
                assert_int_equal(catalog_create(scratch_name("other.db"), UUID, 0, VIA_MOUNT), 0);
                assert_int_equal(catalog_open(scratch_name("other.db"), 0, &catalog), 0);
                for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                        assert_int_equal(stat(scratch_name(names[i]), &st), 0);
                        assert_int_equal(st.st_mode & 07777, 0600);
                }
                catalog = catalog_close(catalog);
                assert_int_equal(unlink(scratch_name("other.db")), 0);
        }
        (void)umask(old);
}

static void test_create_never_overwrites(void **state) {
        _cleanup_fd_ int fd = open(scratch_name("taken"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        struct stat st;

        (void)state;
        assert_int_equal(write(fd, "abc", 3), 3);
        assert_int_equal(catalog_create(scratch_name("taken"), UUID, 0, VIA_CLI), -EEXIST);
        assert_int_equal(catalog_create(scratch_path, UUID, 0, VIA_CLI), -EEXIST);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_size, 3);
        assert_int_equal(sql_number("SELECT count(*) FROM event"), 1);
        assert_int_equal(catalog_create(scratch_name("nowhere/catalog.db"), UUID, 0, VIA_CLI), -ENOENT);
}

static void refused(const char *path, int error) {
        struct catalog *catalog = (void *)1;

        assert_int_equal(catalog_open(path, 0, &catalog), error);
        assert_int_equal(catalog_open(path, CATALOG_READ_ONLY, &catalog), error);
        assert_ptr_equal(catalog, (void *)1); /* set only on success */
}

static void file(const char *name, const char *text) {
        _cleanup_fd_ int fd = open(scratch_name(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void test_missing_is_told(void **state) {
        (void)state;
        refused(scratch_name("nothing"), -ENOENT);
        refused(scratch_name("nowhere/catalog.db"), -ENOENT);
}

static void test_what_is_no_catalog_is_told(void **state) {
        char text[2000];

        (void)state;
        file("empty", "");
        refused(scratch_name("empty"), -EMEDIUMTYPE);
        memset(text, 'x', sizeof(text));
        text[sizeof(text) - 1] = '\0';
        file("text", text);
        refused(scratch_name("text"), -EMEDIUMTYPE);
}

static void test_versions(void **state) {
        static const struct {
                const char *sql;
                int error;
        } cases[] = {
                { "PRAGMA user_version = 2", -EPROTOTYPE }, /* before its tables had revisions */
                { "PRAGMA user_version = 201", -EPROTOTYPE },
                { "PRAGMA user_version = 203", -EPROTONOSUPPORT },
                { "PRAGMA user_version = 3", -EPROTONOSUPPORT },
                { "PRAGMA user_version = 2000000000", -EPROTONOSUPPORT },
                { "PRAGMA user_version = 0", -EMEDIUMTYPE },
                { "PRAGMA user_version = 2; PRAGMA application_id = 0", -EMEDIUMTYPE },
                { "PRAGMA user_version = 3", -EMEDIUMTYPE }, /* other databases may use any version number */
                { "PRAGMA user_version = 202; PRAGMA application_id = 0x494d4754", -EMEDIUMTYPE },
                { "PRAGMA application_id = 0x494d4753; DELETE FROM meta", -EUCLEAN },
        };

        (void)state;
        scratch_close();
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                sql_run(cases[i].sql);
                refused(scratch_path, cases[i].error);
        }
        sql_run("INSERT INTO meta VALUES ('uuid', '" UUID "')");
        scratch_open();
        assert_string_equal(catalog_uuid(scratch_catalog), UUID);
}

static int never(struct catalog_connection *c, void *context) {
        (void)c;
        *(bool *)context = true;
        return 0;
}

static void test_read_only_reads_and_never_writes(void **state) {
        struct catalog *catalog = NULL;
        struct catalog_connection *c = NULL;
        struct account account;
        bool ran = false;
        int64_t event;

        (void)state;
        assert_int_equal(catalog_open(scratch_path, CATALOG_READ_ONLY, &catalog), 0);
        assert_int_equal(catalog_write(catalog, never, &ran), -EROFS);
        assert_int_equal(catalog_post(catalog, never, &ran, NULL), -EROFS);
        assert_false(ran);
        assert_int_equal(catalog_read(catalog, &c), 0);
        assert_int_equal(catalog_account_get(c, OPERATOR, &account), 0);
        assert_int_equal(change_in(c, SETTING_PUT, 1, 0, "x", &event), -EROFS);
        catalog_read_end(&c);
        assert_null(c);
        catalog = catalog_close(catalog);
}

static void test_a_reader_cannot_write(void **state) {
        int64_t event;

        (void)state;
        assert_int_equal(change_in(scratch_reader, SETTING_PUT, 1, 0, "x", &event), -EROFS);
        assert_int_equal(sql_number("SELECT count(*) FROM setting"), 0);
}

static void test_closed_catalog_keeps_everything(void **state) {
        int64_t id = must(ACCOUNT_PUT, 0, 0, "alice");

        (void)state;
        scratch_close();
        scratch_open();
        assert_true(id == 2);
        assert_true(account_id("alice") > OPERATOR);
        assert_int_equal(sql_number("SELECT count(*) FROM event"), 2);
}

static void test_close_takes_null(void **state) {
        (void)state;
        assert_null(catalog_close(NULL));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_new_catalog_holds_the_operator_and_one_event),
                CASE(test_files_are_private_under_any_umask),
                CASE(test_create_never_overwrites),
                CASE(test_missing_is_told),
                CASE(test_what_is_no_catalog_is_told),
                CASE(test_versions),
                CASE(test_read_only_reads_and_never_writes),
                CASE(test_a_reader_cannot_write),
                CASE(test_closed_catalog_keeps_everything),
                CASE(test_close_takes_null),
        };

        return cmocka_run_group_tests_name("catalog open", tests, NULL, NULL);
}
