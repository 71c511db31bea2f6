/* SPDX-License-Identifier: MIT
 * Finding and listing the regions and images that the caller may see; an image's source and history.
 */
#include "disk/stores.h"
#include "nouns.h"
#include "room.h"

int image_region_find(struct request *request, const char *name, struct region *ret_region) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = request_read(request, &c);

        return r < 0 ? r : catalog_region_find(c, name, ret_region);
}

int image_region_get(struct request *request, int64_t id, struct region *ret_region) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = request_read(request, &c);

        return r < 0 ? r : catalog_region_get(c, id, ret_region);
}

int image_region_list(struct request *request, int64_t after,
                      int (*each)(const struct region *region, void *context), void *context) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(request->service->catalog, &c);

        return r < 0 ? r : catalog_region_list(c, after, each, context);
}

int image_region_statvfs(struct request *request, int64_t region, struct statvfs *ret_space) {
        struct blob_store *store;
        int r;

        if (request->service->past)
                return service_statvfs(request->service, ret_space);
        r = service_store(request->service, region, &store);
        if (r == 0)
                r = blob_store_statvfs(store, ret_space);
        return r < 0 ? r : room_with_kept(request->service, region, ret_space);
}

/* -ENOENT: the caller may not know of the image. */
static int image_seen(struct catalog_connection *c, const struct request *request, struct image *image) {
        int r = image_visible(c, &request->caller, image);

        return r < 0 ? r : r > 0 ? 0 : -ENOENT;
}

int image_get(struct request *request, int64_t place, struct image *ret_image) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = request_read(request, &c);

        if (r == 0)
                r = catalog_image_get(c, place, ret_image);
        return r < 0 ? r : image_seen(c, request, ret_image);
}

int image_get_disk(struct request *request, int64_t id, struct image *ret_image) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = request_read(request, &c);

        if (r == 0)
                r = catalog_image_of_id(c, id, ret_image);
        return r < 0 ? r : image_seen(c, request, ret_image);
}

int place_by_name(struct catalog_connection *c, int64_t region, int64_t account, const char *name, int64_t *ret_place) {
        char image[NAME_SIZE], owner[NAME_SIZE];
        struct account row = { .id = account };
        int r = 0;

        if (strchr(name, '@')) {
                r = name_split(name, image, owner);
                if (r == 0)
                        r = catalog_account_find(c, owner, &row);
                name = image;
        }
        return r < 0 ? r : catalog_place_find(c, region, row.id, name, ret_place);
}

int place_seen_by_name(struct catalog_connection *c, const struct request *request, int64_t region, const char *name,
                       int64_t *ret_place) {
        const struct caller *caller = &request->caller;
        const char *at = strchr(name, '@');

        return caller->role != ROLE_ACCOUNT || !at || strcmp(at + 1, caller->name) == 0
                       ? place_by_name(c, region, caller->account, name, ret_place)
                       : catalog_received_place(c, region, caller->account, name, ret_place);
}

int image_lookup(struct request *request, int64_t region, const char *name, struct image *ret_image) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        size_t length = strcspn(name, "@");
        int64_t place;
        int r = request_read(request, &c);

        if (r == 0)
                r = place_seen_by_name(c, request, region, name, &place);
        if (r == 0)
                r = catalog_image_get(c, place, ret_image);
        if (r == 0 && (strncmp(ret_image->name, name, length) != 0 || ret_image->name[length] != '\0'))
                r = -ENOENT; /* renamed between the two reads */
        return r < 0 ? r : image_seen(c, request, ret_image);
}

struct listing {
        struct request *request;
        bool received;
        int (*each)(const struct image_entry *entry, bool own, struct image_cursor next, void *context);
        void *context;
};

static int list_entry(const struct image_entry *entry, void *context) {
        const struct listing *l = context;
        struct image_cursor next = { .received = l->received, .after = entry->cursor };

        return l->each(entry, strcmp(entry->owner_name, l->request->caller.name) == 0, next, l->context);
}

int image_list(struct request *request, int64_t region, struct image_cursor cursor,
               int (*each)(const struct image_entry *entry, bool own, struct image_cursor next, void *context),
               void *context) {
        struct listing l = { .request = request, .each = each, .context = context };
        _cleanup_read_ struct catalog_connection *c = NULL;
        bool all = request->caller.role != ROLE_ACCOUNT;
        int r = catalog_read(request->service->catalog, &c);

        if (r < 0)
                return r;
        if (!cursor.received) {
                r = catalog_image_list(c, region, all ? 0 : request->caller.account, cursor.after, list_entry, &l);
                if (r != 0 || all)
                        return r;
                cursor.after = 0;
        }
        l.received = true;
        return catalog_received_list(c, region, request->caller.account, cursor.after, list_entry, &l);
}

/* `north/web@alice`, or `hidden`. An account's own image is named even after it is gone. */
static int image_source_name(struct catalog_connection *c, const struct caller *caller, int64_t id,
                             char ret_object[static OBJECT_SIZE]) {
        int64_t place;
        int r = 1;

        if (caller)
                r = catalog_image_known(c, caller->account, id);
        if (r == 0 && caller->role != ROLE_ACCOUNT)
                r = 1;
        strcpy(ret_object, "hidden");
        return r > 0 ? catalog_image_name(c, id, ret_object, &place) : r;
}

int source_name(struct catalog_connection *c, const struct caller *caller, int64_t id,
                char ret_text[static SOURCE_SIZE]) {
        char instance[OBJECT_SIZE], image[OBJECT_SIZE];
        int64_t owner;
        int r;

        if (!is_launch(id)) {
                r = image_source_name(c, caller, id, image);
                if (r == 0)
                        strcpy(ret_text, image);
                return r;
        }
        r = catalog_launch_name(c, id, instance, &id, &owner);
        if (r == 0)
                r = image_source_name(c, caller, id, image);
        if (r < 0)
                return r;
        if (caller && caller->account != owner && caller->role == ROLE_ACCOUNT)
                strcpy(instance, "hidden");
        (void)snprintf(ret_text, SOURCE_SIZE, "instance %s from %s", instance, image); /* fits */
        return 0;
}

struct sources {
        struct catalog_connection *c;
        const struct caller *caller;
        FILE *to;
        int count;
};

static int write_source(int64_t id, void *context) {
        struct sources *s = context;
        char text[SOURCE_SIZE];
        int r = source_name(s->c, s->caller, id, text);

        if (r == 0)
                (void)fprintf(s->to, "%s%s%s", s->count++ > 0 ? "; " : "", is_launch(id) ? "" : "copy of ", text);
        return r;
}

int image_source(struct request *request, const struct image *image, FILE *to) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct sources s = { .caller = &request->caller, .to = to };
        char same_object[OBJECT_SIZE];
        int64_t same;
        int r = request_read(request, &c);

        s.c = c;
        if (r == 0)
                r = catalog_image_same(c, image->id, &same);
        if (r == 0)
                r = catalog_image_sources(c, image->id, write_source, &s);
        if (r == 0 && s.count == 0)
                (void)fputs("import", to);
        if (r == 0 && same != 0)
                r = image_source_name(c, &request->caller, same, same_object);
        if (r == 0)
                (void)fprintf(to, "%s%s\n", same ? "; same-content " : "", same ? same_object : "");
        return r;
}

static int write_line(const char *line, size_t length, void *context) {
        return fwrite(line, 1, length, context) == length ? 0 : -ENOMEM;
}

int image_history(struct request *request, const struct image *image, FILE *to) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        bool staff = request->caller.role != ROLE_ACCOUNT, all = staff || image_is_own(request, image);
        int r = catalog_read(request->service->catalog, &c);

        return r < 0 ? r : catalog_history(c, image->place, all ? NULL : request->caller.name, staff, write_line, to);
}
