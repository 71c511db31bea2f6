/* SPDX-License-Identifier: MIT
 * `imgshare check`: catalog against store, and against its log. Repairs nothing.
 */
#include "check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"
#include "hex.h"
#include "internal.h"

#define HASH_TEXT (2 * CHECK_HASH_SIZE + 1)

static int finding_add(const struct finding *finding, void *context) {
        const struct cell cells[] = {
                cell_text(finding->what),
                cell_text(finding->object),
                cell_text(finding->problem),
                cell_text(finding->repair),
        };

        return table_add(context, cells);
}

/* The log's head, for the auditor to keep: a table row, or on a terminal a sentence below the table. */
static int add_head(struct table *table, int64_t event, const char *hash) {
        char number[24];
        const struct cell cells[] = { cell_text("head"), cell_text(number), cell_text(hash), cell_none() };

        (void)snprintf(number, sizeof(number), "%" PRId64, event); /* fits */
        return table_add(table, cells);
}

static enum status print_with_head(struct table *table, const struct call *call, int64_t event, const uint8_t *hash) {
        const bool sentence = isatty(STDOUT_FILENO) && !call->option[OPTION_JSON];
        char text[HASH_TEXT];
        enum status status = STATUS_DONE;

        for (int i = 0; i < CHECK_HASH_SIZE; i++)
                (void)snprintf(text + 2 * i, 3, "%02x", hash[i]); /* fits */
        if (event > 0 && !sentence && add_head(table, event, text) < 0)
                return error_failed("check: %s", error_text(-ENOMEM, NULL));
        if (!sentence || table->count > 0)
                status = table_print(table, call);
        if (event > 0 && sentence)
                (void)printf("The log's head is event %" PRId64 ":\n%s\n"
                             "Keep it where nobody who can write the catalog can, for the next check's --head.\n",
                             event, text);
        return status;
}

/* Both checks: the number of findings, or -errno. */
static int check_all(const struct call *call, struct request *request, const uint8_t *kept, struct table *table,
                 int64_t *ret_event, uint8_t *ret_hash) {
        int found = check_run(request, call->option[OPTION_DIGESTS], finding_add, table), r = 0;

        if (found >= 0 && call->option[OPTION_LOG])
                r = check_log(request, kept, finding_add, table, ret_event, ret_hash);
        return found < 0 ? found : r < 0 ? r : found + r;
}

static enum status cmd_check(const struct call *call) {
        static const struct column columns[] = {
                { "what" }, { "object" }, { "problem", .wrap = true }, { "repair", .wrap = true, .omit = true },
        };
        static const struct meaning meanings[] = { { EACCES, "only an operator or an auditor may" }, { 0 } };
        _cleanup_(table_clear) struct table table = TABLE(columns);
        _cleanup_(session_close) struct session session = { 0 };
        const char *head = call->option[OPTION_HEAD];
        uint8_t kept[CHECK_HASH_SIZE], hash[CHECK_HASH_SIZE];
        enum status status;
        int64_t event = 0;
        int r;

        if (head && !call->option[OPTION_LOG])
                return error_usage("option '--head': only with '--log'");
        if (head && hex_parse(head, kept, sizeof(kept)) < 0)
                return error_usage("option '--head': '%s' is no hash of %d hex digits", head, 2 * CHECK_HASH_SIZE);
        status = session_open(call, SERVICE_READ_ONLY, &session);
        if (status)
                return status;
        r = check_all(call, &session.request, head ? kept : NULL, &table, &event, hash);
        if (r < 0)
                return error_result(&session.request, r, meanings, "check", NULL);
        session_close(&session);
        status = call->option[OPTION_LOG] ? print_with_head(&table, call, event, hash) : table_print(&table, call);
        return status ? status : r > 0 ? STATUS_REFUSED : STATUS_DONE;
}

const struct verb check_verbs[] = {
        { .name = "check",
          .arguments = "[--digests] [--log [--head HASH]] [--json]",
          .summary = "compare the catalog with its stores and its log",
          .help = "Compares the catalog with the stores and prints what does not fit, with what\n"
                  "would mend it. Changes nothing. Exit status 1 if anything was found.\n"
                  "\n"
                  "  --digests    read every sealed disk and compare its digest: slow\n"
                  "  --log        verify the log's chain of hashes, and that the catalog is what\n"
                  "               the log says; the last row is the log's head: its last event's\n"
                  "               number and hash, to be kept elsewhere\n"
                  "  --head HASH  a head that was kept: nothing up to it may have been rewritten\n"
                  "  --json       an array of objects\n",
          .example = "imgshare check --log --head \"$(cat /media/key/head)\"",
          .options = WITH(DIGESTS) | WITH(LOG) | WITH(HEAD) | WITH(JSON),
          .run = cmd_check },
        { 0 },
};
