/* SPDX-License-Identifier: MIT
 * Reading the log (CONTRACT 8, 9): all of it as operator or auditor; an ordinary account reads the events that it
 * caused, that name it, or that are about its own images.
 */
#pragma once

#include "service.h"

/* What is asked for: all that is set must hold. Texts belong to the caller and must stay. */
struct log_query {
        bool denied;           /* refusals */
        const char *account;   /* actor or other account, also one that is gone or never was; NULL: any */
        const char *image;     /* `REGION/IMG@OWNER`; NULL: any object. One that is there means it under all its names,
                                * else what was called that */
        int64_t since, until;  /* ms, both included */
        bool has_since, has_until;
        int64_t after;         /* the last event read; 0 at first */
        int64_t place, number; /* set by log_begin: the image's, the account's */
};

/* An event; texts are good until `each` returns, NULL: none. */
struct log_event {
        int64_t id, time; /* time in ms */
        const char *actor, *op, *object, *account, *rule;
        const char *line; /* its JSON as in history.jsonl, and a newline */
};

int log_begin(struct request *request, struct log_query *query);
/* Calls each with the next events, oldest first, at most a page. 1: there may be more, 0: no more now. The catalog is
 * being read while `each` runs: it must not wait for anything. -ENOENT: the account who asks was removed. */
int log_page(struct request *request, struct log_query *query,
             int (*each)(const struct log_event *event, void *context), void *context);
