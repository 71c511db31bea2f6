/* SPDX-License-Identifier: MIT
 * bench-raw: what a durable commit costs without us: SQLite, WAL, synchronous=FULL, one prepared INSERT a transaction.
 *   bench-raw FILE SECONDS        prints commits a second, and their p50, p99 and worst in microseconds
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

int main(int argc, char **argv) {
        _cleanup_sample_ struct sample sample = { 0 };
        double start, now, end;
        sqlite3_stmt *s;
        sqlite3 *db;

        if (argc != 3) {
                (void)fputs("usage: bench-raw FILE SECONDS\n", stderr);
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
        start = now = seconds_now();
        end = start + fraction(argv[2]);
        for (int64_t i = 0; now < end; i++) {
                double before = now;

                must(sqlite3_bind_int64(s, 1, i / 50), SQLITE_OK, "bind");
                must(sqlite3_bind_int64(s, 2, i), SQLITE_OK, "bind");
                must(sqlite3_step(s), SQLITE_DONE, "commit");
                must(sqlite3_reset(s), SQLITE_OK, "reset");
                now = seconds_now();
                sample_add(&sample, now - before);
        }
        (void)printf("%.1f", (double)sample.count / (now - start));
        sample_print(&sample);
        (void)putchar('\n');
        must(sqlite3_finalize(s), SQLITE_OK, "finalize");
        must(sqlite3_close(db), SQLITE_OK, "close");
        return 0;
}
