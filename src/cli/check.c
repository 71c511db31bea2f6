/* SPDX-License-Identifier: MIT
 * `imgshare check`: catalog against store. Repairs nothing.
 */
#include <errno.h>

#include "check.h"
#include "cleanup.h"
#include "internal.h"

static int add(const struct finding *finding, void *context) {
        const struct cell cells[] = {
                cell_text(finding->what),
                cell_text(finding->object),
                cell_text(finding->problem),
                cell_text(finding->repair),
        };

        return table_add(context, cells);
}

static enum status cmd_check(const struct call *call) {
        static const struct column columns[] = {
                { "what" }, { "object" }, { "problem", .wrap = true }, { "repair", .wrap = true },
        };
        static const struct meaning meanings[] = { { EACCES, "only an operator or an auditor may" }, { 0 } };
        _cleanup_(table_clear) struct table table = TABLE(columns);
        _cleanup_(session_close) struct session session = { 0 };
        enum status status;
        int r;

        status = session_open(call, SERVICE_READ_ONLY, &session);
        if (status)
                return status;
        r = check_run(&session.request, call->option[OPTION_DIGESTS], add, &table);
        if (r < 0)
                return error_result(&session.request, r, meanings, "check", NULL);
        session_close(&session);
        status = table_print(&table, call);
        return status ? status : r > 0 ? STATUS_REFUSED : STATUS_DONE;
}

const struct verb check_verbs[] = {
        { .name = "check",
          .arguments = "[--digests] [--json]",
          .summary = "compare the catalog with its stores",
          .help = "Compares the catalog with the stores and prints what does not fit, with what\n"
                  "would mend it. Changes nothing. Exit status 1 if anything was found.\n"
                  "\n"
                  "  --digests   read every sealed disk and compare its digest: slow\n"
                  "  --json      an array of objects\n",
          .example = "imgshare check --digests",
          .options = WITH(DIGESTS) | WITH(JSON),
          .run = cmd_check },
        { 0 },
};
