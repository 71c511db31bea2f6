/* SPDX-License-Identifier: MIT
 * All that can be read of a catalog, for comparisons.
 */
#pragma once

#define SHARE_LIMIT "limit" /* a setting that is told too */

struct catalog;

/* As text, allocated; regions 1 and 2. */
char *everything(struct catalog *catalog);
