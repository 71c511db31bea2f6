/* SPDX-License-Identifier: MIT
 * Lists a store's blobs, and removes those that the catalog does not know and nobody is making.
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
        int removed;
};

static int sweep_remove(struct sweep *sweep, enum entry_kind kind, int64_t id) {
        char name[BLOB_NAME_SIZE];

        if (unlinkat(sweep->store->dir_fd, entry_name(id, kind, name), 0) < 0)
                return errno == ENOENT ? 0 : -errno; /* its maker was faster */
        sweep->removed++;
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
        return sweep_remove(sweep, kind, id);
}

int blob_sweep(const struct blob_store *store, int (*wanted)(int64_t id, void *context), void *context) {
        struct sweep sweep = { store, wanted, context, 0 };
        int r, s = 0;

        r = blob_store_check(store);
        if (r < 0)
                return r;
        r = entry_each(store->dir_fd, sweep_entry, &sweep);
        if (sweep.removed > 0)
                s = dir_sync(store->dir_fd);
        return r < 0 ? r : s < 0 ? s : sweep.removed;
}
