/* SPDX-License-Identifier: MIT
 * A strict UTF-8 reader (RFC 3629).
 */
#include "utf8.h"

#include <errno.h>
#include <stdbool.h>

/* Length of the character whose first byte this is, 0 if none begins so; ret_low and ret_high bound its second byte. */
static size_t lead(unsigned char c, unsigned char *ret_low, unsigned char *ret_high) {
        *ret_low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
        *ret_high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
        if (c > 0 && c < 0x80)
                return 1;
        if (c >= 0xc2 && c <= 0xdf)
                return 2;
        if (c >= 0xe0 && c <= 0xef)
                return 3;
        return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

int utf8_check(const char *text, size_t size, size_t *ret_whole) {
        int characters = 0;
        size_t at = 0;

        while (at < size) {
                unsigned char low, high;
                size_t n = lead((unsigned char)text[at], &low, &high), i;

                for (i = 1; i < n && at + i < size; i++) {
                        unsigned char c = (unsigned char)text[at + i];

                        if (c < (i == 1 ? low : 0x80) || c > (i == 1 ? high : 0xbf))
                                break;
                }
                if (n == 0 || i < n) {
                        *ret_whole = at;
                        return n > 0 && at + i == size ? -EAGAIN : -EINVAL;
                }
                at += n;
                characters++;
        }
        *ret_whole = at;
        return characters;
}
