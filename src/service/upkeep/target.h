/* SPDX-License-Identifier: MIT
 * Backup and restore from inside: the directory they fill (target.c), the disks they bring there (taking.c).
 */
#pragma once

#include "backup.h"
#include "disk/stores.h"

/* --- target.c --- */

/* A directory that becomes a backup or a catalog: when its catalog.db is there. */
struct target {
        const char *dir;
        int fd;       /* locked: nobody else fills it */
        int mark_fd;
        bool whole;   /* it has been one before */
        char *path, *unfinished; /* of its catalog */
};
#define TARGET_NONE ((struct target){ .fd = -1, .mark_fd = -1 })

/* Makes `dir`, or takes it if it is the caller's own, and empty or with the mark already; `what`: that it is to be, in
 * words. Not in `from`, the directory that it is made from. */
int target_open(const char *dir, const char *from, const char *mark, const char *what, struct target *ret_target,
                char why[static WHY_SIZE]);
void target_close(struct target *target);
#define _cleanup_target_ _cleanup_(target_close)
/* Writes into the mark what is being made, on disk. */
int target_mark(const struct target *target, const char *text);
/* Nobody has the backup open from here on, until it is closed. Waits for that. */
int target_take(const struct target *target);
/* The store of a region in it, made if it is missing. */
int target_store(const struct target *target, const char *region, const char *uuid, struct blob_store **ret_store);
/* Gives the catalog its name: all else is on disk. */
int target_commit(const struct target *target);
/* Removes what the catalog there now does not have: blobs, stores. */
int target_prune(const struct target *target);

/* --- taking.c --- */

struct taking {
        struct service *from;
        const struct target *target;
        bool own; /* the target's files are its own: never links; one that has its name is whole */
        bool fixed; /* the moment is chosen */
        struct backup *backup;
        struct taking_store *stores;
        /* disks that are open until they are copied: they may be removed meanwhile */
        struct held *held;
        size_t held_count, held_room;
        char *why; /* WHY_SIZE, empty at first */
};

/* All disks of the catalog that now live, those that go meanwhile left out. */
int taking_all(struct taking *taking);
/* Chooses the moment of the backup: all reads by `ret_connection` see it. All disks that were there before the event
 * `after` have been taken; those that came since then are taken now, or held. */
int taking_moment(struct taking *taking, int64_t after, struct catalog_connection **ret_connection,
                  struct log_head *ret_head);
/* Those that were held. */
int taking_held(struct taking *taking);
/* Makes the stores of a catalog's regions, tells of all its disks that can still be written or are missing, and has all
 * stores on disk. */
int taking_verify(struct taking *taking, struct catalog_connection *c);
/* --- backup.c --- */

/* The disks, and a copy of the catalog beside its place, as of one event. */
int taking_catalog(struct taking *taking);
/* The rest of the disks; then all that the copy tells of is there. */
int taking_end(struct taking *taking);

void taking_close(struct taking *taking);
#define _cleanup_taking_ _cleanup_(taking_close)
