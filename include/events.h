/* SPDX-License-Identifier: MIT
 * The log a day at a time (CONTRACT 3, /events): which days there are, how long each is, and its bytes from any offset.
 * The caller sees what `imgshare log` would show: staff everything, an account its own events.
 *
 * Each call reads the account's role again. -EACCES: the account was removed, or its role has changed since the day was
 * opened.
 */
#pragma once

#include <stddef.h>

#include "service.h"

struct events_day {
        int64_t number; /* days since 1970, UTC */
        int64_t bytes;  /* of its lines, as `imgshare log --json` prints them */
        int64_t time;   /* of the last event, ms */
};

/* Takes a quarter of a second per million events when a day is first asked for. -ENOENT: the caller has no events that
 * day. */
int events_day(struct request *request, int64_t number, struct events_day *ret_day);
/* Days >= from on which the caller has events, in order. The cost does not depend on the number of events. `each` not 0
 * ends it and is returned. */
int events_list(struct request *request, int64_t from, int (*each)(int64_t number, void *context), void *context);

/* A day being read, by any number of threads. The places of its lines are learnt while it is read. */
struct events_reader;
int events_open(struct request *request, int64_t number, struct events_reader **ret_reader);
struct events_reader *events_close(struct events_reader *reader);
/* ret_size is less than size only at the end. Events that happened since the last read are appended there. */
int events_read(struct request *request, struct events_reader *reader, uint64_t offset, size_t size, char *ret_data,
                size_t *ret_size);
