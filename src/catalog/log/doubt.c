/* SPDX-License-Identifier: MIT
 * What the log says of the machine's clock: that it is doubted, or no longer, or that an operator knows it to be right.
 * Whether it is follows without that (log_clock.c).
 */
#include "log_clock.h"

/* Is there an anchor of this boot beside the database, as good as can be? */
static bool anchor_is_kept(const struct catalog *catalog, const struct log_clock *clock) {
        struct anchor anchor;

        if (clock->set || catalog->boot.id[0] == '\0') /* the log has it; or nothing can */
                return true;
        return anchor_read(&catalog->home, &catalog->boot, &anchor) == 0 && (clock->doubted || anchor.low == anchor.high);
}

int catalog_clock_stale(struct catalog_connection *c) {
        struct log_clock clock;
        int r = log_clock_read(c, &clock);

        return r < 0 ? r : clock.doubted != (clock.ahead != 0) || !anchor_is_kept(c->catalog, &clock);
}

static void anchor_keep(struct catalog *catalog, const struct log_clock *clock) {
        const int64_t right = clock->now.wall - clock->now.since;
        const struct anchor anchor = clock->doubted ? log_clock_anchor(catalog) : (struct anchor){ right, right };

        log_clock_hold(catalog, &anchor);
        (void)anchor_write(&catalog->home, &catalog->boot, &anchor); /* without it the next process only knows the log */
}

int catalog_clock_note(struct catalog_connection *c, const struct caller *caller) {
        char machine[TIMESTAMP_SIZE];
        struct event event = { .caller = caller };
        struct log_clock clock;
        int64_t id;
        int r = log_clock_read(c, &clock);

        if (r < 0)
                return r;
        if (!anchor_is_kept(c->catalog, &clock))
                anchor_keep(c->catalog, &clock);
        if (clock.doubted == (clock.ahead != 0))
                return 0;
        event.op = clock.doubted ? EVENT_CLOCK_DOUBT : EVENT_CLOCK_AGREES;
        if (clock.doubted)
                event.detail[0] = (struct event_detail){ .key = "ahead", .number = clock.now.wall - clock.log };
        event.detail[clock.doubted] = (struct event_detail){ .key = "clock",
                                                             .text = timestamp_format(clock.now.wall, machine) };
        return catalog_event_add(c, &event, &id);
}

int catalog_clock_set(struct catalog_connection *c, struct event *event) {
        char from[TIMESTAMP_SIZE], to[TIMESTAMP_SIZE];
        struct log_clock clock;
        int64_t id;
        int r = log_clock_read(c, &clock);

        if (r < 0)
                return r;
        if (!clock.doubted)
                return -EALREADY;
        event->detail[0] = (struct event_detail){ .key = "from", .text = timestamp_format(clock.log, from) };
        event->detail[1] = (struct event_detail){ .key = "to", .text = timestamp_format(clock.now.wall, to) };
        event->detail[2] = (struct event_detail){ .key = "since", .number = clock.now.since };
        event->detail[3] = (struct event_detail){ .key = "boot", .text = c->catalog->boot.id };
        return catalog_event_add(c, event, &id);
}
