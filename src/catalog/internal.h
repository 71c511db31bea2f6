/* SPDX-License-Identifier: MIT
 * Shared inside the catalog: a connection, its prepared statements, and the one place that knows SQLite's codes.
 */
#pragma once

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <string.h>

#include "catalog.h"
#include "cleanup.h"
#include "timestamp.h"

#define PAGE CATALOG_PAGE /* rows of one statement of a listing: its LIMIT in statements.def */

enum statement {
#define STATEMENT(name, sql) S_##name,
#include "statements.def"
#undef STATEMENT
        STATEMENT_COUNT
};
extern const char *const statement_sql[STATEMENT_COUNT];
extern const char *const statement_past_sql[STATEMENT_COUNT]; /* the same as of the catalog's moment */

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
        struct pending *next;
};

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
        struct pending *first, **last;
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

/* -errno for SQLite's result on a connection; 0 for OK, ROW and DONE. */
int sqlite_error(sqlite3 *db, int code);

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
/* Runs statements that return nothing; asks for the first number that a query gives. */
int connection_run(struct catalog_connection *c, const char *sql);
int connection_number(struct catalog_connection *c, const char *sql, int64_t *ret_number);

/* The events of a transaction are this process's: said before it commits, and taken back if it does not. */
void own_events(struct catalog *catalog, int64_t first, int64_t last, bool own);
/* Whether an event is. At worst no for one long ago. */
bool own_event(struct catalog *catalog, int64_t id);
/* A transaction has been committed here. */
void own_committed(struct catalog *catalog);
/* Calls committed after each transaction of this process; NULL: no more, and none is under way when this returns. */
void own_watch(struct catalog *catalog, void (*committed)(void *context), void *context);


/* --- memo.c: what lookups have read, of a connection that reads together --- */

struct memo;
/* What a row was asked by. */
struct memo_key {
        enum statement which;
        int64_t a, b;
        const char *text; /* NULL: none */
};
struct memo *memo_new(void);
struct memo *memo_free(struct memo *memo);
/* Finds where a new connection sees what is committed. Where it cannot, everything is asked. */
void memo_open(struct catalog_connection *c);
/* Before its first read since it was borrowed: what is committed by now. */
void memo_look(struct catalog_connection *c);
/* A row without pointers, as it was put under that key since the last commit. */
bool memo_get(struct catalog_connection *c, const struct memo_key *key, void *ret_row, size_t size);
/* A row just read by the statement of its key. Not one that changes by itself, as a share that expires does. */
void memo_put(struct catalog_connection *c, const struct memo_key *key, const void *row, size_t size);
/* The writer's: its transaction has begun; ends a share; is about to be committed, and has been or not. Whatever other
 * statement changes something (statements.c) makes all rows void. */
void memo_write_begin(struct catalog_connection *c);
void memo_share_ends(struct catalog_connection *c, const struct share *share);
void memo_commit_begin(struct catalog_connection *c);
void memo_commit_end(struct catalog_connection *c, bool committed);

int writer_start(struct catalog *catalog);
void writer_stop(struct catalog *catalog);
/* --- turn.c --- */

/* Under the lock: a change waits; takes the writer's turn if nobody has it; gives it to who waits for it. */
void turn_queue(struct catalog *catalog, struct pending *job);
bool turn_begin(struct catalog *catalog);
void turn_end(struct catalog *catalog);
/* Takes a change back that nobody has taken yet. */
bool turn_withdraw(struct catalog *catalog, struct pending *job);

/* Changes of one transaction, in order. */
struct batch {
        struct pending *first, **last;
        struct pending *first_done; /* all from here are as good as the commit */
        bool relaxed;           /* only posted ones */
};
/* Takes what waits, to the end or for some 10 ms, and commits it; every job has its result then. */
void batch_run(struct catalog *catalog, struct batch *b);
/* turn.c: the next one that waits, now in the batch; NULL. */
struct pending *turn_next(struct catalog *catalog, struct batch *b);

/* Copies back all of it at once, and has the next change begin it anew. -EAGAIN: somebody reads for long. */
int checkpoint_restart(struct catalog_connection *c);
/* Under the lock, with the writer's turn: has the log copied back if it has grown. */
void checkpoint_consider(struct catalog *catalog);
void checkpoint_stop(struct catalog *catalog);

/* A statement lent for a scope: bound by format, one letter an argument: i int64_t, t text (NULL: null),
 * b blob (pointer, int), n null if the int64_t is 0, m null if it is below 0. */
int statement_start(struct catalog_connection *c, enum statement which, sqlite3_stmt **ret_statement,
                    const char *format, ...);
/* 1: a row, 0: no more, -errno. */
int statement_row(sqlite3_stmt *statement);
void statement_end(sqlite3_stmt **statement);
#define _cleanup_statement_ _cleanup_(statement_end)

/* The first row of one that has just been started with result r: 0, or -ENOENT. */
int statement_one(sqlite3_stmt **statement, int r);

/* For statements without rows: the number of rows they changed. */
int statement_run(struct catalog_connection *c, enum statement which, const char *format, ...);
/* The number that a statement without parameters gives. */
int statement_number(struct catalog_connection *c, enum statement which, int64_t *ret_number);
/* For statement_run where exactly one row must change: -ENOENT if none did. */
int changed_one(int changed);

/* The rows of one page of a listing (place or instance, cursor, name, owner); ret_rows: how many, PAGE if there may be
 * more. */
int statement_entries(sqlite3_stmt *s, int r, int64_t *after, image_each each, void *context, int *ret_rows);

/* Calls each with an event's line: of a statement whose first columns are its JSON and hash, that JSON with the hash as
 * the last member, and a newline. */
int event_line(sqlite3_stmt *s, int (*each)(const char *line, size_t length, void *context), void *context);

/* An event's JSON, as EVENT_JSON renders it with a detail (JSON without spaces; NULL: none); its length, or 0: that must
 * render it. */
size_t event_render(const struct event *e, int64_t id, const char *stamp, const char *actor, const char *via,
                    const char *op, const char *detail, char *ret_json, size_t size);
/* The details as EVENT_DETAIL renders them; false: that must. */
bool detail_render(const struct event *e, char *ret_json, size_t size);
/* A time as timestamp_format writes it; good until the next one. */
const char *event_stamp(struct stamp *stamp, int64_t time);
/* SHA-256 of the hash before and an event's JSON. */
void event_hash(const uint8_t previous[static EVENT_HASH_SIZE], const char *json, size_t length,
                uint8_t ret_hash[static EVENT_HASH_SIZE]);
/* Bytes of the line that an event with so much JSON has in the log. */
int64_t event_line_length(size_t json);

/* The last event up to a number and its time; 0 and INT64_MIN: there is none. */
int log_event_at(struct catalog_connection *c, int64_t number, int64_t *ret_id, int64_t *ret_time);
/* The last event before a time, of those up to high; it is known not to be before low. 0: there is none. */
int log_before(struct catalog_connection *c, int64_t time, int64_t low, int64_t high, int64_t *ret_id);

/* Before a commit: brings the log's indexes up to the last event if too many are behind them. */
int indexed_consider(struct catalog_connection *c);
int indexed_fill(struct catalog_connection *c);
#define INDEX_EVENTS 128 /* so many are, for readers to look at one by one; a test may want another number */

/* Ids that nodes and blobs can be named by; others are in a damaged catalog only, and -EIO. */
static inline bool id_good(int64_t id) {
        return id > 0 && id < INT64_C(1) << 36;
}
static inline bool id_good_or_none(int64_t id) {
        return id == 0 || id_good(id);
}
static inline bool account_good(int64_t id) {
        return id > 0 && id < 1 << 20;
}
static inline bool region_good(int64_t id) {
        return id > 0 && id < 1 << 16;
}

/* A listing goes on behind a row. -EIO: a damaged index goes back, and so would the listing, for ever. */
static inline int page_go_on(int64_t *after, int64_t id) {
        if (id <= *after)
                return -EIO;
        *after = id;
        return 0;
}

/* Text of a column, SQLite's until the next step; NULL for null. -ENOMEM: which SQLite's function would tell as NULL. */
int column_pointer(sqlite3_stmt *statement, int column, const char **ret_text);
/* Text of a column into a fixed buffer; "" for null. Longer text (a damaged catalog) is -EIO. */
int column_text(sqlite3_stmt *statement, int column, char *ret_text, size_t size);

/* --- feed.c; change.c: what an event changed --- */

struct feed {
        struct catalog_connection *c;  /* one for all the time: its version tells of others' writes */
        int64_t version, event;        /* the last ones read */
        int64_t expired;               /* shares whose time came until then have been told */
        int64_t due;                   /* when the next one's comes; 0: none's does */
};
struct feed_reader;
struct change;
/* Has the reader look at a change that concerns it. object: the event's. */
int feed_tell(struct feed *feed, const struct feed_reader *reader, const char *object, struct change *change);
/* A row of FEED_PAGE as a change, as far as it tells: 1, or 0 if nobody can see anything of it. ret_object: SQLite's
 * until the next step, NULL: none. */
int change_read(struct feed *feed, sqlite3_stmt *s, struct change *ret_change, const char **ret_object);
/* Looks up the rest. -ENOENT: there is nothing to be told. */
int change_resolve(struct feed *feed, const char *object, struct change *change);
