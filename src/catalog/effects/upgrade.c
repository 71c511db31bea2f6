/* SPDX-License-Identifier: MIT
 * Makes a catalog of an earlier format anew from its log, in a file beside it, then exchanges the two atomically.
 *
 *   catalog.db (1) ── events ─────────► catalog.db.new (2) ── rows follow ──► compared with those of (1)
 *          └── what events left unsaid ──► `snapshot` events                          │ no row differs
 *              (format 1; an earlier revision of 2 says all)                          │
 *   catalog.db.format-1 ◄── link ── catalog.db ◄──────────────── rename ──────────────┘
 *
 * Nobody else has the old one open meanwhile. If killed before the rename, nothing has changed; after it, all is done.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "effects/replay.h"
#include "log/log.h"

struct upgrade {
        const char *path;
        const struct caller *caller;
        const struct upgrade_reader *reader;
        struct catalog *old_catalog;
        struct catalog_connection *old;
        struct replay replay;
        int64_t format; /* the old file's */
        int64_t event; /* that cannot be replayed; 0: none */
        bool taken;    /* the old file is locked, and must be given back */
};

static void upgrade_end(struct upgrade *u) {
        replay_close(&u->replay);
        if (u->taken) {
                (void)connection_run(u->old, "ROLLBACK");
                (void)connection_run(u->old, "PRAGMA journal_mode = wal"); /* without it the file can be used, too */
        }
        u->old = connection_close(u->old);
        u->old_catalog = catalog_close(u->old_catalog);
}
#define _cleanup_upgrade_ _cleanup_(upgrade_end)

/* --- what the old format left unsaid --- */

static const struct unsaid {
        const char *member; /* of a snapshot's details */
        enum statement rows; /* columns: a number, and its JSON */
        bool ours; /* asked of the new file */
} unsaid[] = {
        { "events", S_UPGRADE_EARLIER, true },
        { "disks", S_UPGRADE_DISKS },
        { "digests", S_UPGRADE_DIGESTS },
        { "descriptions", S_UPGRADE_DESCRIPTIONS },
}, to_remember = { "events", S_UPGRADE_EVENTS };

#define SNAPSHOT_ROWS 1000 /* most in one event */

typedef int (*snapshot_each)(struct upgrade *u, const char *json);

/* The next rows as one JSON object; ret_rows 0: there are no more. */
static int snapshot_page(sqlite3_stmt *s, const char *member, char **ret_json, int *ret_rows) {
        _cleanup_free_ char *json = NULL;
        size_t size;
        FILE *f = open_memstream(&json, &size);
        int rows, r = f ? 0 : -ENOMEM;

        if (r < 0)
                return r;
        (void)fprintf(f, "{\"%s\":{", member); /* fclose returns the error */
        for (rows = 0; rows < SNAPSHOT_ROWS && (r = statement_row(s)) > 0; rows++) {
                const char *value;

                r = column_pointer(s, 1, &value);
                if (r < 0)
                        break;
                (void)fprintf(f, "%s\"%lld\":%s", rows ? "," : "", (long long)sqlite3_column_int64(s, 0), value ?: "null");
        }
        (void)fputs("}}", f);
        if (fclose(f) != 0 && r >= 0)
                r = -ENOMEM;
        if (r < 0)
                return r;
        *ret_json = TAKE_PTR(json);
        *ret_rows = rows;
        return 0;
}

static int snapshots_of(struct upgrade *u, const struct unsaid *of, snapshot_each each) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows, r = statement_start(of->ours ? u->replay.c : u->old, of->rows, &s, "");

        for (rows = SNAPSHOT_ROWS; r == 0 && rows == SNAPSHOT_ROWS;) {
                _cleanup_free_ char *json = NULL;

                r = snapshot_page(s, of->member, &json, &rows);
                if (r == 0 && rows > 0)
                        r = each(u, json);
        }
        return r;
}

static int remember_earlier(struct upgrade *u, const char *json) {
        int r = statement_run(u->replay.c, S_EARLIER_PUT, "t", json);

        u->replay.c->has_earlier = true;
        return r < 0 ? r : 0;
}

static int add_snapshot(struct upgrade *u, const char *json) {
        int64_t id;

        return catalog_event_add(u->replay.c, &(struct event){ .caller = u->caller, .op = EVENT_SNAPSHOT, .json = json }, &id);
}

/* Reports where the log contradicts what the replay took from the old rows. Returns how many. */
static int contradictions(struct upgrade *u) {
        static const enum statement asked[] = { S_UPGRADE_SOURCES, S_UPGRADE_SHARES };
        int found = 0, r = 0;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(asked); i++) {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(u->old, asked[i], &s, "");
                for (; r == 0 && (r = statement_row(s)) > 0; found++) {
                        const char *what = (const char *)sqlite3_column_text(s, 0);
                        const char *object = (const char *)sqlite3_column_text(s, 1);
                        const char *problem = (const char *)sqlite3_column_text(s, 2);

                        r = what && problem ? u->reader->each(&(struct discrepancy){ .what = what, .object = object ?: "?",
                                                                                     .problem = problem },
                                                              u->reader->context) : -ENOMEM;
                }
        }
        return r < 0 ? r : found;
}

/* --- the new file --- */

static int upgrade_cannot_be(int64_t event, void *context) {
        struct upgrade *u = context;

        u->event = event;
        return -EBADMSG;
}

/* Copies the places of stores, and disks that are being made: no event is about these. */
static int copy_own(struct upgrade *u) {
        _cleanup_statement_ sqlite3_stmt *stores = NULL, *reservations = NULL;
        const bool first = u->format == 1;
        int64_t sequence;
        int r = statement_start(u->old, first ? S_UPGRADE_STORES : S_UPGRADE_2_STORES, &stores, "");

        while (r == 0 && (r = statement_row(stores)) > 0)
                r = catalog_store_put(u->replay.c, sqlite3_column_int64(stores, 0),
                                      (const char *)sqlite3_column_text(stores, 1));
        if (r == 0)
                r = statement_start(u->old, first ? S_UPGRADE_RESERVATIONS : S_UPGRADE_2_RESERVATIONS, &reservations, "");
        while (r == 0 && (r = statement_row(reservations)) > 0)
                r = changed_one(statement_run(u->replay.c, S_RESERVATION_PUT, "iii", sqlite3_column_int64(reservations, 0),
                                              sqlite3_column_int64(reservations, 1), sqlite3_column_int64(reservations, 2)));
        if (r == 0)
                r = statement_number(u->old, first ? S_UPGRADE_SEQUENCE : S_UPGRADE_2_SEQUENCE, &sequence);
        return r < 0 ? r : changed_one(statement_run(u->replay.c, S_RESERVATION_SEQUENCE, "i", sequence));
}

static int upgrade_fill(struct upgrade *u) {
        const bool first = u->format == 1; /* later ones say all */
        int r = first ? snapshots_of(u, &to_remember, remember_earlier) : 0;

        if (r == 0)
                r = replay_log(&u->replay, u->old, upgrade_cannot_be, u);
        if (r == 0)
                r = connection_run(u->replay.c, "BEGIN IMMEDIATE");
        for (size_t i = 0; r == 0 && first && i < ARRAY_SIZE(unsaid); i++)
                r = snapshots_of(u, &unsaid[i], add_snapshot);
        if (r == 0)
                r = copy_own(u);
        if (r == 0)
                r = indexed_fill(u->replay.c);
        return r < 0 ? r : connection_run(u->replay.c, "COMMIT");
}

/* Marks the new file as a catalog, and makes it durable. */
static int upgrade_finish(struct upgrade *u, const char *path) {
        _cleanup_fd_ int fd = -1;
        int r = schema_seal(u->replay.c);

        if (r == 0)
                r = connection_run(u->replay.c, "PRAGMA journal_mode = wal");
        replay_close(&u->replay);
        if (r < 0)
                return r;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* --- the old one --- */

/* Whether another upgrade has replaced the file since this one opened it. */
static bool has_moved(struct upgrade *u) {
        int moved = 1;

        return sqlite3_file_control(u->old->db, NULL, SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK || moved;
}

/* Locks the old file until it is closed, without waiting for others who have it open. It leaves WAL mode: its log would
 * be taken for the new file's. If the upgrade is killed from here on, the old file can be used without a log. */
static int upgrade_take(struct upgrade *u) {
        int r;

        u->old->tries = 0;
        u->old->log_header = NULL;
        r = connection_run(u->old, "PRAGMA journal_mode = delete");
        if (r < 0)
                return r;
        r = connection_run(u->old, "BEGIN EXCLUSIVE");
        if (r == 0 && has_moved(u))
                return -EAGAIN;
        u->taken = true;
        return r;
}

static int open_old(struct upgrade *u) {
        int r;

        if (access(u->path, R_OK | W_OK) < 0)
                return -errno;
        r = catalog_new(u->path, 0, &u->old_catalog);
        return r < 0 ? r : connection_open(u->old_catalog, true, &u->old);
}

/* Whether both names are of one file, as an upgrade that was interrupted after the link leaves it. */
static bool same_file(const char *a, const char *b) {
        struct stat x, y;

        return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Whether the old file can have this name: checked before all the work. */
static int check_kept(struct upgrade *u, const char *kept) {
        if (faccessat(AT_FDCWD, kept, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        return same_file(u->path, kept) ? 0 : -EEXIST;
}

/* Gives the old file the name `kept`, and its own name to the new one. */
static int exchange(struct upgrade *u, const char *from, const char *kept) {
        int r = link(u->path, kept) < 0 ? -errno : 0;

        if (r < 0 && !(r == -EEXIST && same_file(u->path, kept)))
                return r;
        r = file_sync_above(u->path);
        if (r < 0 || rename(from, u->path) < 0)
                return r < 0 ? r : -errno;
        u->taken = false; /* the new file has its name */
        return file_sync_above(u->path);
}

/* --- all steps --- */

/* The new file gets the old one's mode and owner: an administrator may upgrade what a service runs. */
static int make_file(const char *path, const char *like) {
        struct stat st;
        int r = file_make(path);

        if (r < 0)
                return r;
        if (stat(like, &st) < 0 || chmod(path, st.st_mode & 0777) < 0)
                return -errno;
        return chown(path, st.st_uid, st.st_gid) < 0 && st.st_uid != geteuid() ? -errno : 0;
}

static int make(struct upgrade *u, const char *path) {
        int r = path[0] ? make_file(path, u->path) : 0;

        if (r == 0)
                r = replay_open(path, &u->replay);
        u->replay.progress = u->reader->progress;
        u->replay.context = u->reader->context;
        if (r == 0)
                r = upgrade_fill(u);
        if (r == 0)
                r = catalog_mark(u->replay.c); /* else it could not be opened */
        if (r == 0)
                r = compare_format(u->format, u->old, u->replay.c, u->reader->each, u->reader->context);
        return r == 0 && u->format == 1 ? contradictions(u) : r;
}

int catalog_upgrade(const char *path, const struct caller *caller, bool plan, const struct upgrade_reader *reader,
                    struct upgraded *ret_upgraded) {
        _cleanup_upgrade_ struct upgrade u = { .path = path, .caller = caller, .reader = reader };
        _cleanup_free_ char *unfinished = NULL, *kept = NULL;
        int64_t stamp;
        int r;

        *ret_upgraded = (struct upgraded){ 0 };
        r = open_old(&u);
        if (r == 0)
                r = catalog_format(u.old, &stamp);
        if (r < 0 || stamp == CATALOG_STAMP)
                return r;
        ret_upgraded->format = u.format = stamp / 100;
        if (asprintf(&unfinished, "%s.new", path) < 0) {
                unfinished = NULL;
                return -ENOMEM;
        }
        if (asprintf(&kept, "%s.format-%d", path, (int)u.format) < 0) {
                kept = NULL;
                return -ENOMEM;
        }
        r = upgrade_take(&u);
        if (r == 0)
                r = check_kept(&u, kept);
        if (r < 0)
                return r;
        file_remove(unfinished); /* left by an interrupted upgrade */
        r = make(&u, plan ? "" : unfinished);
        ret_upgraded->differences = r > 0 ? r : 0;
        ret_upgraded->failed = u.event;
        if (r == 0)
                r = statement_number(u.replay.c, S_FEED_LAST, &ret_upgraded->events);
        if (r == 0 && !plan)
                r = upgrade_finish(&u, unfinished);
        if (r == 0 && !plan)
                r = exchange(&u, unfinished, kept);
        if (r != 0)
                file_remove(unfinished); /* the first error is returned */
        return r > 0 ? -EBADMSG : r;
}
