/* SPDX-License-Identifier: MIT
 * What is in an image besides its disk: the description and the `shares` link.
 */
#include "internal.h"

#include "timestamp.h"

/* Of a description by its id: text, mtime, and a number that belongs to it. */
static int description_row(struct catalog_connection *c, enum statement which, int64_t id,
                           char ret_text[static TEXT_SIZE], size_t *ret_length, int64_t *ret_mtime,
                           int64_t *ret_number) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, which, &s, "i", id);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = column_text(s, 0, ret_text, TEXT_SIZE);
        if (r < 0)
                return r;
        *ret_length = (size_t)sqlite3_column_bytes(s, 0);
        *ret_mtime = sqlite3_column_int64(s, 1);
        *ret_number = sqlite3_column_int64(s, 2);
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

/* The id of the one live row that a place has of a part; -ENOENT. */
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

int catalog_description_put(struct catalog_connection *c, int64_t event, int64_t place, const char *text,
                            int64_t mtime) {
        int64_t id = event;
        int r = part_of_place(c, S_DESCRIPTION_OF_PLACE, place, &id);

        if (r == 0)
                r = catalog_description_end(c, event, place);
        else if (r == -ENOENT)
                r = 0;
        return r < 0 ? r : changed_one(statement_run(c, S_DESCRIPTION_PUT, "iiiti", id, event, place, text, mtime));
}

int catalog_description_end(struct catalog_connection *c, int64_t event, int64_t place) {
        return changed_one(statement_run(c, S_DESCRIPTION_END, "ii", event, place));
}

int catalog_description_touch(struct catalog_connection *c, int64_t id, int64_t mtime) {
        int r = changed_one(statement_run(c, S_DESCRIPTION_TOUCH, "ii", id, mtime));

        return r < 0 ? r : touch_put(c, S_TOUCH_DESCRIPTION, id);
}

int catalog_shares_link_put(struct catalog_connection *c, int64_t event, int64_t place) {
        return changed_one(statement_run(c, S_SHARES_LINK_PUT, "ii", event, place));
}

int catalog_shares_link_end(struct catalog_connection *c, int64_t event, int64_t place) {
        return changed_one(statement_run(c, S_SHARES_LINK_END, "ii", event, place));
}

int catalog_shares_link_get(struct catalog_connection *c, int64_t id, int64_t *ret_place) {
        return part_of_place(c, S_SHARES_LINK_GET, id, ret_place);
}

int catalog_image_available(struct catalog_connection *c, int64_t event, int64_t place, int64_t id) {
        int64_t part;
        int r = changed_one(statement_run(c, S_IMAGE_AVAILABLE, "ii", event, id));

        if (r < 0)
                return r;
        r = part_of_place(c, S_DESCRIPTION_OF_PLACE, place, &part);
        if (r == -ENOENT)
                r = catalog_description_put(c, event, place, "", timestamp_now_ns());
        if (r < 0)
                return r;
        r = part_of_place(c, S_SHARES_LINK_OF_PLACE, place, &part);
        return r == -ENOENT ? catalog_shares_link_put(c, event, place) : r;
}
