/* SPDX-License-Identifier: MIT
 * The catalog's files: the database, its log and the log's index, all in one directory (home.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum { FILE_DATABASE, FILE_LOG, FILE_INDEX, FILE_COUNT };

/* How a connection reads. Files that nobody writes at present have no index, or an old one. */
enum rest {
        IN_USE,  /* or it can be: with SQLite's own locks, log and index */
        AT_REST, /* all is in the database; SQLite's `immutable` */
        AT_REST_WITH_LOG, /* an index of the log is made in memory, without locks */
};

/* What a file is, and how it stands. All 0: there is none. */
struct file_state {
        dev_t device;
        ino_t inode;
        off_t size;
        struct timespec changed;
};
struct home_state {
        struct file_state files[FILE_COUNT];
};

struct home {
        int dir_fd;       /* -1: none */
        char *directory;  /* where it was found */
        char *name;       /* of the database in it */
        char *path;       /* of the database below dir_fd, for SQLite */
        dev_t device;     /* of the directory */
        ino_t inode;
        nlink_t links;    /* names of the database; 0: it is not there */
        bool unwritable;  /* this process can change nothing there: CONTRACT 10 read-only media */
        /* under the lock of the catalog */
        int connections;
        struct home_state known; /* what the connections have open; of use while there are some */
        _Atomic bool lost;        /* something that they have open is gone from the directory */
        _Atomic int64_t looked;   /* ns */
};

/* Finds the directory of `path` ("": a temporary database, which has none). -errno, as -ENOENT, if there is none, or it
 * cannot be entered. */
int home_open(const char *path, struct home *ret_home);
void home_close(struct home *home);
/* Opens a file of the catalog: 0 or more, -errno. */
int home_open_one(const struct home *home, int file, int flags);

/* -EIO: the directory's path leads elsewhere now, or to nothing; or a file that connections have open is not there any
 * more, which no process may use from then on (home->lost). now: asked at this moment, else it may be up to 50 ms
 * ago. */
struct catalog;
int home_look(struct catalog *catalog, bool now);
/* The log alone was removed, and nobody has begun a new one: what it has can still be copied back by who has it
 * open. */
bool home_can_be_saved(const struct catalog *catalog);
/* A connection has been opened, and has the files open; or is being closed. */
int home_opened(struct catalog *catalog);
void home_closed(struct catalog *catalog);

int home_state_read(const struct home *home, struct home_state *ret_state);
bool home_state_equal(const struct home_state *a, const struct home_state *b);
/* How files that cannot be written are to be read, as they stand. stale: there is an index, but nobody uses it. */
enum rest home_rest(const struct home_state *state, bool stale);
/* What SQLite opens (a URI only AT_REST), and by which of its file systems, registered at first use. Allocated, NULL
 * without memory. */
char *home_uri(const struct home *home, enum rest rest, const char **ret_vfs);
