/* SPDX-License-Identifier: MIT
 * The contents of a catalog's directory as a text: every row of every table, every file of the stores with its bytes.
 */
#include <assert.h>
#include <ftw.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "fault.h"

#define LAUNCH INT64_C(34359738368)
#define LAUNCH_END (2 * LAUNCH)
#define REAL_YEAR 2001
#define REAL_TIME INT64_C(1000000000000000000) /* ns; from here on a file's own time, not one that a test has set */

/* nftw takes no context */
static struct {
        FILE *to;
        sqlite3 *db;
        size_t prefix;
        enum snapshot_flags flags;
} now;

static sqlite3 *database(const char *dir, int flags) {
        char path[256];
        sqlite3 *db = NULL;
        int code;

        (void)snprintf(path, sizeof(path), "%s/catalog.db", dir);
        code = sqlite3_open_v2(path, &db, flags, NULL);
        if (code == SQLITE_OK)
                return db;
        (void)sqlite3_close(db);
        return NULL;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
        sqlite3_stmt *s = NULL;
        int code = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

        assert(code == SQLITE_OK);
        return s;
}

/* Failed launches use up ids, so the successful ones are numbered. */
static void print_id(int64_t id) {
        sqlite3_stmt *s;

        if (id <= LAUNCH || id >= LAUNCH_END) {
                fprintf(now.to, "%" PRId64, id);
                return;
        }
        s = prepare(now.db, "SELECT count(*), max(id) FROM launch WHERE id <= ?");
        (void)sqlite3_bind_int64(s, 1, id);
        if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_int64(s, 1) == id)
                fprintf(now.to, "launch %d", sqlite3_column_int(s, 0));
        else
                fprintf(now.to, "no launch");
        (void)sqlite3_finalize(s);
}

/* The log contains these ids, too, and the mtime of a disk that was sealed. */
static void print_text(const char *text) {
        static const char digits[] = "0123456789", mtime[] = "\"mtime\":\"";

        while (*text) {
                size_t n = strcspn(text, digits), m = strspn(text + n, digits);
                int64_t number = strtoll(text + n, NULL, 10);

                fprintf(now.to, "%.*s", (int)n, text);
                if (n >= strlen(mtime) && strncmp(text + n - strlen(mtime), mtime, strlen(mtime)) == 0 &&
                    number > REAL_YEAR) {
                        fprintf(now.to, "some time");
                        m = strcspn(text + n, "\"");
                } else if (m > 0 && number > LAUNCH && number < LAUNCH_END) {
                        print_id(number);
                } else {
                        fprintf(now.to, "%.*s", (int)m, text + n);
                }
                text += n + m;
        }
}

/* Whether an event comes after one with varying values: then its hash differs each time. */
static bool is_after_such(int64_t event) {
        sqlite3_stmt *s =
                prepare(now.db, "SELECT 1 FROM event WHERE id <= ? AND op IN ('launch', 'reinstall', 'seal')");
        bool is;

        (void)sqlite3_bind_int64(s, 1, event);
        is = sqlite3_step(s) == SQLITE_ROW;
        (void)sqlite3_finalize(s);
        return is;
}

static void print_column(sqlite3_stmt *s, int i) {
        const unsigned char *bytes;

        fprintf(now.to, " %s=", sqlite3_column_name(s, i));
        switch (sqlite3_column_type(s, i)) {
        case SQLITE_INTEGER:
                if (strcmp(sqlite3_column_name(s, i), "mtime") == 0 && sqlite3_column_int64(s, i) >= REAL_TIME)
                        fprintf(now.to, "some time");
                else
                        print_id(sqlite3_column_int64(s, i));
                break;
        case SQLITE_TEXT:
                fprintf(now.to, "'");
                print_text((const char *)sqlite3_column_text(s, i));
                fprintf(now.to, "'");
                break;
        case SQLITE_BLOB:
                if (strcmp(sqlite3_column_name(s, i), "hash") == 0 && is_after_such(sqlite3_column_int64(s, 0)))
                        break;
                bytes = sqlite3_column_blob(s, i);
                for (int n = 0; n < sqlite3_column_bytes(s, i); n++)
                        fprintf(now.to, "%02x", bytes[n]);
                break;
        default:
                fprintf(now.to, "null");
        }
}

static void print_table(const char *table) {
        char sql[256];
        sqlite3_stmt *s;

        if (now.flags & SNAPSHOT_NO_LOG && strcmp(table, "event") == 0)
                return;
        if (now.flags & SNAPSHOT_NO_RESERVATIONS && strcmp(table, "reservation") == 0)
                return;
        (void)snprintf(sql, sizeof(sql), "SELECT %s FROM %s %s ORDER BY 1, 2",
                       strcmp(table, "store") == 0 ? "region, path" : "*", table, /* numbers are drawn anew */
                       strcmp(table, "sqlite_sequence") == 0 ? "WHERE name <> 'reservation'" : "");
        s = prepare(now.db, sql);
        while (sqlite3_step(s) == SQLITE_ROW) {
                fprintf(now.to, "%s:", table);
                for (int i = 0; i < sqlite3_column_count(s); i++)
                        print_column(s, i);
                fprintf(now.to, "\n");
        }
        (void)sqlite3_finalize(s);
}

static uint64_t bytes_of(const char *path) {
        _cleanup_file_ FILE *f = fopen(path, "re");
        uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
        int c;

        while (f && (c = getc_unlocked(f)) != EOF)
                hash = (hash ^ (uint64_t)c) * UINT64_C(1099511628211);
        return hash;
}

/* Of a store's mark: the directory is a copy each time, and which event it knew of last is written later. */
static uint64_t mark_of(const char *path) {
        _cleanup_file_ FILE *f = fopen(path, "re");
        uint64_t hash = 0, number = 0;
        char line[128];

        while (f && fgets(line, sizeof(line), f))
                if (sscanf(line, "number %" SCNx64, &number) == 0 && strncmp(line, "directory ", 10) != 0 &&
                    strncmp(line, "event ", 6) != 0)
                        for (const char *c = line; *c; c++)
                                hash = hash * 31 + (unsigned char)*c;
        return hash;
}

/* The catalog's own files are skipped: they are read as tables. */
static int print_file(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        const char *name = path + now.prefix;
        char *end;
        int64_t id = strtoll(path + ftw->base, &end, 10);

        if (strncmp(name, "/catalog.db", 11) == 0)
                return 0;
        if (strstr(name, "/lost+found/")) /* and when it came there */
                fprintf(now.to, "file: %.*s", (int)(end - name), name);
        else if (*end == '\0' && id > LAUNCH) {
                fprintf(now.to, "file: %.*s", (int)(path + ftw->base - name), name);
                print_id(id);
        } else {
                fprintf(now.to, "file: %s", name);
        }
        if (strcmp(path + ftw->base, ".imgshare") == 0)
                fprintf(now.to, " mode=%o mark=%" PRIx64, (unsigned)st->st_mode, mark_of(path));
        else if (type == FTW_F)
                fprintf(now.to, " mode=%o links=%u size=%lld bytes=%016" PRIx64, (unsigned)st->st_mode,
                        now.flags & SNAPSHOT_NO_LINKS ? 1 : (unsigned)st->st_nlink, (long long)st->st_size,
                        bytes_of(path));
        fprintf(now.to, "\n");
        return 0;
}

static int by_name(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the lines: directories have no order. */
static char *sorted(char *text) {
        size_t n = 0, size = strlen(text) + 1;
        char **lines = malloc(size * sizeof(*lines)), *result = malloc(size), *p = result, *rest = text, *line;

        assert(lines && result);
        while ((line = strsep(&rest, "\n")))
                if (*line)
                        lines[n++] = line;
        qsort(lines, n, sizeof(*lines), by_name);
        *p = '\0';
        for (size_t i = 0; i < n; i++)
                p = stpcpy(stpcpy(p, lines[i]), "\n");
        free(lines);
        free(text);
        return result;
}

char *snapshot(const char *dir, enum snapshot_flags flags) {
        sqlite3_stmt *tables;
        char *text = NULL;
        size_t size;

        now.db = database(dir, SQLITE_OPEN_READWRITE);
        now.to = open_memstream(&text, &size);
        now.prefix = strlen(dir);
        now.flags = flags;
        assert(now.to);
        if (now.db) {
                tables = prepare(now.db, "SELECT name FROM sqlite_schema WHERE type = 'table'");
                while (sqlite3_step(tables) == SQLITE_ROW)
                        print_table((const char *)sqlite3_column_text(tables, 0));
                (void)sqlite3_finalize(tables);
        }
        if (!(flags & SNAPSHOT_NO_FILES))
                (void)nftw(dir, print_file, 16, FTW_PHYS); /* unreadable files are missing from it */
        (void)fclose(now.to);
        (void)sqlite3_close(now.db);
        return sorted(text);
}

bool snapshot_writable(const char *dir) {
        sqlite3 *db = database(dir, SQLITE_OPEN_READWRITE);
        int code;

        if (!db)
                return true; /* there is no catalog yet */
        (void)sqlite3_busy_timeout(db, 2000); /* a refusal may be being written */
        code = sqlite3_exec(db, "BEGIN IMMEDIATE; ROLLBACK", NULL, NULL, NULL);
        (void)sqlite3_close(db);
        return code == SQLITE_OK;
}

char *snapshot_difference(const char *was, const char *is) {
        char *text = NULL;

        while (*was && *is) {
                size_t n = strcspn(was, "\n"), m = strcspn(is, "\n");

                if (n != m || memcmp(was, is, n) != 0) {
                        if (asprintf(&text, "was: %.*s\n is: %.*s", (int)n, was, (int)m, is) < 0)
                                abort();
                        return text;
                }
                was += n + 1;
                is += m + 1;
        }
        if (asprintf(&text, "was: %s\n is: %s", was, is) < 0)
                abort();
        return text;
}
