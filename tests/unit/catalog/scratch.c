/* SPDX-License-Identifier: MIT
 * Temporary catalogs for the tests, and SQLite's own view of their files.
 */
#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>

#include "oracle.h"

char scratch_dir[64];
char scratch_path[80];
struct catalog *scratch_catalog;
struct catalog_connection *scratch_reader;
static bool tampered;

int scratch_setup_closed(void **state) {
        (void)state;
        (void)snprintf(scratch_dir, sizeof(scratch_dir), "/tmp/catalog-XXXXXX");
        assert_non_null(mkdtemp(scratch_dir));
        (void)snprintf(scratch_path, sizeof(scratch_path), "%s/catalog.db", scratch_dir);
        assert_int_equal(catalog_create(scratch_path, UUID, 1000, VIA_CLI), 0);
        tampered = false;
        return 0;
}

void scratch_open(void) {
        assert_int_equal(catalog_open(scratch_path, 0, &scratch_catalog), 0);
        assert_int_equal(catalog_read(scratch_catalog, &scratch_reader), 0);
}

int scratch_setup(void **state) {
        (void)scratch_setup_closed(state); /* 0 */
        scratch_open();
        return 0;
}

void scratch_close(void) {
        catalog_read_end(&scratch_reader);
        scratch_catalog = catalog_close(scratch_catalog);
}

void scratch_tampered(void) {
        tampered = true;
}

int scratch_teardown(void **state) {
        _cleanup_dir_ DIR *dir = opendir(scratch_dir);
        const struct dirent *e;
        int r;

        (void)state;
        scratch_close();
        r = tampered ? 0 : oracle_check(scratch_path, stderr);
        while (dir && (e = readdir(dir)))
                (void)unlinkat(dirfd(dir), e->d_name, 0); /* leftovers stay in /tmp */
        (void)rmdir(scratch_dir);
        return r;
}

const char *scratch_name(const char *name) {
        static char names[4][128];
        static unsigned next;

        next = (next + 1) % ARRAY_SIZE(names);
        (void)snprintf(names[next], sizeof(names[next]), "%s/%s", scratch_dir, name);
        return names[next];
}

static void cleanup_db(sqlite3 **db) {
        (void)sqlite3_close(*db);
}

static void cleanup_statement(sqlite3_stmt **s) {
        (void)sqlite3_finalize(*s);
}

int64_t sql_number(const char *sql) {
        _cleanup_(cleanup_db) sqlite3 *db = NULL;
        _cleanup_(cleanup_statement) sqlite3_stmt *s = NULL;
        int code;

        assert_int_equal(sqlite3_open(scratch_path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
        code = sqlite3_step(s);
        if (code == SQLITE_DONE)
                return -1;
        assert_int_equal(code, SQLITE_ROW);
        return sqlite3_column_int64(s, 0);
}

void sql_run(const char *sql) {
        _cleanup_(cleanup_db) sqlite3 *db = NULL;

        assert_int_equal(sqlite3_open(scratch_path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_busy_timeout(db, 10000), SQLITE_OK); /* the log may be being copied back */
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

const char *scratch_copy(const char *sql) {
        _cleanup_(cleanup_db) sqlite3 *db = NULL;
        const char *path = scratch_name("copy.db");
        char copying[256];

        (void)unlink(path); /* of the last call */
        (void)snprintf(copying, sizeof(copying), "VACUUM INTO '%s'", path); /* fits */
        sql_run(copying);
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK); /* foreign keys are off by default */
        return path;
}

int64_t account_id(const char *name) {
        struct account account;

        assert_int_equal(catalog_account_find(scratch_reader, name, &account), 0);
        return account.id;
}

int64_t region_id(const char *name) {
        _cleanup_region_ struct region region = { 0 };

        assert_int_equal(catalog_region_find(scratch_reader, name, &region), 0);
        return region.id;
}

static int last_source(int64_t source, void *context) {
        *(int64_t *)context = source;
        return 0;
}

int scratch_image_source(struct catalog_connection *c, int64_t id, int64_t *ret_source, int64_t *ret_same) {
        int r = catalog_image_same(c, id, ret_same);

        *ret_source = 0;
        return r < 0 ? r : catalog_image_sources(c, id, last_source, ret_source);
}
