/* SPDX-License-Identifier: MIT
 * Scoped release of memory, descriptors and streams, and passing on ownership.
 */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Returns the pointer and sets the variable to NULL, so that its cleanup does nothing. */
#define TAKE_PTR(p)                       \
        ({                                \
                __typeof__(p) *_pp = &(p); \
                __typeof__(p) _p = *_pp;   \
                *_pp = NULL;              \
                _p;                       \
        })

/* Returns the descriptor and sets the variable to -1. */
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
                (void)close(fd); /* on Linux the descriptor is gone even if this fails */
        return -1;
}

static inline void cleanup_fd(int *fd) {
        *fd = fd_close(*fd);
}

static inline void cleanup_file(FILE **f) {
        if (*f)
                (void)fclose(*f); /* opened for reading, or memory; written files are closed by hand */
}

static inline void cleanup_dir(DIR **d) {
        if (*d)
                (void)closedir(*d);
}

#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_fd_ _cleanup_(cleanup_fd)
#define _cleanup_file_ _cleanup_(cleanup_file)
#define _cleanup_dir_ _cleanup_(cleanup_dir)
