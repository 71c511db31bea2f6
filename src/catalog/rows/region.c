/* SPDX-License-Identifier: MIT
 * Regions: names, stores, and totals of what is in them.
 */
#include "rows/rows.h"

enum { REGION_ID, REGION_NAME, REGION_STORE, REGION_CREATED }; /* columns */

static int region_row(sqlite3_stmt *s, struct region *ret_region) {
        _cleanup_region_ struct region region = { .id = sqlite3_column_int64(s, REGION_ID),
                                                  .created = sqlite3_column_int64(s, REGION_CREATED) };
        const char *store;
        int r = region_good(region.id) ? column_text(s, REGION_NAME, region.name, sizeof(region.name)) : ORIGIN(-EIO);

        if (r < 0)
                return r;
        r = column_pointer(s, REGION_STORE, &store);
        if (r < 0)
                return r;
        if (store) {
                region.store = strdup(store);
                if (!region.store)
                        return -ENOMEM;
        }
        *ret_region = region;
        region.store = NULL;
        return 0;
}

static int region_one(sqlite3_stmt **s, int r, struct region *ret_region) {
        if (r == 0)
                r = statement_row(*s);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        return region_row(*s, ret_region);
}

int catalog_region_find(struct catalog_connection *c, const char *name, struct region *ret_region) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;

        return region_one(&s, statement_start(c, S_REGION_FIND, &s, "t", name), ret_region);
}

int catalog_region_get(struct catalog_connection *c, int64_t id, struct region *ret_region) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;

        return region_one(&s, statement_start(c, S_REGION_GET, &s, "i", id), ret_region);
}

int catalog_region_next(struct catalog_connection *c, int64_t *ret_id) {
        return statement_number(c, S_REGION_NEXT, ret_id);
}

int catalog_store_put(struct catalog_connection *c, int64_t region, const char *path) {
        return changed_one(statement_run(c, S_STORE_PUT, "it", region, path));
}

int catalog_store_forget(struct catalog_connection *c, int64_t region) {
        int r = statement_run(c, S_STORE_FORGET, "i", region);

        return r < 0 ? r : 0;
}

int catalog_store_number(struct catalog_connection *c, int64_t region, uint64_t *ret_number) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_STORE_NUMBER, &s, "i", region);

        if (r == 0)
                r = statement_row(s);
        if (r < 0)
                return r;
        *ret_number = r > 0 ? (uint64_t)sqlite3_column_int64(s, 0) : 0; /* NULL is 0 as well */
        return 0;
}

int catalog_store_number_put(struct catalog_connection *c, int64_t region, uint64_t number) {
        return changed_one(statement_run(c, S_STORE_NUMBER_PUT, "ii", region, (int64_t)number));
}

int catalog_last_ids(struct catalog_connection *c, struct last_ids *ret_last) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_LAST_IDS, &s, "");

        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : ORIGIN(-EIO);
        *ret_last = (struct last_ids){ .event = sqlite3_column_int64(s, 0), .launch = sqlite3_column_int64(s, 1) };
        return 0;
}

enum { TOTAL_IMAGES, TOTAL_BYTES, TOTAL_INSTANCES }; /* columns */

int catalog_region_totals(struct catalog_connection *c, int64_t owner, struct region *region) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r;

        if (owner != 0)
                r = statement_start(c, S_REGION_TOTALS_OF, &s, "ii", region->id, owner);
        else
                r = statement_start(c, S_REGION_TOTALS, &s, "i", region->id);
        if (r == 0)
                r = statement_row(s);
        if (r <= 0)
                return r < 0 ? r : ORIGIN(-EIO);
        region->images = sqlite3_column_int64(s, TOTAL_IMAGES);
        region->bytes = sqlite3_column_int64(s, TOTAL_BYTES);
        region->instances = sqlite3_column_int64(s, TOTAL_INSTANCES);
        return 0;
}

/* One page of regions, their stores allocated. The number of rows, or -errno. */
static int region_page(struct catalog_connection *c, int64_t after, struct region *ret_regions) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int rows, r = statement_start(c, S_REGION_LIST, &s, "i", after);

        for (rows = 0; r == 0 && (r = statement_row(s)) > 0; rows++)
                r = region_row(s, &ret_regions[rows]);
        return r < 0 ? r : rows;
}

/* A page is read in whole before each() is called, which may take long: an open read holds back checkpoints. */
int catalog_region_list(struct catalog_connection *c, int64_t after,
                        int (*each)(const struct region *region, void *context), void *context) {
        _cleanup_free_ struct region *regions = calloc(PAGE, sizeof(*regions));
        int r = 0, rows;

        if (!regions)
                return -ENOMEM;
        do {
                rows = region_page(c, after, regions);
                for (int i = 0; i < rows && r == 0; i++) {
                        r = page_go_on(&after, regions[i].id);
                        if (r == 0)
                                r = each(&regions[i], context);
                }
                for (int i = 0; i < PAGE; i++)
                        region_done(&regions[i]);
        } while (r == 0 && rows == PAGE);
        return rows < 0 ? rows : r;
}
