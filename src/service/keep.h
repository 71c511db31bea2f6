/* SPDX-License-Identifier: MIT
 * Between the services that remove disks, bring them back and purge them.
 */
#pragma once

#include "disk/stores.h"
#include "undelete.h"

/* --- keep.c --- */

/* A disk that is going to be removed. */
struct keeping {
        bool possible;
        int64_t bytes; /* that go with it */
        bool kept;     /* once the event has been added */
};
/* Before the transaction: looks at the disk. One that is not there is not kept. */
int keep_look(const struct blob_store *store, int64_t id, struct keeping *ret_keeping);
/* In it: the event says whether it is kept. */
int keep_in(struct catalog_connection *c, struct keeping *keeping, struct event *event);
/* After it: else its file goes, too. */
void keep_done(struct service *service, const struct blob_store *store, int64_t id, const struct keeping *keeping);

/* --- deleted.c --- */

struct kept_found {
        struct kept kept; /* the youngest */
        int images, instances;
};
/* -ENOENT, -ENXIO. */
int kept_find(struct catalog_connection *c, const struct caller *caller, const char *what, struct kept_found *ret_found);
/* For catalog_kept_each where nothing may be kept any more: -EAGAIN, it was deleted just now. */
int kept_refuse(const struct kept *kept, void *context);
/* `north/web@alice#12` as its region, name, owner and number (0: none). -ENOENT: it is nothing of the kind. */
struct kept_name {
        char region[NAME_SIZE], name[NAME_SIZE], owner[NAME_SIZE];
        int64_t id;
};
int kept_name_split(const char *what, struct kept_name *ret_name);

/* --- purge.c --- */

/* An event, then the file. reason: room, age or asked. -ENOENT: it is not kept any more; -EIO: its store is offline. */
int purge_kept(struct service *service, const struct caller *caller, const struct kept *kept, const char *reason);
/* A disk of that region finds no room: the oldest that are kept there go, until it is not short any more. How many, or
 * -errno. */
int purge_for_room(struct service *service, int64_t region);
/* All that is kept of a region, or (0) of an owner. In a store that is offline the files stay. */
int purge_all(struct service *service, const struct caller *caller, int64_t region, int64_t owner);
