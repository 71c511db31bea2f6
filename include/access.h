/* SPDX-License-Identifier: MIT
 * Who sees what, both ways (CONTRACT 8): live shares by account, by image, or all. As operator or auditor every one; an
 * ordinary account is told its own images' shares and what it received.
 */
#pragma once

#include "service.h"

struct access {
        const char *region, *image, *account; /* image: `web@alice` */
        int64_t expires;                      /* ms; 0: never */
};

/* Which shares, and how far they have been read. */
struct access_query {
        int64_t image, account, owner;       /* the image's, who received, whose images: 0: any */
        bool all;                            /* every share there is */
        bool then_received;                  /* first its own images' shares, then what it received */
        int64_t region, place, share;        /* the last row's */
};

/* what: an account, `REGION/IMG@OWNER`, NULL: all. -ENOENT: no such account or image, or not to be known. */
int access_begin(struct request *request, const char *what, struct access_query *ret_query);
/* Calls each with the next shares, at most a page: of an image and of all in the order of granting, of an account by
 * region. 1: there may be more, 0: no more. The catalog is being read while `each` runs: it must not wait. */
int access_page(struct request *request, struct access_query *query,
                int (*each)(const struct access *access, void *context), void *context);
