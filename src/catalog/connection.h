/* SPDX-License-Identifier: MIT
 * A catalog and its connections, for all files of this layer. Functions that open, make or check a catalog's file are
 * declared here. One thread at a time uses a connection.
 */
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <sys/queue.h>

#include "anchor.h"
#include "home.h"
#include "statements.h"
#include "timestamp.h"

/* Both copies of the header of SQLite's WAL index. Every commit changes it (memo.c). */
#define LOG_STATE_WORDS 12
struct log_state {
        uint64_t words[LOG_STATE_WORDS];
};

/* The last event and its actor. */
struct chain {
        int64_t id, time; /* 0: not known */
        uint8_t hash[EVENT_HASH_SIZE];
        int64_t actor;    /* 0: not known */
        char actor_name[NAME_SIZE];
};

/* What may be written: CONTRACT 5.9. */
enum room {
        ROOM_UNKNOWN,
        ROOM_NONE,   /* only what ends something */
        ROOM_LITTLE, /* and lines of refusals */
        ROOM_ENOUGH,
};

#define MEMO_TOUCHES 64
/* What the writer's transaction does to remembered rows. */
struct memo_touch {
        struct log_state began; /* the state before it */
        bool all;               /* it may change any row */
        size_t count;
        struct share shares[MEMO_TOUCHES]; /* shares that it ends */
};

/* The last time that was rendered. */
struct stamp {
        int64_t second;
        char text[TIMESTAMP_SIZE]; /* "": none */
};

struct catalog_connection {
        struct catalog *catalog;
        sqlite3 *db;
        enum rest rest;
        struct home_state opened; /* how the files stood then, of those at rest */
        bool counted;              /* home_opened() */
        bool past; /* lent for reads as of the catalog's moment */
        int users; /* how many have borrowed it */
        bool together, begun;      /* its reads share a transaction; that has begun */
        /* remembered rows: memo.c */
        const volatile uint64_t *log_header; /* NULL: no row is remembered */
        bool looked;                         /* at the header, since it was borrowed */
        uint64_t generation;                 /* 0: no remembered row is valid */
        struct log_state state;
        sqlite3_stmt *statements[STATEMENT_COUNT]; /* prepared at first use, kept */
        sqlite3_stmt *past_statements[STATEMENT_COUNT];
        struct catalog_connection *next;           /* in the pool of idle readers */
        bool relaxed;                              /* a commit does not flush */
        int tries;                                 /* for another process' lock, see connection.c */
        int frames;                                /* pages in the log at the last commit */
        int64_t first_event, last_event;           /* the writer's, in this transaction; 0: none yet */
        struct chain chain;                        /* the log's last event, this transaction's included */
        struct stamp stamp;
        int64_t indexed;                           /* the last event in the log's indexes when last read */
        struct memo_touch touching;
        enum room room;                            /* in this transaction */
        struct effect_statements *effects;         /* effects.c; NULL: none prepared */
        bool has_earlier;                          /* the catalog was upgraded: its table `earlier` is not empty */
};

/* A change that waits, is being made, or is in a batch being written. */
struct pending {
        int64_t account; /* whose; 0: nobody's */
        catalog_run run;
        void *context;
        void (*done)(void *context, int r); /* of a posted change */
        sem_t *wake;                        /* posted when it is written; NULL: nobody waits */
        bool flush;                         /* it is done only once it is on disk */
        int result;
        struct origin origin;               /* of the result, if that is an error */
        STAILQ_ENTRY(pending) next;
};
STAILQ_HEAD(pending_queue, pending);

#define DAY_SUMS 4096 /* remembered at most: eleven years of one viewer */
/* The length of a day as a viewer sees it: day.c. */
struct day_sum {
        int64_t viewer;
        struct day day;  /* bytes 0: nothing is known */
        int64_t counted; /* events up to this one are counted */
        bool over;       /* no more events can come */
};

#define OWN_EVENTS 4096

struct catalog {
        struct home home;
        enum catalog_flags flags;
        bool past;
        bool keeps_log;  /* the last one who closes leaves log and index: there is a reserve */
        bool keeps_room; /* it is asked before a change, and made whole */
        _Atomic int64_t log_frames; /* pages in the log that are worth a checkpoint; 0: not known yet */
        struct catalog_moment moment; /* of a catalog opened as of one */
        char uuid[40];
        struct boot boot;
        _Atomic int64_t clock_low, clock_high; /* the anchor of the machine's clock: log_clock.c */
        struct memo *memo;
        int64_t index_events;
        pthread_mutex_t lock; /* protects what follows */
        struct day_sum day_sums[DAY_SUMS];
        struct catalog_connection *idle;
        struct catalog_stats stats;
        /* the writer's turn */
        bool writing; /* a thread has the turn, and with it the connection */
        pthread_cond_t work;
        struct pending_queue queue;
        int waiting; /* how many of these want a flush */
        bool stopping;
        bool has_writer;
        _Atomic bool frozen; /* nothing is written any more */
        pthread_t writer;
        _Atomic int followers; /* callers that wait for another thread to write their change */
        /* checkpoints of the log */
        pthread_cond_t checkpoint;
        bool checkpoint_wanted;  /* or running */
        bool checkpoint_waits;   /* for the turn */
        bool checkpoint_stops;
        bool has_checkpoint;
        pthread_t checkpointer;
        int64_t copied, looked;  /* pages of the log: copied to the file; there after the last checkpoint */
        /* not under the lock: used by the thread that has the turn */
        struct catalog_connection *connection;
        bool suspect; /* a commit failed: the log must be restarted */
        int64_t reserve, reserve_looked; /* bytes, 0: none; ns, 0: never */
        bool holes_looked;               /* in the file, since it was opened */
        enum room room;                  /* as it was last found */
        int64_t room_lacked;             /* ns, when it could not be had; 0: it could */
        uint64_t room_free;              /* blocks of the file system then */
        void (*committed)(void *context); /* feed.c; under the lock */
        void *committed_context;
        int64_t own[OWN_EVENTS]; /* under the lock: last events written here, each at its number modulo OWN_EVENTS */
};

/* reader.c: it reads files at rest, and they have changed since it was opened. */
bool reader_is_old(const struct catalog_connection *c);

/* Adds our SQL functions. They read the catalog's moment at each call. */
int functions_add(struct catalog_connection *c);

/* Makes a catalog. Only its connections open the file. */
int catalog_new(const char *path, enum catalog_flags flags, struct catalog **ret_catalog);
/* Makes an empty file, 0600; -EEXIST. Removes a file, and SQLite's files beside it. */
int file_make(const char *path);
void file_remove(const char *path);
/* Makes durable what has come and gone in the directory that a file is in. */
int file_sync_above(const char *path);
/* Makes the tables, empty. Marks the file as a catalog of this version. */
int schema_create(struct catalog_connection *c);
int schema_seal(struct catalog_connection *c);
/* A commit that changes nothing, but is in the log. */
int schema_same(struct catalog_connection *c);
/* A file's format and the revision of its tables, in the order of time: 100, 200, 201 … */
#define CATALOG_STAMP (100 * CATALOG_VERSION + CATALOG_REVISION)
/* -EMEDIUMTYPE: no catalog; -EPROTONOSUPPORT: a newer one, ret_stamp is set too. */
int catalog_format(struct catalog_connection *c, int64_t *ret_stamp);
/* Reads the uuid that marks its stores. -EUCLEAN: missing or malformed. */
int catalog_mark(struct catalog_connection *c);
int connection_open(struct catalog *catalog, bool writer, struct catalog_connection **ret_connection);
struct catalog_connection *connection_close(struct catalog_connection *connection);
static inline void connection_cleanup(struct catalog_connection **connection) {
        *connection = connection_close(*connection);
}
#define _cleanup_connection_ _cleanup_(connection_cleanup)
static inline void catalog_cleanup(struct catalog **catalog) {
        *catalog = catalog_close(*catalog);
}
#define _cleanup_catalog_ _cleanup_(catalog_cleanup)
