/* SPDX-License-Identifier: MIT
 * Faults: the n-th call of a kind fails, once or from then on; and checks of what each operation then leaves behind.
 *
 * The linker redirects our objects' calls of libc and SQLite to libc.c and sql.c; SQLite's own calls go through vfs.c.
 * Each asks fault_now(). Calls fail only while an operation is tried (fault_arm to fault_disarm), in any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "service.h"

enum fault_kind {
#define FAULT(symbol, name, ...) FAULT_##symbol,
#include "kinds.def"
#undef FAULT
        FAULT_KINDS
};

/* --- fault.c --- */

struct fault {
        enum fault_kind kind;
        int n;           /* the n-th call from now on fails, 0: none */
        bool persistent; /* so do all later calls */
        int error;       /* an index for fault_error() */
};

const char *fault_name(enum fault_kind kind);
/* How many errors a kind has, and the i-th: an errno, or a code of SQLite's. */
int fault_errors(enum fault_kind kind);
int fault_error(enum fault_kind kind, int i);
/* Whether an operation may answer this fault so (below 0). */
bool fault_answer(const struct fault *fault, int answer);

void fault_arm(const struct fault *fault);
/* Whether the fault was reached; ret_calls (may be NULL): how many calls of each kind there were. */
bool fault_disarm(int *ret_calls);
/* Called by the wrappers: 0, or the error to fail with. */
int fault_now(enum fault_kind kind);

/* The clock in ms; it stands still. */
extern int64_t fault_clock;
/* By how much it was set: then it is not what the time since the machine's start says. */
extern int64_t fault_clock_set;
/* Stores behave as on different filesystems: no links between them. */
extern bool fault_apart;

/* --- sql.c, vfs.c --- */

/* Call these before SQLite's first use. */
void fault_sqlite(void);
void fault_vfs(void);
/* Number of SQLite's allocations that are not freed. */
int fault_sqlite_allocations(void);

/* --- snapshot.c --- */

enum snapshot_flags {
        SNAPSHOT_NO_LOG = 1 << 0,          /* without events: a refusal may or may not be logged */
        SNAPSHOT_NO_RESERVATIONS = 1 << 1, /* without reserved launches that never began */
        SNAPSHOT_NO_FILES = 1 << 2,        /* only the catalog */
        SNAPSHOT_NO_LINKS = 1 << 3,        /* without files' link counts */
};

/* The rows and files of a catalog's directory as a text, allocated; without what differs each time. */
char *snapshot(const char *dir, enum snapshot_flags flags);
/* Whether no transaction was left open. */
bool snapshot_writable(const char *dir);
/* The first line in which two snapshots differ, allocated. */
char *snapshot_difference(const char *was, const char *is);

/* --- trial.c --- */

enum operation_flags {
        OPERATION_FRESH = 1 << 0,   /* tries again after end and begin: a handle that failed stays failed */
        OPERATION_ROUND = 1 << 1,   /* reports nothing: what one round misses, the next one does */
        OPERATION_STEPS = 1 << 2,   /* several calls: if one fails, the earlier ones stay done; `check` tests that */
        OPERATION_REFUSED = 1 << 3, /* its result is a refusal, whose log line may be lost */
        OPERATION_ALONE = 1 << 4,   /* no service is open when it starts */
        OPERATION_STORE = 1 << 5,   /* makes or removes a store, which may stay if undoing it fails, too */
        OPERATION_BYTES = 1 << 6,   /* ends a copy: until it succeeds, bytes and links may or may not be there */
        OPERATION_LINKS = 1 << 7,   /* copies by reference, or copies bytes if that fails */
        OPERATION_LINKED = 1 << 8,  /* what it makes elsewhere may be linked to what is here, also if it fails */
};

struct operation {
        const char *name;
        const char *who; /* NULL: the operator */
        enum operation_flags flags;
        int result;              /* without a fault */
        void (*prepare)(void);   /* once, in a catalog with two regions and accounts; may keep ids in variables */
        void (*begin)(void);     /* before each try: opens what the operation needs open */
        int (*act)(struct request *request);
        void (*end)(void);       /* closes it again */
        void (*check)(void);     /* tests more than snapshots show, after a success and before `end` */
};

/* Records what a reading operation was told. A success must tell the same lines as without a fault; repeated lines
 * count once. */
__attribute__((format(printf, 1, 2))) void trial_told(const char *format, ...);
/* Tries all operations with every fault. Returns the exit status. */
int trial_run(const char *group, const struct operation *operations, size_t count);
