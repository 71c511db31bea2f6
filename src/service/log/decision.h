/* SPDX-License-Identifier: MIT
 * From a request to a decision: the facts, read in the transaction, and what becomes of the answer.
 */
#pragma once

#include "image.h"
#include "state.h"

/* One request about one image: what was asked, what is so, and what a refusal names. */
struct decision {
        struct request *request;
        enum event_op op;
        const char *asked; /* template with {object}, {account} and {name} */
        int64_t place;
        const char *account; /* the other account, NULL: none */
        const char *name;    /* a new name, NULL: none */
        struct image image;  /* image.place 0: there is none */
        int64_t shares; /* live ones; 1 if there are any, until they are counted */
        bool counted, visible, owner;
        char object[OBJECT_SIZE];
        char names[512], paths[512];
        int64_t count, limit;
        /* of a share to be granted */
        bool settings_known, unended; /* unended: there is one, maybe expired */
        int64_t review;
        const char *region; /* where the request wants something; NULL: where the image is */
};

/* Reads the caller's role and the image again, in the transaction. -EACCES: the caller's account is gone. */
int decision_read(struct catalog_connection *c, struct decision *d);
/* Counts the image's live shares: for who keeps the number while it goes on. */
int decision_shares(struct catalog_connection *c, struct decision *d);
/* Only who asks, read again: for what is about no image. */
int decision_caller(struct catalog_connection *c, struct decision *d);
/* May the caller manage regions, accounts and limits? Read again in the transaction. */
int decision_manage(struct catalog_connection *c, struct decision *d);
/* Names those the image is shared with, when rule r (> 0) is about that. Returns r, or below 0. */
int decision_judged(struct catalog_connection *c, struct decision *d, int r);
/* What a call returns: r; a refusal (> 0) is explained in the request and logged. */
int decision_end(struct decision *d, int r);
/* Only explains. */
void decision_explain(const struct decision *d, enum rule rule, struct refusal *ret_refusal);
/* An event of this decision, ready for details. */
struct event decision_event(const struct decision *d, enum event_op op);
/* That d's image became a copy. source (kept): what the log calls it; from: its id. */
struct event decision_copied(const struct decision *d, const char *source, int64_t from, uint64_t size);
void object_name(const struct image *image, char ret_object[static OBJECT_SIZE]);

/* Whether who asks may know of an image: 1, 0 or -errno. Fills in when the share ends that shows it. */
int image_visible(struct catalog_connection *c, const struct caller *caller, struct image *image);
