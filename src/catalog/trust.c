/* SPDX-License-Identifier: MIT
 * Whose images an account trusts.
 */
#include "internal.h"

int catalog_trust_find(struct catalog_connection *c, int64_t account, int64_t owner, int64_t *ret_since) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_TRUST_FIND, &s, "ii", account, owner);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        *ret_since = sqlite3_column_int64(s, 0);
        return 0;
}

int catalog_trust_put(struct catalog_connection *c, int64_t event, int64_t account, int64_t owner) {
        return changed_one(statement_run(c, S_TRUST_PUT, "iii", account, owner, event));
}

int catalog_trust_end(struct catalog_connection *c, int64_t event, int64_t account, int64_t owner) {
        return changed_one(statement_run(c, S_TRUST_END, "iii", event, account, owner));
}

int catalog_trust_list(struct catalog_connection *c, int64_t account, int64_t after,
                       int (*each)(int64_t owner, const char *name, void *context), void *context) {
        int r, rows;

        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(c, S_TRUST_LIST, &s, "ii", account, after);
                for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++) {
                        char name[NAME_SIZE];

                        after = sqlite3_column_int64(s, 0);
                        r = column_text(s, 1, name, sizeof(name));
                        if (r == 0)
                                r = each(after, name, context);
                }
        } while (r == 0 && rows == PAGE);
        return r;
}
