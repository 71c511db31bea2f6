/* SPDX-License-Identifier: MIT
 * `imgshare limits`: the limits that the operator sets for the whole catalog.
 */
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "internal.h"

static const struct meaning meanings[] = { { ENOENT, "no such limit" }, { EINVAL, "not a value it can have" }, { 0 } };

static bool is_none(const struct limit *limit) {
        return limit->kind == LIMIT_BOUND && limit->value == LIMIT_BYTES_NONE;
}

static int limit_add(const struct limit *limit, void *context) {
        char span[SPAN_SIZE];
        const struct cell cells[] = {
                cell_text(limit->name),
                limit->kind == LIMIT_SWITCH ? cell_switch(limit->value != 0)
                : limit->kind == LIMIT_SPAN ? cell_text(span_text(limit->value, span))
                : is_none(limit)            ? cell_none()
                : limit->kind == LIMIT_SIZE || limit->kind == LIMIT_BOUND ? cell_text(size_text(limit->value, span))
                                                                          : cell_number(limit->value),
        };

        return table_add(context, cells);
}

static enum status limit_print(const struct call *call, struct session *session) {
        static const struct column columns[] = { { "name" }, { "value", .right = true } };
        _cleanup_(table_clear) struct table table = TABLE(columns);
        const char *name = call->count > 0 ? call->arguments[0] : NULL;
        int r;

        if (name) {
                struct limit limit;

                r = limit_get(&session->request, name, &limit);
                if (r == 0)
                        r = limit_add(&limit, &table);
        } else
                r = limit_list(&session->request, limit_add, &table);
        if (r)
                return error_result(&session->request, r, meanings, name ? "limit" : "limits", name);
        session_close(session);
        return table_print(&table, call);
}

static int parse_bound(const char *text, int64_t *ret_bytes) {
        if (strcmp(text, "-") == 0) {
                *ret_bytes = LIMIT_BYTES_NONE;
                return 0;
        }
        return parse_size(text, ret_bytes);
}

static enum status set(const struct call *call, struct session *session) {
        const char *name = call->arguments[0], *text = call->arguments[1];
        struct limit limit;
        int64_t value;
        int r;

        r = limit_get(&session->request, name, &limit);
        if (r)
                return error_result(&session->request, r, meanings, "limit", name);
        if (limit.kind == LIMIT_SWITCH && parse_switch(text, &value) < 0)
                return error_usage("value '%s': not on or off", text);
        if (limit.kind == LIMIT_SPAN && parse_span(text, &value) < 0)
                return error_usage("value '%s': not a number of days or hours as in 7d or 12h, or 0", text);
        if (limit.kind == LIMIT_SIZE && parse_size(text, &value) < 0)
                return error_usage("value '%s': not a number of bytes as in 64M (K M G T), or 0", text);
        if (limit.kind == LIMIT_BOUND && parse_bound(text, &value) < 0)
                return error_usage("value '%s': not a number of bytes as in 64M (K M G T), or - for no limit", text);
        if (limit.kind == LIMIT_NUMBER && parse_number(text, INT64_MAX, &value) < 0)
                return error_usage("value '%s': not a number from 0 on", text);
        return error_result(&session->request, limit_set(&session->request, name, value), meanings, "limit", name);
}

static enum status cmd_limits(const struct call *call) {
        _cleanup_(session_close) struct session session = { 0 };
        enum status status;

        status = session_open(call, call->count < 2 ? SERVICE_READ_ONLY : 0, &session);
        if (status)
                return status;
        return call->count < 2 ? limit_print(call, &session) : set(call, &session);
}

const struct verb limits_verbs[] = {
        { .name = "limits",
          .arguments = "[NAME [VALUE]] [--json]",
          .summary = "print the catalog's limits, or set one",
          .help = "Without VALUE, prints all limits or the one called NAME; with VALUE, sets it.\n"
                  "Lowering a limit keeps what exists and blocks what is new. require-review is\n"
                  "on or off: whether an image is shared only after its owner reviewed it.\n"
                  "keep-deleted is a time (7d, 12h; 0: not at all): for how long the disks of\n"
                  "deleted images and instances are kept, where nobody needs the room.\n"
                  "bytes-per-region is a size (500G; -: no limit): what the disks of an account's\n"
                  "images and instances take in a region.\n"
                  "reserve is a size (64M; K M G T): room that the catalog keeps for unsharing,\n"
                  "deleting and expiring; of a small file system an eighth at most.\n"
                  "\n"
                  "  --json   an array of objects\n",
          .example = "imgshare limits shares-per-image 100",
          .most = 2,
          .options = WITH(JSON),
          .run = cmd_limits },
        { 0 },
};
