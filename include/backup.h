/* SPDX-License-Identifier: MIT
 * A catalog and its disks copied as of one event, and a catalog made of such a copy (CONTRACT 10, Backup).
 */
#pragma once

#include "check.h"

/* What is asked of a backup or restore, and what it tells. */
struct backup {
        bool without_disks; /* asked: only the catalog */
        /* asked: each disk that can still be written, or is missing; and now and then how far it is (may be NULL) */
        int (*each)(const struct finding *finding, void *context);
        void (*progress)(const struct backup *backup, void *context);
        void *context;
        int64_t event; /* the last one in it */
        uint8_t hash[CHECK_HASH_SIZE];
        int64_t disks;            /* linked or copied so far; those that were there already do not count */
        uint64_t bytes;           /* copied */
        int64_t pages, all_pages; /* of the catalog's file; all_pages 0: not yet */
        int missing;              /* disks without a file, or with a shorter one: the catalog was damaged before */
};

/* Makes `dir` a backup of the request's catalog, or brings one up to date. Others may use the catalog meanwhile. Killed
 * at any instant `dir` is the backup it was, or not yet one, and the next call goes on. Errors with a sentence; also
 * -EACCES: the caller is no operator; -EEXIST, -ENOTEMPTY: there is something else in it; -ESTALE: its log is no
 * beginning of the catalog's; -EBUSY: it is in use; -EIO: a store is offline. */
int service_backup(struct request *request, const char *dir, struct backup *backup, char ret_why[static WHY_SIZE]);

/* Makes `dir`, which is new or empty, a catalog of its own from the backup in `from`. Its log goes on with the event
 * `restore`. Killed: as above. */
int service_restore(const char *from, const char *dir, uid_t uid, struct backup *restore,
                    char ret_why[static WHY_SIZE]);
