/* SPDX-License-Identifier: MIT
 * A catalog of an earlier format made one of this version (CONTRACT 10).
 */
#pragma once

#include "check.h"

struct upgrade {
        int64_t format;   /* that it had; today's: nothing was to be done */
        int64_t events;   /* of its log, now */
        int differences;  /* found: nothing has changed then */
        bool plan;        /* asked: only try */
        /* asked: each difference, and now and then how many events have been read (may be NULL) */
        int (*each)(const struct finding *finding, void *context);
        void (*progress)(int64_t events, void *context);
        void *context;
};
/* Of DIR, which nobody else may have open. The old file stays beside the new one, as catalog.db.format-N. It is as it was,
 * or done, whenever this ends. Errors as service_open's, with a sentence: also -EAGAIN: in use; -EBADMSG: its rows do not
 * follow from its log. */
int service_upgrade(const char *dir, uid_t uid, struct upgrade *upgrade, char ret_why[static WHY_SIZE]);
