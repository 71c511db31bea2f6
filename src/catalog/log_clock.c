/* SPDX-License-Identifier: MIT
 * What time it is for the log, and which shares are due. Anchors are anchor.c's; what the log says of its clock is in
 * two rows of `setting`, so that no table is needed: `clock-doubt` lives while it doubts, `clock-set` has the time that
 * an operator said it was, and its event the boot.
 */
#include "log_clock.h"

enum { CLOCK_LAST, CLOCK_AHEAD, CLOCK_SET, CLOCK_STAMP, CLOCK_BOOT, CLOCK_SINCE }; /* columns */

/* What the log says of its clock. */
struct said_clock {
        int64_t last, ahead; /* as in struct log_clock */
        int64_t least;       /* the clock is not before that */
        bool set;            /* by an operator, in this boot: */
        struct anchor anchor;
};

struct anchor log_clock_anchor(const struct catalog *catalog) {
        return (struct anchor){ catalog->clock_low, catalog->clock_high };
}

/* Two stores: who reads between them sees a doubt that is not there, or looks at the file, too. */
void log_clock_hold(struct catalog *catalog, const struct anchor *anchor) {
        catalog->clock_low = anchor->low;
        catalog->clock_high = anchor->high;
}

/* A number of ms; of a catalog that somebody else wrote one that sums do not overflow with. */
static int64_t column_ms(sqlite3_stmt *s, int column) {
        const int64_t ms = sqlite3_column_int64(s, column);

        return ms > CLOCK_MOST_MS ? CLOCK_MOST_MS : ms < -CLOCK_MOST_MS ? -CLOCK_MOST_MS : ms;
}

/* The clock is not before the last event's time; since an operator set it back, not before the time that he set, until
 * events have times of their own again. */
static int said_read(struct catalog_connection *c, struct said_clock *ret_said) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        struct said_clock said = { 0 };
        const char *boot;
        int64_t set;
        int r = statement_one(&s, statement_start(c, S_CLOCK_STATE, &s, ""));

        if (r == 0)
                r = column_pointer(s, CLOCK_BOOT, &boot);
        if (r < 0)
                return r;
        said.last = said.least = column_ms(s, CLOCK_LAST);
        said.ahead = column_ms(s, CLOCK_AHEAD);
        set = column_ms(s, CLOCK_SET);
        if (sqlite3_column_type(s, CLOCK_SET) != SQLITE_NULL && said.last <= column_ms(s, CLOCK_STAMP))
                said.least = set;
        said.set = boot && boot[0] != '\0' && strcmp(boot, c->catalog->boot.id) == 0;
        said.anchor.low = said.anchor.high = set - column_ms(s, CLOCK_SINCE);
        *ret_said = said;
        return 0;
}

/* What the clock is held against: what an operator said in this boot, else the file, else as this process remembers.
 * The writer remembers nothing of what may be rolled back. */
static struct anchor anchor_find(struct catalog_connection *c, const struct said_clock *said) {
        struct catalog *catalog = c->catalog;
        struct anchor anchor;

        if (said->set)
                anchor = said->anchor;
        else if (anchor_read(&catalog->home, &catalog->boot, &anchor) < 0)
                return log_clock_anchor(catalog);
        if (c != catalog->connection)
                log_clock_hold(catalog, &anchor);
        return anchor;
}

int log_clock_open(struct catalog_connection *c) {
        struct catalog *catalog = c->catalog;
        struct said_clock said;
        struct instant now;
        struct anchor anchor;
        int r;

        boot_read(&catalog->boot);
        r = said_read(c, &said);
        if (r == -EUCLEAN) /* a damaged catalog is opened, to be checked */
                return 0;
        if (r < 0)
                return r;
        now = instant_now(&catalog->boot);
        anchor = anchor_first(&now, said.least, said.ahead);
        log_clock_hold(catalog, &anchor);
        (void)anchor_find(c, &said); /* holds one of this boot instead, if there is one */
        return 0;
}

void log_clock_copy(const struct catalog *from, struct catalog *to) {
        struct anchor anchor;

        boot_read(&to->boot);
        if (anchor_read(&from->home, &to->boot, &anchor) == 0)
                log_clock_hold(to, &anchor);
}

int log_clock_read(struct catalog_connection *c, struct log_clock *ret_clock) {
        struct log_clock clock = { 0 };
        struct said_clock said;
        struct anchor anchor;
        bool agrees;
        int r = said_read(c, &said);

        if (r < 0)
                return r;
        anchor = anchor_find(c, &said);
        clock.now = instant_now(&c->catalog->boot);
        clock.last = said.last;
        clock.ahead = said.ahead;
        clock.set = said.set;
        agrees = anchor_agrees(&anchor, &clock.now);
        clock.doubted = !agrees || clock.now.wall + CLOCK_TOLERANCE_MS < said.least;
        clock.log = agrees ? clock.now.wall : anchor_time(&anchor, &clock.now);
        if (clock.log < said.least)
                clock.log = said.least;
        clock.due = clock.log > clock.now.wall ? clock.log : clock.now.wall;
        clock.over = clock.doubted ? INT64_MIN : clock.due;
        *ret_clock = clock;
        return 0;
}

int log_clock_quick(struct catalog_connection *c, int64_t last, struct log_clock *ret_clock) {
        const struct instant now = instant_now(&c->catalog->boot);
        const struct anchor anchor = log_clock_anchor(c->catalog);

        if (now.wall < last || !anchor_agrees(&anchor, &now))
                return log_clock_read(c, ret_clock);
        *ret_clock = (struct log_clock){ .now = now, .last = last, .log = now.wall, .due = now.wall, .over = now.wall };
        return 0;
}

int log_clock_then(struct catalog_connection *c, int64_t *time) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r;

        c->past = true;
        r = statement_one(&s, statement_start(c, S_CLOCK_STATE, &s, ""));
        c->past = false;
        if (r == 0 && sqlite3_column_type(s, CLOCK_SET) != SQLITE_NULL && *time <= sqlite3_column_int64(s, CLOCK_STAMP))
                *time = sqlite3_column_int64(s, CLOCK_SET);
        return r;
}

int catalog_clock(struct catalog_connection *c, struct clock_state *ret_state) {
        struct log_clock clock;
        int r = log_clock_read(c, &clock);

        if (r == 0)
                *ret_state = (struct clock_state){ .log = clock.log, .due = clock.due, .machine = clock.now.wall,
                                                   .last = clock.last, .doubted = clock.doubted };
        return r;
}
