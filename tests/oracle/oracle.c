/* SPDX-License-Identifier: MIT */
#include "oracle.h"

#include <inttypes.h>

#include "effects/replay.h"
#include "sql.h"

static const struct {
        const char *name, *sql;
} checks[] = {
#define CHECK(name, sql) { #name, sql },
#include "verify.def"
#undef CHECK
};

struct telling {
        FILE *to;
        const char *how; /* the check that found it */
        int found;
};

static int tell(const struct discrepancy *d, void *context) {
        struct telling *t = context;

        (void)fprintf(t->to, "%s: %s %s: %s\n", t->how, d->what, d->object, d->problem); /* missing lines are noticed */
        t->found++;
        return 0;
}

static int cannot_be(int64_t event, void *context) {
        char number[24];

        (void)snprintf(number, sizeof(number), "%" PRId64, event); /* fits */
        return tell(&(struct discrepancy){ .what = "event", .object = number,
                                           .problem = "it does not follow from those before it" }, context);
}

static void cleanup_replay(struct replay *replay) {
        if (replay->catalog)
                replay_close(replay);
}

static int check_replay(struct catalog_connection *c, struct telling *t) {
        _cleanup_(cleanup_replay) struct replay replay = { 0 };
        int r = replay_open("", &replay);

        t->how = "replay";
        if (r == 0)
                r = replay_log(&replay, c, cannot_be, t);
        if (r == 0)
                r = compare_rows(c, replay.c, tell, t);
        return r < 0 ? r : 0;
}

static const char *text_of(sqlite3_stmt *s, int column) {
        return (const char *)sqlite3_column_text(s, column) ?: "?";
}

static int check_sql(struct catalog_connection *c, const char *sql, struct telling *t) {
        sqlite3_stmt *s = NULL;
        int r = sqlite_error(c->db, sqlite3_prepare_v2(c->db, sql, -1, &s, NULL));

        while (r == 0 && (r = statement_row(s)) > 0)
                r = tell(&(struct discrepancy){ text_of(s, 0), text_of(s, 1), text_of(s, 2) }, t);
        (void)sqlite3_finalize(s); /* the step returned its error */
        return r;
}

int oracle_check(const char *path, FILE *to) {
        _cleanup_catalog_ struct catalog *catalog = NULL;
        _cleanup_connection_ struct catalog_connection *c = NULL;
        struct telling t = { .to = to };
        int r = catalog_open(path, CATALOG_READ_ONLY, &catalog);

        if (r == 0)
                r = connection_open(catalog, false, &c);
        if (r == 0)
                r = connection_run(c, "BEGIN");
        if (r == 0)
                r = check_replay(c, &t);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(checks); i++) {
                t.how = checks[i].name;
                r = check_sql(c, checks[i].sql, &t);
        }
        return r < 0 ? r : t.found; /* closing ends the read-only transaction */
}
