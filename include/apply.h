/* SPDX-License-Identifier: MIT
 * Wanted shares in bulk (CONTRACT 8, 9 `apply`): what is missing is granted, an expiry that differs is set, and on
 * demand what nobody listed is revoked. Each change is judged and logged as if it were asked alone: the operator acts
 * on each image as its owner, anybody else as itself. Transactions are short, and other writers get their turn between
 * them.
 *
 * What a call returns: see service.h; a refused line is no failure, but reported. One thread.
 */
#pragma once

#include "service.h"

struct apply;

struct apply_line {
        int64_t number; /* in its file */
        const char *region, *image, *account; /* image: `web@alice`; account NULL: nobody */
        bool has_expires; /* else a live share keeps the expiry it has, a new one has none */
        int64_t expires;  /* ms; 0: never */
};

enum apply_verb {
        APPLY_SHARE,
        APPLY_UNSHARE,
        APPLY_SET_EXPIRY,
};

/* A change; texts are good until the function returns. */
struct apply_step {
        enum apply_verb verb;
        const char *region, *image, *account;
        int64_t expires; /* ms; 0: never, or as it is */
};

struct apply_refusal {
        int64_t line;       /* 0: of what nobody listed */
        const char *asked;  /* `share north/web@alice with zoe` */
        int result;         /* the rule, or -errno: -ENOENT no such image, -EINVAL and -ENAMETOOLONG the account's name,
                             * -EBUSY somebody writes to its disk */
        const char *fact;   /* which broke the rule; NULL with -errno */
};

/* Told in the order of the lines, after the change is on the disk. A number other than 0 ends it all, and is returned.
 */
struct apply_report {
        int (*step)(const struct apply_step *step, void *context);
        int (*refusal)(const struct apply_refusal *refusal, void *context);
        void *context;
};

/* plan: changes and logs nothing, only reports what would be. The request and the report outlive it. */
int apply_new(struct request *request, bool plan, const struct apply_report *report, struct apply **ret_apply);
struct apply *apply_free(struct apply *apply);
static inline void apply_cleanup(struct apply **apply) {
        *apply = apply_free(*apply);
}

/* Takes a line; some hundred are done at once. apply_flush does what was taken. */
int apply_add(struct apply *apply, const struct apply_line *line);
int apply_flush(struct apply *apply);

/* Takes note of a line: its image is listed, and who may have it. 16 to 32 bytes for each image and account. */
int apply_list(struct apply *apply, const struct apply_line *line);
/* Revokes the shares of listed images with accounts that are not listed with them. Of images that the asker may act on
 * as their owner, the others are left. Before apply_add, so that there is room for who comes instead. */
int apply_prune(struct apply *apply);
