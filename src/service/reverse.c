/* SPDX-License-Identifier: MIT
 * Images by account: those that an account received or owns in a region.
 */
#include "nouns.h"

int received_find(struct request *request, int64_t account, int64_t region, const char *name, int64_t *ret_share) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        char image[NAME_SIZE], owner[NAME_SIZE];
        int64_t place;
        int r = account_seen(request, account) ? name_split(name, image, owner) : -ENOENT;

        if (r == 0)
                r = request_read(request, &c);
        return r < 0 ? r : catalog_received_find(c, region, account, image, owner, ret_share, &place);
}

int received_get(struct request *request, int64_t share, struct share *ret_share, struct image *ret_image) {
        int r = share_get(request, share, ret_share, ret_image);

        return r < 0 ? r : account_seen(request, ret_share->account) ? 0 : -ENOENT; /* hidden from the image's owner */
}

int received_list(struct request *request, int64_t account, int64_t region, int64_t after,
                  int (*each)(const struct image_entry *entry, void *context), void *context) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = account_seen(request, account) ? catalog_read(request->service->catalog, &c) : -ENOENT;

        return r < 0 ? r : catalog_received_list(c, region, account, after, each, context);
}

int owned_find(struct request *request, int64_t account, int64_t region, const char *name, int64_t *ret_place) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = account_seen(request, account) ? request_read(request, &c) : -ENOENT;

        return r < 0 ? r : catalog_place_find(c, region, account, name, ret_place);
}

int owned_get(struct request *request, int64_t place, struct image *ret_image) {
        int r = image_get(request, place, ret_image);

        return r < 0 ? r : account_seen(request, ret_image->owner) ? 0 : -ENOENT; /* hidden from a recipient */
}

int owned_list(struct request *request, int64_t account, int64_t region, int64_t after,
               int (*each)(const struct image_entry *entry, void *context), void *context) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = account_seen(request, account) ? catalog_read(request->service->catalog, &c) : -ENOENT;

        return r < 0 ? r : catalog_image_list(c, region, account, after, each, context);
}
