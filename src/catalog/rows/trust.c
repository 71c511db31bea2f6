/* SPDX-License-Identifier: MIT
 * Whose images an account trusts.
 */
#include "rows/rows.h"

enum { TRUST_ID, TRUST_ACCOUNT, TRUST_OWNER, TRUST_OWNER_NAME, TRUST_SINCE }; /* columns */

static int trust_row(sqlite3_stmt *s, struct trust *ret_trust) {
        *ret_trust = (struct trust){
                .id = sqlite3_column_int64(s, TRUST_ID),
                .account = sqlite3_column_int64(s, TRUST_ACCOUNT),
                .owner = sqlite3_column_int64(s, TRUST_OWNER),
                .since = sqlite3_column_int64(s, TRUST_SINCE),
        };
        if (!id_good(ret_trust->id) || !account_good(ret_trust->account) || !account_good(ret_trust->owner))
                return ORIGIN(-EIO);
        return column_text(s, TRUST_OWNER_NAME, ret_trust->owner_name, sizeof(ret_trust->owner_name));
}

static int trust_one(sqlite3_stmt **s, int r, struct trust *ret_trust) {
        if (r == 0)
                r = statement_row(*s);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        return trust_row(*s, ret_trust);
}

int catalog_trust_find(struct catalog_connection *c, int64_t account, int64_t owner, struct trust *ret_trust) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;

        return trust_one(&s, statement_start(c, S_TRUST_FIND, &s, "ii", account, owner), ret_trust);
}

int catalog_trust_get(struct catalog_connection *c, int64_t id, struct trust *ret_trust) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;

        return trust_one(&s, statement_start(c, S_TRUST_GET, &s, "i", id), ret_trust);
}

int catalog_trust_list(struct catalog_connection *c, int64_t account, int64_t after,
                       int (*each)(const struct trust *trust, void *context), void *context) {
        struct trust trust;
        int r, rows;

        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(c, S_TRUST_LIST, &s, "ii", account, after);
                for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++) {
                        r = trust_row(s, &trust);
                        if (r == 0)
                                r = page_go_on(&after, trust.id);
                        if (r == 0)
                                r = each(&trust, context);
                }
        } while (r == 0 && rows == PAGE);
        return r;
}
