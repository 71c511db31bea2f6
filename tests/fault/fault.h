/* SPDX-License-Identifier: MIT
 * Faults: the n-th call of a kind fails, once or from then on, and what each operation has then left behind.
 *
 * The linker hands our objects' calls of libc and SQLite to libc.c and sql.c, SQLite's own go through vfs.c; each asks
 * fault_now(). Only while an operation is tried (fault_arm to fault_disarm) does anything fail, in any thread.
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
        bool persistent; /* and all after it */
        int error;       /* an index: fault_error() */
};

const char *fault_name(enum fault_kind kind);
/* How many ways there are to fail, and the i-th: an errno, or a code of SQLite's. */
int fault_errors(enum fault_kind kind);
int fault_error(enum fault_kind kind, int i);
/* May an operation answer so (below 0) to this fault? */
bool fault_answer(const struct fault *fault, int answer);

void fault_arm(const struct fault *fault);
/* Whether the fault was reached; ret_calls (may be NULL): how many calls of each kind there were. */
bool fault_disarm(int *ret_calls);
/* Called by what stands in for the calls: 0, or the error to fail with. */
int fault_now(enum fault_kind kind);

/* The clock stands still; in ms. */
extern int64_t fault_clock;
/* Stores are as on different filesystems: no links from one to the other. */
extern bool fault_apart;

/* --- sql.c, vfs.c --- */

/* Before SQLite's first use. */
void fault_sqlite(void);
void fault_vfs(void);
/* SQLite's allocations that are not freed. */
int fault_sqlite_allocations(void);

/* --- snapshot.c --- */

enum snapshot_flags {
        SNAPSHOT_NO_LOG = 1 << 0,          /* without events and what follows from them: a refusal may be in it or not */
        SNAPSHOT_NO_RESERVATIONS = 1 << 1, /* without launches that were never begun */
        SNAPSHOT_NO_FILES = 1 << 2,        /* only the catalog */
        SNAPSHOT_NO_LINKS = 1 << 3,        /* without how many names a file has */
};

/* Catalog and files of a catalog's directory as a text, allocated; what differs each time is not in it. */
char *snapshot(const char *dir, enum snapshot_flags flags);
/* Whether nobody is in a transaction that nobody will end. */
bool snapshot_writable(const char *dir);
/* The first line in which two differ, allocated. */
char *snapshot_difference(const char *was, const char *is);

/* --- trial.c --- */

enum operation_flags {
        OPERATION_FRESH = 1 << 0,   /* what failed is tried again after end and begin: a handle that failed stays so */
        OPERATION_ROUND = 1 << 1,   /* says nothing: what it did not do, the next one does */
        OPERATION_STEPS = 1 << 2,   /* several calls: of one that failed, those before it stay; `check` says what then */
        OPERATION_REFUSED = 1 << 3, /* what it returns is a refusal, whose line may be lost */
        OPERATION_ALONE = 1 << 4,   /* no service is open when it starts */
        OPERATION_STORE = 1 << 5,   /* makes or removes a store: one that is left where unmaking it fails too does no harm */
        OPERATION_BYTES = 1 << 6,   /* ends a copy: until it has succeeded, bytes and links may be there or not */
        OPERATION_LINKS = 1 << 7,   /* copies by reference, or where that fails bytes */
};

struct operation {
        const char *name;
        const char *who; /* NULL: the operator */
        enum operation_flags flags;
        int result;              /* when nothing fails */
        void (*prepare)(void);   /* in a catalog with two regions and people, once; may keep ids in variables */
        void (*begin)(void);     /* before each try: opens what the operation needs open */
        int (*act)(struct request *request);
        void (*end)(void);       /* closes it */
        void (*check)(void);     /* more than snapshots tell, after it has succeeded and before `end` */
};

/* What an operation that reads was told; when it succeeds, it must be told all. The same line twice counts once. */
__attribute__((format(printf, 1, 2))) void trial_told(const char *format, ...);
/* Tries them all with every fault; the exit status. */
int trial_run(const char *group, const struct operation *operations, size_t count);
