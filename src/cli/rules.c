/* SPDX-License-Identifier: MIT
 * `imgshare rules`: the rules that can refuse, from the rows that the policy itself reads. Needs no catalog.
 */
#include <string.h>

#include "cleanup.h"
#include "internal.h"

static enum status cmd_rules(const struct call *call) {
        static const struct column columns[] = { { "id" }, { "errno" }, { "from" }, { "text", .wrap = true } };
        _cleanup_(table_clear) struct table table = TABLE(columns);

        for (int i = RULE_NONE + 1; i < RULE_COUNT; i++) {
                const struct rule_row *row = rule_row((enum rule)i);
                struct cell cells[] = {
                        cell_text(row->id),
                        cell_text(strerrorname_np(row->error)),
                        cell_text(row->from),
                        cell_text(row->text),
                };
                int r = table_add(&table, cells);

                if (r < 0)
                        return error_result(NULL, r, NULL, "rules", NULL);
        }
        return table_print(&table, call);
}

const struct verb rules_verbs[] = {
        { .name = "rules",
          .arguments = "[--json]",
          .summary = "print the rules that can refuse a request",
          .help = "Prints every rule: its id, the errno of its refusal, the question of the FAQ\n"
                  "that it comes from, and the rule itself. Needs no catalog.\n"
                  "\n"
                  "  --json   an array of objects\n",
          .example = "imgshare rules",
          .options = WITH(JSON),
          .run = cmd_rules },
        { 0 },
};
