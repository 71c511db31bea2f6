/* SPDX-License-Identifier: MIT
 * Upgrading a catalog of an earlier format to this version's (CONTRACT 10).
 */
#pragma once

#include "check.h"

struct upgrade {
        int64_t format;   /* result: the old format; this version's: there was nothing to do */
        int64_t events;   /* result: in its log */
        int differences;  /* result: if not 0, nothing was changed */
        bool plan;        /* input: only try */
        /* input: called with each difference, and now and then with the number of events read (may be NULL) */
        int (*each)(const struct finding *finding, void *context);
        void (*progress)(int64_t events, void *context);
        void *context;
};
/* Upgrades DIR, which nobody else may have open. The old file stays beside the new one, as catalog.db.format-N. An
 * interrupted upgrade leaves the old state or the new one. Errors as service_open's, with a sentence; also -EAGAIN: in
 * use; -EBADMSG: its rows do not follow from its log. */
int service_upgrade(const char *dir, uid_t uid, struct upgrade *upgrade, char ret_why[static WHY_SIZE]);
