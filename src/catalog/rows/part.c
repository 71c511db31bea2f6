/* SPDX-License-Identifier: MIT
 * What is in an image besides its disk: the description and the `shares` link.
 */
#include "rows/rows.h"

enum { DESCRIPTION_TEXT, DESCRIPTION_MTIME, DESCRIPTION_NUMBER }; /* columns */

/* A description by its id: text, mtime, and the number in the last column. */
static int description_row(struct catalog_connection *c, enum statement which, int64_t id,
                           char ret_text[static TEXT_SIZE], size_t *ret_length, int64_t *ret_mtime,
                           int64_t *ret_number) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, which, &s, "i", id);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = column_text(s, DESCRIPTION_TEXT, ret_text, TEXT_SIZE);
        if (r < 0)
                return r;
        *ret_length = (size_t)sqlite3_column_bytes(s, DESCRIPTION_TEXT);
        *ret_mtime = sqlite3_column_int64(s, DESCRIPTION_MTIME);
        *ret_number = sqlite3_column_int64(s, DESCRIPTION_NUMBER);
        return 0;
}

int catalog_description_get(struct catalog_connection *c, int64_t id, char ret_text[static TEXT_SIZE],
                            size_t *ret_length, int64_t *ret_mtime, int64_t *ret_place) {
        return description_row(c, S_DESCRIPTION_GET, id, ret_text, ret_length, ret_mtime, ret_place);
}

int catalog_description_last(struct catalog_connection *c, int64_t id, char ret_text[static TEXT_SIZE],
                             size_t *ret_length, int64_t *ret_mtime, int64_t *ret_owner) {
        return description_row(c, S_DESCRIPTION_LAST, id, ret_text, ret_length, ret_mtime, ret_owner);
}

/* The place of a live part, by the part's id. -ENOENT. */
static int part_of_place(struct catalog_connection *c, enum statement which, int64_t place, int64_t *ret_id) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, which, &s, "i", place);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        *ret_id = sqlite3_column_int64(s, 0);
        return 0;
}

int catalog_shares_link_get(struct catalog_connection *c, int64_t id, int64_t *ret_place) {
        return part_of_place(c, S_SHARES_LINK_GET, id, ret_place);
}
