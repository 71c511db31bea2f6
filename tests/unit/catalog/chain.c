/* SPDX-License-Identifier: MIT
 * Computes the hash chain again from the file: JSON by its own query, SHA-256 by nettle.
 */
#include "scratch.h"

#include <nettle/sha2.h>
#include <sqlite3.h>
#include <string.h>

/* Events as CONTRACT 9 writes them, without the last member. */
static const char events[] =
        "SELECT e.id, '{\"event\":' || e.id || ',\"time\":\"' ||"
        " strftime('%Y-%m-%dT%H:%M:%S', e.time / 1000, 'unixepoch') || printf('.%03dZ', e.time % 1000) ||"
        " '\",\"actor\":' || json_quote(a.name) || ',\"uid\":' || e.uid || ',\"via\":' || json_quote(e.via) ||"
        " ',\"op\":' || json_quote(e.op) || ',\"object\":' || json_quote(e.object) || ',\"account\":' ||"
        " json_quote(e.account) || ',\"rule\":' || json_quote(e.rule) || ',\"errno\":' || json_quote(e.errno) ||"
        " ',\"detail\":' || coalesce(e.detail, '{}') || '}', e.hash, e.length, e.time"
        " FROM event e JOIN account a ON a.id = e.actor ORDER BY e.id";

int64_t chain_check(void) {
        unsigned char input[SHA256_DIGEST_SIZE + 8192] = { 0 }, hash[SHA256_DIGEST_SIZE];
        struct sha256_ctx digest;
        int64_t n = 0, time = 0;
        sqlite3 *db = NULL;
        sqlite3_stmt *s = NULL;

        assert_int_equal(sqlite3_open(scratch_path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db, events, -1, &s, NULL), SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW) {
                size_t length = (size_t)sqlite3_column_bytes(s, 1);

                assert_int_equal(sqlite3_column_int64(s, 0), ++n);
                assert_in_range(length, 10, sizeof(input) - sizeof(hash));
                memcpy(input + sizeof(hash), sqlite3_column_text(s, 1), length);
                sha256_init(&digest);
                sha256_update(&digest, sizeof(hash) + length, input);
                sha256_digest(&digest, sizeof(hash), hash);
                assert_int_equal(sqlite3_column_bytes(s, 2), sizeof(hash));
                assert_memory_equal(sqlite3_column_blob(s, 2), hash, sizeof(hash));
                /* the line ends in ,"hash":"64 hex digits"} and a newline instead of } */
                assert_int_equal(sqlite3_column_int64(s, 3), length - 1 + strlen(",\"hash\":\"") + 64 + strlen("\"}\n"));
                assert_true(sqlite3_column_int64(s, 4) >= time);
                time = sqlite3_column_int64(s, 4);
                memcpy(input, hash, sizeof(hash));
        }
        (void)sqlite3_finalize(s);
        (void)sqlite3_close(db);
        return n;
}
