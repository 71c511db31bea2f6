/* SPDX-License-Identifier: MIT
 * Instances, and what is installed on them. The disk's id is reserved before its bytes are made.
 */
#include "write/room.h"
#include "rows/rows.h"

enum { /* columns */
        INSTANCE_ID, INSTANCE_REGION, INSTANCE_REGION_NAME, INSTANCE_OWNER, INSTANCE_OWNER_NAME, INSTANCE_NAME,
        INSTANCE_CREATED, INSTANCE_LAUNCH, INSTANCE_IMAGE, INSTANCE_IMAGE_NAME, INSTANCE_HAS_IMAGE,
        INSTANCE_HAS_DISK, INSTANCE_MTIME, INSTANCE_RETURNED
};

static int instance_row(sqlite3_stmt *s, struct instance *ret_instance) {
        int r;

        *ret_instance = (struct instance){
                .id = sqlite3_column_int64(s, INSTANCE_ID),
                .region = sqlite3_column_int64(s, INSTANCE_REGION),
                .owner = sqlite3_column_int64(s, INSTANCE_OWNER),
                .created = sqlite3_column_int64(s, INSTANCE_CREATED),
                .launch = sqlite3_column_int64(s, INSTANCE_LAUNCH),
                .image = sqlite3_column_int64(s, INSTANCE_IMAGE),
                .has_image = sqlite3_column_int(s, INSTANCE_HAS_IMAGE) != 0,
                .has_disk = sqlite3_column_int(s, INSTANCE_HAS_DISK) != 0,
                .mtime = sqlite3_column_int64(s, INSTANCE_MTIME),
                .returned = sqlite3_column_int64(s, INSTANCE_RETURNED),
        };
        if (!id_good(ret_instance->id) || !region_good(ret_instance->region) || !account_good(ret_instance->owner) ||
            !id_good_or_none(ret_instance->launch) || !id_good_or_none(ret_instance->image))
                return ORIGIN(-EIO);
        r = column_text(s, INSTANCE_REGION_NAME, ret_instance->region_name, NAME_SIZE);
        if (r == 0)
                r = column_text(s, INSTANCE_OWNER_NAME, ret_instance->owner_name, NAME_SIZE);
        if (r == 0)
                r = column_text(s, INSTANCE_NAME, ret_instance->name, NAME_SIZE);
        return r < 0 ? r : column_text(s, INSTANCE_IMAGE_NAME, ret_instance->image_name, OBJECT_SIZE);
}

static int instance_one(sqlite3_stmt **s, int r, struct instance *ret_instance) {
        if (r == 0)
                r = statement_row(*s);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        return instance_row(*s, ret_instance);
}

int catalog_instance_get(struct catalog_connection *c, int64_t id, struct instance *ret_instance) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;

        return instance_one(&s, statement_start(c, S_INSTANCE_GET, &s, "i", id), ret_instance);
}

int catalog_instance_find(struct catalog_connection *c, int64_t region, int64_t owner, const char *name,
                          struct instance *ret_instance) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;

        return instance_one(&s, statement_start(c, S_INSTANCE_FIND, &s, "iit", region, owner, name), ret_instance);
}

int catalog_instance_of_launch(struct catalog_connection *c, int64_t launch, struct instance *ret_instance) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;

        return instance_one(&s, statement_start(c, S_INSTANCE_OF_LAUNCH, &s, "i", launch), ret_instance);
}

int catalog_instance_count(struct catalog_connection *c, int64_t region, int64_t owner, int64_t *ret_count) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_INSTANCE_COUNT, &s, "ii", region, owner);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        *ret_count = sqlite3_column_int64(s, 0);
        return 0;
}

int catalog_instance_list(struct catalog_connection *c, int64_t region, int64_t owner, int64_t after, image_each each,
                          void *context) {
        int r, rows;

        do {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                if (owner != 0)
                        r = statement_start(c, S_INSTANCE_LIST, &s, "iii", region, owner, after);
                else
                        r = statement_start(c, S_INSTANCE_LIST_ALL, &s, "ii", region, after);
                r = statement_entries(s, r, &after, each, context, &rows);
        } while (r == 0 && rows == PAGE);
        return r;
}

int catalog_launch_reserve(struct catalog_connection *c, int64_t instance, int64_t image, int64_t *ret_launch) {
        int r = room_ask(c, NULL);

        if (r == 0)
                r = changed_one(statement_run(c, S_LAUNCH_RESERVE, "ii", instance, image));
        if (r == 0)
                *ret_launch = sqlite3_last_insert_rowid(c->db);
        return r < 0 || id_good(*ret_launch) ? r : ORIGIN(-EIO);
}

int catalog_launch_forget(struct catalog_connection *c, int64_t launch) {
        return changed_one(statement_run(c, S_LAUNCH_FORGET, "i", launch));
}

enum { LAUNCH_OBJECT, LAUNCH_IMAGE, LAUNCH_OWNER }; /* columns */

int catalog_launch_name(struct catalog_connection *c, int64_t launch, char ret_object[static OBJECT_SIZE],
                        int64_t *ret_image, int64_t *ret_owner) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_LAUNCH_NAME, &s, "i", launch);

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        *ret_image = sqlite3_column_int64(s, LAUNCH_IMAGE);
        *ret_owner = sqlite3_column_int64(s, LAUNCH_OWNER);
        return column_text(s, LAUNCH_OBJECT, ret_object, OBJECT_SIZE);
}

enum { USAGE_ACCOUNT, USAGE_COUNT, USAGE_SINCE }; /* columns */

int catalog_launch_usage(struct catalog_connection *c, int64_t image,
                         int (*each)(const char *account, int64_t count, int64_t since, void *context), void *context) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_LAUNCH_USAGE, &s, "i", image);

        while (r == 0 && (r = statement_row(s)) > 0) {
                char name[NAME_SIZE];

                r = column_text(s, USAGE_ACCOUNT, name, sizeof(name));
                if (r == 0)
                        r = each(name, sqlite3_column_int64(s, USAGE_COUNT), sqlite3_column_int64(s, USAGE_SINCE), context);
        }
        return r;
}

struct launch_row {
        int64_t id, cursor; /* the page is in the order of these */
        char object[OBJECT_SIZE];
};

/* One page of a region's launches. The number of rows, or -errno. */
static int launch_page(struct catalog_connection *c, enum statement which, int64_t region, int64_t after,
                       struct launch_row *ret_rows) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows, r = statement_start(c, which, &s, "ii", region, after);

        for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++) {
                ret_rows[rows].id = sqlite3_column_int64(s, 0);
                ret_rows[rows].cursor = sqlite3_column_int64(s, 2);
                r = id_good(ret_rows[rows].id) ? column_text(s, 1, ret_rows[rows].object, OBJECT_SIZE) : ORIGIN(-EIO);
        }
        return r < 0 ? r : rows;
}

static int launch_each(struct catalog_connection *c, enum statement which, int64_t region,
                       int (*each)(int64_t launch, const char *object, void *context), void *context) {
        _cleanup_free_ struct launch_row *page = calloc(PAGE, sizeof(*page));
        int64_t after = 0;
        int r = 0, rows;

        if (!page)
                return -ENOMEM;
        do {
                rows = launch_page(c, which, region, after, page);
                for (int i = 0; i < rows && r == 0; i++) {
                        r = page_go_on(&after, page[i].cursor);
                        if (r == 0)
                                r = each(page[i].id, page[i].object, context);
                }
        } while (r == 0 && rows == PAGE);
        return rows < 0 ? rows : r;
}

int catalog_launch_each(struct catalog_connection *c, int64_t region,
                        int (*each)(int64_t launch, const char *object, void *context), void *context) {
        return launch_each(c, S_LAUNCH_EACH, region, each, context);
}

int catalog_reservation_each(struct catalog_connection *c, int64_t region,
                             int (*each)(int64_t launch, const char *object, void *context), void *context) {
        return launch_each(c, S_RESERVATION_EACH, region, each, context);
}
