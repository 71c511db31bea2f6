/* SPDX-License-Identifier: MIT
 * Tests of the memo: looks at a scratch catalog through lookups that remember rows.
 */
#pragma once

#include "connection.h"

extern int64_t alice; /* an account that look_setup makes */

int look_setup(void **state);
/* A connection whose reads are one transaction. */
struct catalog_connection *look_begin(struct catalog *catalog);
/* Alice's quota, by such a lookup. */
int64_t look_quota(void);
int look_set_quota_of(struct catalog *catalog, int64_t id, int64_t value);
void look_set_quota(int64_t value);
/* Whether the statement has run since this was last called, on the connection that the next lookup uses. */
bool look_asked(enum statement which);
