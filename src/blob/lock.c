/* SPDX-License-Identifier: MIT
 * Locks: open-file-description locks on bytes of `.locks`. Two parties that exclude each other through different bytes
 * first take their own byte, then look at the other's: the later one sees the earlier one. Both may give up, but never
 * do both go on.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "internal.h"
#include "origin.h"

#define PAUSE_FIRST_NS 100000
#define SEALER_WAIT_NS (60 * SECOND_NS) /* for a slow disk; not for ever, the disk may be stuck */
#define PAUSE_LAST_NS 10000000

static struct flock lock_range(int64_t id, enum lock_byte byte, int n, short type) {
        assert(id >= 0 && id <= BLOB_ID_MAX);
        return (struct flock){
                .l_type = type,
                .l_whence = SEEK_SET,
                .l_start = id * LOCK_BYTES + byte,
                .l_len = n,
        };
}

int lock_set(int locks_fd, int64_t id, enum lock_byte byte, int n, short type) {
        struct flock lock = lock_range(id, byte, n, type);

        if (fcntl(locks_fd, F_OFD_SETLK, &lock) < 0)
                return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
        return 0;
}

/* How others hold a byte: F_RDLCK (they share it), F_WRLCK or F_UNLCK. */
static int lock_holder(int locks_fd, int64_t id, enum lock_byte byte) {
        struct flock lock = lock_range(id, byte, 1, F_WRLCK);

        if (fcntl(locks_fd, F_OFD_GETLK, &lock) < 0)
                return -errno;
        return lock.l_type;
}

static int locks_open(const struct blob_store *store) {
        _cleanup_fd_ int fd = -1;
        struct stat st;

        fd = openat(store->dir_fd, LOCKS_NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? ORIGIN(-EIO) : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_ino != store->locks_inode)
                return ORIGIN(-EIO); /* another file: locks on the old one would not be seen */
        return TAKE_FD(fd);
}

struct patience {
        int64_t deadline; /* ns, monotonic */
        int64_t sealer_deadline;
        int64_t pause;
};

static struct patience patience_of(int wait_ms) {
        int64_t now = clock_ns(), wait = abs(wait_ms) * MS_NS;

        return (struct patience){ .deadline = now + wait,
                                  .sealer_deadline = now + (wait_ms < 0 ? wait : SEALER_WAIT_NS),
                                  .pause = PAUSE_FIRST_NS };
}

/* Pauses, longer each time; false: the time is up. */
static bool pause_until(int64_t deadline, struct patience *patience) {
        struct timespec pause = { 0 };
        int64_t left = deadline - clock_ns();

        if (left <= 0)
                return false;
        pause.tv_nsec = (long)(left < patience->pause ? left : patience->pause);
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL); /* a signal only makes it look earlier */
        patience->pause = patience->pause * 2 < PAUSE_LAST_NS ? patience->pause * 2 : PAUSE_LAST_NS;
        return true;
}

int lock_exclusive(const struct blob_store *store, int64_t id, enum lock_byte byte, int wait_ms,
                   struct blob_lock *ret_lock) {
        struct patience patience = patience_of(wait_ms);
        _cleanup_fd_ int fd = locks_open(store);
        int r;

        if (fd < 0)
                return fd;
        do
                r = lock_set(fd, id, byte, 1, F_WRLCK);
        while (r == -EBUSY && pause_until(patience.deadline, &patience));
        if (r < 0)
                return r;
        *ret_lock = (struct blob_lock){ .fd = TAKE_FD(fd), .id = id };
        return 0;
}

/* Pauses once if the writing byte is held by writers that have all flushed, or by another sealer. -EBUSY: other writers
 * hold it, or time is up (for a sealer there is more of it). */
static int flushed_await(int locks_fd, int64_t id, struct patience *patience) {
        bool sealing;
        int r;

        r = lock_holder(locks_fd, id, LOCK_BYTE_WRITING);
        if (r < 0)
                return r;
        sealing = r == F_WRLCK;
        r = lock_holder(locks_fd, id, LOCK_BYTE_UNFLUSHED);
        if (r < 0 || r != F_UNLCK)
                return r < 0 ? r : -EBUSY;
        return pause_until(sealing ? patience->sealer_deadline : patience->deadline, patience) ? 0 : -EBUSY;
}

/* -EBUSY while somebody copies or refers. */
static int writers_welcome(int fd, int64_t id) {
        int r;

        r = lock_holder(fd, id, LOCK_BYTE_COPYING);
        if (r < 0 || r == F_RDLCK) /* held exclusively by a remover, which tolerates writers */
                return r < 0 ? r : -EBUSY;
        r = lock_holder(fd, id, LOCK_BYTE_REFERRING);
        if (r < 0)
                return r;
        return r == F_UNLCK ? 0 : -EBUSY;
}

/* Looks before locking, too: otherwise a writer that cannot succeed would make a waiting copier give up. */
static int lock_write(int fd, int64_t id) {
        int r;

        r = writers_welcome(fd, id);
        if (r < 0)
                return r;
        r = lock_set(fd, id, LOCK_BYTE_WRITING, 2, F_RDLCK); /* and UNFLUSHED: never seen without it */
        if (r < 0)
                return r;
        return writers_welcome(fd, id);
}

/* Retries while somebody holds the writing byte exclusively, which is short for a sweeper. */
static int lock_write_patiently(int fd, int64_t id, struct patience *patience) {
        int r = lock_write(fd, id);

        while (r == -EBUSY && writers_welcome(fd, id) == 0) {
                (void)lock_set(fd, id, LOCK_BYTE_WRITING, 2, F_UNLCK); /* giving up cannot conflict */
                if (!pause_until(patience->deadline, patience))
                        return r;
                r = lock_write(fd, id);
        }
        return r;
}

static int lock_seal(int fd, int64_t id, struct patience *patience) {
        for (;;) {
                int r = lock_set(fd, id, LOCK_BYTE_WRITING, 1, F_WRLCK);

                if (r != -EBUSY)
                        return r;
                r = flushed_await(fd, id, patience);
                if (r < 0)
                        return r;
        }
}

/* Keeps its byte while it waits, so that no new writer starts. */
static int lock_copy(int fd, int64_t id, struct patience *patience) {
        int r;

        r = lock_set(fd, id, LOCK_BYTE_COPYING, 1, F_RDLCK);
        if (r < 0)
                return r;
        for (;;) {
                r = lock_holder(fd, id, LOCK_BYTE_WRITING);
                if (r < 0 || r != F_RDLCK) /* held exclusively by a sealer, which changes no byte */
                        return r < 0 ? r : 0;
                r = flushed_await(fd, id, patience);
                if (r < 0)
                        return r;
        }
}

int blob_lock(const struct blob_store *store, int64_t id, enum blob_lock_kind kind, int wait_ms,
              struct blob_lock *ret_lock) {
        struct patience patience = patience_of(wait_ms);
        _cleanup_fd_ int fd = -1;
        int r = -EINVAL;

        assert(id > 0);
        fd = locks_open(store);
        if (fd < 0)
                return fd;
        switch (kind) {
        case BLOB_LOCK_WRITE:
                r = lock_write_patiently(fd, id, &patience);
                break;
        case BLOB_LOCK_SEAL:
                r = lock_seal(fd, id, &patience);
                break;
        case BLOB_LOCK_COPY:
                r = lock_copy(fd, id, &patience);
                break;
        case BLOB_LOCK_REMOVE:
                r = lock_set(fd, id, LOCK_BYTE_COPYING, 1, F_WRLCK);
                break;
        case BLOB_LOCK_DIGEST:
                r = lock_set(fd, id, LOCK_BYTE_DIGESTING, 1, F_WRLCK);
                break;
        }
        if (r < 0)
                return r;
        *ret_lock = (struct blob_lock){ .fd = TAKE_FD(fd), .id = id };
        return 0;
}

int blob_lock_flushed(const struct blob_lock *lock, bool flushed) {
        return lock_set(lock->fd, lock->id, LOCK_BYTE_UNFLUSHED, 1, flushed ? F_UNLCK : F_RDLCK);
}

int blob_lock_refer(const struct blob_lock *lock, bool refer) {
        int r;

        r = lock_set(lock->fd, lock->id, LOCK_BYTE_REFERRING, 1, refer ? F_WRLCK : F_UNLCK);
        if (r < 0 || !refer)
                return r;
        r = lock_holder(lock->fd, lock->id, LOCK_BYTE_WRITING); /* its own lock does not conflict: same descriptor */
        if (r == F_UNLCK)
                return 0;
        (void)lock_set(lock->fd, lock->id, LOCK_BYTE_REFERRING, 1, F_UNLCK); /* giving up cannot conflict */
        return r < 0 ? r : -EBUSY;
}

struct blob_lock blob_unlock(struct blob_lock lock) {
        struct flock all = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

        if (lock.fd >= 0)
                (void)fcntl(lock.fd, F_OFD_SETLK, &all); /* a child between fork and exec has the descriptor too */
        (void)fd_close(lock.fd);
        return BLOB_LOCK_NONE;
}
