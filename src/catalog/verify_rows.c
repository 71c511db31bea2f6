/* SPDX-License-Identifier: MIT
 * The rows set against the events, by the queries of verify.def.
 */
#include "internal.h"

static int verify_each(struct catalog_connection *c, enum statement which,
                       int (*each)(const struct discrepancy *discrepancy, void *context), void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows, r = statement_start(c, which, &s, "");

        for (rows = 0; r == 0 && rows <= PAGE && (r = statement_row(s)) > 0; rows++) {
                const char *what = (const char *)sqlite3_column_text(s, 0);
                const char *object = (const char *)sqlite3_column_text(s, 1);
                const char *problem = (const char *)sqlite3_column_text(s, 2);
                const struct discrepancy one = { .what = what, .object = object ?: "?", .problem = problem },
                                         more = { .what = what, .object = "more", .problem = problem };

                r = what && problem ? each(rows < PAGE ? &one : &more, context) : -ENOMEM;
        }
        return r == 0 ? rows : r;
}

int verify_rows(struct catalog_connection *c, int (*each)(const struct discrepancy *discrepancy, void *context),
                void *context) {
        int found = 0;

        for (enum statement which = S_VERIFY_FILE; which <= S_VERIFY_PLACE; which++) {
                int r = verify_each(c, which, each, context);

                if (r < 0)
                        return r;
                found += r;
        }
        return found;
}
