/* SPDX-License-Identifier: MIT
 * Catalog against store, and against its log; read only (CONTRACT 8 `check`).
 */
#pragma once

#include "service.h"

struct finding {
        const char *what;   /* `image`, `instance`, `blob`, `region`; `event`, `share` … */
        const char *object; /* `north/web@alice`, a file's name in its store, an event's number */
        const char *problem;
        const char *repair; /* what would mend it, "" if nothing is known to */
};

/* Calls each for every finding; digests: read every sealed disk and compare. The number of findings, or -errno, or what
 * `each` returned if not 0. Blobs that a daemon is just making or removing are no findings (locked, or gone when asked
 * again). -EACCES: who asks is neither operator nor auditor. */
int check_run(struct request *request, bool digests, int (*each)(const struct finding *finding, void *context),
              void *context);

#define CHECK_HASH_SIZE 32
/* The log: its chain, and whether the rows follow from it. The number of findings, or -errno, also `each`'s. kept: the
 * hash of an event, CHECK_HASH_SIZE bytes, or NULL: that an event up to it was rewritten would be a finding.
 * ret_event, ret_hash: the last event (0 if even that cannot be read), for the next check. -EACCES as above. */
int check_log(struct request *request, const uint8_t *kept, int (*each)(const struct finding *finding, void *context),
              void *context, int64_t *ret_event, uint8_t ret_hash[static CHECK_HASH_SIZE]);
