/* SPDX-License-Identifier: MIT
 * Operations and their effects (effects.def), and how events are read back from the log.
 */
#pragma once

#include "connection.h"
#include "feed.h"

/* What an event is about: resolve.c finds it by the event's texts, for the words of its effects. */
enum about {
        ABOUT_NOTHING = 0,
        ABOUT_NEW = 1 << 0,      /* :region, :name: an object of the actor's is made */
        ABOUT_IMAGE = 1 << 1,    /* :place, :image, :region: the object, by the name it had then */
        ABOUT_ACCOUNT = 1 << 2,  /* :account: by the other account's name */
        ABOUT_SHARE = 1 << 3,    /* :place, :image, :account: of the detail `share`, whose image may be gone */
        ABOUT_IMAGE_ID = 1 << 6, /* :place, :image: by the detail `image` */
        ABOUT_INSTANCE = 1 << 4, /* :instance: the object */
        ABOUT_INSTALLED = 1 << 5, /* :instance: the detail `instance`; the object is an image */
};

#define UNSEEN (-1) /* no change to any cache */

#define EFFECTS_MOST 8
struct effect {
        const char *apply; /* changes the rows */
        const char *check; /* how many rows are as the event left them, as `count` counts; none or null: not so */
        const char *count; /* how many rows all effects of this kind left; NULL: not counted */
        int least;         /* rows that applying it changes */
};
struct operation {
        const char *word;       /* in the log */
        const char *key, *value; /* the member of its details that tells it from others of this word; NULL: none */
        int change;              /* enum change_kind, or UNSEEN */
        unsigned about;          /* enum about */
        struct effect effects[EFFECTS_MOST];
};
extern const struct operation operations[EVENT_OPS];

/* The operation of an event in the log: by its word and details. -ENOENT: none that this version knows. */
int operation_find(const char *word, const struct event *event);
bool operation_known(const char *word);

/* For the writer and a replay: changes the rows as the event numbered id says. -ENOENT: a row that it needs is missing;
 * then, as after any failure, the transaction must be undone. */
int effects_apply(struct catalog_connection *c, const struct event *event, int64_t id);
/* Whether the rows are as the event left them: 1, 0 or -errno. Adds to counts->rows[op][effect]. Account rows are made
 * again in the connection's table account_then instead. */
struct effect_counts {
        int64_t rows[EVENT_OPS][EFFECTS_MOST];
};
int effects_check(struct catalog_connection *c, const struct event *event, int64_t id, struct effect_counts *counts);
/* Makes account_then, empty. */
int effects_check_begin(struct catalog_connection *c);
/* Whether there are as many rows of each kind as were counted, and the accounts of account_then: 1, 0 or -errno. */
int effects_check_end(struct catalog_connection *c, const struct effect_counts *counts);
/* Finalizes the connection's statements of effects. */
void effects_forget(struct catalog_connection *c);

/* The member of an event's details; NULL: none. `_` in the key stands for `-`. */
const struct event_detail *event_detail_find(const struct event *event, const char *key);

/* --- resolve.c: events read back from the log --- */

/* Columns of a statement that reads the log. */
enum logged_column {
        LOGGED_ID, LOGGED_TIME, LOGGED_ACTOR, LOGGED_ACTOR_NAME, LOGGED_UID, LOGGED_VIA, LOGGED_OP, LOGGED_OBJECT,
        LOGGED_ACCOUNT, LOGGED_RULE, LOGGED_ERRNO, LOGGED_DETAIL, LOGGED_PLACE, LOGGED_OWNER, LOGGED_LENGTH, LOGGED_HASH,
};

/* A row of the log as an event. Its texts are valid until the statement's next step, those of its details are in
 * `texts`. */
struct logged {
        int64_t id, time;
        struct caller caller;
        struct event event; /* json: its detail */
        const char *op, *via;
        int64_t place, owner; /* as the row says: not hashed. 0: none */
        int64_t place_owner;  /* of the event's place, as found; 0: none */
        char texts[4096];
        size_t used;
};
/* Reads the row itself. */
int logged_row(sqlite3_stmt *s, struct logged *ret_logged);
/* Reads its details, and what an upgrade's snapshot added to them; finds its operation. -ENOENT: an unknown one.
 * Members that are no text or integer are left out. */
int logged_read(struct catalog_connection *c, struct logged *logged);
/* Finds what the event is about, as of just before it. What is not found stays 0, which no effect accepts. */
int logged_resolve(struct catalog_connection *c, struct logged *logged);
