/* SPDX-License-Identifier: MIT
 * Shared by the files of imgshare: verbs and their options, a session with a catalog, errors, tables. Functions that
 * return an exit status have already reported on stderr why it is not 0.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registry.h"
#include "service.h"

/* Exit status (CONTRACT 8). */
enum status {
        STATUS_DONE,
        STATUS_REFUSED, /* or check found something, or failed */
        STATUS_USAGE,
};

/* Options that some verbs take; the global ones are fields of struct call. */
enum verb_option {
        OPTION_ACCOUNT,
        OPTION_ALL,
        OPTION_ASOF,
        OPTION_DENIED,
        OPTION_DIGESTS,
        OPTION_DOT,
        OPTION_FOLLOW,
        OPTION_HEAD,
        OPTION_IMAGE,
        OPTION_JSON,
        OPTION_LIST,
        OPTION_LOG,
        OPTION_NEW_NAME, /* --as, behind a verb that takes it */
        OPTION_PLAN, /* -n */
        OPTION_PRUNE,
        OPTION_QUOTA,
        OPTION_REPAIR,
        OPTION_ROLE,
        OPTION_SINCE,
        OPTION_STORE,
        OPTION_UID,
        OPTION_UNTIL,
        OPTION_WITHOUT_DISKS,
        OPTION_COUNT,
};
#define WITH(option) (1U << OPTION_##option)

struct call;

struct verb {
        const char *name;      /* `init`, `region add` */
        const char *arguments; /* `NAME [--store PATH]`, as in the manual's SYNOPSIS */
        const char *summary;   /* one line of `imgshare --help` */
        const char *help;      /* lines of at most 80 columns */
        const char *example;   /* one command */
        int least, most;       /* arguments; most -1: any number */
        unsigned options;      /* WITH(…) */
        enum status (*run)(const struct call *call);
};

/* One table per noun, ended by a verb without name. main.c lists the tables. */
extern const struct verb access_verbs[], account_verbs[], adopt_verbs[], apply_verbs[], backup_verbs[], check_verbs[],
        clock_verbs[], exposure_verbs[], image_verbs[], init_verbs[], limits_verbs[], log_verbs[], region_verbs[], restore_verbs[], rules_verbs[],
        undelete_verbs[], upgrade_verbs[], why_verbs[];

/* One parsed command line. */
struct call {
        const char *dir;                  /* -C */
        const char *as;                   /* --as */
        const char *option[OPTION_COUNT]; /* NULL: not given; "" for one that takes no value */
        const struct verb *verb;          /* NULL until known */
        int count;
        char **arguments;
        bool help, version; /* given: nothing else is done */
};

/* options.c: reads options into the call. Leaves the arguments, from the first word that is no option on; `stop`: does
 * not look for options after it. Skips arguments[0], the program's name. */
enum status options_read(struct call *call, bool stop);

/* session.c: an open catalog and the caller of --as. */
struct session {
        struct service *service;
        struct request request;
};
enum status session_open(const struct call *call, enum service_flags flags, struct session *ret_session);
void session_close(struct session *session);

/* error.c: `imgshare: WHAT: WHY`, one line. */
struct meaning {
        int error; /* positive errno; 0 ends the list */
        const char *text;
};
extern const struct meaning meanings_of_names[]; /* of the name of a new region or account */
enum status error_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));  /* STATUS_USAGE */
enum status error_failed(const char *format, ...) __attribute__((format(printf, 1, 2))); /* STATUS_REFUSED */
/* The meaning of a call's -errno: from `meanings` (or NULL), else the general one. */
const char *error_text(int r, const struct meaning *meanings);
/* Reports a service call's r and returns the status. The subject is `noun 'name'`, or the noun if name is NULL. */
enum status error_result(const struct request *request, int r, const struct meaning *meanings, const char *noun,
                         const char *name);

/* parse.c: whole strings, or -EINVAL. */
int parse_number(const char *text, int64_t max, int64_t *ret_number); /* 0 to max, decimal digits only */
int parse_uid(const char *text, int64_t *ret_uid);
int parse_switch(const char *text, int64_t *ret_on); /* `on`, `off` */
int parse_span(const char *text, int64_t *ret_seconds); /* `7d`, `12h`, `0` */
#define SPAN_SIZE 24
char *span_text(int64_t seconds, char ret_text[static SPAN_SIZE]); /* the same */
int parse_size(const char *text, int64_t *ret_bytes); /* `64M`, `4096`; K M G T are powers of 1024 */
char *size_text(int64_t bytes, char ret_text[static SPAN_SIZE]); /* the same */
/* Says that a region or account that is to be removed takes with it what is kept of it. */
void say_kept(struct request *request, const char *region, const char *account);
int parse_role(const char *text, int64_t *ret_role);
const char *role_name(enum role role);

/* table.c: collects rows until all are there, or flushes them by the page. Prints a table on a terminal, else
 * tab-separated lines, or JSON. */
enum cell_kind {
        CELL_TEXT,
        CELL_NUMBER,
        CELL_SWITCH, /* on, off; in JSON true, false */
        CELL_NONE,   /* `-`; in JSON null */
};
struct cell {
        enum cell_kind kind;
        int64_t number;
        const char *text;
};
#define cell_text(t) ((struct cell){ .kind = CELL_TEXT, .text = (t) })
#define cell_number(n) ((struct cell){ .kind = CELL_NUMBER, .number = (n) })
#define cell_switch(b) ((struct cell){ .kind = CELL_SWITCH, .number = (b) })
#define cell_none() ((struct cell){ .kind = CELL_NONE })

struct column {
        const char *name;
        bool right; /* numbers */
        bool wrap;  /* sentences */
        bool omit;  /* only the last column: without value the cell is left out in a pipe */
        bool tree;  /* one column of a table whose rows are below others */
};
struct table {
        const struct column *columns;
        size_t width, count, allocated;
        struct cell *cells; /* count rows of width cells; the texts are owned */
        size_t *parents, parents_allocated; /* NULL, or the row each one is below, from 1; 0: none */
};
#define TABLE(c) ((struct table){ .columns = (c), .width = ARRAY_SIZE(c) })
int table_add(struct table *table, const struct cell *cells); /* copies; -ENOMEM */
/* The same, for a terminal; parent: the number of an earlier row, from 1, or 0. */
int table_add_below(struct table *table, const struct cell *cells, size_t parent);
enum status table_print(const struct table *table, const struct call *call); /* main reports errors of stdout */
/* Prints the rows as tab-separated lines, even on a terminal, and empties the table. */
void table_print_lines(struct table *table);
/* The same if the output is a pipe; else (a table, JSON) rows stay until table_print. -EIO: the output has failed. */
int table_flush(struct table *table, const struct call *call);
void table_clear(struct table *table);
