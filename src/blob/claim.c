/* SPDX-License-Identifier: MIT
 * Who may write to a store: its mark is set for a new owner, or says up to which event it was written to. Marks are
 * read and replaced under a lock of the store's own, since several processes do.
 */
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "internal.h"

#define MARK_WAIT_MS 1000
#define _cleanup_lock_ _cleanup_(cleanup_blob_lock)

static int mark_locked(const struct blob_store *store, struct blob_lock *ret_lock, struct mark *ret_mark) {
        int r = lock_exclusive(store, 0, LOCK_BYTE_TEMPORARY, MARK_WAIT_MS, ret_lock);

        if (r == 0)
                r = mark_read(store->dir_fd, ret_mark);
        return r == 0 && strcmp(ret_mark->owner.uuid, store->owner.uuid) != 0 ? -EAGAIN : r;
}

/* Is the mark still one that this claim was judged by? */
static bool claim_holds(const struct blob_store *store, const struct mark *mark) {
        const struct blob_owner *o = &mark->owner;

        if (store->claim == BLOB_UNMARKED)
                return o->number == 0; /* nobody was faster */
        return o->number == store->owner.number && o->region == store->owner.region;
}

static int claim_marked(struct blob_store *store, const struct mark *mark, int64_t event) {
        int r = 0;

        if (!mark_same_owner(&mark->owner, &store->owner))
                r = mark_write(store->dir_fd, &(struct mark){ store->owner, event });
        return r;
}

int blob_store_claim(struct blob_store *store, uint64_t number) {
        _cleanup_lock_ struct blob_lock lock = BLOB_LOCK_NONE;
        struct mark mark;
        int r;

        if (store->claim >= BLOB_ANOTHERS)
                return -EROFS;
        store->owner.number = number;
        r = mark_locked(store, &lock, &mark);
        if (r == 0 && !mark_same_owner(&mark.owner, &store->owner) && !claim_holds(store, &mark))
                r = -EAGAIN;
        if (r == 0)
                r = claim_marked(store, &mark, mark.event);
        store->refuses = r;
        return r;
}

int blob_store_seize(struct blob_store *store, int64_t event) {
        _cleanup_lock_ struct blob_lock lock = BLOB_LOCK_NONE;
        struct mark mark;
        int r = mark_locked(store, &lock, &mark);

        if (r == 0)
                r = claim_marked(store, &mark, event);
        store->refuses = r;
        return r;
}

void blob_store_shut(struct blob_store *store, int why) {
        store->refuses = why;
}

bool blob_store_claimed(const struct blob_store *store) {
        return store->refuses == 0;
}

bool blob_store_written(const struct blob_store *store) {
        return store->refuses == 0 && store->written;
}

int blob_store_mark(struct blob_store *store, int64_t event) {
        _cleanup_lock_ struct blob_lock lock = BLOB_LOCK_NONE;
        struct mark mark;
        int r;

        r = store_writable(store);
        if (r < 0)
                return r;
        store->written = false; /* what is written from here on is said the next time */
        r = mark_locked(store, &lock, &mark);
        if (r == 0 && mark_taken(&mark, &store->owner))
                r = -ESTALE;
        if (r == 0 && mark.event < event)
                r = mark_write(store->dir_fd, &(struct mark){ store->owner, event });
        if (r < 0)
                store->written = true;
        return r;
}

uint64_t blob_store_number(const struct blob_store *store) {
        return store->mark.owner.number;
}

int64_t blob_store_event(const struct blob_store *store) {
        return store->mark.event;
}

int store_writable(const struct blob_store *store) {
        return store->refuses;
}

int store_write_begin(const struct blob_store *store) {
        int r = store_writable(store);

        if (r == 0)
                ((struct blob_store *)store)->written = true; /* all else in it is its opener's */
        return r;
}
