/* SPDX-License-Identifier: MIT
 * The catalog's feed: whoever cached something reads what has changed since, and drops just that. By this process or
 * another, by a user, or by the clock (shares expire). One thread reads a feed; what a call returns: see catalog.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model.h"

struct catalog;
struct feed;

enum change_kind {
        CHANGE_UNKNOWN,    /* by a newer version: anything */
        CHANGE_PLACE,      /* an image's name, parts or state: before and after say which */
        CHANGE_DESCRIBED,  /* the text of a place's description */
        CHANGE_SEALED,     /* the disk of a place will not change any more */
        CHANGE_TOUCHED,    /* times of a place's disk (node) or description were set by hand: everybody who sees it */
        CHANGE_SHARED,     /* a place with an account */
        CHANGE_UNSHARED,   /* or expired, whether or not the log says so yet */
        CHANGE_EXPIRY_SET,
        CHANGE_INSTANCE,   /* made or removed */
        CHANGE_TRUST,      /* the actor trusts an account, or stops */
        CHANGE_REGION,     /* added or removed */
        CHANGE_ACCOUNT,    /* added, changed or removed: `account` */
};

/* What there was to see of an image's directory. */
struct change_state {
        char name[NAME_SIZE]; /* "": it was not there */
        int64_t disk, description, shares_link; /* ids of the parts' nodes, 0: not there */
        int64_t image;
        bool draft;
};

struct change {
        enum change_kind kind;
        /* known before anything is looked up: what `concerns` is asked with */
        int64_t event; /* 0: none */
        bool own;      /* a request of this process made it, as `actor` */
        int64_t actor;
        int64_t owner;   /* of the place or instance */
        int64_t account; /* the other account */
        char account_name[NAME_SIZE];
        /* then */
        int64_t region, place, share, instance;
        char region_name[NAME_SIZE], owner_name[NAME_SIZE], name[NAME_SIZE]; /* name: the instance's */
        struct change_state before, after;
        bool made;  /* an instance, a region, trust: it is there now */
        bool disk;  /* CHANGE_TOUCHED: the disk's */
        bool again; /* what ended has a successor of the same name now */
};

/* Changes from now on; a catalog has one feed. wake (any thread, must not wait): there is something to read; it is not
 * called any more once feed_close returns. */
int feed_open(struct catalog *catalog, void (*wake)(void *context), void *context, struct feed **ret_feed);
struct feed *feed_close(struct feed *feed);

struct feed_reader {
        /* Is anybody interested? Asked first, since looking up the rest costs. */
        bool (*concerns)(const struct change *change, void *context);
        void (*each)(const struct change *change, void *context);
        void *context;
};
/* Reads all that is new. 1: there was something, even if it concerned nobody; 0: nothing. */
int feed_read(struct feed *feed, const struct feed_reader *reader);
/* The last event read, and when (ms) the next share expires that has not been told yet; 0: none does. */
int64_t feed_last(const struct feed *feed);
int64_t feed_due(const struct feed *feed);
