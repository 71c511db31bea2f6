/* SPDX-License-Identifier: MIT
 * UTF-8: counts characters, validates, and makes foreign text fit to be shown.
 */
#pragma once

#include <stddef.h>

/* Number of characters (>= 0), or -EINVAL: not UTF-8 (overlong, surrogate, above U+10FFFF) or it contains a NUL.
 * ret_whole: how many leading bytes are whole, valid characters. -EAGAIN instead of -EINVAL: they are followed only by
 * the beginning of a character, and more bytes may make it valid. */
int utf8_check(const char *text, size_t size, size_t *ret_whole);

/* Makes a text fit to be shown and logged: one line, UTF-8. '?' replaces control characters, characters that change the
 * direction of text, and invalid bytes. Never gets longer. */
void utf8_clean(char *text);
