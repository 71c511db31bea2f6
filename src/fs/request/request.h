/* SPDX-License-Identifier: MIT
 * One request, from the kernel's question to its one answer: whose view it is about, who it acts as, which open file it
 * came by, and what becomes of a refusal or a failure. Nothing here knows what the nodes are, but by mount->kinds.
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
        struct request request; /* its caller: whose view it is */
        bool read_only;         /* the view is */
        uid_t uid;              /* whose the files in it appear to be */
        gid_t gid;
        struct node node; /* what it is about */
        struct image image; /* of a node that belongs to one, once call_image has loaded it */
        int64_t loaded;     /* place of image, 0: not loaded */
        int64_t expires;    /* of a node that belongs to a share: when that ends, ms; 0: never */
        uint64_t changes;   /* the mount's, when it began */
        struct share share; /* one of its shares that was just found or listed; id 0: none */
        bool quiet;         /* a refusal is not told by last_denial */
};

/* --- call.c: a request begins, and ends in one reply --- */

/* -ENOENT: no node of this view; -EACCES: the caller has no account, or the node is in another's view. */
int call_begin(fuse_req_t req, fuse_ino_t ino, struct call *ret_call);
/* The same for looking only: it is cheaper together, until call_done (service.h, request_look). */
int call_begin_look(fuse_req_t req, fuse_ino_t ino, struct call *ret_call);
void call_done(struct call *call);
#define _cleanup_call_ _cleanup_(call_done)
/* -EROFS in a mount that cannot write; > 0 in an auditor's view of one that can. */
int call_begin_change(fuse_req_t req, fuse_ino_t ino, struct call *ret_call);
/* About an open file: nobody is let in, whoever holds it acts as who opened it. */
int call_begin_file(fuse_req_t req, fuse_ino_t ino, const struct fuse_file_info *fi, struct call *ret_call);
/* As call_begin_look, but somebody else's open file answers: fstat works in all hands, and comes without the handle. */
int call_begin_stat(fuse_req_t req, fuse_ino_t ino, struct call *ret_call);
/* Replies with r: 0, -errno or the rule that refused, which the caller's uid can then read in last_denial. */
void call_end(struct call *call, int r);

/* The errno (positive) of r other than 0; records a refusal. */
int call_errno(struct call *call, int r);
/* A node of this view. */
struct node call_node(const struct call *call, enum node_kind kind, int64_t id);
/* Loads call->image for a place. -ENOENT. */
int call_image(struct call *call, int64_t place);
/* The image was changed: what was loaded is void, or now this. */
void call_image_set(struct call *call, const struct image *image);
/* Writes the last denial of a uid; nothing if there is none. */
void denial_print(struct mount *mount, uid_t uid, FILE *to);
void denials_clear(struct mount *mount);

/* --- failure.c --- */

/* Has the log say that the machine failed, if that is what the errno means. Any thread. */
void failure_tell(struct call *call, int error);

/* --- view.c: who asks --- */

/* Lets the caller in, as the account that it is: 0, -EACCES, -ENOENT. */
int view_enter(struct call *call);
/* Of such a mount the nodes that are in nobody's view, and so the same for all. */
bool view_none(const struct mount *mount, enum node_kind kind);
/* Owner and mode: what is in a view is its account's alone, what is in none is all the world's to read. */
void view_own(const struct call *call, enum node_kind kind, struct stat *st);

/* --- viewers.c: whose views are served --- */

/* The viewer that a caller is, made if it is new; NULL: no memory. */
struct viewer *viewer_add(struct mount *mount, const struct caller *caller);
/* The caller of a request gets the role it has now. -EACCES: its account was removed. */
int viewer_enter(struct call *call);
void viewers_each(struct mount *mount, void (*each)(struct mount *mount, struct viewer *viewer, void *context),
                  void *context);
void viewers_clear(struct mount *mount);

/* --- open_files.c: the table of those --- */

/* What fuse_file_info.fh is: a disk, a small text or a day of the log; and its place among all that are open. */
struct open_file {
        struct open_file *next, *previous;
        struct node node;
        struct caller caller; /* who opened it: RELEASE comes without, and a descriptor can be handed on */
        uid_t uid;            /* whose it is, as struct call has it */
        /* one of them, the others are NULL */
        struct disk_handle *disk;
        struct text_handle *text;
        struct events_reader *events;
        int backing; /* the kernel's number for the disk's file, which it reads and writes; 0: we do */
};
static inline struct open_file *file_of(const struct fuse_file_info *fi) {
        return (struct open_file *)(uintptr_t)fi->fh;
}
void files_insert(struct mount *mount, struct open_file *file);
void files_remove(struct mount *mount, struct open_file *file);
/* NULL: the node is not open. Under files_lock, as the two above. */
const struct open_file *files_find(struct mount *mount, struct node node);
/* The list that open files of a node are in. */
struct open_file **files_of(struct mount *mount, struct node node);
/* Acts as who opened it. */
void file_adopt(struct call *call, const struct open_file *file);
/* Finds one that is open of the call's node, and acts as who opened it. */
bool file_adopt_any(struct call *call);
