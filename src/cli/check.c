/* SPDX-License-Identifier: MIT
 * `imgshare check`: catalog against store, and against its log; and what mends it.
 */
#include "check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "hex.h"
#include "internal.h"
#include "origin.h"

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

struct checked {
        struct table table;
        int left; /* findings that are not mended */
        bool whole; /* to be repaired, and its rows follow from its log */
        int64_t event;
        uint8_t hash[CHECK_HASH_SIZE];
};

/* Rows first: what lies in the stores is judged by them. */
static enum status repair_rows(const struct call *call, const uint8_t *kept, struct checked *n) {
        char why[WHY_SIZE] = "", origin[ORIGIN_SIZE];
        int r;

        if (strcmp(call->as, "operator") != 0)
                return error_failed("check: only the operator may repair");
        r = check_repair(call->dir, getuid(), kept, finding_add, &n->table, why);
        if (r < 0)
                return error_failed("cannot repair '%s': %s%s", call->dir, why[0] ? why : error_text(r, NULL),
                                    origin_text(r, origin));
        n->left = r;
        n->whole = r == 0;
        return STATUS_DONE;
}

static enum status check_all(const struct call *call, struct request *request, const uint8_t *kept, struct checked *n) {
        static const struct meaning meanings[] = { { EACCES, "only an operator or an auditor may" }, { 0 } };
        const enum check_flags flags = (call->option[OPTION_DIGESTS] ? CHECK_DIGESTS : 0) | (n->whole ? CHECK_REPAIR : 0);
        int r = 0;

        if (call->option[OPTION_LOG] && n->left == 0) /* else a repair has told already */
                r = check_log(request, kept, finding_add, &n->table, &n->event, n->hash);
        if (r >= 0) {
                n->left += r;
                r = check_run(request, flags, finding_add, &n->table);
        }
        if (r == -EUCLEAN && n->left > 0)
                return STATUS_DONE; /* of a catalog that is damaged so: that has been told */
        if (r < 0)
                return error_result(request, r, meanings, "check", NULL);
        n->left += r;
        return STATUS_DONE;
}

static void checked_clear(struct checked *n) {
        table_clear(&n->table);
}

static enum status cmd_check(const struct call *call) {
        static const struct column columns[] = {
                { "what" }, { "object" }, { "problem", .wrap = true }, { "repair", .wrap = true, .omit = true },
        };
        _cleanup_(checked_clear) struct checked n = { .table = TABLE(columns) };
        _cleanup_(session_close) struct session session = { 0 };
        const char *head = call->option[OPTION_HEAD];
        uint8_t kept[CHECK_HASH_SIZE];
        enum status status = STATUS_DONE, opened;

        if (head && !call->option[OPTION_LOG])
                return error_usage("option '--head': only with '--log'");
        if (head && hex_parse(head, kept, sizeof(kept)) < 0)
                return error_usage("option '--head': '%s' is no hash of %d hex digits", head, 2 * CHECK_HASH_SIZE);
        if (call->option[OPTION_REPAIR])
                status = repair_rows(call, head ? kept : NULL, &n);
        if (status)
                return status;
        opened = session_open(call, n.whole ? SERVICE_AS_FOUND : SERVICE_READ_ONLY, &session);
        if (opened == STATUS_DONE)
                opened = check_all(call, &session.request, head ? kept : NULL, &n);
        session_close(&session);
        if (opened && n.table.count == 0)
                return opened;
        status = call->option[OPTION_LOG] ? print_with_head(&n.table, call, n.event, n.hash) : table_print(&n.table, call);
        return status ? status : n.left > 0 || opened ? STATUS_REFUSED : STATUS_DONE;
}

const struct verb check_verbs[] = {
        { .name = "check",
          .arguments = "[--digests] [--log [--head HASH]] [--repair] [--json]",
          .summary = "compare the catalog with its stores and its log",
          .help = "Compares the catalog with the stores and prints what does not fit, with what\n"
                  "would mend it. Exit status 1 if anything was found, or is left.\n"
                  "\n"
                  "  --digests    read every sealed disk and compare its digest: slow\n"
                  "  --log        verify the log's chain of hashes, and that the catalog is what\n"
                  "               the log says; the last row is the log's head: its last event's\n"
                  "               number and hash, to be kept elsewhere\n"
                  "  --head HASH  a head that was kept: nothing up to it may have been rewritten\n"
                  "  --repair     mend what can be: rows are made anew from the log, files that no\n"
                  "               row names go to their store's lost+found; no disk is written or\n"
                  "               removed, and nothing is touched if the log itself is damaged\n"
                  "  --json       an array of objects\n",
          .example = "imgshare check --log --head \"$(cat /media/key/head)\"",
          .options = WITH(DIGESTS) | WITH(LOG) | WITH(HEAD) | WITH(REPAIR) | WITH(JSON),
          .run = cmd_check },
        { 0 },
};
