/* SPDX-License-Identifier: MIT
 * The mount itself: what all requests share. mount.c makes it, serves it and takes it down; each member is changed by the
 * file of its noun alone.
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

/* What the machine failed at: request/failure.c. */
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
        bool debug; /* `-d`: whoever runs it reads what the kernel asks and is told */
        uid_t uid; /* whose the files appear to be; in a mount with many users, those that are in no view */
        gid_t gid;
        int64_t started; /* ms: the time of what has none of its own */
        const struct kind *const *kinds; /* of nodes, by number */
        struct stats *stats; /* while it serves */
        pthread_mutex_t denials_lock;
        struct denial *denials; /* the last one of each uid */
        struct failures failures;
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

/* From here on libfuse's messages are worded as ours. */
void mount_log(void);
/* Mounts and serves until unmounted; an exit status. */
int mount_run(struct fuse_args *args, struct options *options);
