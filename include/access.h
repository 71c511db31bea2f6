/* SPDX-License-Identifier: MIT
 * Who sees what, both ways (CONTRACT 8): live shares by account, by image, or all. Staff is told every one; an ordinary
 * account its own images' shares and what it received.
 */
#pragma once

#include "service.h"

struct access {
        const char *region, *image, *account; /* image: `web@alice` */
        int64_t expires;                      /* ms; 0: never */
};

/* Selects shares, and remembers how far they have been read. */
struct access_query {
        int64_t image, account, owner;       /* ids of the image, the recipient, the images' owner; 0: any */
        bool all;                            /* every share */
        bool then_received;                  /* first the shares of the owner's images, then what the owner received */
        int64_t region, place, share;        /* the last row's */
        char region_name[NAME_SIZE], image_name[OBJECT_SIZE]; /* as it was asked for; "": as it is called */
};

/* what: an account, `REGION/IMG@OWNER` (which may be deleted, or `…#ID`), or NULL for all. -ENOENT: no such account or
 * image, or the caller must not know it. */
int access_begin(struct request *request, const char *what, struct access_query *ret_query);
/* Calls `each` with the next shares, at most a page: of one image, or all, in the order of granting, else by region.
 * 1: there may be more, 0: no more. The catalog is being read while `each` runs: it must not wait. */
int access_page(struct request *request, struct access_query *query,
                int (*each)(const struct access *access, void *context), void *context);
