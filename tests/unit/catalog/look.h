/* SPDX-License-Identifier: MIT
 * Looks at a scratch catalog as lookups do, which know rows from before: tests of the memo.
 */
#pragma once

#include "connection.h"

extern int64_t alice; /* an account of the catalog that look_setup makes */

int look_setup(void **state);
/* A connection whose reads are one transaction. */
struct catalog_connection *look_begin(struct catalog *catalog);
/* Alice's, by such a look. */
int64_t look_quota(void);
int look_set_quota_of(struct catalog *catalog, int64_t id, int64_t value);
void look_set_quota(int64_t value);
/* Whether the statement has run since it was asked last, on the connection that the next look will be through. */
bool look_asked(enum statement which);
