/* SPDX-License-Identifier: MIT
 * Applying wanted shares in bulk: lines are gathered (apply.c) and judged one by one in shared transactions (judge.c);
 * before them, shares that nobody listed are revoked (prune.c). These files share this; callers use include/apply.h.
 */
#pragma once

#include "apply.h"
#include "apply/numbers.h"
#include "disk/seal.h"
#include "log/decision.h"
#include "nouns.h"

#define APPLY_LINES 2000
#define APPLY_NS 12000000 /* a transaction takes no more lines then; its indexes and its commit come on top */

/* What a refused change is reported and logged with, once its transaction is on disk. */
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
        struct remains remains; /* of a share that is revoked */
        struct apply_note *note; /* of a refused one; NULL: no memory */
        bool shared, unshared, expiry_set;
};

struct apply {
        struct request *request;
        struct apply_report report;
        bool plan;
        struct apply_job jobs[APPLY_LINES];
        size_t count, from, to; /* jobs; of these, done before this transaction; done with it */
        /* the image at hand, as it is in this transaction */
        struct request acting; /* as its owner if the operator asks, else as the caller */
        struct decision decision;
        char region[NAME_SIZE], image[OBJECT_SIZE];
        int found; /* 0, -errno */
        bool known;
        struct seal seal;
        int64_t sealed; /* the place that was prepared for sealing, or could not be */
        bool seal_wanted;
        /* of a plan: more: shares added or removed, by place; planned: shares by pair, account 0: a sealed place */
        struct numbers more, planned;
        /* for prune: listed: shares by pair; named: places of images; these in the order of the file */
        struct numbers listed, named;
        int64_t *places;
        size_t places_count, places_room;
};

/* The key of a share, live or not: ids of places have 36 bits, of accounts 20 (they are in node numbers). */
static inline uint64_t apply_pair(int64_t place, int64_t account) {
        return (uint64_t)place << 28 | (uint64_t)account;
}

/* apply.c: takes a change. place: revoke the account's share of it; 0: grant the line's. */
int apply_take(struct apply *a, const struct apply_line *line, int64_t place);

/* judge.c: judges one job and, unless it is a plan, does it, in this transaction. 0: the job's result is set; 1: its
 * image must be prepared for sealing first, nothing was done; below 0: the machine failed. */
int apply_judge(struct catalog_connection *c, struct apply *a, struct apply_job *job);
/* Finds an image by its name in a region, and reads it as the actor. Its result is kept in a->found. */
int apply_find(struct catalog_connection *c, struct apply *a, const char *region, const char *image);
