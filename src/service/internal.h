/* SPDX-License-Identifier: MIT
 * Shared inside the services: the service itself, how a request becomes a decision, open disks.
 */
#pragma once

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

#include "account.h"
#include "blob.h"
#include "catalog.h"
#include "cleanup.h"
#include "disk.h"
#include "image.h"
#include "instance.h"
#include "policy.h"
#include "registry.h"
#include "service.h"
#include "share.h"
#include "timestamp.h"

#define DISK_SLOTS 4096 /* as many open at once cost no more than one */

struct store_entry;
struct denials;

struct service {
        char *dir;
        enum service_flags flags;
        bool past; /* as of a moment of the past: its disks are not those of the stores */
        char asof[TIMESTAMP_SIZE];
        struct catalog *catalog;
        pthread_mutex_t stores_lock;
        struct store_entry *stores; /* opened ones, closed with the service */
        pthread_mutex_t disks_lock;
        struct disk *disks[DISK_SLOTS]; /* open in this process, by id */
        _Atomic rlim_t disks_open;
        _Atomic int waiting; /* requests that wait for somebody to close a disk */
        struct denials *denials;
        pthread_mutex_t digest_lock; /* of what follows */
        pthread_cond_t digest_work;
        bool digest_wanted, stopping;
        bool has_thread;
        pthread_t thread;
        bool has_sweeper;
        pthread_t sweeper;
};

/* -EROFS where nothing is changed. Calls that look at a store before the catalog's transaction ask it first; the others
 * hear it from there. */
static inline int service_writable(const struct service *service) {
        return service->flags & SERVICE_READ_ONLY ? -EROFS : 0;
}

/* --- service.c --- */

/* Puts a sentence into a `why`. */
__attribute__((format(printf, 2, 3))) void explain(char why[static WHY_SIZE], const char *format, ...);
/* Borrows a connection for looking up: the request's own, if it has one. */
int request_read(struct request *request, struct catalog_connection **ret_connection);

/* --- stores.c --- */

/* The store of a region, opened once; belongs to the service. -EIO: offline. */
int service_store(struct service *service, int64_t region, struct blob_store **ret_store);
void service_stores_close(struct service *service);
/* Where a region's store is: allocated. */
int service_store_path(const struct service *service, const struct region *region, char **ret_path);
/* Removes a blob whose row is gone; not before that is on disk, or a power loss would bring back the row alone. */
int service_blob_remove(struct service *service, const struct blob_store *store, int64_t id);

/* --- sweep.c --- */

/* Removes what a crash left in the stores that are online, until the service stops. */
void service_sweep(struct service *service);
/* The same by a background thread. */
int sweep_start(struct service *service);

/* --- decision.c --- */

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
void object_name(const struct image *image, char ret_object[static OBJECT_SIZE]);

/* Whether who asks may know of an image: 1, 0 or -errno. Fills in when the share ends that shows it. */
int image_visible(struct catalog_connection *c, const struct caller *caller, struct image *image);

/* --- listing.c --- */

/* The place called `<img>` (of the account) or `<img>@<owner>` in a region; whether it may be seen is not asked. */
int place_by_name(struct catalog_connection *c, int64_t region, int64_t account, const char *name, int64_t *ret_place);

/* --- log.c --- */

/* What who asks may read of the log, its role read again: fills viewer and last. -ENOENT: the account was removed. */
int log_view(struct request *request, struct log_filter *ret_view);

/* --- denial.c --- */

int denials_new(struct denials **ret_denials);
struct denials *denials_free(struct denials *denials);
/* Logs a refusal; repeats within a minute, and what goes beyond the caller's ration of rows, are counted and logged as
 * one. Never waits for the disk. */
void denial_log(struct service *service, const struct caller *caller, enum event_op op, const char *object,
                const char *account, int64_t place, int rule);
/* Writes the counted repeats whose minute is over (all: every one). */
void denials_flush(struct service *service, bool all);

/* --- seal.c --- */

/* A disk made durable, nobody writing to it until this ends: what sealing in a transaction needs. */
struct seal {
        struct blob_lock lock;
        int64_t image; /* whose; 0: nothing was prepared */
        int64_t size, mtime;
};
/* Takes the lock and syncs (where nothing can be sealed, only the former). -EBUSY: somebody writes. Not for drafts. */
int seal_prepare(struct service *service, const struct image *image, struct seal *ret_seal);
/* Reads the image, and prepares sealing it if it is the asker's own and not sealed yet. Somebody writing is no error
 * here, nor that the disk has been removed meanwhile: nothing is prepared, and the rules say so when it is their turn. */
int seal_prepare_own(struct request *request, int64_t place, struct image *ret_image, struct seal *ret_seal);
static inline void seal_end(struct seal *seal) {
        seal->lock = blob_unlock(seal->lock);
        seal->image = 0;
}
#define _cleanup_seal_ _cleanup_(seal_end)
#define SEAL_NONE ((struct seal){ .lock = { .fd = -1 } })
/* In the transaction: whether sealing this image now is possible (it is sealed, or prepared). */
bool seal_possible(const struct seal *seal, const struct image *image);
/* Whether this image was prepared and is empty; a seal may be that of another one. */
bool seal_empty(const struct seal *seal, const struct image *image);
/* In the transaction: seals it unless it is sealed. */
int seal_commit(struct catalog_connection *c, struct decision *d, const struct seal *seal);
#define SEAL_WAIT_MS 1000 /* SPEC 5.1 */
/* A request waits for somebody to close a disk: how long, in ms; below 0: that briefly, since many wait already. */
int wait_begin(struct service *service);
void wait_end(struct service *service);
/* A lock (seal or copy) that a request waits for, as SPEC 5.1 wants; not for long where many wait already. */
int seal_wait(struct service *service, const struct blob_store *store, int64_t id, enum blob_lock_kind kind,
              struct blob_lock *ret_lock);

/* --- account.c --- */

/* May who asks look into an account (SPEC 3.3)? */
bool account_seen(const struct request *request, int64_t account);

/* --- share.c: for a decision that has been read in this transaction --- */

/* ret_account is set unless < 0 or the account is unknown. */
int share_grant_judge(struct catalog_connection *c, struct decision *d, const struct seal *seal,
                      struct account *ret_account);
/* Writes what has been judged, sealing included. */
int share_grant_commit(struct catalog_connection *c, struct decision *d, const struct seal *seal,
                       const struct account *account, int64_t *ret_share);
int share_revoke_judge(struct catalog_connection *c, struct decision *d, struct share *ret_share);
int share_revoke_commit(struct catalog_connection *c, struct decision *d, const struct share *share);
/* What an unshare says in the log: how many instances and derived images remain at the account. */
int unshare_details(struct catalog_connection *c, const struct share *share, struct event *event);

/* --- instance.c --- */

/* Reads an instance, in the transaction, and judges its use; d->object is its name then. */
int instance_judge_in(struct catalog_connection *c, struct decision *d, int64_t id, bool change,
                      struct instance *ret_instance);

/* --- review.c --- */

/* In the transaction: writing a disk resets it. */
/* An mtime set by hand, ns; 0: the blob's own counts again. op: EVENT_TIMES_DISK or _DESCRIPTION. */
int times_commit(struct catalog_connection *c, struct decision *d, enum event_op op, int64_t mtime);
/* That d's image became a copy. source (kept): what the log calls it; from: its id. */
struct event copy_event(const struct decision *d, const char *source, int64_t from, uint64_t size);
/* DIR is a directory that others cannot enter, and we can write; why: else, in a sentence. */
int service_check_directory(const char *dir, char why[static WHY_SIZE]);
/* Why a catalog cannot be opened. */
void service_explain(int r, char why[static WHY_SIZE]);
/* Who acts where nobody asked, as when a share expires. */
struct caller service_itself(void);
int review_commit(struct catalog_connection *c, struct decision *d, bool reviewed);

/* --- expiry.c --- */

/* As in share.c. valid: the time is one, and to come. */
int share_expire_judge(struct decision *d, bool exists, bool valid);
int share_expire_commit(struct catalog_connection *c, struct decision *d, int64_t share, const char *account,
                        int64_t expires);
/* In the transaction: ends a share that has expired, so that another can take its place. */
int expiry_commit(struct catalog_connection *c, const struct caller *caller, const struct share *share);
/* Ends what has expired; returns the time (ms) when to look again, 0: nothing is due. */
int64_t expiry_round(struct service *service);

/* --- digest.c --- */

int digest_start(struct service *service);
/* Tells the background threads to end. */
void background_stop(struct service *service);
/* Waits for one, if it is there. false: it waits for a store that hangs. */
bool background_join(bool *has, pthread_t thread);
/* Are the background threads to end? */
bool service_stopping(struct service *service);
/* The digests of all below a size that wait, once each; one that cannot be read now is tried again in the next round. */
void digest_round(struct service *service, int64_t below);
/* There is something to do for the background thread. */
void digest_wake(struct service *service);

/* --- open disks: disk*.c, copy.c --- */

/* The bytes of one image, open in this process; shared by its handles. */
struct disk {
        struct disk *next;
        struct service *service;
        int references; /* handles, and disks copied from this one; under disks_lock */
        int64_t id;
        struct blob_store *store;
        pthread_rwlock_t io; /* shared: reading and writing; exclusive: changing what follows */
        int fd;
        int writers;           /* handles; with any, fd is open for writing and lock is held */
        struct blob_lock lock; /* BLOB_LOCK_WRITE */
        bool own;              /* known to be no hard link, as long as there are writers */
        bool flushed;          /* the lock says so */
        _Atomic bool written;  /* since the last flush */
        int pinned;            /* handles whose file the kernel reads and writes itself, unseen */
        struct timespec seen;  /* the file's mtime when it was pinned, flushed or touched last */
        _Atomic bool timed;    /* its time was set after the last write that was seen */
        /* what is being copied into it, until the flush */
        struct disk *source;
        struct blob_lock source_lock; /* BLOB_LOCK_COPY on the source */
        int source_fd;                /* our own: the source may open its blob again */
        int64_t lineage;              /* id of the last source */
        bool referring;               /* it is the first `referred` bytes of source, not yet a file of its own */
        uint64_t referred;
};

struct disk_handle {
        _Atomic int references; /* its opener, and reads whose reply is under way */
        struct service *service;
        struct disk *disk;
        bool reads, writes;
        bool sealed; /* it was when it was opened */
        bool pinned;
        _Atomic bool failed; /* a write did: this handle makes nothing available */
};

void disk_handle_put(struct disk_handle *handle);
/* Whether an id is that of an instance's disk: never sealed, never a link. */
static inline bool is_launch(int64_t id) {
        return id >= LAUNCH_FIRST;
}
/* The open disk of an image or launch, one reference more. */
int disk_get(struct service *service, int64_t region, int64_t id, struct disk **ret_disk);
void disk_put(struct service *service, struct disk *disk);
/* The one that is open already; NULL. One reference more. */
struct disk *disk_find(struct service *service, int64_t id);
/* A disk not yet in the table: no descriptor, one reference. -ENFILE: what is left is for other things than disks. */
int disk_new(struct service *service, int64_t region, int64_t id, struct disk **ret_disk);
void disk_cleanup(struct disk **disk);
void disk_insert(struct service *service, struct disk *disk); /* takes ownership */
/* Opens the blob again: another process may have put a new file in its place. io is held exclusively. */
int disk_reopen(struct disk *disk, int flags);
/* Who asks, and for what, before anything is judged. */
int disk_decision(struct request *request, int64_t place, struct decision *ret_decision);
/* Before anything is judged: -EROFS, or -EPERM in the past, whose bytes nobody has. */
int disk_openable(const struct service *service, int flags);
/* Opens what has been judged. -EBUSY; `sealed`, if it has become that meanwhile. */
int disk_open_judged(struct request *request, int64_t region, int64_t id, int flags, struct disk_handle **ret_handle);
/* `north/web@alice`, or for a launch `instance north/vm1@bob from north/web@alice`; `hidden` for what the caller (NULL:
 * the log) may not know of. */
int source_name(struct catalog_connection *c, const struct caller *caller, int64_t id,
                char ret_text[static SOURCE_SIZE]);
/* What a view of the past shows of a disk: the size that was sealed by then, the time of an event; 0: unknown. */
void disk_stat_past(int64_t size, int64_t mtime, struct stat *ret_stat);
/* Makes it a file of its own, to be written to; io is held exclusively. */
int disk_own(struct service *service, struct disk *disk);
/* Ends a copy into it, with what is there. io is held exclusively. */
void disk_copied(struct service *service, struct disk *disk);
/* Is the open file nobody else's: 1 yes, 0 it is a copy's too. -ESTALE: it was replaced and has no name left. */
int disk_sole_name(const struct disk *disk, struct stat *ret_stat);
void disk_unpin(struct disk *disk);
static inline void disk_wrote(struct disk *disk) {
        disk->written = true;
        disk->timed = false;
}
/* What the kernel wrote to a pinned disk's file counts as written; what is there now, as seen. io is held exclusively. */
void disk_look(struct disk *disk);
/* A reference becomes a link, or bytes; io is held exclusively. Of a link the source must be sealed in the transaction
 * that tells of it; until that is done the disk stays a reference, so that it can be tried again. Then: disk_copied. */
struct settling {
        struct seal seal;
        int64_t place; /* whose disk is to be sealed; 0: none */
};
int disk_settle(struct request *request, struct disk *disk, struct settling *settling);
/* In the transaction: seals the source, if there is one to be sealed. -EBUSY */
int disk_settle_commit(struct catalog_connection *c, struct request *request, const struct settling *settling);
/* All of it, between closes. */
int disk_settle_now(struct request *request, struct disk *disk);
