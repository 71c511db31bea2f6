/* SPDX-License-Identifier: MIT
 * Catalog against store, read only (SPEC 8 `check`).
 */
#pragma once

#include "service.h"

struct finding {
        const char *what;   /* `image`, `instance`, `blob`, `region` */
        const char *object; /* `north/web@alice`, or a file's name in its store */
        const char *problem;
        const char *repair; /* what would mend it, "" if nothing is known to */
};

/* Calls each for every finding; digests: read every sealed disk and compare. The number of findings, or -errno, or what
 * `each` returned if not 0. Blobs that a daemon is just making or removing are no findings (locked, or gone when asked
 * again). -EACCES: who asks is neither operator nor auditor. */
int check_run(struct request *request, bool digests, int (*each)(const struct finding *finding, void *context),
              void *context);
