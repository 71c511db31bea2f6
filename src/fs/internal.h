/* SPDX-License-Identifier: MIT
 * Shared inside the mount: the mount itself, one request, kinds of nodes.
 */
#pragma once

#ifdef HAVE_FUSE_PASSTHROUGH
#define FUSE_USE_VERSION 317
#else
#define FUSE_USE_VERSION 312
#endif

#include <errno.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "account.h"
#include "cleanup.h"
#include "disk.h"
#include "image.h"
#include "instance.h"
#include "tree/node.h"
#include "service.h"
#include "share.h"
#include "timestamp.h"
#include "verdict.h"

struct denial;
struct lister;
struct feed_thread;
struct notifier;

#define VIEWER_SLOTS 64
#define FILE_SLOTS 4096
#define VIEWER_GONE (-1)

/* An account whose view is served: viewers.c. */
struct viewer {
        struct viewer *next;
        int64_t account;
        char name[NAME_SIZE];
        _Atomic int role; /* enum role, or VIEWER_GONE */
};

/* What the machine failed at (failure.c). */
struct failures {
        bool background;
        _Atomic int64_t told;    /* ms: the last line */
        _Atomic uint64_t untold; /* since then */
};

struct mount {
        struct service *service;
        struct fuse_session *session;
        struct caller caller; /* who every request acts as, if it is one account; the uid is the request's */
        bool multiuser;       /* the caller's uid says the account instead, request by request */
        bool read_only;
        uid_t uid; /* whose the files appear to be; in a mount with many users, those that are in no view */
        gid_t gid;
        int64_t started; /* ms: the time of what has none of its own */
        const struct kind *const *kinds; /* of nodes, by number */
        struct stats *stats; /* while it serves */
        pthread_mutex_t denials_lock;
        struct denial *denials; /* the last one of each uid */
        struct failures failures;
        bool answers_later; /* a request may be answered by another thread than the one that has read it */
        pthread_mutex_t pending_lock;
        pthread_cond_t pending_none;
        int pending; /* requests that will be: sharing.c */
        pthread_mutex_t files_lock;
        struct open_file *files[FILE_SLOTS]; /* open ones, by node */
        bool passthrough;         /* the kernel and we can */
        dev_t no_passthrough[8];  /* filesystems of stores that cannot; under files_lock */
        size_t no_passthrough_count;
        pthread_mutex_t viewers_lock; /* of adding one */
        struct viewer *_Atomic viewers[VIEWER_SLOTS];
        struct notifier *notifier; /* NULL: nobody tells the kernel of changes, so it must not cache anything */
        struct feed_thread *feed;
        _Atomic uint64_t changes; /* that the feed has seen and somebody here cares for */
        _Atomic bool feed_blind;  /* it cannot read: what is cached must not grow */
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

/* Has the log say that the machine failed, if that is what the errno means. Any thread. */
void failure_tell(struct call *call, int error);
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

/* --- viewers.c: whose views are served --- */

/* The viewer that a caller is, made if it is new; NULL: no memory. */
struct viewer *viewer_add(struct mount *mount, const struct caller *caller);
/* The caller of a request gets the role it has now. -EACCES: its account was removed. */
int viewer_enter(struct call *call);
void viewers_each(struct mount *mount, void (*each)(struct mount *mount, struct viewer *viewer, void *context),
                  void *context);
void viewers_clear(struct mount *mount);

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

/* --- notify.c: telling the kernel --- */

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
/* many: views of many users, none of which may keep the others waiting. */
int notifier_new(struct fuse_session *session, bool many, struct settled start, struct notifier **ret_notifier);
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
struct notices *notices_new(struct notifier *notifier);
/* name: of a directory's child. -ENOMEM. */
int notices_add(struct notices *notices, enum notice_kind kind, uint64_t node, const char *name);
void notices_send(struct notices *notices); /* takes ownership, as the next one */
/* Waits until they have been told, for that long at most: a request may hold what they need. */
void notices_send_wait(struct notices *notices, int ms);

/* --- guard.c: that a daemon that ends leaves nobody waiting --- */

/* A thread that may wait for a directory's lock begins. */
void guard_thread(struct fuse_session *session);
/* Nobody serves any more. What was read and has no answer fails: libfuse drops what it reads once the session is told to
 * end, and who asked for that may hold a lock that such a thread waits for. */
void guard_drop_read(struct fuse_session *session);
/* In the thread that lives longest. */
int guard_start(struct fuse_session *session, pid_t *ret_guard);
void guard_stop(pid_t guard);

/* --- invalidate.c, feed.c: what a change means to the views --- */

struct change;
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
/* Everything that a view may have cached. privileged: it has seen all images. */
void view_prune(struct mount *mount, const struct viewer *viewer, bool privileged);

int feed_start(struct mount *mount);
void feed_stop(struct mount *mount);

/* --- tree.c: what the nodes are --- */
/* --- views.c: a mount with many users --- */

/* Lets the caller in, as the account that it is: 0, -EACCES, -ENOENT. */
int view_enter(struct call *call);
/* Of such a mount the nodes that are in nobody's view, and so the same for all. */
bool view_none(const struct mount *mount, enum node_kind kind);
/* Owner and mode: what is in a view is its account's alone, what is in none is all the world's to read. */
void view_own(const struct call *call, enum node_kind kind, struct stat *st);

/* --- tree.c: what the nodes are --- */

/* Whether the kernel may remember something of a node: its attributes, the name it was found by (entry), that a
 * directory has nothing of that name (missing; for the others name is NULL), or its listing. cache.c says for how long,
 * and what must hold besides. */
typedef bool (*remember_rule)(struct call *call, struct node node, const char *name);

/* What needs nothing but the catalog, so that the thread that reads requests may answer it by itself (loop.c). Other
 * things ask a store, which may hang, or make a long text for the sake of its size. */
enum quick {
        QUICK_NEVER,
        QUICK_ITSELF, /* what is asked about the node */
        QUICK_ALL,    /* and by a name in it, and its listing */
};

struct kind {
        mode_t mode;
        /* Directories: the child of that name, -ENOENT; and the listed children after an offset. */
        int (*lookup)(struct call *call, const char *name, struct node *ret_node);
        int (*list)(struct call *call, uint64_t offset, struct lister *lister);
        /* Existence, and what of the attributes is not the kind's: size, times. NULL: the mount's own. */
        int (*attributes)(struct call *call, struct stat *st);
        /* Text files: the content; symlinks: the target. */
        int (*text)(struct call *call, FILE *to);
        bool costly; /* its attributes take long, and nobody remembers them: a listing goes without */
        enum quick quick;
        struct {
                remember_rule attributes, entry, missing, listing; /* NULL: never, it is asked for each time */
        } remember;
        bool lasting; /* its name is there as long as who may see it, and remembered whatever else changes */
};

extern const struct kind *const kinds_all[NODE_KINDS]; /* tree.c */
/* NULL: no such kind. */
static inline const struct kind *kind_of(const struct mount *mount, enum node_kind kind) {
        return (unsigned)kind < NODE_KINDS ? mount->kinds[kind] : NULL;
}
/* Attributes of call->node. */
int node_attributes(struct call *call, struct stat *ret_stat);
/* Content of a text file or symlink, allocated. */
int node_text(struct call *call, char **ret_text, size_t *ret_size);
/* An entry for the kernel, of a node that has just been found. */
int node_entry(struct call *call, struct node node, struct fuse_entry_param *ret_entry);
/* Of what has just been made, for good: where it cannot be looked at, an entry that the kernel is to ask for again. */
void node_entry_made(struct call *call, struct node node, struct fuse_entry_param *ret_entry);
void set_times(struct stat *st, int64_t ms);
void set_times_ns(struct stat *st, int64_t ns);
int region_attributes(struct call *call, struct stat *st);
int meta_attributes(struct call *call, struct stat *st);
int account_attributes(struct call *call, struct stat *st);
/* The names that `.meta` of some image may have, NULL at the end. */
const char *meta_name(size_t i);
void set_blob(struct stat *st, const struct stat *blob);

/* Offsets: 0 before `.`, 1 before `..`, then what the directory itself gives, above. */
#define LISTER_DOTS 2
struct lister {
        struct call *call;
        char *buffer;
        size_t size, used;
        bool plus;
};
/* An entry with or without its attributes; 1 when it does not fit. */
int lister_put(struct lister *lister, const char *name, const struct stat *st, const struct fuse_entry_param *entry,
               off_t next);
/* 1 when the reply is full, else 0 or -errno. next: where listing goes on after this entry. */
int lister_add(struct lister *lister, const char *name, struct node node, uint64_t next);

/* Children that are always there. */
struct fixed_entry {
        const char *name;
        enum node_kind kind;
        bool hidden; /* found, but not listed */
};
int fixed_lookup(struct call *call, const struct fixed_entry *entries, size_t count, const char *name,
                 struct node *ret_node);
int fixed_list(struct call *call, const struct fixed_entry *entries, size_t count, uint64_t offset,
               struct lister *lister);

/* --- kinds, by file --- */

extern const struct kind kind_image, kind_alias, kind_description, kind_shares_link, kind_disk; /* image.c */
extern const struct kind kind_images;                                                            /* images.c */
extern const struct kind kind_shares, kind_share, kind_expires, kind_meta_shares_link;          /* shares.c */
extern const struct kind kind_accounts, kind_account, kind_trusted, kind_trust, kind_usage;      /* accounts.c */
extern const struct kind kind_received, kind_owned, kind_received_region, kind_owned_region, kind_received_link,
        kind_owned_link;                                                                         /* reverse.c */
extern const struct kind kind_instances, kind_instance, kind_instance_image, kind_instance_disk; /* instances.c */
extern const struct kind kind_meta_trust, kind_meta_reviewed, kind_meta_usage, kind_meta_exposure; /* meta_risk.c */
extern const struct kind kind_meta, kind_meta_id, kind_meta_owner, kind_meta_state, kind_meta_size, kind_meta_digest,
        kind_meta_created, kind_meta_source, kind_meta_shares_tsv, kind_meta_history; /* meta.c */
extern const struct kind kind_events, kind_events_day;          /* events.c */
extern const struct kind kind_root, kind_views, kind_view, kind_view_link; /* root.c */
extern const struct kind kind_regions, kind_region; /* regions.c */
extern const struct kind kind_control, kind_whoami, kind_last_denial, kind_rules, kind_version,
        kind_stats; /* control.c */

/* --- operations, by file --- */

/* directory.c, attributes.c, verbs.c, file.c, data.c */
#define OPERATION(name, parameters, arguments) void op_##name parameters;
#define OPERATION_TIMED OPERATION
#include "verbs/operations.def"
#undef OPERATION

/* --- stats.c: how often each was asked, and how long it took --- */

extern const struct fuse_lowlevel_ops counted_operations;
struct stats;
struct stats *stats_new(void);
struct stats *stats_free(struct stats *stats);
void stats_print(const struct mount *mount, FILE *to);
enum operation {
#define OPERATION(name, parameters, arguments) OPERATION_##name,
#include "verbs/operations.def"
#undef OPERATION_TIMED
#undef OPERATION
        OPERATIONS
};
/* Of an operation that is timed by itself: when it began, ns, and that it has been answered. */
int64_t stats_now(void);
void stats_took(struct stats *stats, enum operation operation, int64_t began);
enum stats_counter { STATS_PASSTHROUGH_OPENS, STATS_DAEMON_OPENS, STATS_COUNTERS };
void stats_count(struct stats *stats, enum stats_counter counter);

/* --- verbs.c, sharing.c: changes --- */

/* The reply to a request that made a node, or not. */
void reply_made(struct call *call, int r, struct node node);
/* Begins a mkdir (granting) or rmdir of a share, which is then answered by whoever writes. false: it is for the caller to
 * do. began: stats_now. */
bool sharing_begin(struct call *call, const char *name, bool granting, int64_t began);
/* Waits until all that was begun has been answered. */
void sharing_settle(struct mount *mount);

/* --- open files: file.c --- */

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
static inline bool is_day(const struct call *call) {
        return call->node.kind == NODE_EVENTS_DAY;
}
static inline bool is_disk(const struct call *call) {
        return call->node.kind == NODE_DISK || call->node.kind == NODE_INSTANCE_DISK;
}
/* Acts as who opened it. */
void file_adopt(struct call *call, const struct open_file *file);
/* Finds one that is open of the call's node, and acts as who opened it. */
bool file_adopt_any(struct call *call);
/* Size and times of call->node, which is no more but still open. -ENOENT: it is not. */
int file_stat_removed(struct call *call, struct stat *st);
/* Closes what was still open when the session ended, so that no copy under way is lost. */
void files_close(struct mount *mount);

/* Lets the kernel read and write an open disk's file by itself, where it can; under files_lock, with the file among the
 * open ones: passthrough.c, or where libfuse has none no_passthrough.c. */
void passthrough_init(struct mount *mount, struct fuse_conn_info *connection);
void passthrough_begin(struct call *call, struct open_file *file, struct fuse_file_info *fi);
void passthrough_end(struct call *call, struct open_file *file);

/* A day of the log, open: events.c. It is only read, as who wants to write is told. */
struct events_reader;
int day_open(struct call *call, int flags, struct events_reader **ret_reader);
int day_judge_write(struct call *call);

/* A small text file, open: text.c. */
struct text_handle;
int text_open(struct call *call, int flags, struct text_handle **ret_handle);
int text_read(struct call *call, struct text_handle *handle, size_t size, off_t offset, char *ret_data,
              size_t *ret_size);
int text_write(struct call *call, struct text_handle *handle, const char *data, size_t size, off_t offset);
int text_truncate(struct call *call, struct text_handle *handle, uint64_t size);
int text_flush(struct text_handle *handle);
/* Size and mtime of what was open before it was removed; not of a description. */
void text_stat(const struct text_handle *handle, struct stat *st);
void text_close(struct call *call, struct text_handle *handle);

/* --- backlog.c: requests that no thread has been free for; under a lock of the owner's --- */

struct backlogged;
struct backlog {
        struct backlogged *first, *last; /* in the order they came */
        size_t bytes;
};
/* Copies it. false: there is no room, or it cannot be copied. */
bool backlog_add(struct backlog *backlog, const struct fuse_buf *buffer);
/* The oldest; NULL. */
struct backlogged *backlog_take(struct backlog *backlog);
/* Serves and frees one that was taken; without the lock. */
void backlogged_process(struct backlogged *request, struct fuse_session *session);
/* What is left, when there is nobody to be answered any more. */
void backlog_clear(struct backlog *backlog);

/* --- loop.c --- */

#define LOOP_THREADS 64 /* some may wait a second for a RELEASE, which needs another */
/* Serves until the session ends or a signal ends it; calls begun(fd) once it does. -errno. */
int loop_run(struct mount *mount, void (*begun)(int fd), int fd);

/* --- mount.c, options.c --- */

struct options {
        char *dir;
        char *account;
        char *asof;
        char *durability;
        unsigned uid, gid;
        int multiuser;
        int read_only, io_uring;
        int no_cache; /* for tests: the truth to compare with */
        struct fuse_cmdline_opts fuse;
};

/* 0 go on, 1 done (help, version), -EINVAL wrong usage, told. */
int options_parse(struct fuse_args *args, struct options *ret_options);
void options_done(struct options *options);
/* From here on libfuse's messages are worded as ours. */
void mount_log(void);
/* Mounts and serves until unmounted; an exit status. */
int mount_run(struct fuse_args *args, struct options *options);
