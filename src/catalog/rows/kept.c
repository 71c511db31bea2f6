/* SPDX-License-Identifier: MIT
 * Disks that have ended, but whose bytes are kept.
 */
#include "rows/rows.h"

enum { /* columns */
        KEPT_ID, KEPT_PLACE, KEPT_INSTANCE, KEPT_REGION, KEPT_OWNER, KEPT_OBJECT, KEPT_SEALED, KEPT_SIZE, KEPT_ENDED, KEPT_TIME,
        KEPT_BYTES
};

static int kept_row(sqlite3_stmt *s, struct kept *ret_kept) {
        *ret_kept = (struct kept){
                .id = sqlite3_column_int64(s, KEPT_ID),
                .place = sqlite3_column_int64(s, KEPT_PLACE),
                .instance = sqlite3_column_int64(s, KEPT_INSTANCE),
                .region = sqlite3_column_int64(s, KEPT_REGION),
                .owner = sqlite3_column_int64(s, KEPT_OWNER),
                .sealed = sqlite3_column_int(s, KEPT_SEALED) != 0,
                .size = sqlite3_column_int64(s, KEPT_SIZE),
                .ended = sqlite3_column_int64(s, KEPT_ENDED),
                .time = sqlite3_column_int64(s, KEPT_TIME),
                .bytes = sqlite3_column_int64(s, KEPT_BYTES),
        };
        if (!id_good(ret_kept->id) || !id_good_or_none(ret_kept->place) || !id_good_or_none(ret_kept->instance) ||
            !region_good(ret_kept->region) || !account_good(ret_kept->owner) || ret_kept->size < 0 || ret_kept->bytes < 0)
                return ORIGIN(-EIO);
        return column_text(s, KEPT_OBJECT, ret_kept->object, OBJECT_SIZE);
}

/* One page. The number of rows, or -errno. */
static int kept_page(struct catalog_connection *c, int64_t region, int64_t owner, int64_t after, struct kept *ret_page) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows, r = statement_start(c, S_KEPT, &s, "iii", after, region, owner);

        for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++)
                r = kept_row(s, &ret_page[rows]);
        return r < 0 ? r : rows;
}

int catalog_kept_each(struct catalog_connection *c, int64_t region, int64_t owner,
                      int (*each)(const struct kept *kept, void *context), void *context) {
        _cleanup_free_ struct kept *page = calloc(PAGE, sizeof(*page));
        int64_t after = 0;
        int r = 0, rows;

        if (!page)
                return -ENOMEM;
        do {
                rows = kept_page(c, region, owner, after, page);
                for (int i = 0; i < rows && r == 0; i++) {
                        r = page_go_on(&after, page[i].ended);
                        if (r == 0)
                                r = each(&page[i], context);
                }
        } while (r == 0 && rows == PAGE);
        return rows < 0 ? rows : r;
}

int catalog_kept_get(struct catalog_connection *c, int64_t id, struct kept *ret_kept) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_one(&s, statement_start(c, S_KEPT_GET, &s, "i", id));

        return r < 0 ? r : kept_row(s, ret_kept);
}

int catalog_kept_description(struct catalog_connection *c, int64_t image, int64_t *ret_id,
                             char ret_text[static TEXT_SIZE]) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_one(&s, statement_start(c, S_KEPT_DESCRIPTION, &s, "i", image));

        if (r == 0)
                *ret_id = sqlite3_column_int64(s, 0);
        return r < 0 ? r : column_text(s, 1, ret_text, TEXT_SIZE);
}

int catalog_image_last(struct catalog_connection *c, int64_t region, int64_t owner, const char *name, int64_t *ret_id) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_one(&s, statement_start(c, S_IMAGE_LAST, &s, "iit", region, owner, name));

        if (r == 0)
                *ret_id = sqlite3_column_int64(s, 0);
        return r;
}

int catalog_holders(struct catalog_connection *c, int64_t id,
                    int (*each)(const char *object, bool instance, bool kept, void *context), void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_HOLDERS, &s, "i", id);

        while (r == 0 && (r = statement_row(s)) > 0) {
                char object[OBJECT_SIZE];

                r = column_text(s, 0, object, OBJECT_SIZE);
                if (r == 0)
                        r = each(object, sqlite3_column_int(s, 1) != 0, sqlite3_column_int(s, 2) != 0, context);
        }
        return r;
}
