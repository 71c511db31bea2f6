/* SPDX-License-Identifier: MIT
 * The unlisted directory `.imgshare` at the root: the caller, its last refusal, rules, version, statistics.
 */
#include "tree/tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "kernel/kernel.h"
#include "serve/serve.h"

static const struct fixed_entry control_entries[] = {
        { "whoami", NODE_WHOAMI, false },
        { "last_denial", NODE_LAST_DENIAL, false },
        { "rules", NODE_RULES, false },
        { "version", NODE_VERSION, false },
        { "stats", NODE_STATS, false },
};

static int control_lookup(struct call *call, const char *name, struct node *ret_node) {
        return fixed_lookup(call, control_entries, ARRAY_SIZE(control_entries), name, ret_node);
}

static int control_list(struct call *call, uint64_t offset, struct lister *lister) {
        return fixed_list(call, control_entries, ARRAY_SIZE(control_entries), offset, lister);
}

const struct kind kind_control = {
        .mode = S_IFDIR | 0755, .lookup = control_lookup, .list = control_list,
        .remember = { .entry = remember_always },
};

/* --- the files; node_text checks the streams --- */

static int text_whoami(struct call *call, FILE *to) {
        static const char *const roles[] = { "account", "auditor", "operator" };
        int r = service_caller_refresh(call->mount->service, &call->request.caller);

        if (r < 0)
                return r == -ENOENT ? -EACCES : r;
        (void)fprintf(to, "account: %s\nrole: %s\nuid: %u\nmode: %s\nasof: %s\n", call->request.caller.name,
                      roles[call->request.caller.role], (unsigned)call->request.caller.uid,
                      call->read_only ? "ro" : "rw", service_asof(call->mount->service));
        if (service_foreign(call->mount->service))
                (void)fprintf(to, "because: %s\n", service_foreign(call->mount->service));
        return 0;
}

static int text_last_denial(struct call *call, FILE *to) {
        denial_print(call->mount, call->request.caller.uid, to);
        return 0;
}

static int text_rules(struct call *call, FILE *to) {
        (void)call;
        for (enum rule rule = RULE_NONE + 1; rule < RULE_COUNT; rule++) {
                const struct rule_row *row = rule_row(rule);

                (void)fprintf(to, "%s\t%s\t%s\t%s\n", row->id, strerrorname_np(row->error), row->from, row->text);
        }
        return 0;
}

static int text_version(struct call *call, FILE *to) {
        (void)call;
        (void)fputs(IMGSHARE_VERSION "\n", to);
        return 0;
}

static int text_stats(struct call *call, FILE *to) {
        if (call->mount->multiuser && call->request.caller.role != ROLE_OPERATOR)
                return -EACCES; /* one account's view of what the others do */
        stats_print(call->mount, to);
        return 0;
}

#define CONTROL_FILE(print) { .mode = S_IFREG | 0444, .text = (print), .remember = { .entry = remember_always } }
const struct kind kind_whoami = CONTROL_FILE(text_whoami);
const struct kind kind_last_denial = CONTROL_FILE(text_last_denial);
const struct kind kind_rules = CONTROL_FILE(text_rules);
const struct kind kind_version = CONTROL_FILE(text_version);
const struct kind kind_stats = CONTROL_FILE(text_stats);
