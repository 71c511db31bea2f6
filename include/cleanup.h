/* SPDX-License-Identifier: MIT
 * Scoped release of memory, descriptors and streams, and the handing on of what must not be released.
 */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* The pointer's value; the variable is NULL afterwards, so that its cleanup does nothing. */
#define TAKE_PTR(p)                       \
        ({                                \
                __typeof__(p) *_pp = &(p); \
                __typeof__(p) _p = *_pp;   \
                *_pp = NULL;              \
                _p;                       \
        })

/* The descriptor's number; the variable is -1 afterwards. */
#define TAKE_FD(fd)           \
        ({                    \
                int *_pf = &(fd); \
                int _f = *_pf;    \
                *_pf = -1;    \
                _f;           \
        })

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline void cleanup_free(void *p) {
        free(*(void **)p);
}

/* Closes and returns -1, so that `fd = fd_close(fd)` leaves nothing dangling. */
static inline int fd_close(int fd) {
        if (fd >= 0)
                (void)close(fd); /* nothing to be done: on Linux the descriptor is gone either way */
        return -1;
}

static inline void cleanup_fd(int *fd) {
        *fd = fd_close(*fd);
}

static inline void cleanup_file(FILE **f) {
        if (*f)
                (void)fclose(*f); /* for reading, or for memory; what must be written is closed by hand */
}

static inline void cleanup_dir(DIR **d) {
        if (*d)
                (void)closedir(*d);
}

#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_fd_ _cleanup_(cleanup_fd)
#define _cleanup_file_ _cleanup_(cleanup_file)
#define _cleanup_dir_ _cleanup_(cleanup_dir)
