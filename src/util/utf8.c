/* SPDX-License-Identifier: MIT
 * A strict UTF-8 reader (RFC 3629), and what may be shown on a terminal.
 */
#include "utf8.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Length of the character that starts with this byte, 0: none does. ret_low and ret_high bound its second byte. */
static size_t utf8_lead(unsigned char c, unsigned char *ret_low, unsigned char *ret_high) {
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
                size_t n = utf8_lead((unsigned char)text[at], &low, &high), i;

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

/* Whether a whole character of n bytes moves the cursor, ends the line, or changes the text's direction. */
static bool is_control(const char *text, size_t n) {
        const unsigned char *c = (const unsigned char *)text;

        if (n == 1)
                return c[0] < 0x20 || c[0] == 0x7f;
        if (n == 2)
                return c[0] == 0xc2 && c[1] < 0xa0; /* C1 */
        if (n == 3 && c[0] == 0xe2 && c[1] == 0x80)
                return c[2] >= 0xa8 && c[2] <= 0xae; /* U+2028..U+202E: separators, overrides */
        return n == 3 && c[0] == 0xe2 && c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9; /* U+2066..U+2069: isolates */
}

void utf8_clean(char *text) {
        size_t left = strlen(text), whole;
        const char *from = text;
        char *to = text;

        while (left > 0) {
                unsigned char low, high;
                size_t n = utf8_lead((unsigned char)*from, &low, &high);

                if (n == 0 || n > left || utf8_check(from, n, &whole) != 1) {
                        n = 1;
                        *to++ = '?';
                } else if (is_control(from, n)) {
                        *to++ = '?';
                } else {
                        memmove(to, from, n);
                        to += n;
                }
                from += n;
                left -= n;
        }
        *to = '\0';
}
