/* SPDX-License-Identifier: MIT
 * What an account's disks take in a region, against the limit bytes-per-region (CONTRACT 4 byte-quota): allocated bytes
 * of live disks, of removed ones that are still open, and what was promised to launches and copies under way. It is
 * counted, file by file, when somebody asks; a writer asks now and then.
 */
#pragma once

#include "blob.h"
#include "policy.h"
#include "state.h"

/* --- meter.c --- */

/* What one account does in one region, in this process. */
struct meter {
        struct meter *next;
        struct service *service;
        int64_t region, account;
        int users;               /* under meters_lock */
        pthread_mutex_t lock;    /* of what follows: one count at a time */
        int64_t promised;
        unsigned round;          /* of counting */
        _Atomic int64_t granted; /* bytes until the next count; lowered without the lock */
};

/* Takes the account's meter in that region, and counts as one of its users. -ENOMEM. */
int meter_get(struct service *service, int64_t region, int64_t account, struct meter **ret_meter);
/* NULL is accepted; returns NULL. */
struct meter *meter_put(struct meter *meter);

/* --- count.c; io of no disk may be held --- */

/* Is there a limit? Then the kernel must not write a disk by itself. */
bool meter_is_limited(struct service *service);
/* Grants a writer `bytes`, and what comes next. ret_room: what is taken with them, and the limit; both 0 if nothing was
 * counted, for they had been granted before. */
int meter_grant(struct meter *meter, int64_t bytes, struct room_facts *ret_room);

/* Bytes that a launch or a copy will add; they count until it ends them. */
struct promise {
        struct meter *meter;
        int64_t bytes;
};
/* Asks for the bytes of a disk that is going to be made; below 0: it takes the place of a larger one. ret_room: what is
 * taken with them, and the limit. If that is over, nothing is promised. */
int promise_begin(struct service *service, int64_t region, int64_t account, int64_t bytes, struct promise *ret_promise,
                  struct room_facts *ret_room);
void promise_end(struct promise *promise);
#define _cleanup_promise_ _cleanup_(promise_end)
/* The bytes of a blob. -ENOENT: it is gone. */
int meter_blob(const struct blob_store *store, int64_t id, int64_t *ret_bytes);
