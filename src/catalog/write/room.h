/* SPDX-License-Identifier: MIT
 * Who may write while no more than the reserve is free (CONTRACT 5.9).
 */
#pragma once

#include "connection.h"

/* In a transaction: may an event (NULL: some other change) be written? Makes the reserve whole where there is room.
 * -ENOSPC: only what gives room back, ends a share, or (as long as there is half of it) tells of a refusal. */
int room_ask(struct catalog_connection *c, const struct event *event);
/* Before a transaction: if there is no room, the log begins anew before it needs more than it has. */
void room_prepare(struct catalog_connection *c);
