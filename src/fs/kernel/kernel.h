/* SPDX-License-Identifier: MIT
 * What the kernel may remember (cache), and how it is told to forget: the thread that reads changes (feed), what a
 * change means to a view (invalidate, prune), and the notices (notify, notice). No request waits for the feed, nor the
 * feed for a request.
 */
#pragma once

#include "request/request.h"
#include "tree/kind.h"

struct change;
struct notices;

/* --- cache.c: what the kernel may remember; times in seconds, 0: not at all --- */

/* For a node whose attributes have just been found: the attributes, and the name that led to it. */
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
/* Not in a multiuser mount: the daemon must refuse callers without an account. */
bool remember_unless_many(struct call *call, struct node node, const char *name);
/* If the account in the node's id (alone, or with a region) is the caller's: changes below /accounts are told only to
 * the view of the account concerned. */
bool remember_own(struct call *call, struct node node, const char *name);
bool remember_own_region(struct call *call, struct node node, const char *name);
/* In the view of an ordinary account, which finds only itself. */
bool remember_ordinary(struct call *call, struct node node, const char *name);
/* Not for an own image in a writable view: own requests change what is in it. */
bool remember_others(struct call *call, struct node node, const char *name);
/* Names that no part of an image or instance has: they can never exist. */
bool remember_no_part(struct call *call, struct node node, const char *name);

/* --- notify.c, notice.c: telling the kernel --- */

enum notice_kind {
        NOTICE_ATTRIBUTES, /* a node's attributes have changed */
        NOTICE_CONTENT,    /* the attributes, and a file's bytes or a directory's listing */
        NOTICE_NEW,        /* a name may lead to another node, or now to one: look it up when it is used */
        NOTICE_GONE,       /* a name leads nowhere: drop it, even under processes that stand there */
};
/* How much of the feed the kernel has been told: the last event, and when (ms) the next share expires that it has not
 * been told of; 0: none. */
struct settled {
        int64_t event, due;
};
/* Why the kernel is told something; printed with `-d`. */
struct reason {
        const char *what; /* a constant */
        int64_t event;    /* 0: none, or unknown */
};
int notifier_new(struct mount *mount, struct settled start, struct notifier **ret_notifier);
/* Ends its threads; meanwhile serves waiting requests, which may hold locks that these need. Returns NULL. */
struct notifier *notifier_free(struct notifier *notifier);
/* Call if the kernel can mark names instead of dropping them. */
void notifier_can_expire(struct notifier *notifier);
/* `pushed` is settled once all notices sent so far have been told. */
void notifier_mark(struct notifier *notifier, struct settled pushed);
struct settled notifier_settled(struct notifier *notifier);
/* Something has not been told yet. */
bool notifier_waits(struct notifier *notifier);
/* Finds a view that missed notices while stuck and can be told again. Prune it, then call notifier_resettle(). */
bool notifier_recovered(struct notifier *notifier, int64_t *ret_viewer);
void notifier_resettle(struct notifier *notifier);
/* How many notices have been told. */
int64_t notifier_sent(const struct notifier *notifier);

/* Notices that belong together. NULL: no memory. */
struct notices *notices_new(struct notifier *notifier, struct reason why);
/* name: a child's of the directory `node`, else NULL. -ENOMEM. */
int notices_add(struct notices *notices, enum notice_kind kind, uint64_t node, const char *name);
void notices_send(struct notices *notices); /* takes ownership, as notices_send_wait() */
/* Waits until they have been told, at most `ms`: a request may hold a lock that they need. */
void notices_send_wait(struct notices *notices, int ms);
/* Tells at once, in this thread, of a node's attributes and its bytes from offset on (size 0: to the end; offset below
 * 0: attributes only). Takes no directory's lock. */
void notice_now(struct mount *mount, uint64_t node, off_t offset, off_t size, const char *why);

/* --- invalidate.c: what a change means to a view --- */

/* Does it concern the view? Asked before the details of the change are looked up. */
bool change_concerns(const struct change *change, const struct viewer *viewer);
void change_tell(struct mount *mount, const struct viewer *viewer, const struct change *change);
/* The caller has ended a share of call->image. If it was its own: waits until its view shows that, at most 50 ms. */
void unshare_tell(struct call *call, int64_t share, const char *account);
/* The caller has renamed an image: tells of the links that contain its name. Waits as well. */
void rename_tell(struct call *call, int64_t place);
/* The caller has removed an image's directory: tells of what was in it, such as the unlisted `.meta`. */
void remove_tell(struct call *call, int64_t place);
/* A request about another node has changed a node's attributes: call before its reply. Takes no directory's lock. */
void attributes_changed(struct call *call, enum node_kind kind, int64_t id);
/* Forgets all of an image or of a share, by any name: the view may not show it any more. */
void image_forget(struct mount *mount, const struct viewer *viewer, const struct image *image);
void share_forget(struct mount *mount, const struct viewer *viewer, int64_t place, const struct share *share);

/* --- prune.c --- */

/* Forgets everything that a view may have cached. privileged: the view has shown all images. */
void view_prune(struct mount *mount, const struct viewer *viewer, bool privileged);

/* --- feed.c: the thread that reads changes --- */

int feed_start(struct mount *mount);
void feed_stop(struct mount *mount);
