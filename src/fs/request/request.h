/* SPDX-License-Identifier: MIT
 * One request, from the kernel to its one reply: its view, the account it acts as, its open file, and what becomes of a
 * refusal or a failure. What the nodes are is known here only by mount->kinds.
 */
#pragma once

#include <stdio.h>

#include "mount.h"
#include "tree/node.h"

#define VIEWER_GONE (-1)

/* An account whose view is served. */
struct viewer {
        struct viewer *next;
        int64_t account;
        char name[NAME_SIZE];
        _Atomic int role; /* enum role, or VIEWER_GONE */
};

/* One request. */
struct call {
        fuse_req_t req;
        struct mount *mount;
        struct request request; /* its caller is the view's account */
        bool read_only;         /* of the view */
        uid_t uid;              /* owner shown for the files in it */
        gid_t gid;
        struct node node; /* what it is about */
        struct image image; /* the node's image, once it is loaded */
        int64_t loaded;     /* place of image, 0: not loaded */
        int64_t expires;    /* ms, when the node's share ends; 0: never */
        int64_t returned;   /* of the node whose attributes were read last: when it came back (entry.c) */
        uint64_t changes;   /* mount->changes when the request began */
        struct share share; /* a share of the image, just found or listed; id 0: none */
        bool quiet;         /* a refusal is not kept for last_denial */
        const char *doing;  /* "make", "write": what is told of another answer; NULL: nothing is, as of a lookup */
        char word[NAME_SIZE]; /* the name or text that was given */
};

/* --- call.c: a request begins, and ends in one reply --- */

/* -ENOENT: no node of this view; -EACCES: the caller has no account, or the node is in another's view. */
int call_begin(fuse_req_t req, fuse_ino_t ino, struct call *ret_call);
/* The same for lookups only: until call_done they share a transaction, which is cheaper (service.h, request_look). */
int call_begin_look(fuse_req_t req, fuse_ino_t ino, struct call *ret_call);
void call_done(struct call *call);
#define _cleanup_call_ _cleanup_(call_done)
/* The same for a change. -EROFS: the mount is read-only; > 0: only the view is, an auditor's. */
int call_begin_change(fuse_req_t req, fuse_ino_t ino, struct call *ret_call);
/* About an open file: its holder is not checked, and acts as the account that opened it. */
int call_begin_file(fuse_req_t req, fuse_ino_t ino, const struct fuse_file_info *fi, struct call *ret_call);
/* As call_begin_look, but a refused caller acts as an account that has the node open: fstat works for any holder, and
 * comes without the handle. */
int call_begin_stat(fuse_req_t req, fuse_ino_t ino, struct call *ret_call);
/* Replies with r: 0, -errno or the rule that refused, which the caller's uid can then read in last_denial. */
void call_end(struct call *call, int r);

/* The positive errno for r, which is not 0. Records a refusal, also one that no rule made. */
int call_errno(struct call *call, int r);
/* A node of this view. */
struct node call_node(const struct call *call, enum node_kind kind, int64_t id);
/* Loads call->image for a place. -ENOENT. */
int call_image(struct call *call, int64_t place);
/* Sets call->image to an image just read or changed. */
void call_image_set(struct call *call, const struct image *image);
/* Writes the last denial of a uid; nothing if there is none. */
void denial_print(struct mount *mount, uid_t uid, FILE *to);
void denials_clear(struct mount *mount);

/* --- answer.c --- */

/* Says what the request does, for who is told why it failed. word: a name in the call's node, or the text; NULL:
 * none. */
void call_about(struct call *call, const char *doing, const char *word);
/* Explains an errno (positive) in the request's refusal. false: nothing is told of it. */
bool call_answer(struct call *call, int error);

/* --- failure.c --- */

/* Logs an errno (positive) that means a failure of the machine. Any thread. */
void failure_tell(struct call *call, int error);

/* --- view.c: the caller --- */

/* Lets the caller in, as its account. -EACCES, -ENOENT as in call_begin. */
int view_enter(struct call *call);
/* Is the node in no view, the same for all? The root; in a multiuser mount also `.views`, links, `.imgshare`. */
bool view_none(const struct mount *mount, enum node_kind kind);
/* Sets owner and mode. In a multiuser mount a view's nodes are for its account only; all may read nodes in no view. */
void view_own(const struct call *call, enum node_kind kind, struct stat *st);

/* --- viewers.c: whose views are served --- */

/* The caller's viewer, made if it is new. NULL: no memory. */
struct viewer *viewer_add(struct mount *mount, const struct caller *caller);
/* Gives the caller of a request its current role. -EACCES: its account was removed. */
int viewer_enter(struct call *call);
void viewers_each(struct mount *mount, void (*each)(struct mount *mount, struct viewer *viewer, void *context),
                  void *context);
void viewers_clear(struct mount *mount);

/* --- open_files.c: the table of open files --- */

/* What fuse_file_info.fh points to: an open disk, small text, day of the log or exposure; and its links in the
 * table. */
struct open_file {
        struct open_file *next, *previous;
        struct node node;
        struct caller caller; /* who opened it: RELEASE does not tell, and a descriptor can be handed on */
        uid_t uid;            /* owner shown, as in struct call */
        /* one of these four, the others are NULL */
        struct disk_handle *disk;
        struct text_handle *text;
        struct events_reader *events;
        struct exposure_text *exposure;
        int backing; /* the kernel's number for the disk's file in passthrough; 0: through the daemon */
};
static inline struct open_file *file_of(const struct fuse_file_info *fi) {
        return (struct open_file *)(uintptr_t)fi->fh;
}
void files_insert(struct mount *mount, struct open_file *file);
void files_remove(struct mount *mount, struct open_file *file);
/* NULL: the node is not open. Under files_lock, as the two above. */
const struct open_file *files_find(struct mount *mount, struct node node);
/* The list with all open files of a node. Under files_lock. */
struct open_file **files_of(struct mount *mount, struct node node);
/* Makes the call act as the account that opened the file. */
void file_adopt(struct call *call, const struct open_file *file);
/* The same for any open file of the call's node. false: there is none. */
bool file_adopt_any(struct call *call);
