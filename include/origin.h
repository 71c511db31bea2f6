/* SPDX-License-Identifier: MIT
 * Where an error was made, for those that say nothing by themselves: `return ORIGIN(-EIO);`. It is only recorded, one a
 * thread, the last; nobody below the edges reads it, and the errno goes its way as ever.
 *
 * An edge forgets what there is when a request begins, and asks when it says why one failed, on the same thread:
 *
 *         origin_forget();
 *         r = …;
 *         origin_text(r, text)      " (src/blob/mark.c:44)", or "" if the error came from somewhere else, as a system call
 *
 * Who has the work done by another thread carries it over: origin_get() there, origin_set() here, beside the result.
 */
#pragma once

#define ORIGIN_SIZE 192

#define ORIGIN_NOTE 96

/* A place in the source; file NULL: none. note: what a library said of it, "": nothing. */
struct origin {
        const char *file;
        int line, error;
        char note[ORIGIN_NOTE];
};

/* Records the place of r, which it returns. */
#define ORIGIN(r) origin_record((r), __FILE__, __LINE__)
int origin_record(int r, const char *file, int line);

/* What a library says of the call that is just failing, and the place where its error becomes r. */
void origin_note(const char *words);
#define ORIGIN_NOTED(r) origin_record_noted((r), __FILE__, __LINE__)
int origin_record_noted(int r, const char *file, int line);

void origin_forget(void);
struct origin origin_get(void);
void origin_set(struct origin origin);

/* The place where r (-errno) was made, in brackets, after a space; empty: not known. Returns the text. */
char *origin_text(int r, char ret_text[static ORIGIN_SIZE]);
