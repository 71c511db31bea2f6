/* SPDX-License-Identifier: MIT
 * Replays the log by the writer's effects. Events stay as they are, with their hashes, which are not checked here.
 */
#include "effects/replay.h"
#include "log/log.h"

void replay_close(struct replay *replay) {
        replay->c = connection_close(replay->c);
        replay->catalog = catalog_close(replay->catalog);
}

int replay_open(const char *path, struct replay *ret_replay) {
        struct replay replay = { .last = INT64_MIN };
        int r = catalog_new(path, 0, &replay.catalog);

        if (r == 0)
                r = connection_open(replay.catalog, true, &replay.c);
        if (r == 0) /* a crash may tear the file: then it is made again */
                r = connection_run(replay.c, "PRAGMA foreign_keys = off; PRAGMA synchronous = off;"
                                             "PRAGMA journal_mode = memory; PRAGMA cache_size = -65536");
        if (r == 0)
                r = schema_create(replay.c);
        if (r < 0)
                replay_close(&replay);
        else
                *ret_replay = replay;
        return r;
}

/* Copies what upgrades added to earlier events, before these are replayed. */
static int read_snapshots(struct replay *replay, struct catalog_connection *from) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(from, S_SNAPSHOTS, &s, "");

        while (r == 0 && (r = statement_row(s)) > 0) {
                const char *detail;

                r = column_pointer(s, 0, &detail);
                if (r == 0)
                        r = statement_run(replay->c, S_EARLIER_PUT, "t", detail);
                r = r < 0 ? r : 0;
                replay->c->has_earlier = true;
        }
        return r;
}

static int copy_event(struct catalog_connection *c, sqlite3_stmt *s, const struct logged *logged) {
        const struct event *e = &logged->event;

        return changed_one(statement_run(c, S_LOGGED_COPY, "iiiitttttttnnib", logged->id, logged->time,
                                         logged->caller.account, sqlite3_column_int64(s, LOGGED_UID), logged->via,
                                         logged->op, e->object, e->account, e->rule, e->error, e->json, logged->place,
                                         logged->owner, sqlite3_column_int64(s, LOGGED_LENGTH),
                                         sqlite3_column_blob(s, LOGGED_HASH), sqlite3_column_bytes(s, LOGGED_HASH)));
}

static int replay_event(struct replay *replay, sqlite3_stmt *s, struct logged *logged) {
        int r = logged_row(s, logged);

        if (r < 0)
                return r;
        if (logged->event.rule)
                return copy_event(replay->c, s, logged);
        r = logged_read(replay->c, logged);
        if (r == 0)
                r = logged_resolve(replay->c, logged);
        if (r < 0)
                return r;
        /* what is not hashed follows from what is */
        logged->place = logged->event.place;
        logged->owner = logged->place_owner == logged->caller.account ? 0 : logged->place_owner;
        r = copy_event(replay->c, s, logged);
        return r < 0 ? r : effects_apply(replay->c, &logged->event, logged->id);
}

/* An event's own errors: what it is about is missing, it is unknown, or no row may hold what it says. */
static bool is_wrong(int r) {
        return r == -ENOENT || r == -EIO || r == -EEXIST;
}

static int replay_events(struct replay *replay, struct catalog_connection *from,
                         int (*failed)(int64_t event, void *context), void *context) {
        int r, rows;

        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(from, S_LOGGED, &s, "i", replay->last);
                for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++) {
                        struct logged logged;

                        r = replay_event(replay, s, &logged);
                        if (is_wrong(r))
                                r = failed(logged.id, context);
                        replay->last = logged.id;
                }
                if (replay->progress)
                        replay->progress(replay->last, replay->context);
        } while (r == 0 && rows == PAGE);
        return r;
}

int replay_log(struct replay *replay, struct catalog_connection *from, int (*failed)(int64_t event, void *context),
               void *context) {
        int r = connection_run(replay->c, "BEGIN IMMEDIATE");

        if (r == 0)
                r = read_snapshots(replay, from);
        if (r == 0)
                r = replay_events(replay, from, failed, context);
        return r < 0 ? r : connection_run(replay->c, "COMMIT");
}
