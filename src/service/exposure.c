/* SPDX-License-Identifier: MIT
 * Who can or could get an image's bytes: the graph of its copies, launches and twins, walked path by path.
 */
#include "exposure.h"

#include "array.h"
#include "keep.h"
#include "nouns.h"
#include "origin.h"
#include "registry.h"

/* A row of the graph: a node, reached by one of its parents. A node's first row gives its children their path. */
struct reached {
        struct exposure_node node;
        char *path;
};

struct graph {
        struct catalog_connection *c;
        const struct caller *caller;
        struct reached *rows; /* as they were reached: parents first */
        size_t *by_id; /* indexes of rows, by id; equal ids as they were reached */
        size_t count, room;
        int (*each)(const struct exposure *exposure, void *context);
        void *context;
        bool all;         /* the caller may see every path */
        const char *path; /* of the node whose shares are being told */
};

static int graph_add(const struct exposure_node *node, void *context) {
        struct graph *g = context;

        if (ARRAY_ROOM(g->rows, &g->room, g->count) < 0)
                return -ENOMEM;
        g->rows[g->count] = (struct reached){ .node = *node };
        g->count++;
        return 0;
}

static int compare_reached(const void *a, const void *b, void *rows) {
        size_t i = *(const size_t *)a, j = *(const size_t *)b;
        const struct reached *x = (const struct reached *)rows + i, *y = (const struct reached *)rows + j;

        if (x->node.id != y->node.id)
                return x->node.id < y->node.id ? -1 : 1;
        return i < j ? -1 : i > j;
}

static int index_rows(struct graph *g) {
        g->by_id = calloc(g->count ?: 1, sizeof(*g->by_id));
        if (!g->by_id)
                return -ENOMEM;
        for (size_t i = 0; i < g->count; i++)
                g->by_id[i] = i;
        qsort_r(g->by_id, g->count, sizeof(*g->by_id), compare_reached, g->rows);
        return 0;
}

/* The first row of a node; NULL: there is none. */
static const struct reached *first_row(const struct graph *g, int64_t id) {
        size_t low = 0, high = g->count;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (g->rows[g->by_id[middle]].node.id < id)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < g->count && g->rows[g->by_id[low]].node.id == id ? &g->rows[g->by_id[low]] : NULL;
}

static int node_name(const struct graph *g, const struct exposure_node *node, char ret_name[static OBJECT_SIZE]) {
        int64_t id, owner;
        int r;

        if (!g->all && node->owner != g->caller->account) {
                strcpy(ret_name, "hidden");
                return 0;
        }
        r = is_launch(node->id) ? catalog_launch_name(g->c, node->id, ret_name, &id, &owner)
                                : catalog_image_name(g->c, node->id, ret_name, &id);
        return r == -ENOENT ? ORIGIN(-EIO) : r;
}

/* `north/web@alice > north/vm1@bob > north/new@bob`: the parent's path, made before, and the node's name. */
static int make_path(const struct graph *g, struct reached *row) {
        const struct reached *parent = row->node.parent ? first_row(g, row->node.parent) : NULL;
        bool rooted = parent && parent->path;
        char name[OBJECT_SIZE];
        int r = node_name(g, &row->node, name);

        if (r < 0)
                return r;
        return asprintf(&row->path, "%s%s%s", rooted ? parent->path : "", rooted ? " > " : "", name) < 0 ? -ENOMEM : 0;
}

static int tell_node_share(const char *account, int64_t since, bool live, void *context) {
        struct graph *g = context;

        return g->each(&(struct exposure){ .account = account, .how = live ? "share" : "past share", .path = g->path,
                                           .since = since }, g->context);
}

static int tell_node(struct graph *g, struct reached *row) {
        int r = make_path(g, row);

        if (r < 0) {
                row->path = NULL;
                return r;
        }
        g->path = row->path;
        if (row->node.parent != 0)
                r = g->each(&(struct exposure){ .account = row->node.owner_name,
                                                .how = row->node.how,
                                                .path = row->path,
                                                .since = row->node.since },
                            g->context);
        if (r == 0 && !is_launch(row->node.id) && first_row(g, row->node.id) == row) /* tells its shares once */
                r = catalog_exposure_shares(g->c, row->node.id, tell_node_share, g);
        return r;
}

static int exposure_walk(struct request *request, int64_t image, bool own,
                      int (*each)(const struct exposure *exposure, void *context), void *context) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct graph g = { .caller = &request->caller, .each = each, .context = context,
                           .all = request->caller.role != ROLE_ACCOUNT };
        int r = g.all || own ? catalog_read(request->service->catalog, &c) : -EACCES;

        g.c = c;
        if (r == 0)
                r = catalog_exposure_nodes(c, image, graph_add, &g);
        if (r == 0)
                r = index_rows(&g);
        for (size_t i = 0; i < g.count && r == 0; i++)
                r = tell_node(&g, &g.rows[i]);
        for (size_t i = 0; i < g.count; i++)
                free(g.rows[i].path);
        free(g.rows);
        free(g.by_id);
        return r;
}

int exposure_list(struct request *request, int64_t place, int (*each)(const struct exposure *exposure, void *context),
                  void *context) {
        struct image image;
        int r = image_get(request, place, &image);

        return r < 0 ? r : exposure_walk(request, image.id, image_is_own(request, &image), each, context);
}

int exposure_of(struct request *request, const char *object, int (*each)(const struct exposure *exposure, void *context),
                void *context) {
        int64_t image;
        bool own;
        int r = exposure_image(request, object, &image, &own);

        return r < 0 ? r : exposure_walk(request, image, own, each, context);
}

int exposure_find(struct request *request, const char *object, int64_t *ret_place) {
        _cleanup_region_ struct region region = { 0 };
        char name[NAME_SIZE];
        const char *slash = strchr(object, '/');
        struct image image;
        int r;

        if (!slash || (size_t)(slash - object) >= sizeof(name) || !strchr(slash, '@'))
                return -ENOENT;
        memcpy(name, object, (size_t)(slash - object));
        name[slash - object] = '\0';
        r = image_region_find(request, name, &region);
        if (r == 0)
                r = image_lookup(request, region.id, slash + 1, &image);
        if (r == 0)
                *ret_place = image.place;
        return r;
}

/* By its number: its region and owner are the ones said. */
static int find_by_number(struct catalog_connection *c, const struct kept_name *name) {
        struct kept_name is;
        char object[OBJECT_SIZE];
        int64_t place;
        int r = catalog_image_name(c, name->id, object, &place);

        if (r == 0)
                r = kept_name_split(object, &is);
        return r < 0 ? r : strcmp(is.region, name->region) == 0 && strcmp(is.owner, name->owner) == 0 ? 0 : -ENOENT;
}

static int find_by_name(struct catalog_connection *c, const struct kept_name *name, int64_t *ret_image) {
        _cleanup_region_ struct region region = { 0 };
        struct account owner;
        struct image image;
        int64_t place;
        int r = catalog_region_find(c, name->region, &region);

        if (r == 0)
                r = catalog_account_find(c, name->owner, &owner);
        if (r < 0)
                return r;
        r = catalog_place_find(c, region.id, owner.id, name->name, &place);
        if (r == 0)
                r = catalog_image_get(c, place, &image);
        if (r == 0 && image.has_disk)
                *ret_image = image.id;
        return r == 0 && image.has_disk ? 0 : catalog_image_last(c, region.id, owner.id, name->name, ret_image);
}

int exposure_image(struct request *request, const char *object, int64_t *ret_image, bool *ret_own) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct catalog *catalog = request->service->catalog;
        struct kept_name name;
        struct image image;
        int64_t place, id = 0, draft = 0;
        int r = kept_name_split(object, &name);

        if (r == 0 && name.id == 0) {
                r = exposure_find(request, object, &place);
                if (r == 0)
                        r = image_get(request, place, &image);
                *ret_own = r == 0 && image_is_own(request, &image);
                if (r == 0 && image.has_disk)
                        *ret_image = image.id;
                if (r != -ENOENT && (r < 0 || image.has_disk))
                        return r;
                draft = r == 0 ? image.id : 0; /* unless something was deleted there */
                r = 0;
        }
        *ret_own = strcmp(name.owner, request->caller.name) == 0;
        if (r == 0 && request->caller.role == ROLE_ACCOUNT && !*ret_own)
                r = -ENOENT;
        if (r == 0)
                r = catalog_read_today(catalog, &c);
        if (r == 0)
                r = name.id ? find_by_number(c, &name) : find_by_name(c, &name, &id);
        if (r == 0 && name.id)
                id = name.id;
        if (r == -ENOENT && draft) {
                id = draft;
                r = 0;
        }
        if (r == 0 && id > catalog_last(catalog))
                r = -ENOENT;
        if (r == 0)
                *ret_image = id;
        return r;
}

int exposure_usage(struct request *request, int64_t place,
                   int (*each)(const char *account, int64_t count, int64_t since, void *context), void *context) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct image image;
        int r = image_get(request, place, &image);

        if (r == 0 && !image_is_own(request, &image))
                r = -EACCES;
        if (r == 0)
                r = catalog_read(request->service->catalog, &c);
        return r < 0 ? r : catalog_launch_usage(c, image.id, each, context);
}
