/* SPDX-License-Identifier: MIT
 * Preloaded into `imgshare upgrade`: faults in the calls that it alone makes, too; with FAULT_OF=libsqlite3 in those that SQLite
 * makes for it, instead.
 */
#include "../fault/preload.c"

static int find_library(struct dl_phdr_info *info, size_t size, void *context) {
        return strstr(info->dlpi_name, context) ? find_program(info, size, NULL) : 0;
}

__attribute__((constructor)) static void choose(void) {
        char *of = getenv("FAULT_OF");

        if (of && !dl_iterate_phdr(find_library, of))
                abort();
}

WRAP(FILES, int, -1, access, (const char *name, int mode), (name, mode))
WRAP(FILES, int, -1, faccessat, (int dir, const char *name, int mode, int flags), (dir, name, mode, flags))
WRAP(FILES, int, -1, chmod, (const char *name, mode_t mode), (name, mode))
WRAP(FILES, int, -1, chown, (const char *name, uid_t uid, gid_t gid), (name, uid, gid))
WRAP(FILES, int, -1, link, (const char *from, const char *to), (from, to))
WRAP(FILES, int, -1, rename, (const char *from, const char *to), (from, to))
WRAP(FILES, int, -1, unlink, (const char *name), (name))
WRAP(FILES, int, -1, fdatasync, (int fd), (fd))
/* Whether the standard descriptors are there is asked before there is anybody to tell; where every lock fails SQLite goes on
 * for ten seconds. */
#define LOCKING (command == F_GETFD || control->persistent ? NOTHING : FILES)
WRAP(LOCKING, int, -1, fcntl64, (int fd, int command, void *argument), (fd, command, argument))
WRAP(SQL, int, error, sqlite3_exec,
     (sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *context, char **message),
     (db, sql, each, context, message))
WRAP(SQL, int, error, sqlite3_prepare_v2, (sqlite3 *db, const char *sql, int n, sqlite3_stmt **s, const char **rest),
     (db, sql, n, s, rest))
WRAP(SQL, int, error, sqlite3_file_control, (sqlite3 *db, const char *name, int what, void *argument),
     (db, name, what, argument))
