/* SPDX-License-Identifier: MIT
 * The regions' stores, as they are open in this process.
 */
#pragma once

#include "blob.h"
#include "registry.h"
#include "state.h"

/* The store of a region, opened once; belongs to the service. -EIO: offline. */
int service_store(struct service *service, int64_t region, struct blob_store **ret_store);
void service_stores_close(struct service *service);
/* The path of a region's store; the caller frees it. */
int service_store_path(const struct service *service, const struct region *region, char **ret_path);
/* Removes a blob once its row's end is on disk: else a power loss would bring back the row alone. */
int service_blob_remove(struct service *service, const struct blob_store *store, int64_t id);
