/* SPDX-License-Identifier: MIT
 * Who serves: the threads that read requests and answer them (loop, backlog), that nobody is left waiting when the
 * daemon ends (guard), bytes that the kernel moves by itself (passthrough), and what it all took (stats).
 */
#pragma once

#include <stdio.h>
#include <sys/queue.h>

#include "request/request.h"

/* --- loop.c --- */

#define LOOP_THREADS 64 /* some may wait a second for a RELEASE, which needs another */
/* Serves until the session ends or a signal ends it; calls begun(fd) once it does. -errno. */
int loop_run(struct mount *mount, void (*begun)(int fd), int fd);

/* --- backlog.c: requests that no thread has been free for; under a lock of the owner's --- */

struct backlogged;
struct backlog {
        STAILQ_HEAD(, backlogged) requests; /* in the order they came */
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

/* --- guard.c: that a daemon that ends leaves nobody waiting --- */

/* A thread that may wait for a directory's lock begins. silent: it prints nothing, and keeps nobody waiting who reads
 * what the daemon prints. */
void guard_thread(struct fuse_session *session, bool silent);
/* Nobody serves any more. What was read and has no answer fails: libfuse drops what it reads once the session is told to
 * end, and who asked for that may hold a lock that such a thread waits for. */
void guard_drop_read(struct fuse_session *session);
/* In the thread that lives longest. */
int guard_start(struct fuse_session *session, pid_t *ret_guard);
void guard_stop(pid_t guard);

/* --- passthrough.c --- */

/* Lets the kernel read and write an open disk's file by itself, where it can; under files_lock, with the file among the
 * open ones: passthrough.c, or where libfuse has none no_passthrough.c. */
void passthrough_init(struct mount *mount, struct fuse_conn_info *connection);
void passthrough_begin(struct call *call, struct open_file *file, struct fuse_file_info *fi);
void passthrough_end(struct call *call, struct open_file *file);

/* --- stats.c: how often each was asked, and how long it took --- */

struct stats *stats_new(void);
struct stats *stats_free(struct stats *stats);
void stats_print(const struct mount *mount, FILE *to);
enum operation {
#define OPERATION(name, parameters, arguments) OPERATION_##name,
#define OPERATION_TIMED OPERATION
#include "verbs/operations.def"
#undef OPERATION_TIMED
#undef OPERATION
        OPERATIONS
};
/* Of an operation that is timed by itself, once it has been answered: when it began, clock_ns(). */
void stats_took(struct stats *stats, enum operation operation, int64_t began);
enum stats_counter { STATS_PASSTHROUGH_OPENS, STATS_DAEMON_OPENS, STATS_COUNTERS };
void stats_count(struct stats *stats, enum stats_counter counter);
