/* SPDX-License-Identifier: MIT
 * Where the bytes of an image went: copies, launches, custom images, twins, and whom each was shared with.
 */
#include "lineage.h"
#include "rows/rows.h"

enum { CHILD_ID, CHILD_HOW, CHILD_OWNER, CHILD_OWNER_NAME, CHILD_SINCE }; /* columns */

int catalog_exposure_children(struct catalog_connection *c, int64_t node, int64_t after,
                              int (*each)(const struct exposure_child *child, void *context), void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows = 0, r = statement_start(c, S_EXPOSURE_CHILDREN, &s, "ii", node, after);

        for (; r == 0 && (r = statement_row(s)) > 0; rows++) {
                struct exposure_child child = {
                        .id = sqlite3_column_int64(s, CHILD_ID),
                        .owner = sqlite3_column_int64(s, CHILD_OWNER),
                        .since = sqlite3_column_int64(s, CHILD_SINCE),
                };

                r = column_text(s, CHILD_HOW, child.how, sizeof(child.how));
                if (r == 0)
                        r = column_text(s, CHILD_OWNER_NAME, child.owner_name, NAME_SIZE);
                if (r == 0)
                        r = each(&child, context);
        }
        return r < 0 ? r : rows;
}

enum { REACHED_ACCOUNT, REACHED_NAME, REACHED_SINCE, REACHED_LIVE, REACHED_UNTIL }; /* columns */

int catalog_exposure_shares(struct catalog_connection *c, int64_t image, const struct exposure_after *after,
                            int (*each)(const struct exposure_share *share, void *context), void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows = 0, r = statement_start(c, S_EXPOSURE_SHARES, &s, "iii", image, after->until, after->account);

        for (; r == 0 && (r = statement_row(s)) > 0; rows++) {
                struct exposure_share share = {
                        .next = { sqlite3_column_int64(s, REACHED_UNTIL), sqlite3_column_int64(s, REACHED_ACCOUNT) },
                        .since = sqlite3_column_int64(s, REACHED_SINCE),
                        .live = sqlite3_column_int(s, REACHED_LIVE) != 0,
                };

                r = column_text(s, REACHED_NAME, share.account_name, NAME_SIZE);
                if (r == 0)
                        r = each(&share, context);
        }
        return r < 0 ? r : rows;
}

int catalog_exposure_remains(struct catalog_connection *c, int64_t image, int64_t account, int64_t most,
                             int64_t *ret_instances, int64_t *ret_images) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_EXPOSURE_REMAINS, &s, "iii", image, account, most);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : ORIGIN(-EIO);
        *ret_instances = sqlite3_column_int64(s, 0);
        *ret_images = sqlite3_column_int64(s, 1);
        return 0;
}

int catalog_account_name(struct catalog_connection *c, int64_t id, char ret_name[static NAME_SIZE]) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_one(&s, statement_start(c, S_EVENT_ACTOR, &s, "i", id));

        return r < 0 ? r : column_text(s, 0, ret_name, NAME_SIZE);
}

int catalog_exposure_changed(struct catalog_connection *c, int64_t after, int64_t *ret_last, int64_t *ret_changed) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_one(&s, statement_start(c, S_EXPOSURE_CHANGED, &s, "i", after));

        if (r < 0)
                return r;
        *ret_last = sqlite3_column_int64(s, 0);
        *ret_changed = sqlite3_column_int64(s, 1);
        return 0;
}
