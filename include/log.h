/* SPDX-License-Identifier: MIT
 * Reading the log (CONTRACT 8, 9): staff reads all of it; an ordinary account reads the events that it caused, that
 * name it, or that are about its own images.
 */
#pragma once

#include "service.h"

/* A query: all conditions that are set must hold. Texts belong to the caller and must outlive it. */
struct log_query {
        bool denied;           /* only refusals */
        const char *account;   /* actor or other account, even if it is gone or never was; NULL: any */
        const char *image;     /* `REGION/IMG@OWNER`; NULL: any object. An existing image matches under all its
                                * names; without one, this text must match */
        int64_t since, until;  /* ms, both included */
        bool has_since, has_until;
        int64_t after;         /* the last event read; 0 at first */
        int64_t place, number; /* set by log_begin: ids of the image's place and the account */
};

/* An event; texts are valid until `each` returns, NULL: none. */
struct log_event {
        int64_t id, time; /* time in ms */
        const char *actor, *op, *object, *account, *rule;
        const char *line; /* its JSON as in history.jsonl, with a newline */
};

int log_begin(struct request *request, struct log_query *query);
/* Calls `each` with the next events, oldest first, at most a page. 1: there may be more, 0: no more now. The catalog is
 * being read while `each` runs: it must not wait for anything. -ENOENT: the caller's account was removed. */
int log_page(struct request *request, struct log_query *query,
             int (*each)(const struct log_event *event, void *context), void *context);
