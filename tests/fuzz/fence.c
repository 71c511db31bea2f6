/* SPDX-License-Identifier: MIT
 * The fence around the stores: what the program opens, makes, links or removes by itself must lie in them. A directory
 * that a catalog only names may be looked at, and the mark that would make it a store; nothing else there is touched.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static char inside[512]; /* "": no fence */

void fence_set(const char *folder) {
        (void)snprintf(inside, sizeof(inside), "%s", folder ?: ""); /* fits */
}

int __real_open64(const char *path, int flags, ...);
int __real_openat64(int dir, const char *path, int flags, ...);
int __real_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __real_unlinkat(int dir, const char *path, int flags);
int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_openat64(int dir, const char *path, int flags, ...);
int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __wrap_unlinkat(int dir, const char *path, int flags);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_mkdir(const char *path, mode_t mode);

static mode_t mode_of(int flags, va_list rest) {
        return flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? (mode_t)va_arg(rest, int) : 0;
}

/* The directory a path lies in, symlinks followed; the last word stays as it is. */
static void resolve(int dir, const char *path, char ret_path[static 4096]) {
        char at[4200], real[4096];
        const char *word;

        if (path[0] == '/' || dir == AT_FDCWD)
                (void)snprintf(at, sizeof(at), "%s%s", path[0] == '/' ? "" : "./", path); /* as long as it may be */
        else
                (void)snprintf(at, sizeof(at), "/proc/self/fd/%d/%s", dir, path); /* likewise */
        word = strrchr(at, '/') + 1;
        at[word - at - 1] = '\0';
        if (!realpath(at[0] ? at : "/", real))
                real[0] = '\0'; /* no such directory: it cannot be opened either */
        (void)snprintf(ret_path, 4096, "%.2000s/%.2000s", real, word); /* fits */
}

static void check(int dir, const char *path, bool looks) {
        char real[4096];

        if (!inside[0])
                return;
        resolve(dir, path, real);
        if (real[0] == '/' && real[1] == '\0')
                return;
        if (strncmp(real, inside, strlen(inside)) == 0 && real[strlen(inside)] == '/')
                return;
        if (looks || strncmp(real, "/dev/", 5) == 0 || strncmp(real, "/proc/", 6) == 0)
                return;
        (void)fprintf(stderr, "outside: %s\n", real);
        require(!"a path outside of the stores");
}

static bool only_looks(const char *path, int flags) {
        return flags & O_DIRECTORY || (strcmp(path, ".imgshare") == 0 && (flags & (O_ACCMODE | O_CREAT)) == O_RDONLY);
}

int __wrap_open64(const char *path, int flags, ...) {
        va_list rest;
        mode_t mode;

        va_start(rest, flags);
        mode = mode_of(flags, rest);
        va_end(rest);
        check(AT_FDCWD, path, only_looks(path, flags));
        return __real_open64(path, flags, mode);
}

int __wrap_openat64(int dir, const char *path, int flags, ...) {
        va_list rest;
        mode_t mode;

        va_start(rest, flags);
        mode = mode_of(flags, rest);
        va_end(rest);
        check(dir, path, only_looks(path, flags));
        return __real_openat64(dir, path, flags, mode);
}

int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
        check(from_dir, from, false);
        check(to_dir, to, false);
        return __real_linkat(from_dir, from, to_dir, to, flags);
}

int __wrap_unlinkat(int dir, const char *path, int flags) {
        check(dir, path, false);
        return __real_unlinkat(dir, path, flags);
}

int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to) {
        check(from_dir, from, false);
        check(to_dir, to, false);
        return __real_renameat(from_dir, from, to_dir, to);
}

int __wrap_mkdir(const char *path, mode_t mode) {
        check(AT_FDCWD, path, false);
        return __real_mkdir(path, mode);
}
