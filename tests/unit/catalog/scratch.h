/* SPDX-License-Identifier: MIT
 * Fixtures of the catalog tests: a temporary catalog, changes by name, and SQLite's own view of the file.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "catalog.h"
#include "cleanup.h"

#define UUID "6b1c1f0e-27a5-4c5e-9d0a-0123456789ab"
#define OPERATOR 1 /* the built-in account */

/* Made for each test by scratch_setup: an open catalog, and one of its readers. */
extern char scratch_dir[64];
extern char scratch_path[80];
extern struct catalog *scratch_catalog;
extern struct catalog_connection *scratch_reader;

int scratch_setup(void **state);
/* The same without opening the catalog. */
int scratch_setup_closed(void **state);
/* Fails if the catalog's rows do not follow from its log, unless the test called scratch_tampered. */
int scratch_teardown(void **state);
void scratch_tampered(void);
void scratch_close(void);
void scratch_open(void);

/* dir/name; valid until the fourth call after this one */
const char *scratch_name(const char *name);

/* Queries the file by SQLite: first column of the first row, -1 if there is none. */
int64_t sql_number(const char *sql);
/* Runs SQL on the file. */
void sql_run(const char *sql);
/* A copy of the catalog in which the SQL was run. */
const char *scratch_copy(const char *sql);

extern const struct caller scratch_operator;

/* Makes a change by adding its event, in a transaction. Returns the event's number, or an error (below 0). Owners are
 * the actors of their own changes, the operator of all others. */
enum fact {
        ACCOUNT_PUT,       /* text: name */
        ACCOUNT_QUOTA,     /* account, quota or -1 */
        ACCOUNT_END,       /* account */
        REGION_PUT,        /* text: name */
        REGION_END,        /* region */
        SETTING_PUT,       /* value, text: name */
        CLOCK_DOUBT,       /* ms; 0: it is over */
        CLOCK_SET,         /* time */
        PLACE_PUT,         /* region, owner, text: name */
        PLACE_RENAME,      /* place, text: name */
        PLACE_END,         /* place */
        IMAGE_RENEW,       /* place */
        IMAGE_KEEP,        /* place: the same, and its bytes are kept */
        IMAGE_RETURN,      /* image; text: name, NULL: the last one */
        IMAGE_PURGE,       /* image */
        IMAGE_DISK,        /* image, source or 0; the disk is empty */
        IMAGE_COPY,        /* image, source; with content */
        IMAGE_COPY_ALSO,   /* image, source */
        IMAGE_FILL,        /* place, image; becomes available */
        IMAGE_SEAL,        /* image, size */
        IMAGE_REVIEW,      /* image, 1 or 0 */
        IMAGE_DIGEST,      /* image, the same one or 0, text: hex digits */
        IMAGE_TOUCH,       /* image, mtime or 0 */
        DESCRIPTION_PUT,   /* place, mtime or 0, text: made, written, its time set; up to three events */
        DESCRIPTION_WRITE, /* place, text; the description exists */
        DESCRIPTION_TOUCH, /* place, mtime */
        DESCRIPTION_END,   /* place */
        LINK_PUT,          /* place */
        LINK_END,          /* place */
        SHARE_PUT,         /* image, account */
        SHARE_END,         /* share */
        SHARE_EXPIRES,     /* share */
        EXPIRY_PUT,        /* share, time or 0 */
        TRUST_PUT,         /* account, owner */
        TRUST_END,         /* account, owner */
        INSTANCE_PUT,      /* region, owner, text: name */
        INSTANCE_END,      /* instance */
        LAUNCH,            /* instance, image */
        LAUNCH_IMAGE_END,  /* instance */
        LAUNCH_DISK_END,   /* instance */
        LAUNCH_KEEP,       /* instance: the same, and its bytes are kept */
        LAUNCH_RETURN,     /* launch */
        LAUNCH_PURGE,      /* launch */
};
int64_t change(enum fact what, int64_t a, int64_t b, const char *text);
/* The same, which must succeed. */
int64_t must(enum fact what, int64_t a, int64_t b, const char *text);
/* The same in the caller's transaction. */
int change_in(struct catalog_connection *c, enum fact what, int64_t a, int64_t b, const char *text, int64_t *ret_event);
/* The same, n times in one transaction, with 0 to n - 1 appended to the text; step: the second argument is b + i. */
void many(enum fact what, int n, int64_t a, int64_t b, bool step, const char *prefix);

/* Adds an event alone and commits it. */
int64_t log_event(const struct event *event);

/* The last source of an image, 0: none, and its like. */
int scratch_image_source(struct catalog_connection *c, int64_t id, int64_t *ret_source, int64_t *ret_same);

/* Ids by name. */
int64_t account_id(const char *name);
int64_t region_id(const char *name);

/* Fails the test unless the file's events are numbered from 1 without gaps, and each one's hash and length match its
 * JSON, rendered here, and the hash before. Returns their number. */
int64_t chain_check(void);
