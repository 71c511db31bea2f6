/* SPDX-License-Identifier: MIT
 * Our SQL functions: times and bytes in the log's format, the clock, the moment of a catalog opened as of one.
 */
#include "log_clock.h"

#include <assert.h>

#include "hex.h"
#include "timestamp.h"

/* rfc3339(milliseconds): the time as the log writes it. */
static void function_rfc3339(sqlite3_context *context, int count, sqlite3_value **values) {
        char text[TIMESTAMP_SIZE];

        assert(count == 1);
        sqlite3_result_text(context, timestamp_format(sqlite3_value_int64(values[0]), text), -1, SQLITE_TRANSIENT);
}

/* milliseconds(text), nanoseconds(text): since 1970, of a time as the log writes it; null for anything else. */
static void function_milliseconds(sqlite3_context *context, int count, sqlite3_value **values) {
        const char *text = (const char *)sqlite3_value_text(values[0]);
        int64_t ms;

        assert(count == 1);
        if (text && timestamp_parse(text, 0, &ms) == 0)
                sqlite3_result_int64(context, ms);
}

static void function_nanoseconds(sqlite3_context *context, int count, sqlite3_value **values) {
        const char *text = (const char *)sqlite3_value_text(values[0]);
        int64_t ns;

        assert(count == 1);
        if (text && timestamp_parse_ns(text, &ns) == 0)
                sqlite3_result_int64(context, ns);
}

/* bytes(text): decodes hex digits. */
static void function_bytes(sqlite3_context *context, int count, sqlite3_value **values) {
        const char *text = (const char *)sqlite3_value_text(values[0]);
        uint8_t bytes[EVENT_HASH_SIZE];
        size_t n = text ? strlen(text) / 2 : 0;

        assert(count == 1);
        if (n == 0 || n > sizeof(bytes) || hex_parse(text, bytes, n) < 0)
                return; /* null */
        sqlite3_result_blob(context, bytes, (int)n, SQLITE_TRANSIENT);
}

/* due_ms(time of the last event), over_ms: until when shares that expire are dead; until when they can be ended. */
static void clock_result(sqlite3_context *context, sqlite3_value **values, bool over) {
        struct log_clock clock;
        int r = log_clock_quick(sqlite3_user_data(context), sqlite3_value_int64(values[0]), &clock);

        if (r < 0)
                sqlite3_result_error_code(context, r == -ENOMEM ? SQLITE_NOMEM : SQLITE_IOERR);
        else
                sqlite3_result_int64(context, over ? clock.over : clock.due);
}

static void function_due_ms(sqlite3_context *context, int count, sqlite3_value **values) {
        assert(count == 1);
        clock_result(context, values, false);
}

static void function_over_ms(sqlite3_context *context, int count, sqlite3_value **values) {
        assert(count == 1);
        clock_result(context, values, true);
}

/* asof(), asof_time(): the moment of a catalog opened as of one. */
static void function_moment(sqlite3_context *context, int count, sqlite3_value **values) {
        const int64_t *number = sqlite3_user_data(context);

        (void)values;
        assert(count == 0);
        sqlite3_result_int64(context, *number);
}

int functions_add(struct catalog_connection *c) {
        struct catalog_moment *moment = &c->catalog->moment;
        const struct {
                const char *name;
                int arguments, flags;
                void *data;
                void (*run)(sqlite3_context *context, int count, sqlite3_value **values);
        } functions[] = {
                { "rfc3339", 1, SQLITE_DETERMINISTIC, NULL, function_rfc3339 },
                { "milliseconds", 1, SQLITE_DETERMINISTIC, NULL, function_milliseconds },
                { "nanoseconds", 1, SQLITE_DETERMINISTIC, NULL, function_nanoseconds },
                { "bytes", 1, SQLITE_DETERMINISTIC, NULL, function_bytes },
                { "due_ms", 1, 0, c, function_due_ms },
                { "over_ms", 1, 0, c, function_over_ms },
                { "asof", 0, SQLITE_DETERMINISTIC, &moment->event, function_moment },
                { "asof_time", 0, SQLITE_DETERMINISTIC, &moment->time, function_moment },
        };
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(functions) && r == 0; i++)
                r = sqlite_error(c->db, sqlite3_create_function(c->db, functions[i].name, functions[i].arguments,
                                                                SQLITE_UTF8 | SQLITE_INNOCUOUS | functions[i].flags,
                                                                functions[i].data, functions[i].run, NULL, NULL));
        return r;
}
