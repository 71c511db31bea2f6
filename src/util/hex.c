/* SPDX-License-Identifier: MIT
 * Hex digits of bytes, and back.
 */
#include "hex.h"

#include <errno.h>
#include <string.h>

static int digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20; /* to lower case */
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_parse(const char *text, uint8_t *ret_bytes, size_t size) {
        if (strlen(text) != 2 * size)
                return -EINVAL;
        for (size_t i = 0; i < size; i++) {
                int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

                if (high < 0 || low < 0)
                        return -EINVAL;
                ret_bytes[i] = (uint8_t)(high << 4 | low);
        }
        return 0;
}

char *hex_format(const uint8_t *bytes, size_t size, char *ret_text) {
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < size; i++) {
                ret_text[2 * i] = digits[bytes[i] >> 4];
                ret_text[2 * i + 1] = digits[bytes[i] & 0xf];
        }
        ret_text[2 * size] = '\0';
        return ret_text;
}

char *digest_format(const uint8_t digest[static DIGEST_SIZE], char ret_text[static DIGEST_TEXT_SIZE]) {
        (void)hex_format(digest, DIGEST_SIZE, stpcpy(ret_text, "sha256:"));
        return ret_text;
}
