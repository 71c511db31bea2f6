/* SPDX-License-Identifier: MIT
 * Where the bytes of an image went: copies, launches, custom images, twins, and whom each was shared with.
 */
#include "rows/rows.h"

enum { NODE_ID, NODE_PARENT, NODE_HOW, NODE_OWNER, NODE_OWNER_NAME, NODE_SINCE, NODE_LIVE }; /* columns */

int catalog_exposure_nodes(struct catalog_connection *c, int64_t image,
                           int (*each)(const struct exposure_node *node, void *context), void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_EXPOSURE_NODES, &s, "i", image);

        while (r == 0 && (r = statement_row(s)) > 0) {
                struct exposure_node node = {
                        .id = sqlite3_column_int64(s, NODE_ID),
                        .parent = sqlite3_column_int64(s, NODE_PARENT),
                        .owner = sqlite3_column_int64(s, NODE_OWNER),
                        .since = sqlite3_column_int64(s, NODE_SINCE),
                        .live = sqlite3_column_int(s, NODE_LIVE) != 0,
                };

                r = column_text(s, NODE_HOW, node.how, sizeof(node.how));
                if (r == 0)
                        r = column_text(s, NODE_OWNER_NAME, node.owner_name, NAME_SIZE);
                if (r == 0)
                        r = each(&node, context);
        }
        return r;
}

enum { REACHED_ACCOUNT, REACHED_NAME, REACHED_SINCE, REACHED_LIVE }; /* columns */

int catalog_exposure_shares(struct catalog_connection *c, int64_t image,
                            int (*each)(const char *account, int64_t since, bool live, void *context), void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_EXPOSURE_SHARES, &s, "i", image);

        while (r == 0 && (r = statement_row(s)) > 0) {
                char name[NAME_SIZE];

                r = column_text(s, REACHED_NAME, name, sizeof(name));
                if (r == 0)
                        r = each(name, sqlite3_column_int64(s, REACHED_SINCE), sqlite3_column_int(s, REACHED_LIVE) != 0, context);
        }
        return r;
}

int catalog_exposure_remains(struct catalog_connection *c, int64_t image, int64_t account, int64_t *ret_instances,
                             int64_t *ret_images) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_EXPOSURE_REMAINS, &s, "ii", image, account);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : ORIGIN(-EIO);
        *ret_instances = sqlite3_column_int64(s, 0);
        *ret_images = sqlite3_column_int64(s, 1);
        return 0;
}
