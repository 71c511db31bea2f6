/* SPDX-License-Identifier: MIT
 * Every blob of a store. Those that nobody knows and nobody is making are set aside; no blob is removed here.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cleanup.h"
#include "internal.h"

#define _cleanup_lock_ _cleanup_(cleanup_blob_lock)

struct each {
        int (*each)(int64_t id, void *context);
        void *context;
};

static int each_blob(enum entry_kind kind, int64_t id, void *context) {
        const struct each *each = context;

        return kind == ENTRY_BLOB ? each->each(id, each->context) : 0;
}

int blob_each(const struct blob_store *store, int (*each)(int64_t id, void *context), void *context) {
        struct each all = { each, context };

        return entry_each(store->dir_fd, each_blob, &all);
}

struct sweep {
        const struct blob_store *store;
        int (*wanted)(int64_t id, void *context);
        void *context;
        int lost_fd; /* once there is something to move */
        int swept;
};

static int sweep_blob(struct sweep *sweep, int64_t id) {
        int r = sweep->lost_fd >= 0 ? 0 : aside_open(sweep->store->dir_fd, true, &sweep->lost_fd);

        if (r == 0)
                r = store_write_begin(sweep->store);
        if (r == 0)
                r = aside_move(sweep->store->dir_fd, sweep->lost_fd, id);
        if (r > 0)
                sweep->swept++;
        return r < 0 ? r : 0;
}

static int sweep_temporary(struct sweep *sweep, int64_t id) {
        char name[BLOB_NAME_SIZE];

        if (unlinkat(sweep->store->dir_fd, entry_name(id, ENTRY_TEMPORARY, name), 0) < 0)
                return errno == ENOENT ? 0 : -errno; /* its maker was quicker */
        sweep->swept++;
        return 0;
}

static int sweep_entry(enum entry_kind kind, int64_t id, void *context) {
        _cleanup_lock_ struct blob_lock lock = BLOB_LOCK_NONE;
        struct sweep *sweep = context;
        int r;

        if (kind != ENTRY_BLOB && kind != ENTRY_TEMPORARY)
                return 0;
        if (kind == ENTRY_BLOB) {
                r = sweep->wanted(id, sweep->context);
                if (r != 0)
                        return r < 0 ? r : 0;
                r = lock_exclusive(sweep->store, id, LOCK_BYTE_WRITING, BLOB_SWEEP_MS, &lock);
        } else {
                r = lock_exclusive(sweep->store, id, LOCK_BYTE_TEMPORARY, 0, &lock);
        }
        if (r < 0)
                return r == -EBUSY ? 0 : r;
        if (kind == ENTRY_BLOB) { /* again: its maker may have written the row and unlocked since */
                r = sweep->wanted(id, sweep->context);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        return kind == ENTRY_BLOB ? sweep_blob(sweep, id) : sweep_temporary(sweep, id);
}

int blob_sweep(const struct blob_store *store, int (*wanted)(int64_t id, void *context), void *context) {
        struct sweep sweep = { store, wanted, context, -1, 0 };
        int r, s = 0;

        r = blob_store_check(store);
        if (r == 0)
                r = store_writable(store);
        if (r < 0)
                return r;
        r = entry_each(store->dir_fd, sweep_entry, &sweep);
        if (sweep.lost_fd >= 0)
                s = aside_sync(store->dir_fd, sweep.lost_fd);
        else if (sweep.swept > 0)
                s = dir_sync(store->dir_fd);
        sweep.lost_fd = fd_close(sweep.lost_fd);
        return r < 0 ? r : s < 0 ? s : sweep.swept;
}
