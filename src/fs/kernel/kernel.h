/* SPDX-License-Identifier: MIT
 * What the kernel remembers, and how it is told to forget: which answers it may keep (cache), who hears of changes
 * (feed), what a change means to a view (invalidate, prune), and telling it (notify). No request waits for the feed, nor
 * the feed for a request.
 */
#pragma once

#include "request/request.h"
#include "tree/kind.h"

struct change;
struct notices;

/* --- cache.c: what the kernel may remember, in seconds --- */

/* Of a node whose attributes have just been found: these, and the name it was found by. */
double cache_attributes(struct call *call, struct node node);
double cache_entry(struct call *call, struct node node);
/* That call->node has no child of that name. */
double cache_missing(struct call *call, const char *name);
/* The listing of call->node, whose attributes have just been found. */
bool cache_listing(struct call *call);
/* The bytes of a disk that is being opened. */
bool cache_bytes(const struct call *call, const struct image *image);

/* Rules for the columns of the table of kinds (struct kind, remember). */
bool remember_always(struct call *call, struct node node, const char *name);
/* Not in a mount for many: whoever has no account is refused by the daemon. */
bool remember_unless_many(struct call *call, struct node node, const char *name);
/* A node whose id is an account, or an account and a region: if that is the caller, for what is below /accounts is
 * told to the views of those it is about. */
bool remember_own(struct call *call, struct node node, const char *name);
bool remember_own_region(struct call *call, struct node node, const char *name);
/* In the view of an account that sees but itself. */
bool remember_ordinary(struct call *call, struct node node, const char *name);
/* Not in the owner's own view, where its own requests change what is in an image. */
bool remember_others(struct call *call, struct node node, const char *name);
/* Names that no part of an image or instance has: nothing can ever be there. */
bool remember_no_part(struct call *call, struct node node, const char *name);

/* --- notify.c, notice.c: telling the kernel --- */

enum notice_kind {
        NOTICE_ATTRIBUTES, /* of a node have changed */
        NOTICE_CONTENT,    /* these, and a file's bytes or a directory's listing */
        NOTICE_NEW,        /* a name may lead elsewhere, or somewhere at last: ask when it is used */
        NOTICE_GONE,       /* a name leads nowhere, and who stands there is to know */
};
/* How far the feed has been told to the kernel: up to which event, and when (ms) the next share expires that has not. */
struct settled {
        int64_t event, due;
};
/* Why the kernel is told something: `-d` says it. */
struct reason {
        const char *what; /* a constant */
        int64_t event;    /* 0: none, or it is not known */
};
int notifier_new(struct mount *mount, struct settled start, struct notifier **ret_notifier);
/* Serves requests that wait, if it must, until no thread of its own is left. Returns NULL. */
struct notifier *notifier_free(struct notifier *notifier);
/* The kernel knows how to mark names. */
void notifier_can_expire(struct notifier *notifier);
/* Once all that has been sent so far is told, `pushed` is settled. */
void notifier_mark(struct notifier *notifier, struct settled pushed);
struct settled notifier_settled(struct notifier *notifier);
/* A view that was not told everything, since it was stuck, and can be told again: all of it is, then that is settled. */
bool notifier_recovered(struct notifier *notifier, int64_t *ret_viewer);
void notifier_resettle(struct notifier *notifier);
/* How many notices there have been. */
int64_t notifier_sent(const struct notifier *notifier);

/* Notices that belong together. NULL: no memory. */
struct notices *notices_new(struct notifier *notifier, struct reason why);
/* name: of a directory's child. -ENOMEM. */
int notices_add(struct notices *notices, enum notice_kind kind, uint64_t node, const char *name);
void notices_send(struct notices *notices); /* takes ownership, as the next one */
/* Waits until they have been told, for that long at most: a request may hold what they need. */
void notices_send_wait(struct notices *notices, int ms);
/* A node's bytes from offset on (size 0: all there are), and its attributes; offset below 0: these alone. At once, by
 * this thread: takes no lock. */
void notice_now(struct mount *mount, uint64_t node, off_t offset, off_t size, const char *why);

/* --- invalidate.c: what a change means to a view --- */

/* Does it concern the view? Asked before what the change is in detail is known. */
bool change_concerns(const struct change *change, const struct viewer *viewer);
void change_tell(struct mount *mount, const struct viewer *viewer, const struct change *change);
/* The caller has given up its share of call->image, or taken somebody's: waits until its view shows it. */
void unshare_tell(struct call *call, int64_t share, const char *account);
/* The caller has renamed an image: the kernel does not know its other names. Waits as well. */
void rename_tell(struct call *call, int64_t place);
/* The caller has removed an image's directory: the kernel does not know what is in it, unlisted. */
void remove_tell(struct call *call, int64_t place);
/* A node's attributes have changed by a request about another one: told before its reply. Takes no lock. */
void attributes_changed(struct call *call, enum node_kind kind, int64_t id);
/* All that is in an image's directory, or of a share of it, by any name: a view may not show it any more. */
void image_forget(struct mount *mount, const struct viewer *viewer, const struct image *image);
void share_forget(struct mount *mount, const struct viewer *viewer, int64_t place, const struct share *share);

/* --- prune.c --- */

/* Everything that a view may have cached. privileged: it has seen all images. */
void view_prune(struct mount *mount, const struct viewer *viewer, bool privileged);

/* --- feed.c: the thread that hears of changes --- */

int feed_start(struct mount *mount);
void feed_stop(struct mount *mount);
