/* SPDX-License-Identifier: MIT
 * A catalog and its connections, as all that is in here sees them. Whoever opens a file, makes one or says what it must be
 * declares it here; a connection is used by one thread at a time.
 */
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <sys/queue.h>

#include "statements.h"
#include "timestamp.h"

/* All that says what was committed last. */
#define LOG_STATE_WORDS 12
struct log_state {
        uint64_t words[LOG_STATE_WORDS];
};

/* The last event, and who did it. */
struct chain {
        int64_t id, time; /* 0: not known */
        uint8_t hash[EVENT_HASH_SIZE];
        int64_t actor;    /* 0: not known */
        char actor_name[NAME_SIZE];
};

#define MEMO_TOUCHES 64
/* What a transaction of the writer does to rows that are known. */
struct memo_touch {
        struct log_state began; /* what was committed before it */
        bool all;               /* it may change any of them */
        size_t count;
        struct share shares[MEMO_TOUCHES]; /* that it ends */
};

/* A time that was written. */
struct stamp {
        int64_t second;
        char text[TIMESTAMP_SIZE]; /* "": none */
};

struct catalog_connection {
        struct catalog *catalog;
        sqlite3 *db;
        bool past; /* lent for reads as of the catalog's moment */
        int users; /* who have it borrowed */
        bool together, begun;      /* its reads share a transaction; which has begun */
        /* what is known without asking: memo.c */
        const volatile uint64_t *log_header; /* NULL: nothing */
        bool looked;                         /* since it was borrowed */
        uint64_t generation;                 /* 0: nothing is known */
        struct log_state state;
        sqlite3_stmt *statements[STATEMENT_COUNT]; /* prepared at first use, kept */
        sqlite3_stmt *past_statements[STATEMENT_COUNT];
        struct catalog_connection *next;           /* in the pool of idle readers */
        bool relaxed;                              /* a commit does not flush */
        int tries;                                 /* of another process' lock, see connection.c */
        int frames;                                /* pages in the log at the last commit */
        int64_t first_event, last_event;           /* the writer's: of this transaction; 0: none yet */
        struct chain chain;                        /* its end as it is in this transaction */
        struct stamp stamp;
        int64_t indexed;                           /* the log's indexes reached so far, when last looked at */
        struct memo_touch touching;
        struct effect_statements *effects;         /* effects.c; NULL: none prepared */
        bool has_earlier;                          /* the catalog was upgraded: its table `earlier` is not empty */
};

/* A change that waits, is being made, or is in a batch that is. */
struct pending {
        catalog_run run;
        void *context;
        void (*done)(void *context, int r); /* of one that nobody waits for */
        sem_t *wake;                        /* who waits for it; NULL: nobody */
        bool flush;                         /* it is only done once it is on the disk */
        int result;
        struct origin origin;               /* of the result, if that is an error */
        STAILQ_ENTRY(pending) next;
};
STAILQ_HEAD(pending_queue, pending);

#define DAY_SUMS 4096 /* that are remembered: eleven years of one viewer */
/* What a viewer may read of a day: day.c. */
struct day_sum {
        int64_t viewer;
        struct day day;  /* bytes 0: nothing is known */
        int64_t counted; /* the event up to which all are in it */
        bool over;       /* no more can come */
};

#define OWN_EVENTS 4096

struct catalog {
        char *path;
        enum catalog_flags flags;
        bool past;
        struct catalog_moment moment; /* of a catalog opened as of one */
        char uuid[40];
        struct memo *memo;
        int64_t index_events;
        pthread_mutex_t lock; /* of what follows */
        struct day_sum day_sums[DAY_SUMS];
        struct catalog_connection *idle;
        struct catalog_stats stats;
        /* the writer's turn */
        bool writing; /* somebody has it, and the connection with it */
        pthread_cond_t work;
        struct pending_queue queue;
        int waiting; /* of these, for a flush */
        bool stopping;
        bool has_writer;
        pthread_t writer;
        _Atomic int followers; /* callers that wait for another thread to write their change */
        /* the log's copying back */
        pthread_cond_t checkpoint;
        bool checkpoint_wanted;  /* or under way */
        bool checkpoint_waits;   /* for the turn */
        bool checkpoint_stops;
        bool has_checkpoint;
        pthread_t checkpointer;
        int64_t copied, looked;  /* pages of the log that are in the file, that there were at the last look */
        /* not under the lock: whoever has the turn */
        struct catalog_connection *connection;
        bool suspect; /* a commit failed: the log is to begin anew */
        void (*committed)(void *context); /* feed.c */
        void *committed_context;
        int64_t own[OWN_EVENTS]; /* numbers of the last events written here, each at its number's remainder */
};

/* Adds our own functions; the moment is asked each time. */
int functions_add(sqlite3 *db, struct catalog_moment *moment);

/* Of a file that is opened by its connections. */
int catalog_new(const char *path, enum catalog_flags flags, struct catalog **ret_catalog);
/* A file, empty, 0600. -EEXIST. Removes one, and what SQLite has beside it. */
int file_make(const char *path);
void file_remove(const char *path);
/* Makes the tables, empty; says that the file is a catalog of this version. */
int schema_create(struct catalog_connection *c);
int schema_seal(struct catalog_connection *c);
/* -EMEDIUMTYPE: no catalog; -EPROTONOSUPPORT: a newer one, whose format is told too. */
int catalog_format(struct catalog_connection *c, int64_t *ret_format);
/* Reads the mark of its stores; -EMEDIUMTYPE: that is none. */
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
