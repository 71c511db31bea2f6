/* SPDX-License-Identifier: MIT
 * The room that a catalog keeps for itself (CONTRACT 5.9), in its own files: below, what each connection does for it
 * (reserve.c); who may use it is asked in a transaction (write/room.c).
 *
 *     catalog.db          pages in use | free: half of the reserve, at least
 *     catalog.db-wal      the log      | allocated up to the other half, and ahead of what is in it
 *     catalog.db-reserve  128 KiB for the log's index, given back when opening finds no room
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RESERVE_UNIT (64 << 10) /* the file's size is a multiple of it */

struct home;
struct catalog_connection;

/* There is a reserve: somebody who keeps one has opened the catalog. */
bool reserve_is_kept(const struct home *home);
/* Makes the small file, or makes it whole. -ENOSPC: there is no room; other errors do not matter. */
int reserve_take(const struct home *home);
/* Gives back a part of it: others may take that, and the next one finds no room either. false: there was nothing
 * left. */
bool reserve_give(const struct home *home);
/* A new connection: whoever closes last leaves the log where it is. */
void reserve_keep_log(struct catalog_connection *c);
/* No reserve any more: the log goes when this connection is the last one closed, the small file at once. */
void reserve_end(struct catalog_connection *c);
/* Before a checkpoint, or a connection is closed: the file is not cut to what is in use. */
void reserve_hold(struct catalog_connection *c);
/* Allocates the file up to a size, or the log, whose own size stays. false: there is no room. */
bool reserve_grow_file(struct catalog_connection *c, int64_t size);
bool reserve_grow_log(const struct home *home, int64_t size);
