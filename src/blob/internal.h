/* SPDX-License-Identifier: MIT
 * Shared by the files of the blob layer: the store's structure, its file names, and the bytes that stand for locks.
 */
#pragma once

#include <dirent.h>

#include "blob.h"

#define MARK_NAME ".imgshare"
#define MARK_TEMPORARY_NAME ".imgshare.tmp"
#define LOCKS_NAME ".locks"
#define LOST_NAME "lost+found"

#define BLOB_NAME_SIZE 24 /* 19 digits, ".tmp" and NUL */
#define BLOB_BUFFER_SIZE ((size_t)1 << 20)

/* What a mark says. */
struct mark {
        struct blob_owner owner; /* number 0: it has the uuid alone */
        int64_t event;
};

struct blob_store {
        int dir_fd;
        char *path; /* absolute: a daemon changes its working directory */
        struct blob_owner owner;
        enum blob_claim claim;
        bool below;       /* the catalog's directory, as it was then */
        struct mark mark; /* when it was opened */
        _Atomic int refuses;   /* why nothing is changed in it, -errno; 0: it is claimed */
        _Atomic bool written;  /* since it was marked */
        dev_t device; /* which directory it was when it was opened */
        ino_t inode;
        uint64_t mount; /* 0: the kernel does not tell */
        ino_t locks_inode;
};

/* Bytes of an id in `.locks`, held shared or exclusively (see lock.c); those of id 0 belong to the store. */
enum lock_byte {
        LOCK_BYTE_WRITING,
        LOCK_BYTE_UNFLUSHED, /* next to WRITING: a writer takes both in one call */
        LOCK_BYTE_COPYING,
        LOCK_BYTE_REFERRING,
        LOCK_BYTE_DIGESTING,
        LOCK_BYTE_TEMPORARY, /* exclusive: to make or sweep <id>.tmp */
        LOCK_BYTES = 8,
};
#define BLOB_ID_MAX ((INT64_MAX - LOCK_BYTES) / LOCK_BYTES)

/* Takes bytes [byte, byte + n) of an id: type F_RDLCK, F_WRLCK or F_UNLCK. -EBUSY: another descriptor holds a
 * conflicting lock. */
int lock_set(int locks_fd, int64_t id, enum lock_byte byte, int n, short type);
/* Takes one byte exclusively, on its own descriptor; waits at most wait_ms. */
int lock_exclusive(const struct blob_store *store, int64_t id, enum lock_byte byte, int wait_ms,
                   struct blob_lock *ret_lock);

enum entry_kind {
        ENTRY_FOREIGN,
        ENTRY_STORE, /* mark and locks */
        ENTRY_LOST,  /* lost+found/ */
        ENTRY_BLOB,
        ENTRY_TEMPORARY, /* <id>.tmp */
};

char *entry_name(int64_t id, enum entry_kind kind, char ret_name[static BLOB_NAME_SIZE]);
/* Calls each for every entry but . and ..; a value other than 0 ends it and is returned. */
int dir_each(int dir_fd, int (*each)(const struct dirent *entry, void *context), void *context);
int entry_each(int dir_fd, int (*each)(enum entry_kind kind, int64_t id, void *context), void *context);

/* Puts the mark in place, atomically and durably. */
int mark_write(int dir_fd, const struct mark *mark);
/* -EIO: missing or damaged. */
int mark_read(int dir_fd, struct mark *ret_mark);
/* Do they say the same, whatever the event? */
bool mark_same_owner(const struct blob_owner *a, const struct blob_owner *b);
/* Does it say that somebody else has it? */
bool mark_taken(const struct mark *mark, const struct blob_owner *owner);

/* Where a store's directory lies. */
struct position {
        bool nested; /* in another store */
        bool below;  /* in `dir`: who cannot enter that, cannot enter the store */
        bool along;  /* and not mounted there: it moves along with `dir` */
};
/* dir: may be NULL. */
int store_position(int dir_fd, const char *dir, struct position *ret_position);

/* 0 if it is claimed; else -EROFS, or why that failed. */
int store_writable(const struct blob_store *store);
/* The same, and notes that it is written to. */
int store_write_begin(const struct blob_store *store);

/* lost+found/, made if it is missing and `make`; -ENOENT. */
int aside_open(int dir_fd, bool make, int *ret_fd);
/* Moves a blob there: 1, or 0 if it is not there. Not on disk before aside_sync. */
int aside_move(int dir_fd, int lost_fd, int64_t id);
int aside_sync(int dir_fd, int lost_fd);
/* Removes all that is in it, and itself; -ENOTEMPTY: something that is none of ours. */
int aside_remove(const struct blob_store *store);

/* What was made, linked, renamed or removed in the directory is on disk. */
int dir_sync(int dir_fd);
