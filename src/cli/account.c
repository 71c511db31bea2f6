/* SPDX-License-Identifier: MIT
 * `imgshare account`: who owns and receives images.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "account.h"
#include "cleanup.h"
#include "internal.h"

static int account_add_row(const struct account *account, void *context) {
        const struct cell cells[] = {
                cell_text(account->name),
                cell_text(role_name(account->role)),
                account->uid < 0 ? cell_none() : cell_number(account->uid),
                account->quota < 0 ? cell_none() : cell_number(account->quota),
                cell_switch(account->require_trust),
        };

        return table_add(context, cells);
}

static enum status cmd_account_list(const struct call *call) {
        static const struct column columns[] = {
                { "name" }, { "role" }, { "uid", .right = true }, { "quota", .right = true }, { "require-trust" },
        };
        _cleanup_(table_clear) struct table table = TABLE(columns);
        _cleanup_(session_close) struct session session = { 0 };
        enum status status;
        int r;

        status = session_open(call, SERVICE_READ_ONLY, &session);
        if (status)
                return status;
        r = account_list(&session.request, 0, account_add_row, &table);
        status = error_result(&session.request, r, NULL, "accounts", NULL);
        session_close(&session);
        return status ? status : table_print(&table, call);
}

/* Parses one KEY's value; with `clear`, an empty value or `-` means none. */
static enum status read_value(enum account_key key, const char *text, bool clear, int64_t *ret_value) {
        if (clear && (key == ACCOUNT_UID || key == ACCOUNT_QUOTA) && (!*text || strcmp(text, "-") == 0)) {
                *ret_value = -1;
                return STATUS_DONE;
        }
        switch (key) {
        case ACCOUNT_UID:
                if (parse_uid(text, ret_value) < 0)
                        return error_usage("uid '%s': not a number from 0 to 4294967294", text);
                break;
        case ACCOUNT_ROLE:
                if (parse_role(text, ret_value) < 0)
                        return error_usage("role '%s': not account, auditor or operator", text);
                break;
        case ACCOUNT_QUOTA:
                if (parse_number(text, INT64_MAX, ret_value) < 0)
                        return error_usage("quota '%s': not a number from 0 on", text);
                break;
        case ACCOUNT_REQUIRE_TRUST:
                if (parse_switch(text, ret_value) < 0)
                        return error_usage("require-trust '%s': not on or off", text);
                break;
        }
        return STATUS_DONE;
}

static int account_is_named(const struct account *account, void *context) {
        return strcmp(account->name, context) == 0;
}

static enum status report_uid_taken(const char *name, int64_t uid) {
        return error_failed("account '%s': uid %lld is another account's", name, (long long)uid);
}

static enum status account_report_added(struct request *request, int r, const char *name, int64_t uid) {
        static const struct meaning removed[] = { { EEXIST, "was removed, and a name is never used again" }, { 0 } };

        if (r == -EADDRINUSE)
                return report_uid_taken(name, uid);
        if (r == -EEXIST && account_list(request, 0, account_is_named, (void *)name) == 0)
                return error_result(request, r, removed, "account", name);
        return error_result(request, r, meanings_of_names, "account", name);
}

static enum status cmd_account_add(const struct call *call) {
        static const enum verb_option options[] = {
                [ACCOUNT_UID] = OPTION_UID,
                [ACCOUNT_ROLE] = OPTION_ROLE,
                [ACCOUNT_QUOTA] = OPTION_QUOTA,
        };
        int64_t values[] = { [ACCOUNT_UID] = -1, [ACCOUNT_ROLE] = ROLE_ACCOUNT, [ACCOUNT_QUOTA] = -1 };
        _cleanup_(session_close) struct session session = { 0 };
        const char *name = call->arguments[0];
        enum status status;
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(options); i++)
                if (call->option[options[i]]) {
                        status = read_value((enum account_key)i, call->option[options[i]], false, &values[i]);
                        if (status)
                                return status;
                }
        status = session_open(call, 0, &session);
        if (status)
                return status;
        r = account_add(&session.request, name, (enum role)values[ACCOUNT_ROLE], values[ACCOUNT_UID],
                        values[ACCOUNT_QUOTA]);
        return account_report_added(&session.request, r, name, values[ACCOUNT_UID]);
}

static const char *const keys[] = {
        [ACCOUNT_UID] = "uid",
        [ACCOUNT_ROLE] = "role",
        [ACCOUNT_QUOTA] = "quota",
        [ACCOUNT_REQUIRE_TRUST] = "require-trust",
};

static enum status read_change(const char *word, struct account_change *ret_change) {
        const char *sign = strchr(word, '=');

        if (!sign)
                return error_usage("argument '%s': not KEY=VALUE", word);
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (strlen(keys[i]) == (size_t)(sign - word) && strncmp(keys[i], word, (size_t)(sign - word)) == 0) {
                        ret_change->key = (enum account_key)i;
                        return read_value(ret_change->key, sign + 1, true, &ret_change->value);
                }
        return error_usage("key '%.*s': not uid, role, quota or require-trust", (int)(sign - word), word);
}

/* ret_changes[i] is the i-th key given. Refuses a key given twice. */
static enum status read_changes(const struct call *call, struct account_change ret_changes[static ARRAY_SIZE(keys)]) {
        unsigned given = 0;

        for (int i = 1; i < call->count; i++) {
                struct account_change change = { 0 };
                enum status status = read_change(call->arguments[i], &change);

                if (status)
                        return status;
                if (given & (1U << change.key))
                        return error_usage("key '%s': given twice", keys[change.key]);
                given |= 1U << change.key;
                ret_changes[i - 1] = change;
        }
        return STATUS_DONE;
}

static enum status cmd_account_set(const struct call *call) {
        static const struct meaning meanings[] = {
                { ENOENT, "no such account" },
                { EPERM, "the built-in operator keeps its role" },
                { 0 },
        };
        _cleanup_(session_close) struct session session = { 0 };
        struct account_change changes[ARRAY_SIZE(keys)] = { 0 };
        const size_t count = (size_t)call->count - 1;
        const char *name = call->arguments[0];
        enum status status;
        int r;

        status = read_changes(call, changes);
        if (!status)
                status = session_open(call, 0, &session);
        if (status)
                return status;
        r = account_set(&session.request, name, changes, count);
        for (size_t i = 0; r == -EADDRINUSE && i < count; i++)
                if (changes[i].key == ACCOUNT_UID)
                        return report_uid_taken(name, changes[i].value);
        return error_result(&session.request, r, meanings, "account", name);
}

static enum status cmd_account_rm(const struct call *call) {
        static const struct meaning meanings[] = {
                { ENOENT, "no such account" },
                { ENOTEMPTY, "owns images or instances" },
                { EPERM, "the built-in operator cannot be removed" },
                { 0 },
        };
        _cleanup_(session_close) struct session session = { 0 };
        const char *name = call->arguments[0];
        enum status status;

        status = session_open(call, 0, &session);
        if (status)
                return status;
        say_kept(&session.request, NULL, name);
        return error_result(&session.request, account_remove(&session.request, name), meanings, "account", name);
}

const struct verb account_verbs[] = {
        { .name = "account add",
          .arguments = "NAME [--uid N] [--role R] [--quota N]",
          .summary = "add an account",
          .help = "Adds an account. NAME is lower-case letters, digits, '.', '_' and '-', at most\n"
                  "64; the name of an account that was removed is never used again.\n"
                  "\n"
                  "  --uid N     the user whose requests are this account's (mount -o multiuser)\n"
                  "  --role R    account (the default), auditor or operator\n"
                  "  --quota N   images it may own in each region; default: images-per-region\n",
          .example = "imgshare account add alice --uid 1000",
          .least = 1,
          .most = 1,
          .options = WITH(UID) | WITH(ROLE) | WITH(QUOTA),
          .run = cmd_account_add },
        { .name = "account set",
          .arguments = "NAME KEY=VALUE...",
          .summary = "change an account",
          .help = "Makes all changes or none. Keys:\n"
                  "\n"
                  "  uid=N                  a user, or - for none\n"
                  "  role=R                 account, auditor or operator\n"
                  "  quota=N                images a region, or - for the catalog's limit\n"
                  "  require-trust=on|off   launch only from owners it trusts\n",
          .example = "imgshare account set alice quota=20 require-trust=on",
          .least = 2,
          .most = -1,
          .run = cmd_account_set },
        { .name = "account list",
          .arguments = "[--json]",
          .summary = "list the accounts",
          .help = "Lists the accounts: name, role, uid (- for none), quota (- for the catalog's\n"
                  "limit), require-trust.\n"
                  "\n"
                  "  --json   an array of objects\n",
          .example = "imgshare account list --json",
          .options = WITH(JSON),
          .run = cmd_account_list },
        { .name = "account rm",
          .arguments = "NAME",
          .summary = "remove an account without images and instances",
          .help = "Removes an account; the shares it received end. Refused while it owns images\n"
                  "or instances. Its name is never used again.\n",
          .example = "imgshare account rm alice",
          .least = 1,
          .most = 1,
          .run = cmd_account_rm },
        { 0 },
};
