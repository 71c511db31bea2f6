/* SPDX-License-Identifier: MIT
 * Catalog against store, and against its log; read only (CONTRACT 8 `check`).
 */
#pragma once

#include "service.h"

struct finding {
        const char *what;   /* `image`, `instance`, `blob`, `region`; `event`, `share` … */
        const char *object; /* `north/web@alice`, a file's name in its store, an event's number */
        const char *problem;
        const char *repair; /* what would repair it; "": unknown */
};

/* Calls `each` for every finding. digests: reads every sealed disk and compares. Returns the number of findings, or
 * -errno, or what `each` returned if not 0. Blobs that a daemon is just making or removing are no findings (they are
 * locked, or gone at the second look). -EACCES: the caller is not staff. */
int check_run(struct request *request, bool digests, int (*each)(const struct finding *finding, void *context),
              void *context);

#define CHECK_HASH_SIZE 32
/* Checks the log: its chain, and whether the rows follow from it. Returns as above. kept: the hash of an event,
 * CHECK_HASH_SIZE bytes, or NULL; if an event up to that one was rewritten, that is a finding. ret_event, ret_hash: the
 * last event (0 if even that cannot be read), for the next check. -EACCES as above. */
int check_log(struct request *request, const uint8_t *kept, int (*each)(const struct finding *finding, void *context),
              void *context, int64_t *ret_event, uint8_t ret_hash[static CHECK_HASH_SIZE]);
