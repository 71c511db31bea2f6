/* SPDX-License-Identifier: MIT
 * Hashes and digests as hex digits, two per byte, in lower case.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model.h"

/* Accepts both cases. -EINVAL: not exactly 2 * size digits. */
int hex_parse(const char *text, uint8_t *ret_bytes, size_t size);
/* ret_text: 2 * size characters and a NUL. Returns ret_text. */
char *hex_format(const uint8_t *bytes, size_t size, char *ret_text);
/* "sha256:" and 64 digits, as sha256sum prints them; what `.meta/digest` and the log have. Returns ret_text. */
char *digest_format(const uint8_t digest[static DIGEST_SIZE], char ret_text[static DIGEST_TEXT_SIZE]);
