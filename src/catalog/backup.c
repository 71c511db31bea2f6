/* SPDX-License-Identifier: MIT
 * Copies the catalog as it is at one moment, while others write on, into one file with nothing beside it; and makes
 * such a copy a catalog of its own.
 */
#include "connection.h"
#include "hex.h"
#include "log/log.h"
#include "memo.h"

#include <fcntl.h>

int catalog_head(struct catalog_connection *c, struct log_head *ret_head) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_one(&s, statement_start(c, S_EVENT_LAST, &s, ""));

        if (r < 0)
                return r;
        if (sqlite3_column_bytes(s, 2) != EVENT_HASH_SIZE)
                return ORIGIN(-EIO);
        ret_head->event = sqlite3_column_int64(s, 0);
        memcpy(ret_head->hash, sqlite3_column_blob(s, 2), EVENT_HASH_SIZE);
        return 0;
}

int catalog_head_is(struct catalog_connection *c, const struct log_head *head) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_one(&s, statement_start(c, S_EVENT_HASH, &s, "i", head->event));

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        return sqlite3_column_bytes(s, 0) == EVENT_HASH_SIZE &&
               memcmp(sqlite3_column_blob(s, 0), head->hash, EVENT_HASH_SIZE) == 0;
}

int catalog_disks_since(struct catalog_connection *c, int64_t after, disk_each each, void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_DISKS_SINCE, &s, "i", after);

        while (r == 0 && (r = statement_row(s)) > 0) {
                const struct disk_row row = { .id = sqlite3_column_int64(s, 0), .region = sqlite3_column_int64(s, 1),
                                              .sealed = sqlite3_column_int(s, 2) != 0 };

                r = id_good(row.id) && region_good(row.region) ? each(&row, context) : ORIGIN(-EIO);
        }
        return r;
}

struct disk_page {
        int64_t after;
        int count;
        struct disk_row rows[PAGE];
};

static int disk_page_read(struct catalog_connection *c, int64_t region, struct disk_page *page) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_DISKS_LIVE, &s, "ii", region, page->after);

        for (page->count = 0; r == 0 && (r = statement_row(s)) > 0;) {
                struct disk_row *row = &page->rows[page->count++];

                *row = (struct disk_row){ .id = sqlite3_column_int64(s, 1), .region = region,
                                          .sealed = sqlite3_column_int(s, 2) != 0, .size = sqlite3_column_int64(s, 3) };
                r = id_good(row->id) ? page_go_on(&page->after, sqlite3_column_int64(s, 0)) : ORIGIN(-EIO);
        }
        return r;
}

/* A page is read in whole before each() is called, which may take long: an open read holds back checkpoints. */
int catalog_disks_live(struct catalog_connection *c, int64_t region, disk_each each, void *context) {
        _cleanup_free_ struct disk_page *page = calloc(1, sizeof(*page));
        int r = page ? 0 : -ENOMEM;

        while (r == 0) {
                r = disk_page_read(c, region, page);
                for (int i = 0; r == 0 && i < page->count; i++)
                        r = each(&page->rows[i], context);
                if (page->count < PAGE)
                        break;
        }
        return r;
}

#define STEP_PAGES 4096 /* 16 MiB between two words about progress */

/* The transaction of `from` is one moment. Its own is what SQLite reads in; it would begin anew for each step else, and
 * all over again once somebody has written. */
static int copy_pages(struct catalog_connection *from, struct catalog_connection *to,
                      const struct copy_reader *reader) {
        sqlite3_backup *backup = sqlite3_backup_init(to->db, "main", from->db, "main");
        int code = SQLITE_OK;

        if (!backup)
                return sqlite_error(to->db, sqlite3_errcode(to->db)) ?: -ENOMEM;
        while (code == SQLITE_OK) {
                code = sqlite3_backup_step(backup, STEP_PAGES);
                if (reader->progress)
                        reader->progress(sqlite3_backup_pagecount(backup) - sqlite3_backup_remaining(backup),
                                         sqlite3_backup_pagecount(backup), reader->context);
        }
        (void)sqlite3_backup_finish(backup); /* repeats the error */
        return sqlite_error(to->db, code);
}

/* --- the file as it is, if it is that moment --- */

#define STEP_BYTES (1 << 20)

/* While this reader has its moment nobody copies back more of the log than it sees (sqlite.org/walformat.html, "WAL
 * locks"): if all is in the file, that stays as it is. */
static bool file_is_moment(const struct catalog_connection *c) {
        return c->rest == AT_REST || memo_log_is_copied(c);
}

/* By SQLite's own descriptor: to close another one of the same file would end this process's locks. */
static int copy_bytes(sqlite3_file *file, sqlite3_int64 size, int fd, const struct copy_reader *reader) {
        _cleanup_free_ char *buffer = malloc(STEP_BYTES);
        int r = buffer ? 0 : -ENOMEM;

        for (sqlite3_int64 at = 0; r == 0 && at < size;) {
                const int n = size - at < STEP_BYTES ? (int)(size - at) : STEP_BYTES;

                r = sqlite_error(NULL, file->pMethods->xRead(file, buffer, n, at));
                for (int done = 0; r == 0 && done < n;) {
                        ssize_t written = pwrite(fd, buffer + done, (size_t)(n - done), at + done);

                        r = written < 0 ? -errno : 0;
                        done += written < 0 ? 0 : (int)written;
                }
                at += n;
                if (reader->progress)
                        reader->progress(at / DATABASE_PAGE, size / DATABASE_PAGE, reader->context);
        }
        return r;
}

static int copy_whole_file(struct catalog_connection *from, const char *path, const struct copy_reader *reader) {
        _cleanup_fd_ int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
        sqlite3_file *file = NULL;
        int64_t pages;
        int r = fd < 0 ? -errno : connection_number(from, "PRAGMA page_count", &pages); /* behind them is the reserve */

        if (r == 0)
                r = sqlite_error(from->db, sqlite3_file_control(from->db, "main", SQLITE_FCNTL_FILE_POINTER, &file));
        return r < 0 ? r : copy_bytes(file, pages * DATABASE_PAGE, fd, reader);
}

/* --- the copy --- */

static int open_copy(const char *path, struct catalog **ret_catalog, struct catalog_connection **ret_connection) {
        int r = catalog_new(path, 0, ret_catalog);

        return r < 0 ? r : connection_open(*ret_catalog, true, ret_connection);
}

static int fill_copy(struct catalog_connection *from, const char *path, const struct copy_reader *reader) {
        _cleanup_catalog_ struct catalog *catalog = NULL;
        _cleanup_connection_ struct catalog_connection *c = NULL;
        int r;

        if (file_is_moment(from))
                return copy_whole_file(from, path, reader);
        r = open_copy(path, &catalog, &c);
        if (r == 0) /* a torn one is never looked at; it is flushed at the end, once */
                r = connection_run(c, "PRAGMA journal_mode = off; PRAGMA synchronous = off");
        return r < 0 ? r : copy_pages(from, c, reader);
}

/* Where stores are, and disks that were being made, is this directory's own. A log beside it is none of the copy's: it
 * would have to be written to be read. */
static int copy_finish(const char *path) {
        _cleanup_catalog_ struct catalog *catalog = NULL;
        _cleanup_connection_ struct catalog_connection *c = NULL;
        int r = open_copy(path, &catalog, &c);

        return r < 0 ? r : connection_run(c, "PRAGMA synchronous = off; PRAGMA journal_mode = delete;"
                                             "BEGIN IMMEDIATE; DELETE FROM store; DELETE FROM reservation; COMMIT");
}

static int flush(const char *path) {
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);

        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int catalog_copy(struct catalog_connection *from, const char *path, const struct copy_reader *reader) {
        int r;

        file_remove(path); /* of one that was interrupted */
        r = file_make(path);
        if (r == 0)
                r = fill_copy(from, path, reader);
        if (r == 0)
                r = copy_finish(path);
        if (r == 0)
                r = flush(path);
        if (r < 0)
                file_remove(path); /* the error told is the first one */
        return r;
}

int catalog_restored(const char *path, const struct caller *caller) {
        _cleanup_catalog_ struct catalog *catalog = NULL;
        _cleanup_connection_ struct catalog_connection *c = NULL;
        char hash[2 * EVENT_HASH_SIZE + 1];
        struct log_head head;
        int64_t id;
        int r = open_copy(path, &catalog, &c);

        if (r == 0)
                r = connection_run(c, "BEGIN IMMEDIATE");
        if (r == 0)
                r = catalog_head(c, &head);
        if (r == 0)
                r = catalog_event_add(c, &(struct event){ .caller = caller, .op = EVENT_RESTORE, .detail = {
                        { .key = "event", .number = head.event },
                        { .key = "hash", .text = hex_format(head.hash, EVENT_HASH_SIZE, hash) } } }, &id);
        if (r == 0)
                r = connection_run(c, "COMMIT; PRAGMA journal_mode = wal");
        return r < 0 ? r : flush(path);
}
