/* SPDX-License-Identifier: MIT
 * Opens a catalog, also as of a moment of the past, and closes it. The map of the layer:
 *
 *   a change ──► write/  writer turn batch ──► the caller's function: reads, decides, says what happened
 *                checkpoint own                     │ catalog_event_add
 *                                                   ▼
 *                log/  event render ──► a line of the chain      effects/  effects.def effects ──► rows
 *                                                                                                    │
 *   a question ──► reader ──► rows/  a noun a file ◄───────── statements.def (past.c: as of a moment) ◄┘
 *                  memo: what was just read
 *
 *   who wants to know what changed    log/feed change           the log asked        log/log day indexed
 *   what time it is, and whether the machine knows   log_clock anchor log/doubt
 *   do rows follow from the log       log/verify                rows made again      effects/resolve replay compare
 *   an older format                   effects/upgrade           a file               create format connection functions
 *   a copy as of one moment           backup                    room kept for changes that end something  reserve
 * write/room
 *
 * A file calls only what stands nearer to statements.c than itself; scripts/layers finds circles.
 */
#include "connection.h"
#include "log/log.h"
#include "log_clock.h"
#include "memo.h"
#include "reserve.h"
#include "write/write.h"

struct catalog *catalog_close(struct catalog *catalog) {
        if (!catalog)
                return NULL;
        writer_stop(catalog);
        while (catalog->idle) {
                struct catalog_connection *c = catalog->idle;

                catalog->idle = c->next;
                (void)connection_close(c); /* returns NULL */
        }
        (void)pthread_cond_destroy(&catalog->work); /* nobody waits any more */
        (void)pthread_cond_destroy(&catalog->checkpoint);
        (void)pthread_mutex_destroy(&catalog->lock);
        catalog->memo = memo_free(catalog->memo);
        home_close(&catalog->home);
        free(catalog);
        return NULL;
}

int catalog_new(const char *path, enum catalog_flags flags, struct catalog **ret_catalog) {
        struct catalog *catalog = calloc(1, sizeof(*catalog));
        int r;

        if (!catalog)
                return -ENOMEM;
        catalog->home.dir_fd = -1;
        catalog->flags = flags;
        catalog->index_events = INDEX_EVENTS;
        log_clock_hold(catalog, &ANCHOR_NONE);
        STAILQ_INIT(&catalog->queue);
        (void)pthread_mutex_init(&catalog->lock, NULL); /* cannot fail with default attributes */
        (void)pthread_cond_init(&catalog->work, NULL);
        (void)pthread_cond_init(&catalog->checkpoint, NULL);
        r = home_open(path, &catalog->home);
        catalog->memo = r == 0 ? memo_new() : NULL;
        if (!catalog->memo) {
                (void)catalog_close(catalog); /* returns NULL */
                return r < 0 ? r : -ENOMEM;
        }
        *ret_catalog = catalog;
        return 0;
}

static int check_kind(struct catalog_connection *c) {
        int64_t stamp;
        int r = catalog_format(c, &stamp);

        if (r < 0)
                return r;
        if (stamp < CATALOG_STAMP)
                return -EPROTOTYPE;
        return catalog_mark(c);
}

/* The limit says that there is none: what was kept for it goes, the log with whoever closes last. */
static int open_without_reserve(struct catalog_connection *c) {
        int64_t bytes;
        int r = catalog_setting_get(c, SETTING_RESERVE, RESERVE_DEFAULT, &bytes);

        if (r == 0 && bytes == 0) {
                c->catalog->keeps_room = c->catalog->keeps_log = false;
                reserve_end(c);
        }
        return r;
}

int catalog_open(const char *path, enum catalog_flags flags, struct catalog **ret_catalog) {
        _cleanup_catalog_ struct catalog *catalog = NULL;
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r;

        if (access(path, R_OK | (flags & CATALOG_READ_ONLY ? 0 : W_OK)) < 0)
                return -errno;
        r = catalog_new(path, flags, &catalog);
        if (r == 0 && catalog->home.unwritable && !(flags & CATALOG_READ_ONLY))
                r = -EROFS;
        if (r == 0 && catalog->home.links > 1 && !(flags & CATALOG_READ_ONLY))
                r = -EMLINK; /* each name would get a log of its own */
        if (r == 0) {
                catalog->keeps_room = flags & CATALOG_RESERVE && !(flags & CATALOG_READ_ONLY);
                catalog->keeps_log = !catalog->home.unwritable && (catalog->keeps_room || reserve_is_kept(&catalog->home));
                r = catalog_read(catalog, &c);
        }
        if (r == 0)
                r = check_kind(c);
        if (r == -EPROTOTYPE)
                reserve_end(c); /* nothing is left beside what is refused */
        if (r == 0)
                r = log_clock_open(c);
        if (r == 0 && catalog->keeps_room)
                r = open_without_reserve(c);
        if (r == 0 && !(flags & CATALOG_READ_ONLY))
                r = writer_start(catalog);
        if (r < 0)
                return r;
        catalog_read_end(&c);
        *ret_catalog = TAKE_PTR(catalog);
        return 0;
}

/* Completes a moment: with the event's time, or with the last event up to the time. */
static int resolve(struct catalog_connection *c, struct catalog_moment *moment) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        struct clock_state clock;
        int r;

        if (moment->event == 0) { /* before the first */
                moment->time = 0;
                return 0;
        }
        if (moment->event < 0) {
                r = catalog_clock(c, &clock);
                if (r == 0 && moment->time > clock.log && moment->time > clock.last)
                        r = -ERANGE;
                if (r == 0)
                        r = catalog_log_at(c, moment->time, true, &moment->event);
        } else {
                r = statement_one(&s, statement_start(c, S_EVENT_TIME, &s, "i", moment->event));
                r = r == -ENOENT ? -ERANGE : r;
                if (r == 0)
                        moment->time = sqlite3_column_int64(s, 0);
        }
        return r < 0 ? r : log_clock_then(c, &moment->time);
}

int catalog_open_asof(const char *path, const struct catalog_moment *moment, struct catalog **ret_catalog) {
        _cleanup_catalog_ struct catalog *catalog = NULL;
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_open(path, CATALOG_READ_ONLY, &catalog);

        if (r < 0)
                return r;
        catalog->moment = *moment;
        r = catalog_read(catalog, &c);
        if (r == 0)
                r = resolve(c, &catalog->moment);
        if (r < 0)
                return r;
        catalog_read_end(&c);
        catalog->past = true;
        *ret_catalog = TAKE_PTR(catalog);
        return 0;
}

int64_t catalog_last(const struct catalog *catalog) {
        return catalog->past ? catalog->moment.event : INT64_MAX;
}

const char *catalog_uuid(const struct catalog *catalog) {
        return catalog->uuid;
}
