/* SPDX-License-Identifier: MIT
 * Preloaded into a daemon: a store whose server hangs. Whoever opens the mark of the store $HANG_STORE waits for as long
 * as the file $HANG is there.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool hangs(int dir_fd, const char *name) {
        const char *store = getenv("HANG_STORE"), *file = getenv("HANG");
        char link[64], path[PATH_MAX];
        ssize_t n;

        if (!store || !file || strcmp(name, ".imgshare") != 0)
                return false;
        (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", dir_fd);
        n = readlink(link, path, sizeof(path) - 1);
        return n == (ssize_t)strlen(store) && memcmp(path, store, (size_t)n) == 0 && access(file, F_OK) == 0;
}

int openat(int dir_fd, const char *name, int flags, ...) {
        static int (*real)(int, const char *, int, ...);
        va_list arguments;
        mode_t mode;

        va_start(arguments, flags);
        mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
        va_end(arguments);
        if (!real)
                *(void **)&real = dlsym(RTLD_NEXT, "openat");
        while (hangs(dir_fd, name))
                (void)usleep(10000);
        return real(dir_fd, name, flags, mode);
}

int openat64(int dir_fd, const char *name, int flags, ...) __attribute__((alias("openat")));
