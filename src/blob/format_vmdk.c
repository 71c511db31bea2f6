/* SPDX-License-Identifier: MIT
 * VMDK: a text that names extents and a parent, alone in the file or in it. Reads at least what qemu reads, and
 * whatever else it takes for a space.
 */
#include "format.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"

#define SECTOR 512
#define PARENT_HINT "parentFileNameHint"
#define PARENT_NUMBER "parentCID"
#define QEMU_TEXT_OFFSET 512 /* where qemu looks for the parent, whatever the header says */
#define QEMU_TEXT_SIZE ((size_t)20 * SECTOR)

struct words {
        const char *at, *end;
};

static bool is_space(char c) {
        return c == ' ' || c == '\0' || (c >= '\t' && c <= '\r');
}

static void skip_space(struct words *w) {
        while (w->at < w->end && is_space(*w->at))
                w->at++;
}

/* The next word, from spaces to space; its length. */
static size_t next_word(struct words *w, const char **ret_word) {
        skip_space(w);
        *ret_word = w->at;
        while (w->at < w->end && !is_space(*w->at))
                w->at++;
        return (size_t)(w->at - *ret_word);
}

static bool is_word(const char *word, size_t length, const char *is) {
        return length == strlen(is) && strncasecmp(word, is, length) == 0;
}

static bool is_access(const char *word, size_t length) {
        return is_word(word, length, "RW") || is_word(word, length, "RDONLY") || is_word(word, length, "NOACCESS");
}

/* `RW 4192256 SPARSE "name.vmdk"`. Is it one, with a name? */
static bool read_extent(struct words *w, bool *ret_sparse, const char **ret_name, size_t *ret_length) {
        const char *word;
        size_t length = next_word(w, &word);

        if (!is_access(word, length))
                return false;
        (void)next_word(w, &word); /* sectors */
        length = next_word(w, &word);
        *ret_sparse = is_word(word, length, "SPARSE");
        skip_space(w);
        if (w->at == w->end || *w->at != '"')
                return false;
        *ret_name = ++w->at;
        while (w->at < w->end && !strchr("\"\r\n", *w->at)) /* NUL, too */
                w->at++;
        *ret_length = (size_t)(w->at - *ret_name);
        return true;
}

/* A header's own extent is the file itself, whatever it was called when it was made. */
static bool is_itself(const char *name, size_t length) {
        return !memchr(name, '/', length) && !memchr(name, '\\', length) && !memchr(name, ':', length);
}

static void look_at_extents(struct format *f, const char *text, size_t size, bool itself) {
        const char *end = text + size, *line = text;

        while (line < end) {
                struct words w = { line, end };
                const char *next, *name;
                bool sparse;
                size_t length;

                if (read_extent(&w, &sparse, &name, &length)) {
                        if (!(itself && sparse && is_itself(name, length)))
                                format_needs(f, name, length);
                        itself = false; /* only the first is */
                }
                next = memchr(line, '\n', (size_t)(end - line));
                line = next ? next + 1 : end;
        }
}

static bool look_at_hints(struct format *f, const char *text, size_t size) {
        const char *end = text + size, *at = text;
        bool found = false;

        while ((at = memmem(at, (size_t)(end - at), PARENT_HINT, strlen(PARENT_HINT)))) {
                const char *name;

                at += strlen(PARENT_HINT);
                while (at < end && (is_space(*at) || *at == '=' || *at == '"'))
                        at++;
                name = at;
                while (at < end && !strchr("\"\r\n", *at))
                        at++;
                format_needs(f, name, (size_t)(at - name));
                found = true;
        }
        return found;
}

/* `parentCID=ffffffff` is none. */
static bool has_parent(const char *text, size_t size) {
        const char *end = text + size, *at = memmem(text, size, PARENT_NUMBER, strlen(PARENT_NUMBER));

        if (!at)
                return false;
        at += strlen(PARENT_NUMBER);
        while (at < end && (is_space(*at) || *at == '='))
                at++;
        return (size_t)(end - at) < 8 || strncasecmp(at, "ffffffff", 8) != 0;
}

static void look_at_parent(struct format *f, const char *text, size_t size) {
        if (!look_at_hints(f, text, size) && has_parent(text, size))
                format_needs(f, NULL, 0);
}

static void look_at_text(struct format *f, const char *text, size_t size, bool itself) {
        look_at_extents(f, text, size, itself);
        look_at_parent(f, text, size);
}

/* Do programs take it for a descriptor? qemu looks for a line `version=` if it must find out, else for `createType`. */
static bool is_descriptor(const char *text, size_t size) {
        return memmem(text, size, "createType", strlen("createType")) || memmem(text, size, "version=", strlen("version=")) ||
               memmem(text, size, "Disk DescriptorFile", strlen("Disk DescriptorFile"));
}

/* A text in the disk. Its zeros are spaces, so nothing hides behind one. */
static int look_at_part(struct format *f, uint64_t offset, uint64_t size, char *buffer) {
        size_t n = format_read(f, offset, buffer, size < FORMAT_PART ? size : FORMAT_PART);

        look_at_text(f, buffer, n, true);
        if (size > FORMAT_PART)
                format_needs(f, NULL, 0);
        return 1;
}

/* A sparse extent that has its descriptor in it; without a size it is only the descriptor's file. */
static int look_at_sparse(struct format *f, const uint8_t *head, size_t n) {
        _cleanup_free_ char *buffer = malloc(FORMAT_PART);
        uint64_t capacity, offset, size;

        if (!buffer)
                return -ENOMEM;
        format_is(f, "vmdk");
        if (n < 64)
                return 1;
        capacity = format_little(head + 12, 8);
        offset = format_little(head + 28, 8);
        size = format_little(head + 36, 8);
        if (offset > f->size / SECTOR)
                offset = 0; /* beyond its end */
        if (capacity == 0 && offset != 0) {
                size_t length = format_read(f, offset * SECTOR, buffer, FORMAT_PART);

                look_at_text(f, buffer, length, false);
        } else if (offset != 0) {
                (void)look_at_part(f, offset * SECTOR, size < f->size ? size * SECTOR : f->size, buffer); /* 1 */
        }
        look_at_parent(f, buffer, format_read(f, QEMU_TEXT_OFFSET, buffer, QEMU_TEXT_SIZE));
        return 1;
}

/* The sparse extents of old ESX servers: a child has its parent's name in the header. */
static int look_at_cowd(struct format *f, const uint8_t *head, size_t n) {
        format_is(f, "vmdk");
        if (n < 12 || !(format_little(head + 8, 4) & 1))
                format_needs_at(f, 32, FORMAT_NAME_MAX);
        return 1;
}

int format_vmdk(struct format *f, const uint8_t *head, size_t n) {
        _cleanup_free_ char *buffer = NULL;
        const char *text = (const char *)head;
        size_t size = strnlen(text, n);
        bool whole = true;

        if (n >= 4 && memcmp(head, "KDMV", 4) == 0)
                return look_at_sparse(f, head, n);
        if (n >= 4 && memcmp(head, "COWD", 4) == 0)
                return look_at_cowd(f, head, n);
        if (size == n && f->size > n) { /* a text that goes on */
                text = buffer = malloc(FORMAT_PART);
                if (!buffer)
                        return -ENOMEM;
                n = format_read(f, 0, buffer, FORMAT_PART);
                size = strnlen(text, n);
                whole = size < FORMAT_PART || f->size == FORMAT_PART;
        }
        if (!is_descriptor(text, size))
                return 0;
        format_is(f, "vmdk");
        look_at_text(f, text, size, false);
        if (!whole)
                format_needs(f, NULL, 0);
        return 1;
}
