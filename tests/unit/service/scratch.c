/* SPDX-License-Identifier: MIT
 * Directories, requests and disks for the service tests.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <string.h>

#include "oracle.h"

char scratch_dir[64];
struct service *scratch_service;
int64_t north, south;
static bool tampered;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

void scratch_reopen(enum service_flags flags) {
        char why[WHY_SIZE];

        scratch_service = service_close(scratch_service);
        assert_int_equal(service_open(scratch_name("dir"), flags, &scratch_service, why), 0);
        if (flags & SERVICE_BACKGROUND)
                assert_int_equal(service_sweep_begin(scratch_service), 0);
}

int scratch_setup(void **state) {
        (void)state;
        return scratch_setup_in("/tmp");
}

int scratch_setup_in(const char *base) {
        _cleanup_region_ struct region a = { 0 }, b = { 0 };
        char why[WHY_SIZE];

        (void)snprintf(scratch_dir, sizeof(scratch_dir), "%.40s/service-XXXXXX", base);
        tampered = false;
        assert_non_null(mkdtemp(scratch_dir));
        assert_int_equal(service_create(scratch_name("dir"), 1000, VIA_CLI, why), 0);
        scratch_reopen(0);
        assert_int_equal(region_add(as("operator"), "north", NULL), 0);
        assert_int_equal(region_add(as("operator"), "south", NULL), 0);
        assert_int_equal(account_add(as("operator"), "alice", ROLE_ACCOUNT, -1, -1), 0);
        assert_int_equal(account_add(as("operator"), "bob", ROLE_ACCOUNT, -1, -1), 0);
        assert_int_equal(account_add(as("operator"), "carol", ROLE_ACCOUNT, -1, -1), 0);
        assert_int_equal(account_add(as("operator"), "eve", ROLE_AUDITOR, -1, -1), 0);
        assert_int_equal(image_region_find(as("operator"), "north", &a), 0);
        assert_int_equal(image_region_find(as("operator"), "south", &b), 0);
        north = a.id;
        south = b.id;
        return 0;
}

void scratch_tampered(void) {
        tampered = true;
}

int scratch_teardown(void **state) {
        int r;

        (void)state;
        scratch_service = service_close(scratch_service);
        r = tampered ? 0 : oracle_check(scratch_name("dir/catalog.db"), stderr);
        (void)nftw(scratch_dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS); /* leftovers stay in /tmp */
        return r;
}

const char *scratch_name(const char *name) {
        static char names[4][200];
        static unsigned next;

        next = (next + 1) % ARRAY_SIZE(names);
        (void)snprintf(names[next], sizeof(names[next]), "%s/%s", scratch_dir, name);
        return names[next];
}

struct request *as_of(struct service *service, const char *name) {
        static struct request requests[8];
        static unsigned next;
        struct request *request = &requests[next++ % ARRAY_SIZE(requests)];

        *request = (struct request){ .service = service };
        assert_int_equal(service_caller(service, name, 1000, VIA_MOUNT, &request->caller), 0);
        return request;
}

struct request *as(const char *name) {
        return as_of(scratch_service, name);
}

int64_t draft(int64_t region, const char *name) {
        struct image image;

        assert_int_equal(image_create(as("alice"), region, name, &image), 0);
        return image.place;
}

int64_t filled(int64_t region, const char *name, uint64_t size) {
        int64_t place = draft(region, name);
        struct disk_handle *handle = created(place);

        scratch_bytes(handle, 0, size);
        finish(handle);
        return place;
}

struct image row(int64_t place) {
        struct image image;

        assert_int_equal(image_get(as("operator"), place, &image), 0);
        return image;
}

static int count_share(const struct share *share, void *context) {
        (void)share;
        ++*(int64_t *)context;
        return 0;
}

int64_t live_shares(int64_t place) {
        struct image image = row(place);
        int64_t count = 0;

        assert_int_equal(share_list(as("operator"), &image, 0, count_share, &count), 0);
        return count;
}

struct disk_handle *opened(int64_t place, int flags) {
        struct disk_handle *handle = NULL;

        assert_int_equal(disk_open(as("alice"), place, flags, &handle), 0);
        return handle;
}

struct disk_handle *created(int64_t place) {
        struct disk_handle *handle = NULL;
        struct image image;

        assert_int_equal(disk_create(as("alice"), place, O_RDWR, &image, &handle), 0);
        return handle;
}

void finish(struct disk_handle *handle) {
        assert_int_equal(disk_flush(as("alice"), handle), 0);
        assert_null(disk_close(as("alice"), handle));
}

static uint8_t byte_at(uint64_t offset) {
        return (uint8_t)((offset * 2654435761u >> 13) | 1);
}

void scratch_bytes(struct disk_handle *handle, uint64_t offset, uint64_t length) {
        _cleanup_free_ uint8_t *bytes = malloc(length + 1);
        int fd = -1;

        assert_non_null(bytes);
        for (uint64_t i = 0; i < length; i++)
                bytes[i] = byte_at(offset + i);
        assert_int_equal(disk_write_begin(handle, &fd), 0);
        assert_int_equal(pwrite(fd, bytes, length, (off_t)offset), length);
        disk_write_end(handle, (ssize_t)length);
}

void scratch_put(struct disk_handle *handle, uint64_t offset, const char *text) {
        size_t n = strlen(text);
        int fd = -1;

        assert_int_equal(disk_write_begin(handle, &fd), 0);
        assert_int_equal(pwrite(fd, text, n, (off_t)offset), n);
        disk_write_end(handle, (ssize_t)n);
}

static size_t get(struct disk_handle *handle, uint64_t offset, void *to, size_t size) {
        ssize_t n;
        int fd = -1;

        assert_int_equal(disk_read_begin(handle, offset, &size, &fd), 0);
        n = pread(fd, to, size, (off_t)offset);
        disk_read_end(handle);
        assert_true(n >= 0);
        return (size_t)n;
}

const char *scratch_get(struct disk_handle *handle, uint64_t offset, size_t size) {
        static char text[256];

        assert_true(size < sizeof(text));
        text[get(handle, offset, text, size)] = '\0';
        return text;
}

static void compare(struct disk_handle *handle, uint64_t offset, uint64_t length, bool zeros) {
        _cleanup_free_ uint8_t *bytes = malloc(length + 1);

        assert_non_null(bytes);
        assert_int_equal(get(handle, offset, bytes, length), length);
        for (uint64_t i = 0; i < length; i++)
                assert_int_equal(bytes[i], zeros ? 0 : byte_at(offset + i));
}

void scratch_same(struct disk_handle *handle, uint64_t offset, uint64_t length) {
        compare(handle, offset, length, false);
}

void scratch_zeros(struct disk_handle *handle, uint64_t offset, uint64_t length) {
        compare(handle, offset, length, true);
}

const char *blob_name(int64_t place) {
        struct image image = row(place);
        char name[128];

        (void)snprintf(name, sizeof(name), "dir/store/%s/%lld", image.region_name, (long long)image.id);
        return scratch_name(name);
}

struct stat blob_of(int64_t place) {
        struct stat st = { 0 };

        if (lstat(blob_name(place), &st) < 0) {
                assert_int_equal(errno, ENOENT);
                st.st_nlink = 0;
        }
        return st;
}

static sqlite3 *database(void) {
        sqlite3 *db = NULL;

        assert_int_equal(sqlite3_open(scratch_name("dir/catalog.db"), &db), SQLITE_OK);
        assert_int_equal(sqlite3_busy_timeout(db, 5000), SQLITE_OK);
        return db;
}

int64_t sql_number(const char *sql) {
        sqlite3 *db = database();
        sqlite3_stmt *s = NULL;
        int64_t number;
        int code;

        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
        code = sqlite3_step(s);
        number = code == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
        (void)sqlite3_finalize(s);
        (void)sqlite3_close(db);
        assert_true(code == SQLITE_ROW || code == SQLITE_DONE);
        return number;
}

void sql_run(const char *sql) {
        sqlite3 *db = database();

        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        (void)sqlite3_close(db);
}

int64_t events(const char *where) {
        char sql[1024];

        (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM event WHERE %s", where);
        return sql_number(sql);
}

int image_source_text(struct request *request, const struct image *image, char ret_text[static SOURCE_SIZE]) {
        FILE *to = fmemopen(ret_text, SOURCE_SIZE, "w");
        int r;

        assert_non_null(to);
        r = image_source(request, image, to);
        assert_int_equal(fclose(to), 0);
        ret_text[strcspn(ret_text, "\n")] = '\0';
        return r;
}
