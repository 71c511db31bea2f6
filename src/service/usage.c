/* SPDX-License-Identifier: MIT
 * What an account uses against its quota, by region.
 */
#include "disk.h"
#include "nouns.h"
#include "registry.h"

struct using {
        struct request *request;
        struct catalog_connection *c;
        struct account account;
        int64_t quota; /* of accounts without their own */
        int64_t unsealed;
        int (*each)(const struct usage *usage, void *context);
        void *context;
};

/* Only the store knows the size of an unsealed disk; in an offline store it counts as 0. */
static int add_unsealed(int64_t place, void *context) {
        struct using *u = context;
        struct image image;
        struct stat st;
        int r = image_get(u->request, place, &image);

        if (r == 0)
                r = disk_stat(u->request, &image, &st);
        if (r == 0)
                u->unsealed += st.st_size;
        return r == -ENOENT || r == -EIO ? 0 : r;
}

static int use_region(const struct region *region, void *context) {
        struct using *u = context;
        struct usage usage = { .quota = u->account.quota >= 0 ? u->account.quota : u->quota };
        struct region totals = *region;
        int r = catalog_region_totals(u->c, u->account.id, &totals);

        u->unsealed = 0;
        if (r == 0)
                r = catalog_image_unsealed(u->c, region->id, u->account.id, add_unsealed, u);
        if (r < 0)
                return r;
        strcpy(usage.region_name, region->name);
        usage.images = totals.images;
        usage.bytes = totals.bytes + u->unsealed;
        return u->each(&usage, u->context);
}

int usage_list(struct request *request, int64_t account, int (*each)(const struct usage *usage, void *context),
               void *context) {
        struct using u = { .request = request, .each = each, .context = context };
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = account_seen(request, account) ? catalog_read(request->service->catalog, &c) : -ENOENT;

        u.c = c;
        if (r == 0)
                r = catalog_account_get(c, account, &u.account);
        if (r < 0 || u.account.role != ROLE_ACCOUNT)
                return r;
        r = catalog_setting_get(c, LIMIT_IMAGES, LIMIT_IMAGES_DEFAULT, &u.quota);
        return r < 0 ? r : catalog_region_list(c, 0, use_region, &u);
}
