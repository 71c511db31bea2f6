/* SPDX-License-Identifier: MIT
 * Accounts, and the catalog's settings.
 */
#include "rows/rows.h"

enum { ACCOUNT_ID, ACCOUNT_NAME, ACCOUNT_ROLE, ACCOUNT_UID, ACCOUNT_QUOTA, ACCOUNT_REQUIRE_TRUST }; /* columns */

static int account_row(sqlite3_stmt *s, struct account *ret_account) {
        *ret_account = (struct account){
                .id = sqlite3_column_int64(s, ACCOUNT_ID),
                .role = (enum role)sqlite3_column_int(s, ACCOUNT_ROLE),
                .uid = sqlite3_column_type(s, ACCOUNT_UID) == SQLITE_NULL ? -1 : sqlite3_column_int64(s, ACCOUNT_UID),
                .quota = sqlite3_column_type(s, ACCOUNT_QUOTA) == SQLITE_NULL ? -1 : sqlite3_column_int64(s, ACCOUNT_QUOTA),
                .require_trust = sqlite3_column_int(s, ACCOUNT_REQUIRE_TRUST) != 0,
        };
        if (!account_good(ret_account->id) || (unsigned)ret_account->role > ROLE_OPERATOR)
                return ORIGIN(-EIO);
        return column_text(s, ACCOUNT_NAME, ret_account->name, sizeof(ret_account->name));
}

/* Reads an account by its number or its name. */
static int account_ask(struct catalog_connection *c, const struct memo_key *key, struct account *ret_account) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = key->text ? statement_start(c, key->which, &s, "t", key->text)
                          : statement_start(c, key->which, &s, "i", key->a);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = account_row(s, ret_account);
        if (r == 0)
                memo_put(c, key, ret_account, sizeof(*ret_account));
        return r;
}

static int account_one(struct catalog_connection *c, const struct memo_key *key, struct account *ret_account) {
        return memo_get(c, key, ret_account, sizeof(*ret_account)) ? 0 : account_ask(c, key, ret_account);
}

int catalog_account_find(struct catalog_connection *c, const char *name, struct account *ret_account) {
        return account_one(c, &(struct memo_key){ .which = S_ACCOUNT_FIND, .text = name }, ret_account);
}

int catalog_account_get(struct catalog_connection *c, int64_t id, struct account *ret_account) {
        return account_one(c, &(struct memo_key){ .which = S_ACCOUNT_GET, .a = id }, ret_account);
}

int catalog_account_of_uid(struct catalog_connection *c, int64_t uid, struct account *ret_account) {
        return account_one(c, &(struct memo_key){ .which = S_ACCOUNT_OF_UID, .a = uid }, ret_account);
}

int catalog_account_used(struct catalog_connection *c, const char *name) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_ACCOUNT_USED, &s, "t", name);

        return r < 0 ? r : statement_row(s);
}

int catalog_account_ever(struct catalog_connection *c, const char *name, int64_t *ret_id) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_ACCOUNT_USED, &s, "t", name);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        *ret_id = sqlite3_column_int64(s, 0);
        return 0;
}

int catalog_account_list(struct catalog_connection *c, int64_t after,
                         int (*each)(const struct account *account, void *context), void *context) {
        struct account account;
        int r, rows;

        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(c, S_ACCOUNT_LIST, &s, "i", after);
                for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++) {
                        r = account_row(s, &account);
                        if (r == 0)
                                r = page_go_on(&after, account.id);
                        if (r == 0)
                                r = each(&account, context);
                }
        } while (r == 0 && rows == PAGE);
        return r;
}

int catalog_account_next(struct catalog_connection *c, int64_t *ret_id) {
        return statement_number(c, S_ACCOUNT_NEXT, ret_id);
}

enum { HOLDING_IMAGES, HOLDING_SHARES, HOLDING_INSTANCES }; /* columns */

int catalog_account_holdings(struct catalog_connection *c, int64_t id, struct holdings *ret_holdings) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_ACCOUNT_HOLDINGS, &s, "i", id);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : ORIGIN(-EIO);
        *ret_holdings = (struct holdings){
                .images = sqlite3_column_int64(s, HOLDING_IMAGES),
                .shares = sqlite3_column_int64(s, HOLDING_SHARES),
                .instances = sqlite3_column_int64(s, HOLDING_INSTANCES),
        };
        return 0;
}

int catalog_setting_get(struct catalog_connection *c, const char *name, int64_t otherwise, int64_t *ret_value) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_SETTING_GET, &s, "t", name);

        if (r == 0)
                r = statement_row(s);
        if (r < 0)
                return r;
        *ret_value = r > 0 ? sqlite3_column_int64(s, 0) : otherwise;
        return 0;
}
