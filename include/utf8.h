/* SPDX-License-Identifier: MIT
 * Counts the characters of a text and tells whether it is UTF-8.
 */
#pragma once

#include <stddef.h>

/* Number of characters (>= 0), or -EINVAL: not UTF-8 (overlong, surrogate, above U+10FFFF) or it has a NUL.
 * ret_whole: how many leading bytes are whole, valid characters; when what follows them is only the beginning of a
 * character, -EAGAIN is returned instead of -EINVAL (more bytes may make it valid). */
int utf8_check(const char *text, size_t size, size_t *ret_whole);
