/* SPDX-License-Identifier: MIT
 * Bytes as hex digits, two a byte, as the product writes hashes and digests: in lower case.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Either case. -EINVAL: not just 2 * size digits. */
int hex_parse(const char *text, uint8_t *ret_bytes, size_t size);
/* ret_text: 2 * size characters and a NUL. Returns it. */
char *hex_format(const uint8_t *bytes, size_t size, char *ret_text);
