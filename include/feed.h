/* SPDX-License-Identifier: MIT
 * The catalog's feed of changes, for cache invalidation. It reports changes of this process and of others, by users or
 * by the clock (shares expire). One thread reads a feed; what a call returns: see catalog.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model.h"

struct catalog;
struct feed;

enum change_kind {
        CHANGE_UNKNOWN,    /* made by a newer version: anything may have changed */
        CHANGE_PLACE,      /* an image's name, parts or state: before and after say which */
        CHANGE_DESCRIBED,  /* the text of a place's description */
        CHANGE_SEALED,     /* the disk of a place never changes again */
        CHANGE_TOUCHED,    /* times of a place's disk (node) or description set by hand: for all who see it */
        CHANGE_SHARED,     /* an image (place) with an account */
        CHANGE_UNSHARED,   /* or expired, even before the log says so */
        CHANGE_EXPIRY_SET,
        CHANGE_INSTANCE,   /* made or removed */
        CHANGE_TRUST,      /* the actor began or stopped trusting an account */
        CHANGE_REGION,     /* added or removed */
        CHANGE_ACCOUNT,    /* `account` was added, changed or removed */
};

/* What an image's directory contained. */
struct change_state {
        char name[NAME_SIZE]; /* "": it did not exist */
        int64_t disk, description, shares_link; /* ids of the parts' nodes, 0: none */
        int64_t image;
        bool draft;
};

struct change {
        enum change_kind kind;
        /* known before any lookup, so `concerns` may use them */
        int64_t event; /* 0: none */
        bool own;      /* `actor` made it, by a request of this process */
        int64_t actor;
        int64_t owner;   /* of the place or instance */
        int64_t account; /* the other account */
        char account_name[NAME_SIZE];
        /* filled in for `each` */
        int64_t region, place, share, instance;
        char region_name[NAME_SIZE], owner_name[NAME_SIZE], name[NAME_SIZE]; /* name: the instance's */
        struct change_state before, after;
        bool made;  /* of an instance, a region, trust: it exists now */
        bool disk;  /* CHANGE_TOUCHED: the disk, not the description */
        bool again; /* something of the same name has replaced what ended */
};

/* Feeds changes from now on; a catalog has one feed. wake is called from any thread when there is something to read. It
 * must not wait, and is not called after feed_close returns. */
int feed_open(struct catalog *catalog, void (*wake)(void *context), void *context, struct feed **ret_feed);
struct feed *feed_close(struct feed *feed);

struct feed_reader {
        /* Is anybody interested? Called first: the other lookups cost time. */
        bool (*concerns)(const struct change *change, void *context);
        void (*each)(const struct change *change, void *context);
        void *context;
};
/* A descriptor that poll(2) finds readable once somebody, of any process, has begun to write; feed_written() then takes
 * what it tells. The write may be committed later, or never. Below 0: there is none, look often. */
int feed_descriptor(const struct feed *feed);
/* Has anything been written since the last call? */
bool feed_written(struct feed *feed);
/* Reads all new changes. 1: there were some, even if they concerned nobody; 0: none. */
int feed_read(struct feed *feed, const struct feed_reader *reader);
/* The last event read, and when (ms) the next share expires whose end has not been reported yet; 0: none. */
int64_t feed_last(const struct feed *feed);
int64_t feed_due(const struct feed *feed);
