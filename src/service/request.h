/* SPDX-License-Identifier: MIT
 * Who asks, and what a request looks things up with. What callers outside see of it is in service.h.
 */
#pragma once

#include "state.h"

/* Borrows a connection for looking up: the request's own, if it has one. */
int request_read(struct request *request, struct catalog_connection **ret_connection);
/* Who acts where nobody asked, as when a share expires. */
struct caller service_itself(void);
