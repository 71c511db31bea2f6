/* SPDX-License-Identifier: MIT
 * `imgshare clock`: the log's clock, whether the machine's is doubted, and an operator who says that it is right.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "internal.h"
#include "timestamp.h"

/* `365d ahead`, in the largest unit that it is one of, rounded. */
static void difference_text(int64_t ms, char *ret_text, size_t size) {
        static const struct {
                int64_t ms;
                char unit;
        } units[] = { { 86400000, 'd' }, { 3600000, 'h' }, { 60000, 'm' }, { 1000, 's' } };
        const int64_t much = llabs(ms);

        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (much >= units[i].ms || i + 1 == ARRAY_SIZE(units)) {
                        (void)snprintf(ret_text, size, "%lld%c %s", (long long)((much + units[i].ms / 2) / units[i].ms), units[i].unit,
                                       ms < 0 ? "behind" : "ahead"); /* fits */
                        return;
                }
}

static enum status clock_print(const struct call *call, struct session *session) {
        static const struct column columns[] = { { "name" }, { "value" } };
        _cleanup_(table_clear) struct table table = TABLE(columns);
        char log[TIMESTAMP_SIZE], machine[TIMESTAMP_SIZE], last[TIMESTAMP_SIZE], difference[32];
        struct clock_state clock;
        int r = clock_get(&session->request, &clock);

        if (r == 0) {
                const struct cell rows[][2] = {
                        { cell_text("log"), cell_text(timestamp_format(clock.log, log)) },
                        { cell_text("machine"), cell_text(timestamp_format(clock.machine, machine)) },
                        { cell_text("last-event"), cell_text(timestamp_format(clock.last, last)) },
                        { cell_text("doubt"), clock.doubted ? cell_text(difference) : cell_none() },
                };

                difference_text(clock.machine - clock.log, difference, sizeof(difference));
                for (size_t i = 0; i < ARRAY_SIZE(rows) && r == 0; i++)
                        r = table_add(&table, rows[i]);
        }
        if (r)
                return error_result(&session->request, r, NULL, "clock", NULL);
        session_close(session);
        return table_print(&table, call);
}

static enum status cmd_clock(const struct call *call) {
        _cleanup_(session_close) struct session session = { 0 };
        const bool set = call->count > 0;
        enum status status;
        int r;

        if (set && strcmp(call->arguments[0], "set") != 0)
                return error_usage("clock: '%s' is not set", call->arguments[0]);
        status = session_open(call, set ? 0 : SERVICE_READ_ONLY, &session);
        if (status)
                return status;
        if (!set)
                return clock_print(call, &session);
        r = clock_set(&session.request);
        if (r == -EALREADY) {
                (void)printf("the clock is not doubted\n");
                return STATUS_DONE;
        }
        return error_result(&session.request, r, NULL, "clock", NULL);
}

const struct verb clock_verbs[] = {
        { .name = "clock",
          .arguments = "[set] [--json]",
          .summary = "print the log's clock, or say that the machine's is right",
          .help = "Prints the log's clock, the machine's, the last event's time, and by how much\n"
                  "the machine's is ahead or behind if it is doubted: because it was set by more\n"
                  "than an hour while the machine ran, or is before the log's times by more than\n"
                  "that. Until it agrees again, shares that are due by it are hidden and refused,\n"
                  "but not ended, and events go on by the log's clock.\n"
                  "\n"
                  "With set, says that the machine's clock is right now. Correct it first, as with\n"
                  "date or NTP. Then shares that are due by it end, others are there again. If the\n"
                  "log's times are ahead, events have the last one until the clock has caught up.\n"
                  "\n"
                  "  --json   an array of objects\n",
          .example = "imgshare clock set",
          .most = 1,
          .options = WITH(JSON),
          .run = cmd_clock },
        { 0 },
};
