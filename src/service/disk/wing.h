/* SPDX-License-Identifier: MIT
 * Disks: the bytes of images and instances, open in this process and shared by their handles. A disk is a file of its
 * own, a hard link to its source's file, or, while it is being copied to, a reference: the first bytes of its source.
 * The public part is in include/disk.h; sealing is in seal.h, the regions' stores are in stores.h.
 */
#pragma once

#include "blob.h"
#include "disk.h"
#include "disk/seal.h"
#include "log/decision.h"
#include "state.h"

/* --- table.c --- */

#define COPY_STEP (UINT64_C(64) << 20) /* bytes moved per request, so that a caller's progress bar moves */
#define DISK_SOURCES 256 /* as many events are not too long for a transaction */

/* The bytes of one image or instance, open in this process; shared by its handles. */
struct disk {
        struct disk *next;
        struct service *service;
        int references; /* handles, and disks copied from this one; under disks_lock */
        int64_t id, region;
        struct meter *meter; /* of its owner, in that region */
        unsigned counted;    /* in which round of it */
        struct blob_store *store;
        pthread_rwlock_t io; /* shared: reading and writing; exclusive: changing what follows */
        int fd;
        pid_t writer_pid;      /* who opened it for writing last; 0: not known */
        uid_t writer_uid;
        int writers;           /* handles that write; with any, fd is writable and lock is held */
        struct blob_lock lock; /* BLOB_LOCK_WRITE */
        bool separate;         /* known to be no hard link; valid while there are writers */
        bool flushed;          /* as the lock tells others */
        _Atomic bool written;  /* since the last flush */
        int pinned;            /* handles whose file the kernel reads and writes itself, unseen */
        struct timespec seen;  /* the file's mtime when it was pinned, flushed or touched last */
        _Atomic bool timed;    /* its mtime was set by hand after the last write that was seen */
        /* what is being copied into it, until the flush */
        struct disk *source;
        struct blob_lock source_lock; /* BLOB_LOCK_COPY on the source */
        int source_fd;                /* our own: the source may open its blob again */
        int64_t sources[DISK_SOURCES]; /* ids of what was copied into it and no event tells yet */
        size_t sources_count;
        bool sources_all;             /* it was empty before: they are all there are */
        bool referring;               /* it is the first `referred` bytes of source, not yet a file of its own */
        uint64_t referred;
};

struct disk_handle {
        _Atomic int references; /* its opener, and reads whose reply is under way */
        struct service *service;
        struct disk *disk;
        bool reads, writes;
        bool sealed; /* when it was opened */
        bool pinned;
        _Atomic bool looked; /* for room */
        _Atomic bool failed; /* a write failed: this handle makes nothing available */
};

/* Opens the disk of an image or launch, or takes the open one. account: its owner. The caller owns a reference. */
int disk_get(struct service *service, int64_t region, int64_t account, int64_t id, struct disk **ret_disk);
void disk_put(struct service *service, struct disk *disk);
/* The disk if it is open already, else NULL. The caller owns a reference. */
struct disk *disk_find(struct service *service, int64_t id);
/* A disk not yet in the table: no descriptor, one reference. -ENFILE: no descriptor is left for disks. */
int disk_new(struct service *service, int64_t region, int64_t account, int64_t id, struct disk **ret_disk);
void disk_cleanup(struct disk **disk);
void disk_insert(struct service *service, struct disk *disk); /* takes ownership */
/* Opens the blob again: another process may have put a new file in its place. io is held exclusively. */
int disk_reopen(struct disk *disk, int flags);
void disk_handle_put(struct disk_handle *handle);
static inline void disk_wrote(struct disk *disk) {
        disk->written = true;
        disk->timed = false;
}

/* Size and blocks of an open disk; of a reference those of what it has so far. io is held. */
int disk_stat_open(const struct disk *disk, struct stat *ret_stat);

/* --- writer.c; disk_writer() is in state.h, as decisions ask it --- */

/* Remembers who writes, for a sentence. io is held exclusively, or nobody else has the disk. */
void disk_written_by(struct disk *disk, const struct request *request);

/* --- separate.c --- */

/* Gives the disk a file of its own, to be written to. io is held exclusively. */
int disk_separate(struct service *service, struct disk *disk);
/* The same with its first bytes only, as a truncation needs no more. */
int disk_separate_size(struct service *service, struct disk *disk, uint64_t size);
/* Ends a copy into the disk, and releases the source. io is held exclusively. */
void disk_copied(struct service *service, struct disk *disk);
/* Is the open file no other blob's? 1: yes, 0: no. -ESTALE: no, and this disk was removed. */
int disk_sole_name(const struct disk *disk, struct stat *ret_stat);

/* --- settle.c --- */

/* Turns a reference into a link, or bytes; io is held exclusively. For a link, the transaction that follows must seal
 * the source. Until that is done the disk stays a reference, so that it can be tried again. */
struct settling {
        struct seal seal;
        int64_t place; /* of the image to be sealed; 0: none */
};
int disk_settle(struct request *request, struct disk *disk, struct settling *settling);
/* In the transaction: seals the source, if that is needed. -EBUSY: it cannot be sealed. */
int disk_settle_commit(struct catalog_connection *c, struct request *request, const struct settling *settling);
/* After the transaction: ends the reference, and has a sealed source's digest computed. */
void disk_settle_done(struct service *service, struct disk *disk, const struct settling *settling);
/* All three, with a transaction of its own. */
int disk_settle_now(struct request *request, struct disk *disk);

/* --- pin.c --- */

void disk_unpin(struct disk *disk);
/* Counts a pinned disk as written if its mtime shows that the kernel wrote to it. io is held exclusively. */
void disk_catch_up(struct disk *disk);

/* --- open.c --- */

/* Reads the facts about an image, before anything is judged. */
int disk_decision(struct request *request, int64_t place, struct decision *ret_decision);
/* Before anything is judged: -EROFS, or -EPERM in a view of the past, which has no bytes. */
int disk_openable(const struct service *service, int flags);
/* Opens a disk that was judged. -EBUSY; the rule `sealed`, if it has been sealed meanwhile. */
int disk_open_judged(struct request *request, int64_t region, int64_t id, int flags, struct disk_handle **ret_handle);

/* --- path.c --- */

/* What a view of the past shows of a disk: the size if sealed by then, an event's time (ns); 0: unknown. */
void disk_stat_past(int64_t size, int64_t mtime, struct stat *ret_stat);
