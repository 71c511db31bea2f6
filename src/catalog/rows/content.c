/* SPDX-License-Identifier: MIT
 * Digests of images, and what is the same by them.
 */
#include "content.h"
#include "rows/rows.h"

enum { UNDIGESTED_ID, UNDIGESTED_REGION, UNDIGESTED_SIZE }; /* columns */

int catalog_undigested(struct catalog_connection *c, int64_t after, int64_t below, int64_t *ret_id,
                       int64_t *ret_region, int64_t *ret_size) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int64_t id;
        int r = statement_one(&s, statement_start(c, S_UNDIGESTED, &s, "ii", after, below));

        if (r < 0)
                return r;
        id = sqlite3_column_int64(s, UNDIGESTED_ID);
        if (id <= after || !id_good(id))
                return ORIGIN(-EIO);
        *ret_id = id;
        *ret_region = sqlite3_column_int64(s, UNDIGESTED_REGION);
        *ret_size = sqlite3_column_int64(s, UNDIGESTED_SIZE);
        return 0;
}

int catalog_image_twin(struct catalog_connection *c, int64_t id, const uint8_t digest[static DIGEST_SIZE],
                       int64_t *ret_twin) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_IMAGE_TWIN, &s, "ib", id, digest, DIGEST_SIZE);

        if (r == 0)
                r = statement_row(s);
        if (r < 0)
                return r;
        *ret_twin = r > 0 ? sqlite3_column_int64(s, 0) : 0;
        return 0;
}

static int related(struct catalog_connection *c, enum statement which, int64_t id,
                   const uint8_t digest[static DIGEST_SIZE], struct image_content *ret_page) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows, r = statement_start(c, which, &s, "ib", id, digest, DIGEST_SIZE);

        for (rows = 0; r == 0 && rows < IMAGE_CONTENTS && (r = statement_row(s)) > 0; rows++) {
                r = sqlite3_column_bytes(s, 1) == DIGEST_SIZE ? 0 : ORIGIN(-EIO);
                if (r < 0)
                        break;
                ret_page[rows].id = sqlite3_column_int64(s, 0);
                memcpy(ret_page[rows].digest, sqlite3_column_blob(s, 1), DIGEST_SIZE);
        }
        return r < 0 ? r : rows;
}

int catalog_image_younger(struct catalog_connection *c, int64_t id, const uint8_t digest[static DIGEST_SIZE],
                          struct image_content ret_page[static IMAGE_CONTENTS]) {
        return related(c, S_IMAGE_YOUNGER, id, digest, ret_page);
}

int catalog_image_others(struct catalog_connection *c, int64_t id, const uint8_t digest[static DIGEST_SIZE],
                         struct image_content ret_page[static IMAGE_CONTENTS]) {
        return related(c, S_IMAGE_OTHERS, id, digest, ret_page);
}

int catalog_image_content(struct catalog_connection *c, int64_t id, bool *ret_digested,
                          uint8_t ret_digest[static DIGEST_SIZE], int64_t *ret_same) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_one(&s, statement_start(c, S_IMAGE_CONTENT, &s, "i", id));

        if (r < 0)
                return r;
        *ret_same = sqlite3_column_int64(s, 0);
        *ret_digested = sqlite3_column_bytes(s, 1) == DIGEST_SIZE;
        if (*ret_digested)
                memcpy(ret_digest, sqlite3_column_blob(s, 1), DIGEST_SIZE);
        return 0;
}
