/* SPDX-License-Identifier: MIT
 * `imgshare access`: who sees what, both ways, in the format that `imgshare apply` reads.
 */
#include "access.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "internal.h"
#include "timestamp.h"

static const struct column columns[] = { { "region" }, { "image" }, { "account" }, { "expires", .omit = true } };

static int access_add(const struct access *access, void *context) {
        char expires[TIMESTAMP_SIZE];
        const struct cell cells[] = {
                cell_text(access->region),
                cell_text(access->image),
                cell_text(access->account),
                access->expires ? cell_text(timestamp_format(access->expires, expires)) : cell_none(),
        };

        return table_add(context, cells);
}

/* Prints page after page if the output allows it, and leaves the rest in the table. */
static int access_read_pages(const struct call *call, struct request *request, struct access_query *query,
                      struct table *table) {
        int r;

        do {
                r = access_page(request, query, access_add, table);
                if (r >= 0 && table_flush(table, call) < 0)
                        return 0; /* nobody reads the output; main reports it */
        } while (r > 0);
        return r;
}

static enum status cmd_access(const struct call *call) {
        static const struct meaning meanings[] = { { ENOENT, "no such account" }, { 0 } };
        static const struct meaning meanings_of_images[] = { { ENOENT, "no such image" }, { 0 } };
        const char *what = call->count > 0 ? call->arguments[0] : NULL;
        const bool image = what && strchr(what, '/');
        _cleanup_(table_clear) struct table table = TABLE(columns);
        _cleanup_(session_close) struct session session = { 0 };
        struct access_query query;
        enum status status;
        int r;

        if (!what == !call->option[OPTION_ALL])
                return error_usage("access: an account, an image or '--all', see 'imgshare access --help'");
        status = session_open(call, SERVICE_READ_ONLY, &session);
        if (status)
                return status;
        r = access_begin(&session.request, what, &query);
        if (r == 0)
                r = access_read_pages(call, &session.request, &query, &table);
        if (r < 0)
                return error_result(&session.request, r, image ? meanings_of_images : meanings,
                                    image ? "image" : what ? "account" : "access", what);
        session_close(&session);
        return table_print(&table, call);
}

const struct verb access_verbs[] = {
        { .name = "access",
          .arguments = "ACCOUNT | IMAGE | --all [--asof T] [--json]",
          .summary = "print who sees what: an account's, an image's or all shares",
          .help = "Prints live shares: what ACCOUNT received, whom IMAGE (REGION/IMG@OWNER) is\n"
                  "shared with, or all. As an ordinary account only what it received and the\n"
                  "shares of its own images. Into a pipe, a share that does not expire has three\n"
                  "cells.\n"
                  "\n"
                  "  --all     every share\n"
                  "  --asof T  as it was then: an RFC 3339 time, a date or the number of an event;\n"
                  "            IMAGE may be deleted since, and is printed as it was asked for\n"
                  "  --json    an array of objects\n",
          .example = "imgshare access --all",
          .most = 1,
          .options = WITH(ALL) | WITH(ASOF) | WITH(JSON),
          .run = cmd_access },
        { 0 },
};
