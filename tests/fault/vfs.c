/* SPDX-License-Identifier: MIT
 * SQLite's own I/O: a VFS over the system's, each call of which may fail.
 */
#include <assert.h>
#include <sqlite3.h>
#include <string.h>

#include "fault.h"

/* The real file follows it in memory. */
struct file {
        sqlite3_file base;
        sqlite3_file *real;
};

static sqlite3_vfs *system_vfs;

static sqlite3_file *real_of(sqlite3_file *f) {
        return ((struct file *)f)->real;
}

#define METHOD(kind, name, parameters, arguments)                                         \
        static int file_##name parameters {                                               \
                int code = fault_now(FAULT_VFS_##kind);                                   \
                                                                                          \
                return code ?: real_of(f)->pMethods->name arguments;                      \
        }

METHOD(READ, xRead, (sqlite3_file *f, void *to, int n, sqlite3_int64 at), (real_of(f), to, n, at))
METHOD(WRITE, xWrite, (sqlite3_file *f, const void *from, int n, sqlite3_int64 at), (real_of(f), from, n, at))
METHOD(OTHER, xTruncate, (sqlite3_file *f, sqlite3_int64 size), (real_of(f), size))
METHOD(SYNC, xSync, (sqlite3_file *f, int flags), (real_of(f), flags))
METHOD(OTHER, xFileSize, (sqlite3_file *f, sqlite3_int64 *ret_size), (real_of(f), ret_size))
METHOD(LOCK, xLock, (sqlite3_file *f, int lock), (real_of(f), lock))
METHOD(LOCK, xCheckReservedLock, (sqlite3_file *f, int *ret_locked), (real_of(f), ret_locked))
METHOD(SHM, xShmMap, (sqlite3_file *f, int page, int size, int extend, void volatile **ret_memory),
       (real_of(f), page, size, extend, ret_memory))

/* Locking may fail, unlocking does not. */
static int file_xShmLock(sqlite3_file *f, int offset, int n, int flags) {
        int code = flags & SQLITE_SHM_LOCK && fault_now(FAULT_VFS_SHM) != 0 ? SQLITE_IOERR_SHMLOCK : SQLITE_OK;

        return code ?: real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static int file_xUnlock(sqlite3_file *f, int lock) {
        return real_of(f)->pMethods->xUnlock(real_of(f), lock);
}

static int file_xFileControl(sqlite3_file *f, int op, void *argument) {
        return real_of(f)->pMethods->xFileControl(real_of(f), op, argument);
}

static int file_xSectorSize(sqlite3_file *f) {
        return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int file_xDeviceCharacteristics(sqlite3_file *f) {
        return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static void file_xShmBarrier(sqlite3_file *f) {
        real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int file_xShmUnmap(sqlite3_file *f, int remove) {
        return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

static int file_xClose(sqlite3_file *f) {
        return real_of(f)->pMethods->xClose(real_of(f));
}

static const sqlite3_io_methods methods = {
        .iVersion = 2, /* no mapped pages */
        .xClose = file_xClose,
        .xRead = file_xRead,
        .xWrite = file_xWrite,
        .xTruncate = file_xTruncate,
        .xSync = file_xSync,
        .xFileSize = file_xFileSize,
        .xLock = file_xLock,
        .xUnlock = file_xUnlock,
        .xCheckReservedLock = file_xCheckReservedLock,
        .xFileControl = file_xFileControl,
        .xSectorSize = file_xSectorSize,
        .xDeviceCharacteristics = file_xDeviceCharacteristics,
        .xShmMap = file_xShmMap,
        .xShmLock = file_xShmLock,
        .xShmBarrier = file_xShmBarrier,
        .xShmUnmap = file_xShmUnmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret_flags) {
        struct file *file = (struct file *)f;
        int code = fault_now(FAULT_VFS_OPEN);

        (void)vfs;
        file->base.pMethods = NULL;
        if (code != 0)
                return code;
        file->real = (sqlite3_file *)(file + 1);
        code = system_vfs->xOpen(system_vfs, name, file->real, flags, ret_flags);
        if (file->real->pMethods)
                file->base.pMethods = &methods;
        return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync) {
        int code = fault_now(FAULT_VFS_OTHER);

        (void)vfs;
        return code != 0 ? SQLITE_IOERR_DELETE : system_vfs->xDelete(system_vfs, name, sync);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret_result) {
        int code = fault_now(FAULT_VFS_OTHER);

        (void)vfs;
        return code != 0 ? SQLITE_IOERR_ACCESS : system_vfs->xAccess(system_vfs, name, flags, ret_result);
}

void fault_vfs(void) {
        static sqlite3_vfs vfs;
        int code;

        system_vfs = sqlite3_vfs_find(NULL);
        assert(system_vfs);
        vfs = *system_vfs;
        vfs.zName = "fault";
        vfs.pNext = NULL;
        vfs.szOsFile = (int)sizeof(struct file) + system_vfs->szOsFile;
        vfs.xOpen = vfs_open;
        vfs.xDelete = vfs_delete;
        vfs.xAccess = vfs_access;
        code = sqlite3_vfs_register(&vfs, 1);
        assert(code == SQLITE_OK);
}
