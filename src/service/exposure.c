/* SPDX-License-Identifier: MIT
 * Which image is meant, and who may ask who has its bytes (exposure_walk.c) and who runs it.
 */
#include "exposure.h"

#include "exposure_walk.h"
#include "keep.h"
#include "lineage.h"
#include "nouns.h"
#include "registry.h"

/* Whose rows are an image's. A draft has given nothing to anybody: those of the disk that was removed there last. */
static int exposure_root(struct request *request, const struct image *image, int64_t *ret_image) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = image->has_disk ? -ENOENT : request_read(request, &c);

        if (r == 0)
                r = catalog_image_last(c, image->region, image->owner, image->name, ret_image);
        if (r == -ENOENT)
                *ret_image = image->id;
        return r == -ENOENT ? 0 : r;
}

int exposure_open(struct request *request, int64_t place, struct exposure_walk **ret_walk) {
        struct image image;
        int64_t root;
        int r = image_get(request, place, &image);

        if (r == 0)
                r = exposure_root(request, &image, &root);
        return r < 0 ? r : exposure_walk_new(request, root, image_is_own(request, &image), ret_walk);
}

int exposure_of(struct request *request, const char *object, int (*each)(const struct exposure *exposure, void *context),
                void *context) {
        struct exposure_walk *walk;
        int64_t image;
        bool own;
        int r = exposure_image(request, object, &image, &own);

        if (r == 0)
                r = exposure_walk_new(request, image, own, &walk);
        if (r < 0)
                return r;
        r = exposure_walk_all(request, walk, each, context);
        (void)exposure_close(walk); /* returns NULL */
        return r;
}

int exposure_stamp(struct request *request, int64_t *ret_stamp) {
        struct exposure_seen *seen = &request->service->exposure_seen;
        _cleanup_read_ struct catalog_connection *c = NULL;
        int64_t last, changed;
        int r = catalog_read(request->service->catalog, &c);

        (void)pthread_mutex_lock(&seen->lock);
        if (r == 0 && seen->last == 0) { /* what was before is not read */
                r = catalog_log_at(c, INT64_MAX, true, &seen->last);
                seen->changed = seen->last;
        }
        if (r == 0)
                r = catalog_exposure_changed(c, seen->last, &last, &changed);
        if (r == 0) {
                seen->changed = changed > seen->changed ? changed : seen->changed;
                seen->last = last;
                *ret_stamp = seen->changed;
        }
        (void)pthread_mutex_unlock(&seen->lock);
        return r;
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

/* What no name of that moment leads to: as of then, or as of today. */
static int find_ended(struct request *request, const struct kept_name *name, bool today, int64_t *ret_image) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct catalog *catalog = request->service->catalog;
        int r = today ? catalog_read_today(catalog, &c) : catalog_read(catalog, &c);

        if (r < 0 || !name->id)
                return r < 0 ? r : find_by_name(c, name, ret_image);
        r = find_by_number(c, name);
        if (r == 0)
                *ret_image = name->id;
        return r;
}

int exposure_image(struct request *request, const char *object, int64_t *ret_image, bool *ret_own) {
        struct kept_name name;
        struct image image;
        int64_t place, id;
        int r = kept_name_split(object, &name);

        if (r < 0)
                return r;
        if (name.id == 0) {
                r = exposure_find(request, object, &place);
                if (r == 0)
                        r = image_get(request, place, &image);
                *ret_own = r == 0 && image_is_own(request, &image);
                if (r != -ENOENT)
                        return r < 0 ? r : exposure_root(request, &image, ret_image);
        }
        *ret_own = strcmp(name.owner, request->caller.name) == 0;
        if (request->caller.role == ROLE_ACCOUNT && !*ret_own)
                return -ENOENT;
        r = find_ended(request, &name, false, &id);
        if (r == -ENOENT)
                r = find_ended(request, &name, true, &id);
        if (r == 0 && id > catalog_last(request->service->catalog))
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
