/* SPDX-License-Identifier: MIT
 * Wrappers for the catalog's calls of SQLite, and for SQLite's memory.
 */
#include <assert.h>
#include <sqlite3.h>

#include "fault.h"

#define WRAP(kind, name, parameters, arguments)      \
        int __real_##name parameters;                \
        int __wrap_##name parameters;                \
        int __wrap_##name parameters {               \
                int code = fault_now(FAULT_##kind);  \
                                                     \
                return code ?: __real_##name arguments; \
        }

WRAP(STEP, sqlite3_step, (sqlite3_stmt *s), (s))
WRAP(PREPARE, sqlite3_prepare_v2, (sqlite3 *db, const char *sql, int n, sqlite3_stmt **s, const char **rest),
     (db, sql, n, s, rest))
WRAP(PREPARE, sqlite3_prepare_v3,
     (sqlite3 *db, const char *sql, int n, unsigned flags, sqlite3_stmt **s, const char **rest),
     (db, sql, n, flags, s, rest))
WRAP(PREPARE, sqlite3_bind_text, (sqlite3_stmt *s, int i, const char *text, int n, void (*done)(void *)),
     (s, i, text, n, done))
WRAP(PREPARE, sqlite3_bind_blob, (sqlite3_stmt *s, int i, const void *data, int n, void (*done)(void *)),
     (s, i, data, n, done))
WRAP(PREPARE, sqlite3_bind_int64, (sqlite3_stmt *s, int i, sqlite3_int64 number), (s, i, number))
WRAP(EXEC, sqlite3_exec,
     (sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *context, char **error),
     (db, sql, each, context, error))
WRAP(CONNECT, sqlite3_busy_handler, (sqlite3 *db, int (*busy)(void *, int), void *context), (db, busy, context))
WRAP(CONNECT, sqlite3_create_function,
     (sqlite3 *db, const char *name, int count, int flags, void *data,
      void (*run)(sqlite3_context *, int, sqlite3_value **), void (*step)(sqlite3_context *, int, sqlite3_value **),
      void (*final)(sqlite3_context *)),
     (db, name, count, flags, data, run, step, final))

WRAP(STEP, sqlite3_backup_step, (sqlite3_backup *backup, int pages), (backup, pages))

sqlite3_backup *__real_sqlite3_backup_init(sqlite3 *to, const char *to_name, sqlite3 *from, const char *from_name);
sqlite3_backup *__wrap_sqlite3_backup_init(sqlite3 *to, const char *to_name, sqlite3 *from, const char *from_name);
sqlite3_backup *__wrap_sqlite3_backup_init(sqlite3 *to, const char *to_name, sqlite3 *from, const char *from_name) {
        return fault_now(FAULT_MEMORY) ? NULL : __real_sqlite3_backup_init(to, to_name, from, from_name);
}

/* Fails without returning a connection to close, as if there were no memory for one. */
int __real_sqlite3_open_v2(const char *path, sqlite3 **ret_db, int flags, const char *vfs);
int __wrap_sqlite3_open_v2(const char *path, sqlite3 **ret_db, int flags, const char *vfs);
int __wrap_sqlite3_open_v2(const char *path, sqlite3 **ret_db, int flags, const char *vfs) {
        int code = fault_now(FAULT_CONNECT);

        if (code == 0)
                return __real_sqlite3_open_v2(path, ret_db, flags, vfs);
        *ret_db = NULL;
        return code;
}

/* --- memory --- */

static sqlite3_mem_methods real;
static _Atomic int allocations;

int fault_sqlite_allocations(void) {
        return allocations;
}

static void *memory_malloc(int size) {
        void *p = fault_now(FAULT_SQL_MEMORY) != 0 ? NULL : real.xMalloc(size);

        allocations += p != NULL;
        return p;
}

static void memory_free(void *p) {
        allocations -= p != NULL;
        real.xFree(p);
}

static void *memory_realloc(void *p, int size) {
        return fault_now(FAULT_SQL_MEMORY) != 0 ? NULL : real.xRealloc(p, size);
}

void fault_sqlite(void) {
        sqlite3_mem_methods own;
        int code = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);

        own = real;
        if (code == SQLITE_OK) /* as in the catalog */
                code = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        own.xMalloc = memory_malloc;
        own.xFree = memory_free;
        own.xRealloc = memory_realloc;
        if (code == SQLITE_OK)
                code = sqlite3_config(SQLITE_CONFIG_MALLOC, &own);
        if (code == SQLITE_OK) /* else many allocations would bypass these functions */
                code = sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
        if (code == SQLITE_OK)
                code = sqlite3_initialize();
        assert(code == SQLITE_OK);
        fault_vfs();
}
