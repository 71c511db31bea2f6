/* SPDX-License-Identifier: MIT
 * Where an error was made, for those that say nothing by themselves: `return ORIGIN(-EIO);`. Only the last one
 * of a thread is kept. Nothing below the edges (mount, programs) reads it, and the errno is returned as usual.
 *
 * An edge forgets the origin when a request begins, and reads it when it reports a failure, on the same thread:
 *
 *         origin_forget();
 *         r = …;
 *         origin_text(r, text)      " (src/blob/mark.c:44)", or "" if the error arose elsewhere, such as a system call
 *
 * To let another thread do the work, pass it over with the result: origin_get() there, origin_set() here.
 */
#pragma once

#define ORIGIN_SIZE 192

#define ORIGIN_NOTE 96

/* A place in the source; file NULL: none. note: a library's error message; "": none. */
struct origin {
        const char *file;
        int line, error;
        char note[ORIGIN_NOTE];
};

/* Records the place of r and returns r. */
#define ORIGIN(r) origin_record((r), __FILE__, __LINE__)
int origin_record(int r, const char *file, int line);

/* Keeps a library's message about a failed call; ORIGIN_NOTED then records where its error becomes r. */
void origin_note(const char *words);
#define ORIGIN_NOTED(r) origin_record_noted((r), __FILE__, __LINE__)
int origin_record_noted(int r, const char *file, int line);

void origin_forget(void);
struct origin origin_get(void);
void origin_set(struct origin origin);

/* The place where r (-errno) was made, in brackets, after a space; empty: unknown. Returns the text. */
char *origin_text(int r, char ret_text[static ORIGIN_SIZE]);
