/* SPDX-License-Identifier: MIT
 * A catalog whose rows, indexes or pages are damaged, made anew from its log: all of it, beside it, verified; then its
 * pages take the place of the old ones in one transaction, which asks nothing of the pages that were there.
 *
 *   catalog.db ── events, one table ──► a temporary catalog: rows follow ──► verified as `check --log` does: nothing
 * found
 *        ▲                                   │ and under the writer's lock the events that came meanwhile,
 *        └───────── its pages, at once ◄─────┘ what is this directory's own, and the event `repair`
 *
 * Where the log itself is damaged nothing is touched. Killed at any moment: it is as it was, or made anew.
 */
#include <inttypes.h>

#include "effects/replay.h"
#include "log/log.h"
#include "log_clock.h"

/* What can be found, as verify.c and compare.c say it. */
static const char *const repair_kinds[] = {
        "catalog", "account", "region", "limit", "image", "description", "link", "share", "trust", "instance", "event",
};

struct repair {
        const uint8_t *kept;
        const struct repair_reader *reader;
        struct catalog *catalog;
        struct catalog_connection *c; /* reads it */
        struct replay replay;         /* as its log says */
        bool can;
        int found[ARRAY_SIZE(repair_kinds)];
};

static void repair_end(struct repair *p) {
        if (p->replay.catalog)
                replay_close(&p->replay);
        p->c = connection_close(p->c);
        p->catalog = catalog_close(p->catalog);
}
#define _cleanup_repair_ _cleanup_(repair_end)

static int repair_open(struct repair *p, const char *path) {
        int64_t format = 0;
        int r;

        if (access(path, R_OK | W_OK) < 0)
                return -errno;
        r = catalog_new(path, 0, &p->catalog);
        if (r == 0)
                r = connection_open(p->catalog, false, &p->c);
        if (r == 0)
                r = catalog_format(p->c, &format);
        return r < 0 || format == CATALOG_STAMP ? r : -EPROTOTYPE;
}

/* --- what is found --- */

static int repair_ignore(const struct discrepancy *discrepancy, void *context) {
        (void)discrepancy;
        (void)context;
        return 0;
}

static int repair_tell(const struct discrepancy *discrepancy, void *context) {
        struct repair *p = context;

        for (size_t i = 0; i < ARRAY_SIZE(repair_kinds); i++)
                p->found[i] += strcmp(repair_kinds[i], discrepancy->what) == 0;
        return p->reader->each(discrepancy, p->can, p->reader->context);
}

/* {"share":2,"image":1} */
static void repair_detail(const struct repair *p, char *ret_json, size_t size) {
        size_t n = 1;

        (void)snprintf(ret_json, size, "{");
        for (size_t i = 0; i < ARRAY_SIZE(repair_kinds) && n < size; i++)
                if (p->found[i] > 0)
                        n += (size_t)snprintf(ret_json + n, size - n, "%s\"%s\":%d", n > 1 ? "," : "", repair_kinds[i],
                                              p->found[i]);
        if (n < size)
                (void)snprintf(ret_json + n, size - n, "}");
}

/* --- what it should be --- */

static int repair_cannot_be(int64_t event, void *context) {
        (void)event; /* told by verify.c */
        (void)context;
        return -EBADMSG;
}

static int repair_columns(struct catalog_connection *c) {
        int r = statement_run(c, S_REPAIR_LENGTHS, "i", event_line_length(0));

        if (r >= 0)
                r = statement_run(c, S_REPAIR_PLACES, "");
        return r < 0 ? r : statement_run(c, S_REPAIR_OWNERS, "");
}

/* 1: the log can be done again, and all follows from it; 0: it cannot. */
static int repair_prepare(struct repair *p) {
        struct log_head head;
        int r = replay_open("", &p->replay);

        if (r < 0)
                return r;
        log_clock_copy(p->catalog, p->replay.catalog);
        p->replay.progress = p->reader->progress;
        p->replay.context = p->reader->context;
        r = replay_log(&p->replay, p->c, repair_cannot_be, p);
        if (r == -EBADMSG || r == -EUCLEAN)
                return 0;
        if (r == 0)
                r = repair_columns(p->replay.c);
        if (r >= 0)
                r = log_verify(p->replay.c, p->kept, repair_ignore, NULL, &head);
        if (r != 0)
                return r < 0 ? r : 0;
        r = connection_run(p->replay.c, "ROLLBACK; DROP TABLE temp.account_then");
        return r < 0 ? r : 1;
}

/* --- put in its place --- */

static int own_store(struct catalog_connection *c, sqlite3_stmt *row) {
        return statement_run(c, S_REPAIR_STORE_PUT, "iti", sqlite3_column_int64(row, 0), sqlite3_column_text(row, 1),
                             sqlite3_column_int64(row, 2));
}

static int own_reservation(struct catalog_connection *c, sqlite3_stmt *row) {
        return statement_run(c, S_REPAIR_RESERVATION_PUT, "iii", sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1),
                             sqlite3_column_int64(row, 2));
}

/* Of what is no event's. What of it cannot be read is lost: then a store may be none of ours, which is found. */
static int repair_own(struct repair *p) {
        static const struct {
                enum statement rows;
                int (*put)(struct catalog_connection *c, sqlite3_stmt *row);
        } own[] = {
                { S_REPAIR_STORES, own_store }, { S_REPAIR_RESERVATIONS, own_reservation },
        };
        int64_t sequence = 0;
        int r = 0;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(own); i++) {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(p->c, own[i].rows, &s, "");
                while (r == 0 && (r = statement_row(s)) > 0) {
                        r = own[i].put(p->replay.c, s);
                        r = r < 0 ? r : 0;
                }
                r = r == -EUCLEAN ? 0 : r;
        }
        if (r == 0)
                r = statement_number(p->c, S_REPAIR_SEQUENCE, &sequence);
        if (r < 0 && r != -EUCLEAN)
                return r;
        return changed_one(statement_run(p->replay.c, S_REPAIR_SEQUENCE_PUT, "i", sequence));
}

/* Nobody writes into the catalog meanwhile. */
static int repair_catch_up(struct repair *p, const struct caller *caller, int64_t *ret_event) {
        struct catalog_connection *c = p->replay.c;
        char json[512];
        int r = replay_log(&p->replay, p->c, repair_cannot_be, p);

        if (r == 0)
                r = connection_run(c, "BEGIN IMMEDIATE");
        if (r == 0)
                r = repair_own(p);
        repair_detail(p, json, sizeof(json));
        if (r == 0)
                r = catalog_event_add(c, &(struct event){ .caller = caller, .op = EVENT_REPAIR, .json = json }, ret_event);
        if (r == 0)
                r = indexed_fill(c);
        if (r == 0)
                r = schema_seal(c);
        return r < 0 ? r : connection_run(c, "COMMIT");
}

/* SQLite's backup, whose first step takes the writer's lock. It reads no tree of the file that it writes over. */
static int repair_commit(struct repair *p, const struct caller *caller, int64_t *ret_event) {
        _cleanup_connection_ struct catalog_connection *to = NULL;
        sqlite3_backup *backup;
        bool tried = false;
        int code, e, r = connection_open(p->catalog, true, &to);

        if (r < 0)
                return r;
        backup = sqlite3_backup_init(to->db, "main", p->replay.c->db, "main");
        if (!backup)
                return sqlite_error(to->db, sqlite3_errcode(to->db)) ?: -ENOMEM;
        r = sqlite_error(to->db, sqlite3_backup_step(backup, 0));
        if (r == 0)
                r = repair_catch_up(p, caller, ret_event);
        if (r == 0)
                r = home_look(p->catalog, true);
        if (r == 0) {
                code = sqlite3_backup_step(backup, -1);
                r = code == SQLITE_OK ? ORIGIN(-EIO) : sqlite_error(to->db, code); /* the former: it is not done */
                tried = true;
        }
        e = sqlite_error(to->db, sqlite3_backup_finish(backup)); /* undoes what is not done */
        r = r < 0 ? r : e;
        if (r < 0 && tried) /* it may be in the log, and found there after a crash: what changes nothing takes its place */
                (void)schema_seal(to);
        return r;
}

int catalog_repair(const char *path, const struct caller *caller, const uint8_t *kept,
                   const struct repair_reader *reader, struct repaired *ret_repaired) {
        _cleanup_repair_ struct repair p = { .kept = kept, .reader = reader };
        struct log_head head;
        int r;

        *ret_repaired = (struct repaired){ 0 };
        r = repair_open(&p, path);
        if (r == 0)
                r = catalog_verify(p.catalog, kept, repair_ignore, NULL, &head);
        if (r <= 0)
                return r;
        r = repair_prepare(&p);
        if (r < 0)
                return r;
        p.can = r > 0;
        r = catalog_verify(p.catalog, kept, repair_tell, &p, &head);
        if (r < 0)
                return r;
        ret_repaired->found = r;
        return p.can && r > 0 ? repair_commit(&p, caller, &ret_repaired->event) : 0;
}
