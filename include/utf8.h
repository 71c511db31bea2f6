/* SPDX-License-Identifier: MIT
 * Counts the characters of a text, tells whether it is UTF-8, and makes others' words fit to be shown.
 */
#pragma once

#include <stddef.h>

/* Number of characters (>= 0), or -EINVAL: not UTF-8 (overlong, surrogate, above U+10FFFF) or it has a NUL.
 * ret_whole: how many leading bytes are whole, valid characters; when what follows them is only the beginning of a
 * character, -EAGAIN is returned instead of -EINVAL (more bytes may make it valid). */
int utf8_check(const char *text, size_t size, size_t *ret_whole);

/* What somebody called something, as it may be shown and logged: one line, UTF-8, no control character of any kind,
 * none that changes the direction of a text; '?' in the place of each. Never longer. */
void utf8_clean(char *text);
