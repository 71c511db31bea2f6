/* SPDX-License-Identifier: MIT
 * How format*.c reads a disk, with bounds, and notes which files it names.
 */
#include "format.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "utf8.h"

size_t format_read(struct format *f, uint64_t offset, void *ret_bytes, size_t size) {
        size_t done = 0;

        if (offset >= f->size || f->reads++ >= FORMAT_READS)
                return 0;
        if (size > f->size - offset)
                size = f->size - offset;
        while (done < size) {
                ssize_t n = pread(f->fd, (char *)ret_bytes + done, size - done, (off_t)(offset + done));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && f->failed == 0)
                        f->failed = -errno;
                if (n <= 0)
                        break;
                done += (size_t)n;
        }
        return done;
}

bool format_read_all(struct format *f, uint64_t offset, void *ret_bytes, size_t size) {
        return format_read(f, offset, ret_bytes, size) == size;
}

void format_is(struct format *f, const char *name) {
        strcpy(f->text, name); /* a literal */
}

/* Has the text such a line already? */
static bool is_noted(const struct format *f, const char *line) {
        const size_t length = strlen(line);

        for (const char *at = f->text; (at = strstr(at, line)); at += length)
                if (at[length] == '\0' || at[length] == '\n')
                        return true;
        return false;
}

void format_needs(struct format *f, const void *name, size_t length) {
        char line[FORMAT_NAME_MAX + sizeof("\nneeds ")] = "\nneeds ";
        char *text = line + strlen(line);

        length = strnlen(name ?: "", length < FORMAT_NAME_MAX ? length : FORMAT_NAME_MAX);
        memcpy(text, length ? name : "?", length ?: 1);
        text[length ?: 1] = '\0';
        utf8_clean(text);
        if (is_noted(f, line))
                return;
        if (strlen(f->text) + strlen(line) + FORMAT_MORE_SIZE > FORMAT_SIZE) {
                f->more++;
                return;
        }
        strcat(f->text, line);
        f->files++;
}

void format_needs_at(struct format *f, uint64_t offset, uint64_t length) {
        char name[FORMAT_NAME_MAX];

        if (length > sizeof(name) || !format_read_all(f, offset, name, length))
                length = 0;
        format_needs(f, name, length);
}

static size_t put_character(char *to, uint32_t c) {
        if (c < 0x80) {
                to[0] = (char)c;
                return 1;
        }
        if (c < 0x800) {
                to[0] = (char)(0xc0 | c >> 6);
                to[1] = (char)(0x80 | (c & 0x3f));
                return 2;
        }
        if (c < 0x10000) {
                to[0] = (char)(0xe0 | c >> 12);
                to[1] = (char)(0x80 | (c >> 6 & 0x3f));
                to[2] = (char)(0x80 | (c & 0x3f));
                return 3;
        }
        to[0] = (char)(0xf0 | c >> 18);
        to[1] = (char)(0x80 | (c >> 12 & 0x3f));
        to[2] = (char)(0x80 | (c >> 6 & 0x3f));
        to[3] = (char)(0x80 | (c & 0x3f));
        return 4;
}

void format_needs_wide(struct format *f, uint64_t offset, uint64_t length, bool big) {
        uint8_t wide[2 * FORMAT_NAME_MAX];
        char name[4 * FORMAT_NAME_MAX];
        size_t used = 0, n = format_read(f, offset, wide, length < sizeof(wide) ? length : sizeof(wide)) & ~(size_t)1;
        uint32_t before = 0; /* the first half of a pair */

        for (size_t i = 0; i < n; i += 2) {
                uint32_t c = (uint32_t)(big ? format_big(wide + i, 2) : format_little(wide + i, 2));

                if (c == 0)
                        break;
                if (before && c >= 0xdc00 && c < 0xe000)
                        used += put_character(name + used, 0x10000 + ((before - 0xd800) << 10) + (c - 0xdc00));
                else if (before || (c >= 0xdc00 && c < 0xe000))
                        name[used++] = '?';
                else if (c < 0xd800 || c >= 0xe000)
                        used += put_character(name + used, c);
                before = !before && c >= 0xd800 && c < 0xdc00 ? c : 0;
        }
        format_needs(f, name, used);
}
