/* SPDX-License-Identifier: MIT
 * Digests of images, and what is the same by them.
 */
#include "content.h"
#include "rows/rows.h"

enum { UNDIGESTED_ID, UNDIGESTED_REGION, UNDIGESTED_OWNED, UNDIGESTED_SIZE, UNDIGESTED_SEALED, UNDIGESTED_TIME }; /* columns */

static int undigested_row(sqlite3_stmt *s, struct undigested *ret_disk) {
        *ret_disk = (struct undigested){
                .id = sqlite3_column_int64(s, UNDIGESTED_ID),
                .region = sqlite3_column_int64(s, UNDIGESTED_REGION),
                .owner = sqlite3_column_int64(s, UNDIGESTED_OWNED),
                .size = sqlite3_column_int64(s, UNDIGESTED_SIZE),
                .sealed = sqlite3_column_int64(s, UNDIGESTED_SEALED),
                .time = sqlite3_column_int64(s, UNDIGESTED_TIME),
        };
        return id_good(ret_disk->id) && region_good(ret_disk->region) && account_good(ret_disk->owner) ? 0 : ORIGIN(-EIO);
}

int catalog_undigested_owner(struct catalog_connection *c, int64_t after, int64_t *ret_owner) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        struct undigested disk;
        int r = statement_one(&s, statement_start(c, S_UNDIGESTED_OWNER, &s, "i", after));

        if (r == 0)
                r = undigested_row(s, &disk);
        if (r == 0)
                *ret_owner = disk.owner;
        return r;
}

int catalog_undigested_smallest(struct catalog_connection *c, int64_t owner, int64_t size, int64_t id,
                                struct undigested *ret_disk) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_one(&s, statement_start(c, S_UNDIGESTED_SMALLEST, &s, "iii", owner, size, id));

        return r < 0 ? r : undigested_row(s, ret_disk);
}

int catalog_undigested_oldest(struct catalog_connection *c, int64_t after, struct undigested *ret_disk) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_one(&s, statement_start(c, S_UNDIGESTED_OLDEST, &s, "i", after));

        return r < 0 ? r : undigested_row(s, ret_disk);
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
