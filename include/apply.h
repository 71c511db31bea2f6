/* SPDX-License-Identifier: MIT
 * Wanted shares in bulk (CONTRACT 8, 9 `apply`): grants missing shares, sets expiries that differ, and on demand
 * revokes shares that nobody listed. Each change is judged and logged as if it were asked alone: an operator acts on
 * each image as its owner, anybody else as itself. Transactions are short, and other writers get their turn between
 * them.
 *
 * What a call returns: see service.h; a refused line is reported and is no failure. One thread.
 */
#pragma once

#include "service.h"

struct apply;

struct apply_line {
        int64_t number; /* in its file */
        const char *region, *image, *account; /* image: `web@alice`; account NULL: nobody */
        bool has_expires; /* false: a live share keeps its expiry, a new one has none */
        int64_t expires;  /* ms; 0: never */
};

enum apply_verb {
        APPLY_SHARE,
        APPLY_UNSHARE,
        APPLY_SET_EXPIRY,
};

/* A change; texts are valid until the function returns. */
struct apply_step {
        enum apply_verb verb;
        const char *region, *image, *account;
        int64_t expires; /* ms; 0: never, or unchanged */
};

struct apply_refusal {
        int64_t line;       /* 0: a share that nobody listed */
        const char *asked;  /* `share north/web@alice with zoe` */
        int result;         /* the rule, or -errno: -ENOENT no such image, -EINVAL and -ENAMETOOLONG the account's name,
                             * -EBUSY somebody writes to its disk */
        const char *fact;   /* that broke the rule; NULL with -errno */
};

/* Called in the order of the lines, once the change is on disk. A number other than 0 ends everything and is
 * returned. */
struct apply_report {
        int (*step)(const struct apply_step *step, void *context);
        int (*refusal)(const struct apply_refusal *refusal, void *context);
        void *context;
};

/* plan: only reports what would be done; changes and logs nothing. The request and the report must outlive
 * ret_apply. */
int apply_new(struct request *request, bool plan, const struct apply_report *report, struct apply **ret_apply);
struct apply *apply_free(struct apply *apply);
static inline void apply_cleanup(struct apply **apply) {
        *apply = apply_free(*apply);
}

/* Takes a line; they are done in batches of up to 2000. apply_flush does those taken so far. */
int apply_add(struct apply *apply, const struct apply_line *line);
int apply_flush(struct apply *apply);

/* Records that the image and its account are listed. Takes 16 to 32 bytes for each image and account. */
int apply_list(struct apply *apply, const struct apply_line *line);
/* Revokes the shares of listed images with accounts that are not listed for them. Skips images on which the caller may
 * not act as their owner. Call it before apply_add, so that there is room for new shares. */
int apply_prune(struct apply *apply);
