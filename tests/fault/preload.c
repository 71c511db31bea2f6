/* SPDX-License-Identifier: MIT
 * Faults in a running daemon or command: this library is preloaded, and a file says which of the program's own calls
 * fails. Calls by libraries do not fail: libfuse ends its loop when it has no memory for a request.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libsmartcols.h>
#include <link.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { NOTHING, MEMORY, FILES, SQL, TERMINAL };

/* The control file, as tests/mount/faults/faults.py writes it. */
struct control {
        int32_t kind, n, persistent, error;
        _Atomic int32_t calls, failed;
};

static struct control none, *control = &none;
static uintptr_t program_begin, program_end;

static int find_program(struct dl_phdr_info *info, size_t size, void *context) {
        (void)size;
        (void)context;
        for (int i = 0; i < info->dlpi_phnum; i++) { /* the program comes first */
                const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

                if (segment->p_type == PT_LOAD && segment->p_flags & PF_X) {
                        program_begin = info->dlpi_addr + segment->p_vaddr;
                        program_end = program_begin + segment->p_memsz;
                }
        }
        return 1;
}

__attribute__((constructor)) static void begin(void) {
        const char *path = getenv("FAULT_CONTROL");
        int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
        void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        (void)dl_iterate_phdr(find_program, NULL);
        if (fd >= 0)
                (void)close(fd);
        if (p != MAP_FAILED)
                control = p;
}

/* The program has ended: the code that then writes coverage data does not tolerate failures. */
void preloaded_end(void);
void preloaded_end(void) {
        control = &none;
}

static int fails(enum kind kind, const void *caller) {
        static _Atomic bool begun;
        int n;

        if (control->kind != (int)kind || (uintptr_t)caller < program_begin || (uintptr_t)caller >= program_end)
                return 0;
        if (!atomic_exchange(&begun, true))
                (void)atexit(preloaded_end); /* not earlier: it would run after the program's own end */
        n = ++control->calls;
        if (control->n == 0 || (control->persistent ? n < control->n : n != control->n))
                return 0;
        control->failed++;
        return control->error;
}

/* Defines the call's own name by __asm__ only: some calls are declared as variadic. */
#define WRAP(kind, type, failure, name, parameters, arguments)                  \
        type preloaded_##name parameters __asm__(#name);                        \
        type preloaded_##name parameters {                                      \
                static type(*real) parameters;                                  \
                int error = fails(kind, __builtin_return_address(0));           \
                                                                                \
                if (error) {                                                    \
                        errno = error;                                          \
                        return failure;                                         \
                }                                                               \
                if (!real)                                                      \
                        *(void **)&real = dlsym(RTLD_NEXT, #name);              \
                return real arguments;                                          \
        }

WRAP(MEMORY, void *, NULL, malloc, (size_t size), (size))
WRAP(MEMORY, void *, NULL, realloc, (void *p, size_t size), (p, size))
WRAP(MEMORY, void *, NULL, reallocarray, (void *p, size_t count, size_t size), (p, count, size))
WRAP(MEMORY, char *, NULL, strdup, (const char *text), (text))
WRAP(MEMORY, char *, NULL, strndup, (const char *text, size_t size), (text, size))
WRAP(MEMORY, int, -1, vasprintf, (char **text, const char *format, va_list arguments), (text, format, arguments))
WRAP(MEMORY, FILE *, NULL, open_memstream, (char **text, size_t *size), (text, size))
WRAP(MEMORY, int, error, pthread_create,
     (pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *x), (t, a, f, x))
WRAP(FILES, int, -1, pipe2, (int *fds, int flags), (fds, flags))
WRAP(FILES, int, -1, dup2, (int from, int to), (from, to))
WRAP(FILES, ssize_t, -1, read, (int fd, void *to, size_t size), (fd, to, size))
WRAP(FILES, ssize_t, -1, pread64, (int fd, void *to, size_t size, off_t at), (fd, to, size, at))
WRAP(FILES, ssize_t, -1, pwrite64, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
WRAP(FILES, int, -1, fsync, (int fd), (fd))
WRAP(FILES, int, -1, ftruncate64, (int fd, off_t size), (fd, size))
WRAP(FILES, int, -1, linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
WRAP(FILES, int, -1, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
WRAP(FILES, int, -1, unlinkat, (int dir, const char *name, int flags), (dir, name, flags))
WRAP(FILES, int, -1, fstat64, (int fd, struct stat *st), (fd, st))
WRAP(FILES, int, -1, fstatat64, (int dir, const char *name, struct stat *st, int flags), (dir, name, st, flags))
WRAP(FILES, int, -1, stat64, (const char *name, struct stat *st), (name, st))
WRAP(FILES, int, -1, statx, (int dir, const char *name, int flags, unsigned mask, struct statx *st),
     (dir, name, flags, mask, st))
WRAP(FILES, int, -1, openat64, (int dir, const char *name, int flags, mode_t mode), (dir, name, flags, mode))
WRAP(FILES, int, -1, open64, (const char *name, int flags, mode_t mode), (name, flags, mode))
WRAP(FILES, FILE *, NULL, fopen64, (const char *name, const char *mode), (name, mode))
WRAP(FILES, FILE *, NULL, tmpfile64, (void), ())
WRAP(SQL, int, error, sqlite3_step, (sqlite3_stmt *s), (s))
WRAP(SQL, int, error, sqlite3_prepare_v3,
     (sqlite3 *db, const char *sql, int n, unsigned flags, sqlite3_stmt **s, const char **rest),
     (db, sql, n, flags, s, rest))

/* For a table on a terminal, smartcols allocates. */
WRAP(TERMINAL, struct libscols_table *, NULL, scols_new_table, (void), ())
WRAP(TERMINAL, struct libscols_column *, NULL, scols_table_new_column,
     (struct libscols_table *table, const char *name, double width, int flags), (table, name, width, flags))
WRAP(TERMINAL, struct libscols_line *, NULL, scols_table_new_line,
     (struct libscols_table *table, struct libscols_line *parent), (table, parent))
WRAP(TERMINAL, int, -error, scols_line_set_data, (struct libscols_line *line, size_t column, const char *text),
     (line, column, text))
WRAP(TERMINAL, int, -error, scols_print_table, (struct libscols_table *table), (table))

/* The arguments cannot be passed on to another asprintf. */
int preloaded_asprintf(char **text, const char *format, ...) __asm__("asprintf") __attribute__((format(printf, 2, 3)));
int preloaded_asprintf(char **text, const char *format, ...) {
        va_list arguments;
        int n, error = fails(MEMORY, __builtin_return_address(0));

        if (error) {
                errno = error;
                return -1;
        }
        va_start(arguments, format);
        n = vasprintf(text, format, arguments);
        va_end(arguments);
        return n;
}

/* dlsym itself calls calloc. */
void *preloaded_calloc(size_t count, size_t size) __asm__("calloc");
void *preloaded_calloc(size_t count, size_t size) {
        static void *(*real)(size_t count, size_t size);
        static _Atomic int looking;
        static char early[4096];
        static size_t used;

        if (!real) {
                if (looking++) {
                        void *p = early + used;

                        used += (count * size + 15) & ~(size_t)15;
                        return used <= sizeof(early) ? p : NULL;
                }
                *(void **)&real = dlsym(RTLD_NEXT, "calloc");
        }
        if (fails(MEMORY, __builtin_return_address(0))) {
                errno = ENOMEM;
                return NULL;
        }
        return real(count, size);
}
