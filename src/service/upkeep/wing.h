/* SPDX-License-Identifier: MIT
 * Upkeep: what a daemon does by itself, in threads of its own (digests, shares that expire, counted refusals, what a
 * crash left, kept bytes), and what an operator asks for (include/check.h, include/upgrade.h). Requests only wake its
 * threads, and never wait for them.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct blob_store;
struct digester;
struct image_content;
struct region;
struct request;
struct service;

/* --- wake.c --- */

/* Wakes the background thread: there is something to do. */
void digest_wake(struct service *service);
/* A disk could not grow: kept bytes are to make room. */
void purge_wake(struct service *service);
/* Tells the background threads to end. */
void background_stop(struct service *service);
/* Are the background threads to end? */
bool service_stopping(struct service *service);

/* --- due.c --- */

/* Says what is new about the clock, and ends expired shares. Returns in how many ms the next one expires; below 0: none
 * does, or unknown. */
int64_t expiry_round(struct service *service);
/* The same, and writes the counted refusals whose minute is over. */
int64_t due_round(struct service *service);

/* --- digest.c --- */

/* Starts the thread that hashes; and after it has ended. */
int digester_start(struct service *service);
void digester_free(struct service *service);
/* Logs what has been hashed, and has the next slice hashed, if it is not busy. digest_wake() is called after that. */
void digester_turn(struct digester *digester);
/* Computes all missing digests, without a thread. A disk that cannot be read is left out. */
void digest_round(struct service *service);

/* --- same.c --- */

/* Logs a disk's digest, and what is the same. 0 also if the image is gone, or another process has done it. */
int digest_log(struct service *service, const struct image_content *content);

/* --- sweep.c --- */

/* Sets aside what a crash left in the stores that are online, until the service stops. */
void service_sweep(struct service *service);

/* --- purge.c --- */

/* Purges what is kept and too old, or where room is short. Waits for stores. */
void purge_round(struct service *service);

/* --- repair.c --- */

/* What mends a finding, in words; lasting: it is of the log itself. */
static inline const char *check_remedy(bool lasting) {
        return lasting ? "the log itself is damaged: imgshare restore makes a catalog from a backup" : "imgshare check --repair";
}
/* Moves a blob to its store's lost+found; the caller has it locked. -EBUSY: it is wanted. */
int repair_blob(struct request *request, const struct region *region, struct blob_store *store, int64_t id);
/* Writes the mark of a region's store anew, as blob_store_remark does. */
int repair_mark(struct request *request, const struct region *region);
/* Forgets a launch that was begun. -ENOENT: it has ended. */
int repair_reservation(struct request *request, const struct region *region, int64_t id);

/* --- background.c --- */

/* Starts the thread that computes digests and does what is due. */
int digest_start(struct service *service);
/* The one that marks the stores that were written to. */
int marker_start(struct service *service);
/* Waits for one, if it is there. false: it waits for a store that hangs. */
bool background_join(bool *has, pthread_t thread);
