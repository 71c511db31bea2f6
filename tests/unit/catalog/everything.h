/* SPDX-License-Identifier: MIT
 * A dump of all that can be read from a catalog, for comparisons.
 */
#pragma once

#define SHARE_LIMIT "limit" /* a setting that is dumped, too */

struct catalog;

/* The dump as text, allocated; regions 1 and 2. */
char *everything(struct catalog *catalog);
