/* SPDX-License-Identifier: MIT
 * Serving: the threads that read and answer requests (loop, backlog), no caller left waiting when the daemon ends
 * (guard), bytes that the kernel moves by itself (passthrough), counts and times (stats).
 */
#pragma once

#include <stdio.h>
#include <sys/queue.h>

#include "request/request.h"

/* --- loop.c --- */

#define LOOP_THREADS 80 /* some may wait a second for a RELEASE, which needs another thread */
#define LOOP_EACH 64    /* at most that one user's requests keep waiting: others find one free */
/* Serves until the session ends or a signal ends it; calls begun(fd) once it serves. 0 or -errno. */
int loop_run(struct mount *mount, void (*begun)(int fd), int fd);

/* --- backlog.c: requests that no thread was free for; under a lock of the owner's --- */

struct backlogged;
struct backlog_line;
STAILQ_HEAD(backlog_lines, backlog_line);
struct backlog {
        struct backlog_lines lines; /* one a user who has requests here */
        size_t bytes;
};
void backlog_init(struct backlog *backlog);
#define BACKLOG_NOBODY ((uid_t)-1) /* of a request whose header is not in memory */
uid_t backlog_uid(const struct fuse_buf *buffer);
/* Copies the request. false: there is no room, or it cannot be copied. */
bool backlog_add(struct backlog *backlog, const struct fuse_buf *buffer);
/* Takes out the oldest request of the user who is served least now, as `served` says, and by fewer than `most`. NULL:
 * none. */
struct backlogged *backlog_take(struct backlog *backlog, int most, int (*served)(uid_t uid, const void *context),
                                const void *context, uid_t *ret_uid);
/* Serves and frees a request that was taken out; without the lock. */
void backlogged_process(struct backlogged *request, struct fuse_session *session);
/* Frees what is left, unanswered: the session has ended. */
void backlog_clear(struct backlog *backlog);

/* --- guard.c: no caller waits for a daemon that has ended --- */

/* Call first in a thread that may wait for a directory's lock. silent: it prints nothing, and no reader of the daemon's
 * output waits for it. */
void guard_thread(struct fuse_session *session, bool silent);
/* Call when no thread serves any more. Fails requests that were read but not answered: libfuse drops what it reads once
 * the session is told to end, and the caller may hold a lock that such a thread waits for. */
void guard_drop_read(struct fuse_session *session);
/* Call in the thread that lives longest: the child takes its end for the daemon's. */
int guard_start(struct fuse_session *session, pid_t *ret_guard);
void guard_stop(pid_t guard);

/* --- passthrough.c --- */

/* Lets the kernel read and write an open disk's file by itself, where it can. begin and end: under files_lock, with the
 * file in the table. passthrough.c, or no_passthrough.c where libfuse has none. */
void passthrough_init(struct mount *mount, struct fuse_conn_info *connection);
void passthrough_begin(struct call *call, struct open_file *file, struct fuse_file_info *fi);
void passthrough_end(struct call *call, struct open_file *file);

/* --- stats.c: how often each operation was asked, and how long it took --- */

struct stats *stats_new(void);
struct stats *stats_free(struct stats *stats);
void stats_print(const struct mount *mount, FILE *to);
enum operation {
#define OPERATION(name, parameters, arguments) OPERATION_##name,
#include "verbs/operations.def"
#undef OPERATION
        OPERATIONS
};
/* Counts an operation that has been answered. began: clock_ns() when it began. */
void stats_took(struct stats *stats, enum operation operation, int64_t began);
enum stats_counter { STATS_PASSTHROUGH_OPENS, STATS_DAEMON_OPENS, STATS_COUNTERS };
void stats_count(struct stats *stats, enum stats_counter counter);
