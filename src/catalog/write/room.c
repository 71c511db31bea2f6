/* SPDX-License-Identifier: MIT
 * Asks whether there is room, once a transaction, and keeps the reserve whole: ahead of what is written, so that what
 * others take meanwhile is not missing. Half of it is free in the file, the other half is the log's.
 */
#include "write/room.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "clock.h"
#include "memo.h"
#include "reserve.h"
#include "write/write.h"

#define AGAIN_NS (1000 * MS_NS) /* until size and limit are looked at again */
#define FULL_FRAMES 1024        /* pages in the log after which it begins anew while there is no room */
#define FRAME (DATABASE_PAGE + 24)

uint64_t catalog_reserve_of(int64_t limit, uint64_t size) {
        return (uint64_t)limit < size / 8 ? (uint64_t)limit : size / 8;
}

static int64_t up(int64_t bytes) {
        return (bytes + RESERVE_UNIT - 1) / RESERVE_UNIT * RESERVE_UNIT;
}

static int reserve_look(struct catalog_connection *c) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        struct catalog *catalog = c->catalog;
        const int64_t now = clock_ns();
        int64_t limit = RESERVE_DEFAULT;
        struct statvfs space;
        int r;

        if (catalog->reserve_looked != 0 && now - catalog->reserve_looked < AGAIN_NS)
                return 0;
        r = statement_start(c, S_SETTING_GET, &s, "t", SETTING_RESERVE);
        if (r == 0)
                r = statement_row(s);
        if (r < 0)
                return r;
        if (r > 0)
                limit = sqlite3_column_int64(s, 0);
        if (fstatvfs(catalog->home.dir_fd, &space) < 0)
                return -errno;
        catalog->reserve = (int64_t)catalog_reserve_of(limit, (uint64_t)space.f_blocks * space.f_frsize);
        catalog->reserve_looked = now;
        return 0;
}

struct footing {
        int64_t used, size, allocated; /* bytes of the file */
        int64_t log, log_allocated;    /* of the log */
};

static int footing_read(struct catalog_connection *c, struct footing *ret_footing) {
        const int dir = c->catalog->home.dir_fd;
        char log[NAME_MAX + 1];
        struct stat file, wal;
        int64_t pages;
        int r = connection_number(c, "PRAGMA page_count", &pages);

        if (r < 0)
                return r;
        if (snprintf(log, sizeof(log), "%s-wal", c->catalog->home.name) > NAME_MAX)
                return -ENAMETOOLONG;
        if (fstatat(dir, c->catalog->home.name, &file, AT_SYMLINK_NOFOLLOW) < 0 ||
            fstatat(dir, log, &wal, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        *ret_footing = (struct footing){
                .used = pages * DATABASE_PAGE, .size = file.st_size, .allocated = (int64_t)file.st_blocks * 512,
                .log = (int64_t)memo_log_frames(c) * FRAME, .log_allocated = (int64_t)wal.st_blocks * 512,
        };
        return 0;
}

/* A copy of the file may have a hole where there was room. Pages in use are all below; nobody else commits now. */
static void cut_hole(struct catalog_connection *c, struct footing *f) {
        if (c->catalog->holes_looked || f->allocated + RESERVE_UNIT >= f->size)
                return;
        c->catalog->holes_looked = true; /* a file system that compresses has no others */
        if (truncate(c->catalog->home.path, up(f->used)) == 0)
                f->size = up(f->used);
}

static bool fill_file(struct catalog_connection *c, struct footing *f, int64_t half) {
        if (f->size - f->used >= half)
                return true;
        return reserve_grow_file(c, up(f->used + half + half / 4)) || reserve_grow_file(c, up(f->used + half));
}

static int64_t log_wanted(const struct footing *f, int64_t half) {
        const int64_t ahead = f->log + half / 4;

        return ahead > half ? ahead : half;
}

static bool fill_log(struct catalog_connection *c, const struct footing *f, int64_t half) {
        return f->log_allocated >= log_wanted(f, half) || reserve_grow_log(&c->catalog->home, up(log_wanted(f, half)));
}

/* To ask a full file system for room takes it long: not again within a second, unless more is free than then. */
static bool may_grow(struct catalog *catalog) {
        struct statvfs space;

        return catalog->room_lacked == 0 || clock_ns() - catalog->room_lacked >= AGAIN_NS ||
               fstatvfs(catalog->home.dir_fd, &space) < 0 || space.f_bfree > catalog->room_free;
}

static void note_lack(struct catalog *catalog) {
        struct statvfs space;

        catalog->room_lacked = clock_ns();
        catalog->room_free = fstatvfs(catalog->home.dir_fd, &space) == 0 ? space.f_bfree : 0;
}

static bool make_whole(struct catalog_connection *c, struct footing *f, int64_t half) {
        const bool whole = f->size - f->used >= half && f->log_allocated >= log_wanted(f, half);
        struct catalog *catalog = c->catalog;

        if (!may_grow(catalog))
                return whole;
        catalog->room_lacked = 0;
        cut_hole(c, f);
        if (fill_log(c, f, half) && fill_file(c, f, half) && reserve_take(&catalog->home) != -ENOSPC)
                return true;
        note_lack(catalog);
        return false;
}

static int room_look(struct catalog_connection *c, enum room *ret_room) {
        struct catalog *catalog = c->catalog;
        struct footing f;
        int64_t half;
        int r = reserve_look(c);

        if (r == 0 && catalog->reserve == 0) {
                *ret_room = ROOM_ENOUGH;
                return 0;
        }
        if (r == 0)
                r = footing_read(c, &f);
        if (r == -ENOENT) { /* a file was removed: the commit finds that, and saves what it can */
                *ret_room = ROOM_ENOUGH;
                return 0;
        }
        if (r < 0)
                return r;
        half = up(catalog->reserve / 2);
        catalog->log_frames = half / 4 / FRAME;
        *ret_room = make_whole(c, &f, half)         ? ROOM_ENOUGH
                    : f.size - f.used >= half / 2 ? ROOM_LITTLE
                                                  : ROOM_NONE;
        return 0;
}

/* What takes no more room than it gives, or must not wait for it. */
static bool is_ending(const struct event *event) {
        switch (event->op) {
        case EVENT_UNSHARE:
        case EVENT_EXPIRE:
        case EVENT_DELETE_DESCRIPTION:
        case EVENT_DELETE_LINK:
        case EVENT_DELETE_DISK:
        case EVENT_DELETE:
        case EVENT_INSTANCE_DELETE_IMAGE:
        case EVENT_INSTANCE_DELETE_DISK:
        case EVENT_INSTANCE_DELETE:
        case EVENT_PURGE:
        case EVENT_PURGE_INSTANCE:
        case EVENT_CLOCK_DOUBT:
        case EVENT_CLOCK_AGREES:
        case EVENT_CLOCK_SET:
                return true;
        default:
                return false;
        }
}

int room_ask(struct catalog_connection *c, const struct event *event) {
        int r;

        if (!c->catalog->keeps_room)
                return 0;
        if (c->room == ROOM_UNKNOWN) {
                r = room_look(c, &c->room);
                if (r < 0)
                        return r;
                c->catalog->room = c->room;
        }
        if (c->room == ROOM_ENOUGH)
                return 0;
        if (event && event->rule)
                return c->room == ROOM_LITTLE ? 0 : -ENOSPC;
        return event && is_ending(event) ? 0 : -ENOSPC;
}

void room_prepare(struct catalog_connection *c) {
        const int tries = c->tries;

        if (c->catalog->room != ROOM_LITTLE && c->catalog->room != ROOM_NONE)
                return;
        if (memo_log_frames(c) < FULL_FRAMES && memo_log_frames(c) < c->catalog->log_frames)
                return;
        c->tries = ROOM_TRIES;
        (void)checkpoint_restart(c); /* a reader that stays is no reason to fail: there may be room in the log */
        c->tries = tries;
}
