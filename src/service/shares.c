/* SPDX-License-Identifier: MIT
 * Finding and listing those of an image's shares that the caller may know of.
 */
#include "image.h"
#include "request.h"
#include "share.h"

/* Owner, auditor and operator see all shares, a recipient its own (CONTRACT 3.2). */
static bool sees_all(const struct request *request, const struct image *image) {
        return image_is_own(request, image) || request->caller.role != ROLE_ACCOUNT;
}

static bool sees_share(const struct request *request, const struct image *image, const struct share *share) {
        return sees_all(request, image) || share->account == request->caller.account;
}

int share_find(struct request *request, int64_t place, const char *account, struct share *ret_share,
               struct image *ret_image) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = image_get(request, place, ret_image);

        if (r == 0)
                r = request_read(request, &c);
        if (r == 0)
                r = catalog_share_named(c, ret_image->id, account, ret_share);
        return r < 0 ? r : sees_share(request, ret_image, ret_share) ? 0 : -ENOENT;
}

int share_get(struct request *request, int64_t id, struct share *ret_share, struct image *ret_image) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = request_read(request, &c);

        if (r == 0)
                r = catalog_share_get(c, id, ret_share);
        if (r == 0)
                r = catalog_image_of_id(c, ret_share->image, ret_image);
        return r < 0 ? r : sees_share(request, ret_image, ret_share) ? 0 : -ENOENT;
}

int share_list(struct request *request, const struct image *image, int64_t after,
               int (*each)(const struct share *share, void *context), void *context) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(request->service->catalog, &c);

        return r < 0 ? r
                     : catalog_share_list(c, image->id, sees_all(request, image) ? 0 : request->caller.account, after,
                                          each, context);
}
