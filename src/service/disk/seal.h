/* SPDX-License-Identifier: MIT
 * Sealing, in two halves: the bytes are made durable before a transaction, the row is written in it. And how long a
 * request may wait for somebody to close a disk.
 */
#pragma once

#include "blob.h"
#include "log/decision.h"

/* A disk made durable, and locked against writers until seal_end(): what sealing in a transaction needs. */
struct seal {
        struct blob_lock lock;
        int64_t image; /* its id; 0: nothing was prepared */
        int64_t size, mtime;
        char format[FORMAT_SIZE];
};
/* Takes the lock, and syncs unless the service is read-only. -EBUSY: somebody writes. Not for drafts. */
int seal_prepare(struct service *service, const struct image *image, struct seal *ret_seal);
/* Of a sealed image: only looks at what its disk is. */
int seal_look(struct service *service, const struct image *image, struct seal *ret_seal);
/* Reads the image, and prepares sealing it if it is the caller's own and available, or looks at it if nothing tells
 * whether it is whole. A writer is no error here, nor a
 * disk removed meanwhile: nothing is prepared, and the rules report it later. */
int seal_prepare_own(struct request *request, int64_t place, struct image *ret_image, struct seal *ret_seal);
static inline void seal_end(struct seal *seal) {
        seal->lock = blob_unlock(seal->lock);
        seal->image = 0;
}
#define _cleanup_seal_ _cleanup_(seal_end)
#define SEAL_NONE ((struct seal){ .lock = { .fd = -1 } })
/* In the transaction: whether sealing this image now is possible (it is sealed, or prepared). */
bool seal_possible(const struct seal *seal, const struct image *image);
/* Whether this image was prepared and is empty; the seal may be another image's. */
bool seal_empty(const struct seal *seal, const struct image *image);
/* In the transaction: whether its disk names other files. Unknown: it is not sealed, and was not prepared. */
enum whole seal_whole(const struct seal *seal, const struct image *image);
/* In the transaction: seals it unless it is sealed. */
int seal_commit(struct catalog_connection *c, struct decision *d, const struct seal *seal);
#define SEAL_WAIT_MS 1000 /* CONTRACT 5.1 */
/* Begins a wait for somebody to close a disk. Returns how long, in ms; negative: briefly, as many wait already. */
int wait_begin(struct service *service);
void wait_end(struct service *service);
/* Takes a seal or copy lock, waiting as CONTRACT 5.1 says; only briefly if many wait already. */
int seal_wait(struct service *service, const struct blob_store *store, int64_t id, enum blob_lock_kind kind,
              struct blob_lock *ret_lock);
