/* SPDX-License-Identifier: MIT
 * The regions' stores, as they are open in this process.
 */
#pragma once

#include "blob.h"
#include "registry.h"
#include "state.h"

/* Belongs to the service: a store that is open. Under stores_lock, but for what is said in stores.c. */
struct store_entry {
        struct store_entry *next;
        int64_t region;
        struct blob_store *store;
        bool stale;   /* its filesystem went away; kept for those who still hold it */
        bool written; /* before it was marked last; of who marks */
};

/* --- claim.c: whose a store is --- */

/* Whose the store of a region is to be: this directory's. */
int claim_owner(const struct service *service, struct catalog_connection *c, int64_t region,
                struct blob_owner *ret_owner);
int claim_number(uint64_t *ret_number); /* draws a new one */
/* Opens a region's store, and claims it where it can be written. One that is another's is open for reading, and makes
 * the service read only. -EIO: offline, or another region's. */
int claim_store(struct service *service, int64_t region, struct blob_store **ret_store);
/* Claims one that is open, if that failed before: its disk was full. */
void claim_again(struct service *service, int64_t region, struct blob_store *store);
/* Why a region's store is refused, in ret_why: 1, or 0 if it is not. */
int claim_refusal(struct service *service, int64_t region, char ret_why[static WHY_SIZE]);
/* An open store was taken by another directory. */
void claim_lost(struct service *service, int64_t region);
/* Nothing for a store that can be claimed; else why not: a sentence. */
int claim_explain(int claim, bool ahead, const char *region, const char *path, char ret_why[static WHY_SIZE]);
/* Looks at the stores of all regions, as long as they answer; one that hangs is looked at when it is used. */
int claim_all(struct service *service);

/* --- stores.c --- */

/* The store of a region, opened once; belongs to the service. -EIO: offline. */
int service_store(struct service *service, int64_t region, struct blob_store **ret_store);
/* Says in the marks of stores up to which event they were written to, where they were since the last time, and, since
 * the event of what was written may come a little later, the time before. */
void service_stores_mark(struct service *service);
void service_stores_close(struct service *service);
/* The path of a region's store; the caller frees it. */
int service_store_path(const struct service *service, const struct region *region, char **ret_path);
/* Removes a blob once its row's end is on disk: else a power loss would bring back the row alone. */
int service_blob_remove(struct service *service, const struct blob_store *store, int64_t id);
