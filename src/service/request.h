/* SPDX-License-Identifier: MIT
 * A request's caller, and the connection for its lookups. The public part is in service.h.
 */
#pragma once

#include "state.h"

/* Borrows a connection for lookups: the request's own, if it has one. */
int request_read(struct request *request, struct catalog_connection **ret_connection);
/* catalog_write() for the caller, whose changes take turns with those of other accounts. */
int request_write(struct request *request, catalog_run run, void *context);
/* The caller for changes that nobody asked for, as when a share expires. */
struct caller service_itself(void);
