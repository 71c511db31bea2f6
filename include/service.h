/* SPDX-License-Identifier: MIT
 * What a user can ask for. Used by the mount and by imgshare; each call is one transaction.
 *
 * int r: 0 done; < 0 -errno; > 0 the rule that refused (enum rule), with request.refusal filled and the refusal logged.
 * -ENOENT: unknown, or the caller must not know it. -EIO: the machine failed, or the region is offline. Any thread; a
 * struct service is shared by all, a struct request belongs to one call at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#include "model.h"
#include "verdict.h"

#define WHY_SIZE 512 /* one sentence: why opening failed */

struct service;

enum service_flags {
        SERVICE_READ_ONLY = 1 << 0,  /* nothing is written, swept or logged */
        SERVICE_NOT_DURABLE = 1 << 1, /* durability=normal: a power cut may take the last changes */
        SERVICE_BACKGROUND = 1 << 2, /* a daemon: its own threads compute digests, and mark what stores were written to */
        SERVICE_AS_POSSIBLE = 1 << 3, /* read only where it cannot be written: service_note() says why */
        SERVICE_RESERVE = 1 << 5,     /* room is kept (CONTRACT 5.9), as by all that people start */
        SERVICE_AS_FOUND = 1 << 6, /* nothing that is due is written at opening: its rows may be damaged */
        SERVICE_ANY_STORE = 1 << 4,   /* another's stores do not make it read only: to say whose they are */
};

struct catalog_connection;
struct request {
        struct service *service;
        struct caller caller;
        pid_t pid;                         /* of the process that asks; 0: not known */
        bool looking;                      /* between request_look and request_done */
        struct catalog_connection *reader; /* for lookups; NULL before the first one */
        struct refusal refusal; /* set when a call returns > 0 */
};

/* Makes DIR (0700; its parent must exist) with an empty catalog. The account `operator` is built in. -EEXIST: it holds
 * a catalog; -ENOTEMPTY: other files; ret_why: one sentence without full stop, for every error. */
int service_create(const char *dir, uid_t uid, enum via via, char ret_why[static WHY_SIZE]);

/* Opens DIR's catalog. -EPERM: others can enter a DIR that we can write (CONTRACT 2.1); -EPROTONOSUPPORT: made by a
 * newer version; -EROFS, -EACCES: it cannot be written, but the flags ask for that (CONTRACT 10 read-only media);
 * -ENOENT, -EIO, -ENOTDIR …: ret_why says it in one sentence. Starts threads: do not fork afterwards. */
int service_open(const char *dir, enum service_flags flags, struct service **ret_service,
                 char ret_why[static WHY_SIZE]);

/* Opens DIR as of a moment: `asof` (NULL: now) is an RFC 3339 time, a date (its end in UTC) or the number of an event
 * (0: before the first). Read only, whatever the flags; disks cannot be opened (-EPERM), and live bytes are never
 * looked at. The caller is today's account. -EINVAL, -ERANGE (not come yet). */
int service_open_asof(const char *dir, const char *asof, enum service_flags flags, struct service **ret_service,
                      char ret_why[static WHY_SIZE]);

/* Opened for writing it becomes read only, at once or later, when a store turns out to be another's: a copy of this
 * catalog has it, or a newer state of it wrote there. Whose it is, and what to do, in a sentence; belongs to the
 * service. NULL: no such store was seen. Where nothing is written anyway it is a note. */
const char *service_foreign(const struct service *service);
bool service_is_read_only(const struct service *service);

/* Sweeps the stores once, in a thread of its own. Nothing where nothing is written. */
int service_sweep_begin(struct service *service);

/* Waits for background work to stop and logged refusals to be on disk. */
struct service *service_close(struct service *service);
static inline void cleanup_service(struct service **service) {
        *service = service_close(*service);
}
#define _cleanup_service_ __attribute__((cleanup(cleanup_service)))

/* What the user should know about how the catalog was opened: that it is only read, and why; that others can enter DIR.
 * One sentence; empty: nothing. Belongs to the service. */
const char *service_note(const struct service *service);
bool service_is_read_only(const struct service *service);

/* The moment that the service shows: `now`, an event's number, or a time. Belongs to the service. */
const char *service_asof(const struct service *service);

/* What this process has written through the service since it was opened. */
#define SERVICE_STATS_SIZES 8
struct service_stats {
        uint64_t commits, changes, largest;  /* a commit serves all changes that waited; largest: most in one */
        uint64_t sizes[SERVICE_STATS_SIZES]; /* commits of 1, 2 to 3, 4 to 7 … changes, the last: of more */
        uint64_t checkpoints;
        uint64_t log_bytes; /* of the write-ahead log, after the last commit */
};
void service_stats(struct service *service, struct service_stats *ret_stats);

/* Opens the catalog's feed, see feed.h. */
struct feed;
int service_feed(struct service *service, void (*wake)(void *context), void *context, struct feed **ret_feed);

/* Space of the filesystem that holds the catalog. */
int service_statvfs(struct service *service, struct statvfs *ret_space);

/* The caller for an account's name. -ENOENT: no such account. */
int service_caller(struct service *service, const char *name, uid_t uid, enum via via, struct caller *ret_caller);

/* From here to request_done, lookups (find, get, read; not listings) by one thread share a transaction, which is
 * cheaper. They may still show several moments. Do not wait for anything in between, or checkpoints wait, too: a call
 * that looks at a blob store ends the transaction itself. */
void request_look(struct request *request);
void request_done(struct request *request);

/* The caller for the request's uid: the account that has it. If no account has it but it can read DIR anyhow (0, and
 * this process's own), the caller is the built-in operator. ret_owner: the uid that the account's files belong to, the
 * same for everybody who acts as it. -ENOENT: no account. */
int request_identify(struct request *request, uid_t *ret_owner);

/* Reads the account's role again (another process may have changed it). -ENOENT: it was removed. */
int service_caller_refresh(struct service *service, struct caller *caller);
