/* SPDX-License-Identifier: MIT
 * Keeps the reserve inside the catalog's files. SQLite allocates the file in chunks, and cuts it to whole chunks when
 * it has copied the log back: so a chunk as large as the file leaves it as it is. The file is only reached by SQLite's
 * own descriptor: closing another one would end this process's locks on it. The log has no locks.
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "connection.h"
#include "reserve.h"

#define SMALL_FILE (128 << 10)
#define GIVEN (40 << 10) /* at a time: the log's index, and a block to find it by */
#define CHUNK_MOST (INT64_C(1) << 30) /* SQLite takes an int */

static int reserve_open(const struct home *home, int flags) {
        char name[NAME_MAX + 1];
        int fd;

        if (snprintf(name, sizeof(name), "%s-reserve", home->name) > NAME_MAX)
                return -ENAMETOOLONG;
        fd = openat(home->dir_fd, name, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
        return fd < 0 ? -errno : fd;
}

bool reserve_is_kept(const struct home *home) {
        _cleanup_fd_ int fd = home->dir_fd < 0 ? -1 : reserve_open(home, O_RDONLY);

        return fd >= 0;
}

int reserve_take(const struct home *home) {
        _cleanup_fd_ int fd = reserve_open(home, O_RDWR | O_CREAT);
        struct stat st;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) == 0 && st.st_size >= SMALL_FILE)
                return 0;
        return fallocate(fd, 0, 0, SMALL_FILE) < 0 ? -errno : 0;
}

bool reserve_give(const struct home *home) {
        _cleanup_fd_ int fd = reserve_open(home, O_RDWR);
        struct stat st;

        return fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0 &&
               ftruncate(fd, st.st_size > GIVEN ? st.st_size - GIVEN : 0) == 0;
}

void reserve_keep_log(struct catalog_connection *c) {
        int on = 1;

        (void)sqlite3_file_control(c->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on); /* it has a file: cannot fail */
}

void reserve_end(struct catalog_connection *c) {
        const struct home *home = &c->catalog->home;
        char name[NAME_MAX + 1];
        int off = 0;

        (void)sqlite3_file_control(c->db, "main", SQLITE_FCNTL_PERSIST_WAL, &off); /* as above */
        if (snprintf(name, sizeof(name), "%s-reserve", home->name) <= NAME_MAX)
                (void)unlinkat(home->dir_fd, name, 0); /* most often it is not there */
}

static void set_chunk(struct catalog_connection *c, int64_t bytes) {
        int chunk = (int)bytes;

        (void)sqlite3_file_control(c->db, "main", SQLITE_FCNTL_CHUNK_SIZE, &chunk); /* likewise */
}

void reserve_hold(struct catalog_connection *c) {
        sqlite3_file *file = NULL;
        sqlite3_int64 size = 0;
        int64_t pages, parts;

        if (!c->db || !c->catalog->keeps_log || c->rest != IN_USE ||
            sqlite3_file_control(c->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file->pMethods ||
            file->pMethods->xFileSize(file, &size) != SQLITE_OK || connection_number(c, "PRAGMA page_count", &pages) < 0)
                return;
        if (size - pages * DATABASE_PAGE <= RESERVE_UNIT) {
                set_chunk(c, RESERVE_UNIT); /* little is left of it */
                return;
        }
        parts = (size + CHUNK_MOST - 1) / CHUNK_MOST;
        set_chunk(c, ((size + parts - 1) / parts + DATABASE_PAGE - 1) / DATABASE_PAGE * DATABASE_PAGE);
}

bool reserve_grow_file(struct catalog_connection *c, int64_t size) {
        sqlite3_int64 wanted = size;

        set_chunk(c, RESERVE_UNIT);
        return sqlite3_file_control(c->db, "main", SQLITE_FCNTL_SIZE_HINT, &wanted) == SQLITE_OK;
}

bool reserve_grow_log(const struct home *home, int64_t size) {
        _cleanup_fd_ int fd = home_open_one(home, FILE_LOG, O_RDWR);

        /* what a file system cannot do is no lack of room */
        return fd < 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size) == 0 || (errno != ENOSPC && errno != EDQUOT);
}
