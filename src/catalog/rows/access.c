/* SPDX-License-Identifier: MIT
 * Who sees what, in pages: live shares with all names.
 */
#include "rows/rows.h"

static int access_start(struct catalog_connection *c, const struct access_filter *f, sqlite3_stmt **ret_statement) {
        if (f->image != 0)
                return statement_start(c, S_ACCESS_OF_IMAGE, ret_statement, "iii", f->image, f->account, f->share);
        if (f->region == 0)
                return statement_start(c, S_ACCESS_ALL, ret_statement, "i", f->share);
        if (f->account != 0)
                return statement_start(c, S_ACCESS_RECEIVED, ret_statement, "iiii", f->region, f->account, f->owner,
                                       f->share);
        return statement_start(c, S_ACCESS_OWNED, ret_statement, "iiii", f->region, f->owner, f->place, f->share);
}

enum { ACCESS_SHARE, ACCESS_PLACE, ACCESS_REGION, ACCESS_IMAGE, ACCESS_ACCOUNT, ACCESS_EXPIRES }; /* columns */

static int access_row(sqlite3_stmt *s, struct access_row *ret_row) {
        int r;

        ret_row->share = sqlite3_column_int64(s, ACCESS_SHARE);
        ret_row->place = sqlite3_column_int64(s, ACCESS_PLACE);
        ret_row->expires = sqlite3_column_int64(s, ACCESS_EXPIRES);
        r = column_text(s, ACCESS_REGION, ret_row->region, sizeof(ret_row->region));
        if (r == 0)
                r = column_text(s, ACCESS_IMAGE, ret_row->image, sizeof(ret_row->image));
        return r < 0 ? r : column_text(s, ACCESS_ACCOUNT, ret_row->account, sizeof(ret_row->account));
}

int catalog_access(struct catalog_connection *c, const struct access_filter *filter,
                   int (*each)(const struct access_row *row, void *context), void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows, r = access_start(c, filter, &s);

        for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++) {
                struct access_row row;

                r = access_row(s, &row);
                if (r == 0)
                        r = each(&row, context);
        }
        return r == 0 ? rows : r;
}
