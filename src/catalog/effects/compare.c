/* SPDX-License-Identifier: MIT
 * Compares a catalog's rows with those that follow from its log: each table in the order of its keys, side by side, in
 * constant memory. Every row that is extra, missing or different is reported, by the name it has in the catalog.
 */
#include <inttypes.h>

#include "effects/replay.h"

#include "sql.h"

struct table {
        const char *what;
        int keys;
        const char *rows, *name;
};
#define TABLE(what, keys, rows, key, name) { what, keys, "SELECT " rows " ORDER BY " key, name },
static const struct table tables[] = {
#define IMAGE_COLUMNS                                                                                              \
        "id, place, disk_event, available_event, sealed_event, size, times_event, mtime, digest_event,"            \
        " same_content, until_event"
#define LAUNCH_COLUMNS "id, instance, image, image_name, from_event, image_until, until_event"
#define EARLIER_TABLE \
        TABLE("catalog", 1, "event, detail FROM earlier", "event", "SELECT 'what event ' || ?1 || ' did not say'")
#define IMAGE_ROWS IMAGE_COLUMNS ", digest, format, purge_event, first_owner FROM image"
#define DESCRIPTION_ROWS "id, from_event, place, text, times_event, mtime, until_event FROM description"
#define LAUNCH_ROWS LAUNCH_COLUMNS ", purge_event FROM launch"
        /* named by the event that made the row */
#define COMING_BACK                                                                                                \
        TABLE("catalog", 3, "what, id, until_event AS from_event, from_event AS since FROM absence", "what, id, until_event", \
              "SELECT ?1 || ' ' || ?2 || ', back by event ' || ?3")
        EARLIER_TABLE
#include "effects/compare.def"
#undef IMAGE_ROWS
#undef LAUNCH_ROWS
#undef COMING_BACK
};
/* as far as format 2 had the same before anything could be brought back; its digests were of another kind */
static const struct table format_2[] = {
#define IMAGE_ROWS IMAGE_COLUMNS " FROM image"
#define LAUNCH_ROWS LAUNCH_COLUMNS " FROM launch"
#define COMING_BACK
        EARLIER_TABLE
#include "effects/compare.def"
#undef IMAGE_ROWS
#undef DESCRIPTION_ROWS
#undef LAUNCH_ROWS
};
/* columns that format 1 has, too; read from both catalogs */
static const struct table format_1[] = {
#define IMAGE_ROWS \
        "id, place, disk_event, available_event, sealed_event, size, mtime, same_content, until_event FROM image"
#define DESCRIPTION_ROWS \
        "id, from_event, place, text, iif(until_event = " FAR ", mtime, 0) AS mtime, until_event FROM description"
#define LAUNCH_ROWS LAUNCH_COLUMNS " FROM launch WHERE from_event IS NOT NULL"
#include "effects/compare.def"
};

struct comparison {
        struct catalog_connection *is, *should;
        int (*each)(const struct discrepancy *discrepancy, void *context);
        void *context;
        const struct table *table;
        sqlite3_stmt *a, *b; /* the table's rows as they are, and as they should be */
        int told, found;     /* reported of the table, and of all */
};

static int compare_tell(struct comparison *n, const char *what, const char *object, const char *problem) {
        if (n->told > PAGE)
                return 0;
        n->found++;
        return n->each(&(struct discrepancy){ .what = what, .object = n->told++ == PAGE ? "more" : object,
                                              .problem = problem }, n->context);
}

/* A statement to be used once. */
static int compare_prepare(struct catalog_connection *c, const char *sql, sqlite3_stmt **ret_statement) {
        return sqlite_error(c->db, sqlite3_prepare_v2(c->db, sql, -1, ret_statement, NULL));
}

static void cleanup_finalize(sqlite3_stmt **s) {
        (void)sqlite3_finalize(*s); /* repeats an error reported before */
}
#define _cleanup_finalize_ _cleanup_(cleanup_finalize)

/* --- a row's names --- */

static int bind_value(sqlite3_stmt *s, int i, sqlite3_stmt *row, int column) {
        if (sqlite3_column_type(row, column) == SQLITE_INTEGER)
                return sqlite3_bind_int64(s, i, sqlite3_column_int64(row, column));
        return sqlite3_bind_text(s, i, (const char *)sqlite3_column_text(row, column), -1, SQLITE_TRANSIENT);
}

/* Reports what is wrong with a row of the catalog, whose name is looked up by its key. */
static int compare_tell_row(struct comparison *n, const char *problem) {
        _cleanup_finalize_ sqlite3_stmt *s = NULL;
        const char *name = NULL;
        int code = SQLITE_OK, r = compare_prepare(n->is, n->table->name, &s);

        for (int i = 0; r == 0 && code == SQLITE_OK && i < sqlite3_bind_parameter_count(s); i++)
                code = bind_value(s, i + 1, n->a, i);
        if (r == 0)
                r = sqlite_error(n->is->db, code);
        if (r == 0)
                r = statement_row(s);
        if (r > 0)
                r = column_pointer(s, 0, &name);
        return r < 0 ? r : compare_tell(n, n->table->what, name ?: "?", problem);
}

/* Reports that what an event did is not in the catalog. */
static int compare_tell_event(struct comparison *n, int64_t event) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        char number[24], problem[256];
        const char *said = NULL;
        int r = statement_start(n->is, S_EVENT_SAID, &s, "i", event);

        if (r == 0)
                r = statement_row(s);
        if (r > 0)
                r = column_pointer(s, 0, &said);
        if (r < 0)
                return r;
        (void)snprintf(number, sizeof(number), "%" PRId64, event); /* fits */
        (void)snprintf(problem, sizeof(problem), "%.200s: what it did is not in the catalog", said ?: "?"); /* cut */
        return compare_tell(n, "event", number, problem);
}

static int column_of(sqlite3_stmt *s, const char *name) {
        for (int i = 0; i < sqlite3_column_count(s); i++)
                if (strcmp(sqlite3_column_name(s, i), name) == 0)
                        return i;
        return -1;
}

/* The event that made a row; 0: its key is a text. */
static int64_t birth(sqlite3_stmt *row) {
        int column = column_of(row, "from_event");

        return sqlite3_column_int64(row, column < 0 ? 0 : column); /* else its id is that event */
}

/* Tells that a row is not in the catalog. */
static int compare_tell_missing(struct comparison *n) {
        const int64_t event = birth(n->b);

        if (event != 0)
                return compare_tell_event(n, event);
        return compare_tell(n, n->table->what, (const char *)sqlite3_column_text(n->b, 0) ?: "?", "it is missing");
}

/* --- columns --- */

#define STILL_LIVES INT64_C(140737488355327)

static bool same(sqlite3_stmt *a, sqlite3_stmt *b, int column) {
        const int type = sqlite3_column_type(a, column);
        int n;

        if (type != sqlite3_column_type(b, column))
                return false;
        if (type == SQLITE_NULL)
                return true;
        if (type == SQLITE_INTEGER)
                return sqlite3_column_int64(a, column) == sqlite3_column_int64(b, column);
        n = sqlite3_column_bytes(a, column);
        return n == sqlite3_column_bytes(b, column) &&
               (n == 0 || memcmp(sqlite3_column_blob(a, column), sqlite3_column_blob(b, column), (size_t)n) == 0);
}

static bool ends_with(const char *text, const char *end) {
        size_t n = strlen(text), m = strlen(end);

        return n >= m && strcmp(text + n - m, end) == 0;
}

/* "its require-trust does not follow from the log" */
static void problem_of(const char *column, char *ret_text, size_t size) {
        static const char *const words[][2] = {
                { "until_event", "its end" },
                { "image_until", "the end of its image" },
                { "disk_event", "when its disk was made" },
                { "available_event", "that it is available" },
                { "sealed_event", "that it is sealed" },
                { "times_event", "when its time was set" },
                { "digest_event", "when its digest came" },
                { "purge_event", "when its bytes went" },
                { "first_owner", "whose it was" },
                { "since", "when it went" },
        };
        char *p;

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strcmp(column, words[i][0]) == 0) {
                        (void)snprintf(ret_text, size, "%s does not follow from the log", words[i][1]); /* fits */
                        return;
                }
        (void)snprintf(ret_text, size, "its %s does not follow from the log", column); /* fits */
        while ((p = strchr(ret_text, '_')))
                *p = '-';
}

/* The event that a column should name; 0: none. ret_is: whether the catalog's row names one. */
static int64_t event_missing(struct comparison *n, const char *name, int column, bool *ret_is) {
        const int64_t is = sqlite3_column_int64(n->a, column), should = sqlite3_column_int64(n->b, column);
        const bool end = ends_with(name, "until_event") || ends_with(name, "image_until");

        if (!end && !ends_with(name, "_event"))
                return 0;
        *ret_is = end ? is != STILL_LIVES : sqlite3_column_type(n->a, column) != SQLITE_NULL;
        if (end)
                return should == STILL_LIVES ? 0 : should;
        return sqlite3_column_type(n->b, column) == SQLITE_NULL ? 0 : should;
}

static int compare_columns(struct comparison *n) {
        int r = 0;

        for (int i = n->table->keys; r == 0 && i < sqlite3_column_count(n->a); i++) {
                const char *name = sqlite3_column_name(n->a, i);
                char problem[80];
                int64_t event;
                bool is = true; /* the catalog has a value there */

                if (same(n->a, n->b, i))
                        continue;
                event = event_missing(n, name, i, &is);
                problem_of(name, problem, sizeof(problem));
                if (is)
                        r = compare_tell_row(n, problem);
                if (r == 0 && event != 0)
                        r = compare_tell_event(n, event);
        }
        return r;
}

/* --- rows --- */

/* Which key comes first: negative a's, positive b's. */
static int order(struct comparison *n) {
        for (int i = 0; i < n->table->keys; i++) {
                int r;

                if (sqlite3_column_type(n->a, i) == SQLITE_INTEGER) {
                        int64_t a = sqlite3_column_int64(n->a, i), b = sqlite3_column_int64(n->b, i);

                        r = (a > b) - (a < b);
                } else {
                        r = strcmp((const char *)sqlite3_column_text(n->a, i) ?: "",
                                   (const char *)sqlite3_column_text(n->b, i) ?: "");
                }
                if (r != 0)
                        return r;
        }
        return 0;
}

static int compare_table(struct comparison *n) {
        _cleanup_finalize_ sqlite3_stmt *a = NULL, *b = NULL;
        int r = compare_prepare(n->is, n->table->rows, &a), has_a, has_b;

        if (r == 0)
                r = compare_prepare(n->should, n->table->rows, &b);
        if (r < 0)
                return r;
        n->a = a;
        n->b = b;
        n->told = 0;
        has_a = statement_row(a);
        has_b = statement_row(b);
        while (r == 0 && has_a >= 0 && has_b >= 0 && (has_a > 0 || has_b > 0)) {
                const int first = !has_b ? -1 : !has_a ? 1 : order(n);

                r = first < 0 ? compare_tell_row(n, "it does not follow from the log") : first > 0 ? compare_tell_missing(n)
                                                                                       : compare_columns(n);
                if (first <= 0)
                        has_a = statement_row(a);
                if (first >= 0)
                        has_b = statement_row(b);
        }
        return r < 0 ? r : has_a < 0 ? has_a : has_b < 0 ? has_b : 0;
}

static int compare_all(struct comparison *n, const struct table *all, size_t count) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < count; i++) {
                n->table = &all[i];
                r = compare_table(n);
        }
        return r < 0 ? r : n->found;
}

int compare_rows(struct catalog_connection *is, struct catalog_connection *should,
                 int (*each)(const struct discrepancy *discrepancy, void *context), void *context) {
        return compare_all(&(struct comparison){ .is = is, .should = should, .each = each, .context = context }, tables,
                       ARRAY_SIZE(tables));
}

int compare_format(int64_t format, struct catalog_connection *is, struct catalog_connection *should,
                   int (*each)(const struct discrepancy *discrepancy, void *context), void *context) {
        struct comparison n = { .is = is, .should = should, .each = each, .context = context };

        return format == 1 ? compare_all(&n, format_1, ARRAY_SIZE(format_1)) : compare_all(&n, format_2, ARRAY_SIZE(format_2));
}
