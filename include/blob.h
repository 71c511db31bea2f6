/* SPDX-License-Identifier: MIT
 * Files of image bytes. One store a region, one file an image, named by the image's id in decimal. Knows no catalog
 * and no rules. All functions: 0 or more on success, -errno; any thread; a store may be shared by threads.
 *
 * Power loss: what a function creates, links or renames is on disk (directory included) when it returns; bytes written
 * are on disk after blob_sync. The order of file and catalog row is the caller's: making, file first; removing, row
 * first. What lies between is found by blob_sweep.
 *
 * Through a store that is not claimed nothing is changed: -EROFS, or why claiming it failed.
 *
 * Locks hold across processes and die with them: open-file-description locks (F_OFD_SETLK) on bytes of the store's
 * `.locks` file, eight bytes an id. Not on the blob itself: by-reference copies are hard links, and a lock on one
 * would be a lock on all. One descriptor a lock, so two locks in one process conflict like two processes'.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#include "model.h"

#define BLOB_UUID_SIZE 37 /* text form and NUL */

struct blob_store;

/* Whose a store is. Its mark `.imgshare` says it: a text of a line each, and of the last event that wrote there. */
struct blob_owner {
        char uuid[BLOB_UUID_SIZE]; /* the catalog's */
        uint64_t number;           /* drawn for this store by who has it; 0: none yet */
        int64_t region;
        uint64_t inode; /* of the catalog's directory */
        int64_t birth;  /* of it, ns since 1970; 0: its filesystem does not tell, and the inode says nothing either */
};

/* What a mark says to who opens the store. Only with the first four may anything be written. */
enum blob_claim {
        BLOB_OURS,
        BLOB_MOVED,     /* it came along with its directory, which was moved or copied: to be marked anew */
        BLOB_UNMARKED,  /* the mark has the uuid alone, as the first ones had: to be completed */
        BLOB_UNCOUNTED, /* the opener has no number, but its directory has the store: the mark's number is the one */
        BLOB_ANOTHERS,  /* another directory of this catalog has it */
        BLOB_MISPLACED, /* it is another region's */
        BLOB_EXPOSED,   /* others than its owner can enter it, which is not in the catalog's directory */
        BLOB_NESTED,    /* it lies in another store */
};

/* Makes the directory (0700, parents must exist) if it is missing and its mark (0600). The path itself may be a
 * symlink, nothing in the store is. -EEXIST: it has a mark, another's or ours; -ENOTEMPTY: a directory that is not
 * empty; -EPERM: somebody else's directory; -ELOOP: in another store; -ENOTDIR. */
int blob_store_create(const char *path, const struct blob_owner *owner, int64_t event);

/* Writes the mark of a store anew that has none, or one that cannot be read, if a file in it is `wanted` (1). -ENOENT:
 * none is; -EEXIST: its mark can be read, whosever it is; -EPERM: somebody else's directory; -EBUSY: it is being
 * made. */
int blob_store_remark(const char *path, const struct blob_owner *owner, int64_t event,
                      int (*wanted)(int64_t id, void *context), void *context);

/* Removes the store's own files, what was set aside in it, and the directory (which stays, empty, where it is a mount
 * point or its parent is not ours to write). -ENOTEMPTY: a blob or a foreign file is left, nothing is changed; -EROFS:
 * it is not claimed. Whoever has the store open closes it all the same. */
int blob_store_remove(struct blob_store *store);

/* Opens it for reading: whatever would change something in it is -EROFS until blob_store_claim. Returns a claim. dir:
 * the catalog's directory, NULL: the store is not in it. -EIO: the directory, the mark or the uuid is missing or
 * another's (the region is offline: not mounted). */
int blob_store_open(const char *path, const char *dir, const struct blob_owner *owner, struct blob_store **ret_store);
/* The last event that its mark knew of when it was opened. A catalog whose last event is before that is an older
 * state. */
int64_t blob_store_event(const struct blob_store *store);
/* Does the directory lie in a store: 1, 0 or -errno. ret_below: does it lie in `dir`, at any depth? */
int blob_is_in_store(int dir_fd, const char *dir, bool *ret_below);
/* Did it lie in the catalog's directory when it was opened, whatever links led there? */
bool blob_store_is_below(const struct blob_store *store);
/* Does its mark name the directory of who opened it, whatever else it says? */
bool blob_store_of_directory(const struct blob_store *store);
/* The number that its mark had then; 0: none. */
uint64_t blob_store_number(const struct blob_store *store);
/* Opens it for writing, too; first marks it anew for its owner, with this number, if the mark does not say so yet.
 * -EAGAIN: the mark is not the one that was opened, open it again; -EROFS: it is another's. */
int blob_store_claim(struct blob_store *store, uint64_t number);
/* The same, whatever directory of the catalog has it. event: the catalog's last one, on disk. */
int blob_store_seize(struct blob_store *store, int64_t event);
bool blob_store_claimed(const struct blob_store *store);
/* Nothing is written through it any more, by any thread; why: what they are told, -errno. */
void blob_store_shut(struct blob_store *store, int why);
/* Has something been made, replaced, removed or set aside since the last blob_store_mark? */
bool blob_store_written(const struct blob_store *store);
/* Says in the mark that it was written to up to that event. -ESTALE: it has another owner now. */
int blob_store_mark(struct blob_store *store, int64_t event);
struct blob_store *blob_store_close(struct blob_store *store);
static inline void cleanup_blob_store(struct blob_store **store) {
        *store = blob_store_close(*store);
}

/* 0 while path and mark are still those that were opened, -EIO once they are gone (unmounted underneath); -ESTALE: it
 * was claimed, and somebody else has taken it. */
int blob_store_check(const struct blob_store *store);
int blob_store_statvfs(const struct blob_store *store, struct statvfs *ret_space);
/* Whether a blob of one can be hard-linked into the other: same filesystem, through the same mount of it. */
bool blob_store_same_filesystem(const struct blob_store *a, const struct blob_store *b);

enum blob_lock_kind {
        /* shared among writers; -EBUSY while somebody seals, copies or refers (blob_lock_refer) */
        BLOB_LOCK_WRITE,
        /* exclusive of writers: held while the blob is made durable and the catalog says `sealed` */
        BLOB_LOCK_SEAL,
        /* shared among copiers; excludes writers and removers of the source */
        BLOB_LOCK_COPY,
        /* excludes copiers: held while the blob's row and file are removed */
        BLOB_LOCK_REMOVE,
        /* exclusive: computing its digest, so that several processes do not do it twice */
        BLOB_LOCK_DIGEST,
};

struct blob_lock {
        int fd; /* -1: not held */
        int64_t id;
};
#define BLOB_LOCK_NONE ((struct blob_lock){ .fd = -1 })

/* A sweeper holds a blob's lock for at most this long. Whoever makes a blob that a crash may have left waits that long
 * for it, and the sweeper waits that long for a check. */
#define BLOB_SWEEP_MS 100

/* Takes a lock. -EBUSY if it is contended: when two collide at least one of them gets that, maybe both.
 *   WRITE        waits at most wait_ms for a holder that excludes writers without copying or referring.
 *   SEAL, COPY   wait at most wait_ms for writers if all of them have flushed since they wrote (their RELEASE is on its
 *                way, CONTRACT 5.1); for other writers not at all. They wait for another sealer until its sync is done,
 *                at most a minute; with a negative wait_ms, no longer than that many ms for it either. A waiting COPY
 *                keeps new writers out.
 * -EIO: `.locks` is gone or was replaced. */
int blob_lock(const struct blob_store *store, int64_t id, enum blob_lock_kind kind, int wait_ms,
              struct blob_lock *ret_lock);
/* Tells others whether the holder of this BLOB_LOCK_WRITE has flushed, at least once (CONTRACT 5.1). A new one has
 * not. */
int blob_lock_flushed(const struct blob_lock *lock, bool flushed);
/* Makes this BLOB_LOCK_WRITE exclusive (the blob refers to another one, and that is not on disk yet), or shared again.
 * -EBUSY, and the lock unchanged, while there are other writers; while it lasts they get -EBUSY. It is part of the same
 * lock, because a second lock could not tell its holder's own WRITE from others'. */
int blob_lock_refer(const struct blob_lock *lock, bool refer);
/* Releases all of it; returns BLOB_LOCK_NONE. */
struct blob_lock blob_unlock(struct blob_lock lock);
static inline void cleanup_blob_lock(struct blob_lock *lock) {
        *lock = blob_unlock(*lock);
}

/* A new, empty file 0600, opened for reading and writing. -EEXIST. The caller holds BLOB_LOCK_WRITE (against
 * sweepers). */
int blob_create(const struct blob_store *store, int64_t id, int *ret_fd);
/* flags: O_RDONLY or O_RDWR. -ENOENT, also if the name is not a regular file's. */
int blob_open(const struct blob_store *store, int64_t id, int flags, int *ret_fd);
/* Size, blocks and times as of fstat. -ENOENT. */
int blob_stat(const struct blob_store *store, int64_t id, struct stat *ret_stat);
/* Removes the file. 0 also if it is not there. */
int blob_unlink(const struct blob_store *store, int64_t id);

/* Bytes and file on disk. */
int blob_sync(const struct blob_store *store, int fd);

/* Makes blob `to` a hard link to `from`, in place of what is there, atomically. -EXDEV on different filesystems;
 * -EMLINK: `from` has as many as it can (65000 on ext4), blob_replace then; -EBUSY: `to` is being linked or replaced
 * elsewhere. The caller holds BLOB_LOCK_WRITE on `to`, as for blob_create. */
int blob_link(const struct blob_store *from_store, int64_t from, const struct blob_store *to_store, int64_t to);

/* Makes blob `id` an own file with the first `size` bytes of from_fd (reflinked where the filesystem can, holes kept;
 * a hole beyond its end), in place of what is there, atomically, its bytes on disk; opened for reading and writing.
 * -ENOSPC etc. leave the old one as it was. -EBUSY and locks as in blob_link. Moves from_fd's own offset. */
int blob_replace(const struct blob_store *store, int64_t id, int from_fd, uint64_t size, int *ret_fd);

/* The same with the blob's own bytes, if its file has other names: they are a copy's too, and may not be written to.
 * Else opens it: another process may have made it its own since the caller looked. -ENOENT. */
int blob_separate(const struct blob_store *store, int64_t id, uint64_t size, int *ret_fd);

/* Copies a range between files: reflink, else copy_file_range, else read and write; holes stay holes (of a fresh
 * destination; in an old one they are punched). Extends the destination to offset + bytes done even if that is a hole,
 * and never shortens it, not even when another writer extends it meanwhile. Returns bytes done, fewer than length only
 * at the source's end or after `step` bytes (0: no limit). -EFBIG; -EINVAL: the ranges overlap. After a failure the
 * destination's range is undefined. Moves from_fd's own offset. */
int64_t blob_copy_range(int from_fd, uint64_t from_offset, int to_fd, uint64_t to_offset, uint64_t length,
                        uint64_t step);

/* 1 if [offset, offset + length) of the file is all hole, 0 if not or not known. An empty range is a hole, and so is
 * what lies beyond the file's end. Moves the descriptor's own offset. */
int blob_is_hole(int fd, uint64_t offset, uint64_t length);

/* SHA-256 of a file, in steps: the file must not change meanwhile. Holes are not read. Moves the descriptor's
 * offset. */
struct blob_hash;
int blob_hash_new(struct blob_hash **ret_hash);
struct blob_hash *blob_hash_free(struct blob_hash *hash);
/* Goes on for at most so many bytes. 1: there is more, 0: that was the end of the file. */
int blob_hash_step(struct blob_hash *hash, int fd, uint64_t most);
/* After the end, once. */
void blob_hash_end(struct blob_hash *hash, uint8_t ret_digest[static DIGEST_SIZE]);
/* The same in one go. `stop` (may be NULL) is asked between steps of at most 1 MiB: true gives -ECANCELED. */
int blob_digest(int fd, bool (*stop)(void *context), void *context, uint8_t ret_digest[static DIGEST_SIZE]);

/* What the disk's header says it is (FORMAT_SIZE), `raw` if nothing is known of it. The name of a file is `?` where it
 * cannot be told. Fit to be shown. Reads a few blocks, and no other file. Leaves the descriptor's own offset alone. */
int blob_format(int fd, char ret_text[static FORMAT_SIZE]);

/* Calls each for every blob in the store (any order); a value other than 0 ends it and is returned. */
int blob_each(const struct blob_store *store, int (*each)(int64_t id, void *context), void *context);

/* Sets every blob aside for which `wanted` returns 0, if nobody holds BLOB_LOCK_WRITE or BLOB_LOCK_SEAL on it; `wanted`
 * is asked again under the lock. Also removes every temporary file that nobody is filling. Returns how many of both. If
 * `wanted` returns less than 0 the sweep ends and returns that. -EIO, nothing swept: the store is offline
 * (blob_store_check). */
int blob_sweep(const struct blob_store *store, int (*wanted)(int64_t id, void *context), void *context);

/* Moves a blob's file to the store's lost+found/ (0700, made if it is missing), by a rename, as <id>.<seconds since
 * 1970>, with .<n> behind it where that is taken. 0 also if it is not there; -EACCES where lost+found is somebody
 * else's, as in the root of a filesystem. Whoever has the blob open keeps it. */
int blob_set_aside(const struct blob_store *store, int64_t id);
/* Removes what was set aside before that second (INT64_MAX: all), and nothing else from lost+found. Returns how
 * many. */
int blob_aside_expire(const struct blob_store *store, int64_t before);
/* How many files are set aside, and the bytes they take (may be NULL). -ENOTEMPTY: others lie there, too. */
int blob_aside_count(const struct blob_store *store, int64_t *ret_bytes);

/* --- taken over into the store of a backup, or from it (take.c): of one process at a time, which holds no locks. What
 * is linked or renamed is on disk after blob_store_sync; the bytes of a copy before it has its name. --- */

/* Whether a blob has what another file has, by its fstat: it is another name of it, or a settled copy of it as it still
 * is. 1 or 0. */
int blob_taken(const struct blob_store *store, int64_t id, const struct stat *from);
/* Is this a settled copy: did nothing change its source meanwhile? */
bool blob_is_settled(const struct stat *st);
/* Makes the blob of that id in `to` a hard link to that in `from`, in place of what is there. Errors as of link(2). */
int blob_take_link(const struct blob_store *from, const struct blob_store *to, int64_t id);
struct blob_taking {
        /* Asked at the end: as it was at the beginning, would any change since then show in size or mtime? NULL: no. */
        bool (*settled)(const struct stat *st, void *context);
        void (*progress)(uint64_t bytes, void *context); /* NULL: nobody wants to know */
        void *context;
};
/* Makes it a copy of the open file as found, in place of what is there: holes, size and mtime too. */
int blob_take_copy(int from_fd, const struct blob_store *to, int64_t id, const struct blob_taking *taking);
int blob_store_sync(const struct blob_store *store);
/* Removes all blobs for which `wanted` returns 0, and all temporary files. How many; below 0: as `wanted` returned. */
int blob_prune(const struct blob_store *store, int (*wanted)(int64_t id, void *context), void *context);
