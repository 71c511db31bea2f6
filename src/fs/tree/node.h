/* SPDX-License-Identifier: MIT
 * Node ids: kind, viewer and catalog id packed into the inode number, so that no table of inodes is needed. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Kinds are part of inode numbers: never renumber. An image's parts rise in the order `cp -r` needs (CONTRACT 3). */
enum node_kind {
        NODE_ROOT = 0,
        NODE_REGIONS = 1,
        NODE_REGION = 2,      /* id: region */
        NODE_IMAGES = 3,      /* id: region */
        NODE_IMAGE = 4,       /* id: place */
        NODE_ALIAS = 5,       /* id: place; `web@me` -> `web` */
        NODE_ACCOUNTS = 6,
        NODE_ACCOUNT = 7, /* id: account */
        NODE_TRUSTED = 8, /* id: account */
        NODE_TRUST = 9,   /* id: the event that made it */
        NODE_USAGE = 10,  /* id: account */
        NODE_INSTANCES = 11, /* id: region */
        NODE_INSTANCE = 12,
        NODE_INSTANCE_IMAGE = 13, /* id: instance */
        NODE_INSTANCE_DISK = 14,  /* id: launch */
        NODE_DESCRIPTION = 16, /* id: description */
        NODE_SHARES_LINK = 17, /* id: link; `shares` in a view that can write */
        NODE_SHARES = 18,      /* id: place; `shares` in a read-only view */
        NODE_DISK = 19,        /* id: image */
        NODE_EVENTS = 20,
        NODE_EVENTS_DAY = 21,      /* id: days since 1970 */
        NODE_RECEIVED = 22,        /* id: account */
        NODE_OWNED = 23,           /* id: account */
        NODE_RECEIVED_REGION = 24, /* id: account << 16 | region */
        NODE_OWNED_REGION = 25,    /* id: account << 16 | region */
        NODE_RECEIVED_LINK = 26,   /* id: share */
        NODE_OWNED_LINK = 27,      /* id: place */
        NODE_VIEWS = 28,           /* of a multiuser mount: `.views` */
        NODE_VIEW = 29,            /* viewer and id: the account whose view it is */
        NODE_VIEW_LINK = 30,       /* id: kind of the directory in the caller's view that it leads to */
        NODE_META = 32,        /* id, here and below: place */
        NODE_META_SHARES = 33,
        NODE_META_SHARES_LINK = 34,
        NODE_META_ID = 35,
        NODE_META_OWNER = 36,
        NODE_META_STATE = 37,
        NODE_META_SIZE = 38,
        NODE_META_DIGEST = 39,
        NODE_META_CREATED = 40,
        NODE_META_SOURCE = 41,
        NODE_META_SHARES_TSV = 42,
        NODE_META_HISTORY = 43,
        NODE_META_TRUST = 44,
        NODE_META_REVIEWED = 45,
        NODE_META_USAGE = 46,
        NODE_META_EXPOSURE = 47,
        NODE_SHARE = 48, /* id: share */
        NODE_EXPIRES = 49, /* id: share */
        NODE_META_FORMAT = 50, /* id: place */
        NODE_CONTROL = 64,
        NODE_WHOAMI = 65,
        NODE_LAST_DENIAL = 66,
        NODE_RULES = 67,
        NODE_VERSION = 68,
        NODE_STATS = 69,
        NODE_KINDS = 128,
};

struct node {
        enum node_kind kind;
        int64_t viewer; /* account id, below 2^20 */
        int64_t id;     /* catalog id, below 2^36 */
};

#define NODE_VIEWER_BITS 20
#define NODE_ID_BITS 36

/* Ids of nodes that stand for an account and a region. */
#define NODE_REGION_BITS 16
static inline int64_t node_account_region(int64_t account, int64_t region) {
        return account << NODE_REGION_BITS | region;
}
static inline int64_t node_account(int64_t id) {
        return id >> NODE_REGION_BITS;
}
static inline int64_t node_region(int64_t id) {
        return id & ((INT64_C(1) << NODE_REGION_BITS) - 1);
}

uint64_t node_pack(struct node node);
/* -ENOENT: no number that node_pack makes. */
int node_unpack(uint64_t number, struct node *ret_node);
