/* SPDX-License-Identifier: MIT
 * Where the last error of this thread was made. A side channel beside results; it only affects the texts of the edges.
 */
#include "origin.h"

#include <stdio.h>
#include <string.h>

static _Thread_local struct origin last;

int origin_record(int r, const char *file, int line) {
        last = (struct origin){ .file = file, .line = line, .error = r };
        return r;
}

int origin_record_noted(int r, const char *file, int line) {
        last.file = file;
        last.line = line;
        last.error = r;
        return r;
}

void origin_note(const char *words) {
        (void)snprintf(last.note, sizeof(last.note), "%s", words); /* truncated if too long */
}

void origin_forget(void) {
        last = (struct origin){ 0 };
}

struct origin origin_get(void) {
        return last;
}

void origin_set(struct origin origin) {
        last = origin;
}

/* The compiler's path relative to the top of the source: the same for every build directory. */
static const char *path_from_top(const char *path) {
        const char *from = path;

        for (const char *p = path; (p = strstr(p, "src/")); p++)
                if (p == path || p[-1] == '/')
                        from = p;
        return from;
}

char *origin_text(int r, char ret_text[static ORIGIN_SIZE]) {
        ret_text[0] = '\0';
        if (r < 0 && last.file && last.error == r)
                (void)snprintf(ret_text, ORIGIN_SIZE, " (%s:%d%s%s)", path_from_top(last.file), last.line,
                               last.note[0] ? ": " : "", last.note); /* truncated if too long */
        return ret_text;
}
