/* SPDX-License-Identifier: MIT
 * From a request to a decision: the facts are read in the transaction, and a refusal is explained and logged.
 */
#pragma once

#include "image.h"
#include "policy.h"
#include "request.h"

/* One request about one image: what was asked, the facts, and what a refusal names. */
struct decision {
        struct request *request;
        enum event_op op;
        const char *asked; /* template with {object}, {account} and {name} */
        int64_t place;
        const char *account; /* the other account, NULL: none */
        const char *name;    /* a new name, NULL: none */
        struct image image;  /* image.place 0: there is none */
        int64_t shares; /* live ones; a lower bound until `counted` */
        bool counted, visible, owner;
        char object[OBJECT_SIZE];
        char names[512], paths[512];
        char files[512]; /* that its disk names */
        int64_t count, limit;
        /* of a share to be granted */
        bool settings_known, unended; /* unended: the account has a share that no event has ended; maybe expired */
        int64_t review;
        const char *region; /* that a refusal names; NULL: the image's */
        int64_t busy;       /* the disk that -EBUSY is about; 0: the image's */
};

/* Reads the caller's role and the image again, in the transaction. -EACCES: the caller's account is gone. */
int decision_read(struct catalog_connection *c, struct decision *d);
/* Counts all live shares of the image, for callers that need or keep the exact number. */
int decision_shares(struct catalog_connection *c, struct decision *d);
/* Reads only the caller's role again, for requests that are about no image. */
int decision_caller(struct catalog_connection *c, struct decision *d);
/* May the caller manage regions, accounts and limits? Its role is read again in the transaction. */
int decision_manage(struct catalog_connection *c, struct decision *d);
/* If rule r (> 0) is about live shares, fills in the recipients' names for the owner. Returns r, or -errno. */
int decision_judged(struct catalog_connection *c, struct decision *d, int r);
/* If rule r is about the files that a disk names, fills in their names, from `format` (model.h) or, if it is empty,
 * from the catalog. Returns r, or -errno. */
int decision_files(struct catalog_connection *c, struct decision *d, const char *format, int r);
/* May the account's disks take as much? asked: the part of it that is asked for; a refusal names what there is without. */
int decision_room(struct decision *d, const struct room_facts *room, int64_t asked);
/* Returns r. A refusal (> 0) is explained in the request and logged; -EBUSY is explained. */
int decision_end(struct decision *d, int r);
/* A refusal by -ENOENT, which it returns: the caller sees no image of that name in the region. It is explained and
 * logged under the name as it was asked, and with no place, so that nothing of it depends on whether there is one. */
int decision_unseen(struct decision *d, const char *region, const char *name);
/* An auditor's refusal, about what he named, whether it is there or not. */
int decision_auditor(struct decision *d, const char *what);
/* Only explains. */
void decision_explain(const struct decision *d, enum rule rule, struct refusal *ret_refusal);
/* An event of this decision, ready for details. */
struct event decision_event(const struct decision *d, enum event_op op);
/* The event that d's image became a copy. source (not copied): its source's name in the log; from: its id. */
struct event decision_copied(const struct decision *d, const char *source, int64_t from, uint64_t size);
/* That it has bytes of another source, too. */
struct event decision_copied_also(const struct decision *d, const char *source, int64_t from);
void object_name(const struct image *image, char ret_object[static OBJECT_SIZE]);

/* Whether the caller may know of an image: 1, 0 or -errno. Sets `expires` if a share makes it visible. */
int image_visible(struct catalog_connection *c, const struct caller *caller, struct image *image);
