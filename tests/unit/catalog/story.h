/* SPDX-License-Identifier: MIT
 * A story with every operation, and what each step does to the rows.
 */
#pragma once

#include "scratch.h"

#define FAR "140737488355327"
#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define EFFECTS 9
#define STEPS 128 /* room for them */

/* Effects of an event, by the column with its number: "+t.column": a row it made; "-t.column": a row it ended;
 * "~t.column": a row it ended if there was one; "=t.column": set once; "<t.column": set, whatever was there before;
 * "?t.column": set if there was nothing. */
struct step {
        enum event_op op;
        enum fact fact;
        const char *a, *b, *text; /* numbers as SQL, NULL: 0 */
        const char *effects[EFFECTS];
        const char *rows; /* an SQL condition that is true, too; NULL: none */
};

extern const struct step story[];
extern const size_t story_length;
