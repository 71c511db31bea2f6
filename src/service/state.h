/* SPDX-License-Identifier: MIT
 * An opened catalog, as this process has it. More is in the headers of the wings, and in request.h, directory.h and
 * nouns.h.
 */
#pragma once

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/resource.h>

#include "catalog.h"
#include "cleanup.h"
#include "service.h"
#include "timestamp.h"

#define DISK_SLOTS 4096 /* of a hash table: lookups stay cheap with this many disks open */

struct denials;
struct disk;
struct store_entry;

struct service {
        char *dir;
        enum service_flags flags;
        int backup_fd; /* of a backup: holds it as it is; -1: it is none */
        bool past; /* as of a moment of the past, or a backup without disks: its disks are not those of the stores */
        char asof[TIMESTAMP_SIZE];
        char note[WHY_SIZE];
        struct catalog *catalog;
        uint64_t dir_inode; /* what tells the directory from a copy of it */
        int64_t dir_birth;  /* ns since 1970; 0: its filesystem does not tell */
        pthread_mutex_t stores_lock;
        struct store_entry *stores; /* opened ones, closed with the service */
        char foreign[WHY_SIZE];     /* of the first store that turned out to be another's; set once, then has_foreign */
        _Atomic bool has_foreign, frozen; /* frozen: and so nothing is written any more */
        _Atomic int looking;        /* threads that ask the stores whose they are */
        pthread_mutex_t disks_lock;
        struct disk *disks[DISK_SLOTS]; /* open in this process, by id */
        _Atomic rlim_t disks_open;
        pthread_mutex_t meters_lock;
        struct meter *meters; /* of accounts with open disks, launches or copies: their bytes */
        _Atomic int waiting; /* requests that wait for somebody to close a disk */
        struct denials *denials;
        struct exposure_seen { /* of the log: whether it could change an exposure */
                pthread_mutex_t lock;
                int64_t last, changed;
        } exposure_seen;
        sem_t digest_work, hash_work; /* no lock: one of their threads has idle priority */
        _Atomic bool stopping; /* set under the lock that follows */
        pthread_mutex_t work_lock;
        pthread_cond_t mark_work, purge_work;
        bool purge_wanted;
        struct digester *digester;
        bool has_hasher;
        pthread_t hasher;
        bool has_thread;
        pthread_t thread;
        bool has_sweeper; /* and purges, afterwards */
        _Atomic uint64_t grown; /* what was written since a writer looked for room */
        pthread_t sweeper;
        bool has_marker;
        pthread_t marker;
};

#define WRITER_SIZE 96
/* Who has a disk open for writing in this process: "process 42 (qemu) of uid 1000"; empty: nobody that is known. */
void disk_writer(struct service *service, int64_t id, char ret_text[static WRITER_SIZE]);

/* -EROFS if the service is read-only. Calls that use a store before the catalog's transaction check this first; the
 * others get -EROFS from the transaction. */
static inline int service_writable(const struct service *service) {
        return service->flags & SERVICE_READ_ONLY || service->frozen ? -EROFS : 0;
}
