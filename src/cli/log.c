/* SPDX-License-Identifier: MIT
 * `imgshare log`: the events, filtered; as a table, as lines, or as the log's own JSON. --follow goes on with new
 * events.
 */
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "internal.h"
#include "timestamp.h"

#define LOOK_MS 200 /* how often --follow looks for new events */
#define DATE_LENGTH 10
#define DAY_MS INT64_C(86400000)

static const struct column columns[] = {
        { "event", .right = true }, { "time" }, { "actor" }, { "op" }, { "object" }, { "account" }, { "rule" },
};
static const struct column json_columns[] = { { "event" } };

/* Events about accounts have an empty object. */
static struct cell text_or_none(const char *text) {
        return text && *text ? cell_text(text) : cell_none();
}

static int entry_add(const struct log_event *event, void *context) {
        char time[TIMESTAMP_SIZE];
        const struct cell cells[] = {
                cell_number(event->id),       cell_text(timestamp_format(event->time, time)),
                cell_text(event->actor),      cell_text(event->op),
                text_or_none(event->object),  text_or_none(event->account),
                text_or_none(event->rule),
        };

        return table_add(context, cells);
}

static int entry_add_line(const struct log_event *event, void *context) {
        return table_add(context, &cell_text(event->line));
}

/* Prints the log's own lines, not the table's JSON. */
static void print_lines(struct table *table) {
        for (size_t i = 0; i < table->count; i++)
                (void)fputs(table->cells[i].text, stdout);
        table_clear(table);
}

/* Waits until it is time to look again. False: nobody reads the output any more. */
static bool wait_for_events(void) {
        struct pollfd output = { .fd = STDOUT_FILENO };

        return fflush(stdout) == 0 && (poll(&output, 1, LOOK_MS) <= 0 || !(output.revents & (POLLERR | POLLHUP)));
}

static int log_read_pages(const struct call *call, struct request *request, struct log_query *query, struct table *table) {
        const bool json = call->option[OPTION_JSON], follow = call->option[OPTION_FOLLOW];
        int r;

        do {
                r = log_page(request, query, json ? entry_add_line : entry_add, table);
                if (r < 0)
                        return r;
                if (json)
                        print_lines(table);
                else if (follow)
                        table_print_lines(table);
                else if (table_flush(table, call) < 0)
                        return 0; /* nobody reads the output; main reports it */
        } while (!ferror(stdout) && (r > 0 || (follow && wait_for_events())));
        return 0;
}

/* `begin`: a date means its first millisecond, not its last. */
static enum status read_time(const struct call *call, enum verb_option option, const char *name, bool begin,
                             bool *ret_given, int64_t *ret_time) {
        const char *text = call->option[option];

        if (!text)
                return STATUS_DONE;
        if (*text == '+' || timestamp_parse(text, 0, ret_time) < 0)
                return error_usage("option '--%s': '%s' is no time, such as 2026-05-03 or 2026-05-03T10:00:00Z", name,
                                   text);
        if (begin && strlen(text) == DATE_LENGTH)
                *ret_time -= DAY_MS - 1;
        *ret_given = true;
        return STATUS_DONE;
}

/* A signal is the normal end of --follow. */
static void follow_ends(int number) {
        (void)number;
        _exit(STATUS_DONE);
}

/* Prints whole lines, at once. */
static void prepare_following(void) {
        static const int signals[] = { SIGINT, SIGTERM, SIGPIPE };

        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                (void)signal(signals[i], follow_ends); /* cannot fail for these */
        (void)setvbuf(stdout, NULL, _IOLBF, 0); /* else a line waits for its page */
}

static enum status cmd_log(const struct call *call) {
        struct log_query query = { .denied = call->option[OPTION_DENIED], .account = call->option[OPTION_ACCOUNT],
                                   .image = call->option[OPTION_IMAGE] };
        _cleanup_(table_clear) struct table table = call->option[OPTION_JSON] ? TABLE(json_columns) : TABLE(columns);
        _cleanup_(session_close) struct session session = { 0 };
        enum status status = read_time(call, OPTION_SINCE, "since", true, &query.has_since, &query.since);
        int r;

        if (!status)
                status = read_time(call, OPTION_UNTIL, "until", false, &query.has_until, &query.until);
        if (!status && call->option[OPTION_FOLLOW] && query.has_until)
                status = error_usage("option '--follow': not with '--until'");
        if (!status)
                status = session_open(call, SERVICE_READ_ONLY, &session);
        if (status)
                return status;
        if (call->option[OPTION_FOLLOW])
                prepare_following();
        r = log_begin(&session.request, &query);
        if (r == 0)
                r = log_read_pages(call, &session.request, &query, &table);
        if (r < 0)
                return error_result(&session.request, r, NULL, "log", NULL);
        session_close(&session);
        return call->option[OPTION_JSON] ? STATUS_DONE : table_print(&table, call);
}

const struct verb log_verbs[] = {
        { .name = "log",
          .arguments = "[--follow] [--json] [FILTER...]",
          .summary = "print the log of what was done and refused",
          .help = "Prints the events, oldest first: number, time, who did it, what, to which\n"
                  "object, the other account, and of a refusal its rule. As operator or auditor\n"
                  "all; as an ordinary account those it caused, that name it, and those of its\n"
                  "own images.\n"
                  "\n"
                  "  --follow      go on with new events as they come\n"
                  "  --json        the events as they are kept, one object a line\n"
                  "\n"
                  "Filters; all that are given must hold:\n"
                  "  --denied      only refusals\n"
                  "  --account A   only events whose actor or other account is A\n"
                  "  --image I     only events of image I (REGION/IMG@OWNER)\n"
                  "  --since T     not before T: an RFC 3339 time, or a date (its begin, UTC)\n"
                  "  --until T     not after T; a date means its end\n",
          .example = "imgshare log --denied --since 2026-05-03",
          .options = WITH(FOLLOW) | WITH(JSON) | WITH(DENIED) | WITH(ACCOUNT) | WITH(IMAGE) | WITH(SINCE) | WITH(UNTIL),
          .run = cmd_log },
        { 0 },
};
