/* SPDX-License-Identifier: MIT
 * Catalog against store, and against its log; and what mends it (CONTRACT 8 `check`, 10).
 */
#pragma once

#include "service.h"

struct finding {
        const char *what;   /* `image`, `instance`, `blob`, `region`; `event`, `share` … */
        const char *object; /* `north/web@alice`, a file's name in its store, an event's number */
        const char *problem;
        const char *repair; /* what would mend it, or has */
};

enum check_flags {
        CHECK_DIGESTS = 1 << 0, /* read every sealed disk, and compare */
        CHECK_REPAIR = 1 << 1,  /* mend what can be, and log it: only once rows follow from the log, or what is whole is lost */
};
/* Calls each for every finding. The number of those that are left as they are, or -errno, or what `each` returned if
 * not 0. Blobs that a daemon is just making or removing are no findings (locked, or gone when asked again). -EACCES:
 * who asks is neither operator nor (without CHECK_REPAIR) auditor. */
int check_run(struct request *request, enum check_flags flags, int (*each)(const struct finding *finding, void *context),
              void *context);

#define CHECK_HASH_SIZE 32
/* Checks the log: its chain, and whether the rows follow from it. Returns as above. kept: the hash of an event,
 * CHECK_HASH_SIZE bytes, or NULL; if an event up to that one was rewritten, that is a finding. ret_event, ret_hash: the
 * last event (0 if even that cannot be read), for the next check. -EACCES as above. */
int check_log(struct request *request, const uint8_t *kept, int (*each)(const struct finding *finding, void *context),
              void *context, int64_t *ret_event, uint8_t ret_hash[static CHECK_HASH_SIZE]);

/* Makes the catalog's rows anew from its log if they do not follow from it; others may use it meanwhile. The log must
 * be whole, and have the hash kept (or NULL), else nothing is touched. DIR need not be one that service_open opens.
 * Findings that are left, or -errno with a sentence as service_open's. */
int check_repair(const char *dir, uid_t uid, const uint8_t *kept,
                 int (*each)(const struct finding *finding, void *context), void *context,
                 char ret_why[static WHY_SIZE]);
