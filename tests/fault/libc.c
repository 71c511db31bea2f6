/* SPDX-License-Identifier: MIT
 * Wrappers for calls of libc by our objects, and for a few calls of other libraries that only allocate. The linker
 * inserts them (--wrap in meson.build, with the same names).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/catalog/anchor.h"
#include "blob.h"
#include "fault.h"

int64_t fault_clock = INT64_C(1767225600000); /* 2026-01-01 */
int64_t fault_clock_set;
bool fault_apart;

/* Wraps a call; it fails by returning `failure` with errno set. */
#define WRAP(kind, type, failure, name, parameters, arguments)  \
        type __real_##name parameters;                          \
        type __wrap_##name parameters;                          \
        type __wrap_##name parameters {                         \
                int error = fault_now(FAULT_##kind);            \
                                                                \
                if (error != 0) {                               \
                        errno = error;                          \
                        return failure;                         \
                }                                               \
                return __real_##name arguments;                 \
        }

WRAP(MEMORY, void *, NULL, malloc, (size_t size), (size))
WRAP(MEMORY, void *, NULL, calloc, (size_t count, size_t size), (count, size))
WRAP(MEMORY, void *, NULL, realloc, (void *p, size_t size), (p, size))
WRAP(MEMORY, void *, NULL, reallocarray, (void *p, size_t count, size_t size), (p, count, size))
WRAP(MEMORY, void *, MAP_FAILED, mmap64, (void *p, size_t size, int protection, int flags, int fd, off_t at),
     (p, size, protection, flags, fd, at))
WRAP(MEMORY, void *, MAP_FAILED, mremap, (void *p, size_t size, size_t larger, int flags), (p, size, larger, flags))
WRAP(MEMORY, char *, NULL, strdup, (const char *text), (text))
WRAP(MEMORY, char *, NULL, strndup, (const char *text, size_t size), (text, size))
WRAP(MEMORY, char *, NULL, realpath, (const char *path, char *to), (path, to))
WRAP(MEMORY, char *, NULL, get_current_dir_name, (void), ())
WRAP(MEMORY, FILE *, NULL, open_memstream, (char **text, size_t *size), (text, size))
WRAP(MEMORY, int, errno, pthread_create,
     (pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument),
     (thread, attributes, run, argument))

WRAP(OPEN, DIR *, NULL, opendir, (const char *path), (path))
WRAP(OPEN, DIR *, NULL, fdopendir, (int fd), (fd))
WRAP(OPEN, int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(READ, ssize_t, -1, read, (int fd, void *to, size_t size), (fd, to, size))
WRAP(READ, ssize_t, -1, pread64, (int fd, void *to, size_t size, off_t at), (fd, to, size, at))
WRAP(READ, struct dirent64 *, NULL, readdir64, (DIR *dir), (dir))
WRAP(WRITE, ssize_t, -1, write, (int fd, const void *data, size_t size), (fd, data, size))
WRAP(WRITE, ssize_t, -1, pwrite64, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
WRAP(SYNC, int, -1, fsync, (int fd), (fd))
WRAP(SYNC, int, -1, fdatasync, (int fd), (fd))
WRAP(SYNC, int, -1, sync_file_range, (int fd, off_t at, off_t size, unsigned flags), (fd, at, size, flags))
WRAP(LINK, int, -1, rename, (const char *from, const char *to), (from, to))
WRAP(LINK, int, -1, renameat, (int from_dir, const char *from, int to_dir, const char *to), (from_dir, from, to_dir, to))
WRAP(LINK, int, -1, renameat2, (int from_dir, const char *from, int to_dir, const char *to, unsigned flags),
     (from_dir, from, to_dir, to, flags))
WRAP(OPEN, int, -1, mkdirat, (int dir, const char *name, mode_t mode), (dir, name, mode))
WRAP(REMOVE, int, -1, unlinkat, (int dir, const char *name, int flags), (dir, name, flags))
WRAP(REMOVE, int, -1, unlink, (const char *path), (path))
WRAP(REMOVE, int, -1, rmdir, (const char *path), (path))
WRAP(SPACE, int, -1, ftruncate64, (int fd, off_t size), (fd, size))
WRAP(SPACE, int, -1, fallocate64, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size))
WRAP(COPY, ssize_t, -1, copy_file_range, (int from, off_t *at, int to, off_t *to_at, size_t size, unsigned flags),
     (from, at, to, to_at, size, flags))
WRAP(COPY, off_t, -1, lseek64, (int fd, off_t at, int whence), (fd, at, whence))
WRAP(STAT, int, -1, fstat64, (int fd, struct stat *st), (fd, st))
WRAP(STAT, int, -1, stat64, (const char *path, struct stat *st), (path, st))
WRAP(STAT, int, -1, fstatat64, (int dir, const char *name, struct stat *st, int flags), (dir, name, st, flags))
WRAP(STAT, int, -1, statx, (int dir, const char *name, int flags, unsigned mask, struct statx *stx),
     (dir, name, flags, mask, stx))
WRAP(STAT, int, -1, access, (const char *path, int mode), (path, mode))
WRAP(STAT, int, -1, faccessat, (int dir, const char *name, int mode, int flags), (dir, name, mode, flags))
WRAP(STAT, int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(STAT, int, -1, futimens, (int fd, const struct timespec times[2]), (fd, times))
WRAP(LOCK, int, -1, flock, (int fd, int how), (fd, how))

/* Wraps a call with an optional last argument: one is always passed on, and not read if there is none. */
#define WRAP_VARIADIC(kind, name, more, parameters, arguments) \
        int __real_##name parameters;                          \
        int __wrap_##name parameters;                          \
        int __wrap_##name parameters {                         \
                int error = fault_now(FAULT_##kind);           \
                va_list list;                                  \
                more last;                                     \
                                                               \
                if (error != 0) {                              \
                        errno = error;                         \
                        return -1;                             \
                }                                              \
                va_start(list, flags);                         \
                last = va_arg(list, more);                     \
                va_end(list);                                  \
                return __real_##name arguments;                \
        }

WRAP_VARIADIC(OPEN, open64, unsigned, (const char *path, int flags, ...), (path, flags, last))
WRAP_VARIADIC(OPEN, openat64, unsigned, (int dir, const char *name, int flags, ...), (dir, name, flags, last))
WRAP_VARIADIC(LOCK, fcntl64, void *, (int fd, int flags, ...), (fd, flags, last))
WRAP_VARIADIC(COPY, ioctl, void *, (int fd, unsigned long flags, ...), (fd, flags, last))

int __wrap_asprintf(char **ret_text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **ret_text, const char *format, ...) {
        va_list arguments;
        int r;

        if (fault_now(FAULT_MEMORY) != 0) {
                errno = ENOMEM;
                return -1;
        }
        va_start(arguments, format);
        r = vasprintf(ret_text, format, arguments);
        va_end(arguments);
        return r;
}

int __real_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
        int error = fault_now(FAULT_LINK);

        if (error == 0 && !fault_apart)
                return __real_linkat(from_dir, from, to_dir, to, flags);
        errno = error ?: EXDEV;
        return -1;
}

/* Always returns the same bytes. */
ssize_t __wrap_getrandom(void *to, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *to, size_t size, unsigned flags) {
        (void)flags;
        if (fault_now(FAULT_READ) != 0) {
                errno = EIO;
                return -1;
        }
        memset(to, 7, size);
        return (ssize_t)size;
}

int64_t __wrap_timestamp_now(void);
int64_t __wrap_timestamp_now(void) {
        return fault_clock;
}

int64_t __wrap_timestamp_now_ns(void);
int64_t __wrap_timestamp_now_ns(void) {
        return fault_clock * 1000000;
}

struct instant __wrap_instant_now(const struct boot *boot);
struct instant __wrap_instant_now(const struct boot *boot) {
        (void)boot;
        return (struct instant){ .wall = fault_clock, .since = fault_clock - fault_clock_set };
}

bool __real_blob_store_same_filesystem(const struct blob_store *a, const struct blob_store *b);
bool __wrap_blob_store_same_filesystem(const struct blob_store *a, const struct blob_store *b);
bool __wrap_blob_store_same_filesystem(const struct blob_store *a, const struct blob_store *b) {
        return !fault_apart && __real_blob_store_same_filesystem(a, b);
}
