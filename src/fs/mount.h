/* SPDX-License-Identifier: MIT
 * The mount: state that all requests share. mount.c makes, serves and ends it. Only the file of a member's noun changes
 * the member.
 */
#pragma once

#ifdef HAVE_FUSE_PASSTHROUGH
#define FUSE_USE_VERSION 317
#else
#define FUSE_USE_VERSION 312
#endif

#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "service.h"

struct denial;
struct feed_thread;
struct kind;
struct notifier;
struct open_file;
struct options;
struct stats;
struct viewer;

#define VIEWER_SLOTS 64
#define FILE_SLOTS 4096

/* Failures of the machine, as request/failure.c logs them. */
struct failures {
        bool background;
        _Atomic int64_t told;    /* ms, when the last line was logged */
        _Atomic uint64_t untold; /* failures since then */
        _Atomic bool foreign;    /* that a store is another's has been told */
};

#define EXPOSURE_SIZES 256 /* remembered; a power of two */

struct mount {
        struct service *service;
        struct fuse_session *session;
        struct caller caller; /* account of all requests in a mount for one account; each request has its own uid */
        bool multiuser;       /* each request's uid selects the account instead */
        bool read_only;
        bool debug; /* `-d`: prints what the kernel asks and is told */
        uid_t uid; /* owner shown for files; in a multiuser mount, only for those in no view */
        gid_t gid;
        mode_t umask; /* of all files and directories; in a multiuser mount, of those in a view */
        int64_t started; /* ms, the time of nodes without their own */
        const struct kind *const *kinds; /* of nodes, by number */
        struct stats *stats; /* while it serves */
        pthread_mutex_t denials_lock;
        struct denial *denials; /* the last denial of each uid */
        struct failures failures;
        pthread_mutex_t files_lock;
        struct open_file *files[FILE_SLOTS]; /* open files, hashed by node */
        bool passthrough;         /* kernel and libfuse have it */
        dev_t no_passthrough[8];  /* filesystems of stores that cannot; under files_lock */
        size_t no_passthrough_count;
        pthread_mutex_t viewers_lock; /* held to add a viewer */
        struct viewer *_Atomic viewers[VIEWER_SLOTS];
        struct notifier *notifier; /* NULL: the kernel is not told of changes, so it must cache nothing */
        struct feed_thread *feed;
        _Atomic uint64_t changes; /* that the feed has read and that concern a view */
        _Atomic bool feed_blind;  /* changes may be missed: nothing more may be cached */
        pthread_mutex_t exposure_turn; /* of the one thread that walks through an exposure; guards what follows */
        struct exposure_size {
                uint64_t node;      /* 0: none */
                int64_t size, stamp;
                int64_t took, next; /* ns: to measure it; when it may be measured again */
        } exposure_sizes[EXPOSURE_SIZES];
};

/* Prints libfuse's messages as ours from now on. */
void mount_log(void);
/* Mounts and serves until unmounted. Returns an exit status. */
int mount_run(struct fuse_args *args, struct options *options);
