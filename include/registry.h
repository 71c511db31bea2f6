/* SPDX-License-Identifier: MIT
 * Regions, accounts and limits: what an operator manages (CONTRACT 8). See service.h for what a call returns. Everybody
 * else is refused changes by rule `role` (an auditor by `read-only-role`).
 */
#pragma once

#include "service.h"

/* store: a path (made if missing), or NULL for the catalog's own. -EINVAL, -ENAMETOOLONG: the name; -EEXIST: the
 * region, or the store is in use (see blob_store_create); -ENOTEMPTY: the store's directory has other files. */
int region_add(struct request *request, const char *name, const char *store);
/* -ENOENT; -ENOTEMPTY while it has images or instances. A store that is offline is left where it is. tell (may be
 * NULL): what was set aside in the store is going to be removed with it. */
int region_remove(struct request *request, const char *name,
                  void (*tell)(int files, int64_t bytes, void *context), void *context);
/* Takes the region's store over from another copy of this catalog, or from a newer state of it (CONTRACT 10). Only in a
 * service opened with SERVICE_ANY_STORE. -EALREADY: it is this directory's; -EIO: offline; -EPERM: not to be had,
 * ret_why says why. */
int region_adopt(struct request *request, const char *name, char ret_why[static WHY_SIZE]);
/* Where its store is now: of this catalog and this region, by its mark. The same errors but -EALREADY. */
int region_set_store(struct request *request, const char *name, const char *path, char ret_why[static WHY_SIZE]);
/* In the order of creation; images and bytes of all accounts, for an ordinary one its own. `each` returning other than
 * 0 ends it, and is returned. */
int region_list(struct request *request, int (*each)(const struct region *region, void *context), void *context);

/* uid -1: none; quota -1: the catalog's limit. -EEXIST: the name is or was in use; -EADDRINUSE: the uid is in use. */
int account_add(struct request *request, const char *name, enum role role, int64_t uid, int64_t quota);

enum account_key { ACCOUNT_UID, ACCOUNT_ROLE, ACCOUNT_QUOTA, ACCOUNT_REQUIRE_TRUST };
struct account_change {
        enum account_key key;
        int64_t value; /* a uid, an enum role, a quota, 0 or 1; -1 clears uid and quota */
};
/* All changes or none. -ENOENT; -EADDRINUSE: another account has the uid; -EPERM: the built-in operator's role. */
int account_set(struct request *request, const char *name, const struct account_change *changes, size_t count);
/* Ends the shares it received, each logged. -ENOENT; -ENOTEMPTY while it owns images or instances; -EPERM: the built-in
 * operator. */
int account_remove(struct request *request, const char *name);

/* The log's clock, and whether the machine's is doubted (CONTRACT 5.4). */
int clock_get(struct request *request, struct clock_state *ret_state);
/* The machine's clock is right: doubt ends. -EALREADY: nobody doubts it. */
int clock_set(struct request *request);

#define LIMIT_SHARES "shares-per-image"
#define LIMIT_SHARES_DEFAULT 50 /* FAQ 1 */
#define LIMIT_IMAGES "images-per-region"
#define LIMIT_IMAGES_DEFAULT 500 /* FAQ 3 */
#define LIMIT_INSTANCES "instances-per-region"
#define LIMIT_INSTANCES_DEFAULT 500
#define LIMIT_BYTES "bytes-per-region"
#define LIMIT_BYTES_NONE INT64_MAX /* the default */
#define LIMIT_KEEP "keep-deleted"
#define LIMIT_KEEP_DEFAULT (7 * 86400) /* seconds */
#define LIMIT_RESERVE "reserve" /* bytes; CONTRACT 5.9 */
#define LIMIT_REVIEW "require-review" /* a switch; FAQ 10 */

/* A switch is 0 or 1, a span is in seconds, a size in bytes; a bound is a size or LIMIT_BYTES_NONE. */
enum limit_kind { LIMIT_NUMBER, LIMIT_SWITCH, LIMIT_SPAN, LIMIT_SIZE, LIMIT_BOUND };
struct limit {
        const char *name;
        int64_t value;
        enum limit_kind kind;
};
int limit_list(struct request *request, int (*each)(const struct limit *limit, void *context), void *context);
/* -ENOENT: no such limit. */
int limit_get(struct request *request, const char *name, struct limit *ret_limit);
/* -ENOENT; -EINVAL: below 0, or a switch that is neither 0 nor 1. */
int limit_set(struct request *request, const char *name, int64_t value);
