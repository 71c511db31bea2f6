/* SPDX-License-Identifier: MIT
 * bench-raw: the cost of a durable commit without our code: SQLite, WAL, synchronous=FULL, one prepared INSERT per
 * transaction.
 *   bench-raw FILE SECONDS        prints commits per second, and their p50, p99 and worst in microseconds
 *   bench-raw FILE N rows         prints rows per second, for N rows in one transaction
 */
#include "bench.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>

static void must(int code, int want, const char *what) {
        if (code == want)
                return;
        errno = EIO;
        die(what);
}

static void put(sqlite3_stmt *s, int64_t i) {
        must(sqlite3_bind_int64(s, 1, i / 50), SQLITE_OK, "bind");
        must(sqlite3_bind_int64(s, 2, i), SQLITE_OK, "bind");
        must(sqlite3_step(s), SQLITE_DONE, "put");
        must(sqlite3_reset(s), SQLITE_OK, "reset");
}

static void put_commits(sqlite3_stmt *s, double seconds) {
        _cleanup_sample_ struct sample sample = { 0 };
        double start = seconds_now(), now = start;

        for (int64_t i = 0; now < start + seconds; i++) {
                double before = now;

                put(s, i);
                now = seconds_now();
                sample_add(&sample, now - before);
        }
        (void)printf("%.1f", (double)sample.count / (now - start));
        sample_print(&sample);
        (void)putchar('\n');
}

static void put_rows(sqlite3 *db, sqlite3_stmt *s, int64_t count) {
        double start = seconds_now();

        must(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), SQLITE_OK, "begin");
        for (int64_t i = 0; i < count; i++)
                put(s, i);
        must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK, "commit");
        (void)printf("%.1f\n", (double)count / (seconds_now() - start));
}

int main(int argc, char **argv) {
        sqlite3_stmt *s;
        sqlite3 *db;

        if (argc != 3 && argc != 4) {
                (void)fputs("usage: bench-raw FILE SECONDS | FILE N rows\n", stderr);
                return 2;
        }
        must(sqlite3_open(argv[1], &db), SQLITE_OK, argv[1]);
        must(sqlite3_exec(db,
                          "PRAGMA journal_mode = wal; PRAGMA synchronous = full; DROP TABLE IF EXISTS share;"
                          "CREATE TABLE share (id INTEGER PRIMARY KEY, image INTEGER NOT NULL,"
                          " account INTEGER NOT NULL)",
                          NULL, NULL, NULL),
             SQLITE_OK, "schema");
        must(sqlite3_prepare_v2(db, "INSERT INTO share (image, account) VALUES (?1, ?2)", -1, &s, NULL), SQLITE_OK,
             "prepare");
        if (argc == 4)
                put_rows(db, s, number(argv[2]));
        else
                put_commits(s, fraction(argv[2]));
        must(sqlite3_finalize(s), SQLITE_OK, "finalize");
        must(sqlite3_close(db), SQLITE_OK, "close");
        return 0;
}
