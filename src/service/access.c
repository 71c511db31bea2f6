/* SPDX-License-Identifier: MIT
 * Who sees what: the live shares that the caller may know of, page by page.
 */
#include "access.h"

#include "exposure.h"
#include "image.h"
#include "keep.h"
#include "registry.h"
#include "state.h"

static int begin_image(struct request *request, const char *object, struct access_query *query) {
        struct kept_name name;
        bool own;
        int r = exposure_image(request, object, &query->image, &own);

        if (r == 0)
                r = kept_name_split(object, &name);
        if (r < 0)
                return r;
        if (request->caller.role == ROLE_ACCOUNT && !own)
                query->account = request->caller.account; /* a recipient sees only its own (CONTRACT 3.2) */
        strcpy(query->region_name, name.region);
        (void)snprintf(query->image_name, OBJECT_SIZE, "%s@%s", name.name, name.owner); /* fits */
        return 0;
}

static int begin_account(struct request *request, const char *name, struct access_query *query) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct account account;
        int r = catalog_read(request->service->catalog, &c);

        if (r == 0)
                r = catalog_account_find(c, name, &account);
        if (r < 0)
                return r;
        query->account = account.id;
        if (request->caller.role == ROLE_ACCOUNT && account.id != request->caller.account)
                query->owner = request->caller.account;
        return 0;
}

int access_begin(struct request *request, const char *what, struct access_query *ret_query) {
        struct access_query query = { 0 };
        int r = 0;

        if (what)
                r = strchr(what, '/') ? begin_image(request, what, &query) : begin_account(request, what, &query);
        else if (request->caller.role != ROLE_ACCOUNT)
                query.all = true;
        else {
                query.owner = request->caller.account;
                query.then_received = true;
        }
        if (r == 0)
                *ret_query = query;
        return r;
}

struct reading {
        struct access_query *query;
        int (*each)(const struct access *access, void *context);
        void *context;
};

static int read_row(const struct access_row *row, void *context) {
        const struct reading *reading = context;

        const struct access_query *q = reading->query;

        reading->query->place = row->place;
        reading->query->share = row->share;
        return reading->each(&(struct access){ .region = q->region_name[0] ? q->region_name : row->region,
                                               .image = q->image_name[0] ? q->image_name : row->image,
                                               .account = row->account,
                                               .expires = row->expires },
                             reading->context);
}

static int take_region(const struct region *region, void *context) {
        *(int64_t *)context = region->id;
        return 1; /* the first one is enough */
}

/* Moves on to the next region, or to the received shares: 1, 0 if nothing is left, or -errno. */
static int next_region(struct catalog_connection *c, struct access_query *query) {
        int r = catalog_region_list(c, query->region, take_region, &query->region);

        if (r == 0 && query->then_received) {
                query->then_received = false;
                query->account = query->owner;
                query->owner = query->region = 0;
                r = catalog_region_list(c, 0, take_region, &query->region);
        }
        query->place = query->share = 0;
        return r;
}

int access_page(struct request *request, struct access_query *query,
                int (*each)(const struct access *access, void *context), void *context) {
        struct reading reading = { .query = query, .each = each, .context = context };
        const bool by_region = !query->all && query->image == 0;
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(request->service->catalog, &c);

        if (r == 0 && by_region && query->region == 0)
                r = next_region(c, query);
        else if (r == 0)
                r = 1;
        if (r <= 0)
                return r;
        r = catalog_access(c,
                           &(struct access_filter){ .image = query->image, .region = query->region,
                                                    .account = query->account, .owner = query->owner,
                                                    .place = query->place, .share = query->share },
                           read_row, &reading);
        if (r < 0)
                return r;
        if (r == CATALOG_PAGE)
                return 1;
        return by_region ? next_region(c, query) : 0;
}
