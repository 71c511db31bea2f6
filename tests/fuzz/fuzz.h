/* SPDX-License-Identifier: MIT
 * What the fuzz targets share: reading the input, a world to act in, a session without a kernel, imgshare as a function.
 * A broken property aborts, as a sanitizer's finding does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The target: one in each program. 0: done; -1: not worth keeping in a corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- input.c: bytes as choices --- */

struct input {
        const uint8_t *data;
        size_t size;
};
/* 0 when there are no more. */
uint8_t input_byte(struct input *input);
uint64_t input_number(struct input *input, size_t bytes);
/* Up to `most` bytes, as many as the next two bytes say; not terminated. */
const char *input_bytes(struct input *input, size_t most, size_t *ret_size);
/* Copies a line (or what is left) into a buffer as a string: what is behind a NUL or does not fit is lost. */
void input_line(struct input *input, char *ret_text, size_t size);

void fuzz_fail(const char *file, int line, const char *what) __attribute__((noreturn));
#define require(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

/* --- world.c: a catalog with something of everything, made once, copied for each input --- */

#define WORLD_EVENTS 40 /* at least so many there are */

/* The directory of a fresh copy; the one before is removed. */
const char *world_new(void);
/* A path in the folder that holds the copies; up to four at a time. */
const char *world_path(const char *name);
/* Where relative paths begin, and back; libFuzzer has some of its own. */
void world_enter(const char *folder_name);
void world_leave(void);
/* What `check` and `check --log` find in the copy: nothing. */
void world_check(const char *dir);
/* No file of it is open. */
void world_check_descriptors(void);

/* --- clock.c: who waits need not --- */

/* Waits are over at once, and a clock says that they took their time. Linked with CLOCK_WRAPS of meson.build. */

/* --- session.c: the operations, without a kernel --- */

struct session_view {
        const char *account; /* NULL: multiuser */
        bool read_only;
        const char *asof;
};
struct session;
/* NULL: the catalog or account cannot be opened, which a hostile catalog may well. */
struct session *session_begin(const char *dir, const struct session_view *view);
void session_end(struct session *session); /* what is open is closed, as when a daemon ends */

struct reply {
        int error; /* positive errno, 0 */
        size_t size;
        const uint8_t *data; /* until the next request */
};
/* Sends a request as the kernel does: a header and parts of the body, each pointer and size, ended by NULL. It must be
 * answered exactly once. */
struct reply session_request(struct session *session, uint32_t opcode, uint64_t node, uint32_t uid, ...);

/* Looks a path up from the root; 0: not found. */
uint64_t session_walk(struct session *session, uint32_t uid, const char *path);
/* Everything below a node, as far as it goes: attributes, texts, links, listings. */
void session_tour(struct session *session, uint32_t uid, uint64_t node, int depth, int *budget);
/* Makes and removes something in a directory, and writes what it finds there. */
void session_change(struct session *session, uint32_t uid, uint64_t node);

/* --- fence.c: paths outside of the stores --- */

/* From here on no file outside of the folder is opened by the program itself; NULL: any may. */
void fence_set(const char *folder);

/* --- program.c: imgshare --- */

/* Runs it with these arguments, its output into a file of the world: the exit status. Input is /dev/null. */
int program_run(char *const *arguments, const char *output);
