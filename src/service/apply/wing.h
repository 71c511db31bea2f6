/* SPDX-License-Identifier: MIT
 * Applying wanted shares in bulk: lines are gathered (apply.c), judged one by one in shared transactions (judge.c), and
 * what nobody listed is revoked at the end (prune.c). Here is what these share; callers outside know include/apply.h.
 */
#pragma once

#include "apply.h"
#include "apply/numbers.h"
#include "disk/seal.h"
#include "log/decision.h"

#define APPLY_LINES 2000
#define APPLY_NS 12000000 /* a transaction takes no more lines after this time; its indexes and its commit come on top */

/* What a refused change is reported and logged with, once its neighbours are on the disk. */
struct apply_note {
        struct caller caller;
        enum event_op op;
        char object[OBJECT_SIZE];
        int64_t place;
        struct refusal refusal;
};

/* A change that waits; account NULL: the image only has to be there. */
struct apply_job {
        struct apply_line line; /* its texts are owned */
        int64_t place;          /* revoke the account's share of that image; 0: a line of the file */
        int result;
        struct apply_note *note; /* of a refused one; NULL: no memory */
        bool shared, unshared, expiry_set;
};

struct apply {
        struct request *request;
        struct apply_report report;
        bool plan;
        struct apply_job jobs[APPLY_LINES];
        size_t count, from, to; /* of these, done in transactions before; in this one */
        /* the image at hand, as it is in this transaction */
        struct request acting; /* who is asking: its owner, or who asks really */
        struct decision decision;
        char region[NAME_SIZE], image[OBJECT_SIZE];
        int found; /* 0, -errno */
        bool known;
        struct seal seal;
        int64_t sealed; /* the place that was prepared, or could not be */
        bool seal_wanted;
        /* of a plan: shares more or less, by place; shares by pair, and with account 0 what would be sealed */
        struct numbers more, planned;
        /* for prune: accounts listed by pair, images in the order of the file */
        struct numbers listed, named;
        int64_t *places;
        size_t places_count, places_room;
};

/* A share that may be: ids of places have 36 bits, of accounts 20 (they are in node numbers). */
static inline uint64_t apply_pair(int64_t place, int64_t account) {
        return (uint64_t)place << 28 | (uint64_t)account;
}

/* apply.c: takes a change; the account's share of a place is revoked, if that is not 0. */
int apply_take(struct apply *a, const struct apply_line *line, int64_t place);

/* judge.c: judges one job and, unless it is a plan, does it, in this transaction. Fills in the job's result;
 * below 0: the machine failed. 1: it needs its image prepared for sealing, nothing was done. */
int apply_judge(struct catalog_connection *c, struct apply *a, struct apply_job *job);
/* Finds the image of a name in a region, and reads it as who acts on it; -ENOENT is kept in a->found, too. */
int apply_find(struct catalog_connection *c, struct apply *a, const char *region, const char *image);
