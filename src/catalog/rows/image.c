/* SPDX-License-Identifier: MIT
 * Places and the images in them: looking up and listing.
 */
#include "content.h"
#include "rows/rows.h"

enum { /* columns */
        IMAGE_PLACE, IMAGE_ID, IMAGE_REGION, IMAGE_OWNER, IMAGE_REGION_NAME, IMAGE_OWNER_NAME, IMAGE_NAME,
        IMAGE_DISK_EVENT, IMAGE_AVAILABLE_EVENT, IMAGE_SEALED_EVENT, IMAGE_DESCRIPTION, IMAGE_SHARES_LINK,
        IMAGE_CREATED, IMAGE_PLACE_CREATED, IMAGE_SIZE, IMAGE_DIGEST, IMAGE_MTIME, IMAGE_REVIEWED, IMAGE_RETURNED,
        IMAGE_WHOLE
};

static int image_row(sqlite3_stmt *s, struct image *ret_image) {
        bool sealed = sqlite3_column_type(s, IMAGE_SEALED_EVENT) != SQLITE_NULL;
        bool available = sqlite3_column_type(s, IMAGE_AVAILABLE_EVENT) != SQLITE_NULL;
        int r;

        *ret_image = (struct image){
                .place = sqlite3_column_int64(s, IMAGE_PLACE),
                .id = sqlite3_column_int64(s, IMAGE_ID),
                .region = sqlite3_column_int64(s, IMAGE_REGION),
                .owner = sqlite3_column_int64(s, IMAGE_OWNER),
                .state = sealed ? IMAGE_SEALED : available ? IMAGE_AVAILABLE : IMAGE_DRAFT,
                .has_disk = sqlite3_column_type(s, IMAGE_DISK_EVENT) != SQLITE_NULL,
                .description = sqlite3_column_int64(s, IMAGE_DESCRIPTION),
                .shares_link = sqlite3_column_int64(s, IMAGE_SHARES_LINK),
                .created = sqlite3_column_int64(s, IMAGE_CREATED),
                .place_created = sqlite3_column_int64(s, IMAGE_PLACE_CREATED),
                .size = sqlite3_column_int64(s, IMAGE_SIZE),
                .mtime = sqlite3_column_int64(s, IMAGE_MTIME),
                .sealed = sqlite3_column_int64(s, IMAGE_SEALED_EVENT),
                .reviewed = sqlite3_column_int(s, IMAGE_REVIEWED) != 0,
                .returned = sqlite3_column_int64(s, IMAGE_RETURNED),
                .whole = (enum whole)sqlite3_column_int(s, IMAGE_WHOLE), /* as the query makes them */
        };
        if (sqlite3_column_bytes(s, IMAGE_DIGEST) == DIGEST_SIZE) {
                ret_image->digested = true;
                memcpy(ret_image->digest, sqlite3_column_blob(s, IMAGE_DIGEST), DIGEST_SIZE);
        }
        if (!id_good(ret_image->place) || !id_good(ret_image->id) || !region_good(ret_image->region) ||
            !account_good(ret_image->owner) || !id_good_or_none(ret_image->description) ||
            !id_good_or_none(ret_image->shares_link) || ret_image->size < 0)
                return ORIGIN(-EIO);
        r = column_text(s, IMAGE_REGION_NAME, ret_image->region_name, NAME_SIZE);
        if (r == 0)
                r = column_text(s, IMAGE_OWNER_NAME, ret_image->owner_name, NAME_SIZE);
        return r < 0 ? r : column_text(s, IMAGE_NAME, ret_image->name, NAME_SIZE);
}

/* Reads an image by its place or its id, and remembers it by both. */
static int image_ask(struct catalog_connection *c, enum statement which, int64_t id, struct image *ret_image) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, which, &s, "i", id);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = image_row(s, ret_image);
        if (r < 0)
                return r;
        memo_put(c, &(struct memo_key){ .which = S_IMAGE_OF_PLACE, .a = ret_image->place }, ret_image, sizeof(*ret_image));
        memo_put(c, &(struct memo_key){ .which = S_IMAGE_OF_ID, .a = ret_image->id }, ret_image, sizeof(*ret_image));
        return 0;
}

static int image_one(struct catalog_connection *c, enum statement which, int64_t id, struct image *ret_image) {
        const struct memo_key key = { .which = which, .a = id };

        return memo_get(c, &key, ret_image, sizeof(*ret_image)) ? 0 : image_ask(c, which, id, ret_image);
}

int catalog_image_get(struct catalog_connection *c, int64_t place, struct image *ret_image) {
        return image_one(c, S_IMAGE_OF_PLACE, place, ret_image);
}

int catalog_image_of_id(struct catalog_connection *c, int64_t id, struct image *ret_image) {
        return image_one(c, S_IMAGE_OF_ID, id, ret_image);
}

int catalog_image_of_bytes(struct catalog_connection *c, const uint8_t digest[static DIGEST_SIZE], struct image *ret_image) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_one(&s, statement_start(c, S_IMAGE_OF_BYTES, &s, "b", digest, DIGEST_SIZE));

        return r < 0 ? r : image_row(s, ret_image);
}

/* The first column of the first row; -ENOENT if there is none. */
static int number_one(sqlite3_stmt **s, int r, int64_t *ret_number) {
        if (r == 0)
                r = statement_row(*s);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        *ret_number = sqlite3_column_int64(*s, 0);
        return 0;
}

int catalog_place_find(struct catalog_connection *c, int64_t region, int64_t owner, const char *name,
                       int64_t *ret_place) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        const struct memo_key key = { .which = S_PLACE_FIND, .a = region, .b = owner, .text = name };
        int r;

        if (memo_get(c, &key, ret_place, sizeof(*ret_place)))
                return 0;
        r = number_one(&s, statement_start(c, S_PLACE_FIND, &s, "iit", region, owner, name), ret_place);
        if (r == 0)
                memo_put(c, &key, ret_place, sizeof(*ret_place));
        return r;
}

int catalog_image_count(struct catalog_connection *c, int64_t region, int64_t owner, int64_t *ret_count) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;

        return number_one(&s, statement_start(c, S_IMAGE_COUNT, &s, "ii", region, owner), ret_count);
}

int catalog_image_sources(struct catalog_connection *c, int64_t id, int (*each)(int64_t source, void *context),
                          void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_IMAGE_SOURCES, &s, "i", id);

        while (r == 0 && (r = statement_row(s)) > 0)
                r = each(sqlite3_column_int64(s, 0), context);
        return r;
}

int catalog_image_format(struct catalog_connection *c, int64_t id, char ret_text[static FORMAT_SIZE]) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_one(&s, statement_start(c, S_IMAGE_FORMAT, &s, "i", id));

        if (r < 0)
                return r;
        if (sqlite3_column_type(s, 0) == SQLITE_NULL)
                return -ENOENT;
        return column_text(s, 0, ret_text, FORMAT_SIZE);
}

int catalog_image_same(struct catalog_connection *c, int64_t id, int64_t *ret_same) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;

        return number_one(&s, statement_start(c, S_IMAGE_SAME, &s, "i", id), ret_same);
}

int catalog_image_name(struct catalog_connection *c, int64_t id, char ret_object[static OBJECT_SIZE],
                       int64_t *ret_place) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_IMAGE_NAME, &s, "i", id);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        *ret_place = sqlite3_column_int64(s, 1);
        return column_text(s, 0, ret_object, OBJECT_SIZE);
}

enum { ENTRY_PLACE, ENTRY_CURSOR, ENTRY_NAME, ENTRY_OWNER_NAME }; /* columns */

/* The rows of one page of a listing; ret_rows tells whether there may be another. */
int statement_entries(sqlite3_stmt *s, int r, int64_t *after, image_each each, void *context, int *ret_rows) {
        int rows;

        for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++) {
                struct image_entry entry = { .place = sqlite3_column_int64(s, ENTRY_PLACE),
                                             .cursor = sqlite3_column_int64(s, ENTRY_CURSOR) };

                r = id_good(entry.place) && id_good(entry.cursor) ? page_go_on(after, entry.cursor) : ORIGIN(-EIO);
                if (r == 0)
                        r = column_text(s, ENTRY_NAME, entry.name, NAME_SIZE);
                if (r == 0)
                        r = column_text(s, ENTRY_OWNER_NAME, entry.owner_name, NAME_SIZE);
                if (r == 0)
                        r = each(&entry, context);
        }
        *ret_rows = rows;
        return r;
}

int catalog_image_list(struct catalog_connection *c, int64_t region, int64_t owner, int64_t after, image_each each,
                       void *context) {
        int r, rows;

        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                if (owner != 0)
                        r = statement_start(c, S_IMAGE_LIST, &s, "iii", region, owner, after);
                else
                        r = statement_start(c, S_IMAGE_LIST_ALL, &s, "ii", region, after);
                r = statement_entries(s, r, &after, each, context, &rows);
        } while (r == 0 && rows == PAGE);
        return r;
}

/* A number (> 0) for what is asked for, FNV-1a. */
static int64_t name_number(int64_t region, const char *name, const char *owner) {
        uint64_t h = 0xcbf29ce484222325U ^ (uint64_t)region;

        for (const char *p = name; *p; p++)
                h = (h ^ (unsigned char)*p) * 0x100000001b3U;
        for (const char *p = owner; *p; p++)
                h = (h ^ (unsigned char)*p) * 0x100000001b3U;
        return (int64_t)(h >> 1 | 1);
}

int catalog_received_find(struct catalog_connection *c, int64_t region, int64_t account, const char *name,
                          const char *owner, int64_t *ret_share, int64_t *ret_place) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_one(&s, statement_start(c, S_RECEIVED_FIND, &s, "iitti", region, account, name, owner,
                                                  name_number(region, name, owner)));

        if (r < 0)
                return r;
        *ret_share = sqlite3_column_int64(s, 0);
        *ret_place = sqlite3_column_int64(s, 1);
        return 0;
}

int catalog_received_place(struct catalog_connection *c, int64_t region, int64_t account, const char *name,
                           int64_t *ret_place) {
        const struct memo_key key = { .which = S_RECEIVED_FIND, .a = region, .b = account, .text = name };
        char image[NAME_SIZE], owner[NAME_SIZE];
        int64_t share;
        int r;

        if (memo_get(c, &key, ret_place, sizeof(*ret_place)))
                return 0;
        r = name_split(name, image, owner);
        if (r == 0)
                r = catalog_received_find(c, region, account, image, owner, &share, ret_place);
        if (r == 0)
                memo_put(c, &key, ret_place, sizeof(*ret_place)); /* of the name alone: a share is asked for each time */
        return r;
}

int catalog_received_list(struct catalog_connection *c, int64_t region, int64_t account, int64_t after,
                          image_each each, void *context) {
        int r, rows;

        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(c, S_RECEIVED_LIST, &s, "iii", region, account, after);
                r = statement_entries(s, r, &after, each, context, &rows);
        } while (r == 0 && rows == PAGE);
        return r;
}

int catalog_disk_wanted(struct catalog_connection *c, int64_t region, int64_t id) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_DISK_WANTED, &s, "ii", region, id);

        return r < 0 ? r : statement_row(s);
}

/* One page of a region's disks. The number of rows, or -errno. */
static int disk_page(struct catalog_connection *c, int64_t region, int64_t after, struct image *ret_images) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows, r = statement_start(c, S_DISK_EACH, &s, "ii", region, after);

        for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++)
                r = image_row(s, &ret_images[rows]);
        return r < 0 ? r : rows;
}

/* A page is read in whole before each() is called, which may take long: an open read holds back checkpoints. */
int catalog_disk_each(struct catalog_connection *c, int64_t region,
                      int (*each)(const struct image *image, void *context), void *context) {
        _cleanup_free_ struct image *images = calloc(PAGE, sizeof(*images));
        int64_t after = 0;
        int r = 0, rows;

        if (!images)
                return -ENOMEM;
        do {
                rows = disk_page(c, region, after, images);
                for (int i = 0; i < rows && r == 0; i++) {
                        r = page_go_on(&after, images[i].place);
                        if (r == 0)
                                r = each(&images[i], context);
                }
        } while (r == 0 && rows == PAGE);
        return rows < 0 ? rows : r;
}

/* All pages of a statement whose rows are ids, in the order of what they belong to. */
static int ids_each(struct catalog_connection *c, enum statement statement, int64_t region, int64_t owner,
                    int (*each)(int64_t id, void *context), void *context) {
        int64_t after = 0;
        int r, rows;

        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                r = statement_start(c, statement, &s, "iii", region, owner, after);
                for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++) {
                        r = page_go_on(&after, sqlite3_column_int64(s, 1));
                        if (r == 0)
                                r = each(sqlite3_column_int64(s, 0), context);
                }
        } while (r == 0 && rows == PAGE);
        return r;
}

int catalog_image_unsealed(struct catalog_connection *c, int64_t region, int64_t owner,
                           int (*each)(int64_t place, void *context), void *context) {
        return ids_each(c, S_IMAGE_UNSEALED, region, owner, each, context);
}

int catalog_disk_ids(struct catalog_connection *c, int64_t region, int64_t account,
                     int (*each)(int64_t id, void *context), void *context) {
        int r = ids_each(c, S_DISKS_OF_IMAGES, region, account, each, context);

        return r < 0 ? r : ids_each(c, S_DISKS_OF_INSTANCES, region, account, each, context);
}

int catalog_image_known(struct catalog_connection *c, int64_t account, int64_t id) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_IMAGE_KNOWN, &s, "ii", account, id);

        return r < 0 ? r : statement_row(s);
}
