/* SPDX-License-Identifier: MIT
 * Shared by format*.c: reading a disk's header with bounds, and noting which files it names.
 */
#pragma once

#include "blob.h"

#define FORMAT_NAME_MAX 1023 /* bytes of one name, as much as qcow2 has */
#define FORMAT_MORE_SIZE sizeof("\nneeds 18446744073709551615 more files")
#define FORMAT_READS 20000 /* in one disk; of what a program made there are some twenty */
#define FORMAT_PART ((size_t)1 << 20) /* the most that is read of a text in a disk */

struct format {
        int fd;
        uint64_t size;
        int failed;     /* the first -errno of reading, 0: none */
        unsigned reads; /* so far; a disk of any size is looked at in a bounded time */
        char *text;     /* FORMAT_SIZE bytes: the format, and a line for each file */
        size_t files;   /* lines */
        uint64_t more;  /* names that have no line */
};

static inline uint64_t format_big(const uint8_t *bytes, size_t n) {
        uint64_t number = 0;

        for (size_t i = 0; i < n; i++)
                number = number << 8 | bytes[i];
        return number;
}

static inline uint64_t format_little(const uint8_t *bytes, size_t n) {
        uint64_t number = 0;

        while (n-- > 0)
                number = number << 8 | bytes[n];
        return number;
}

/* How many bytes there are from that offset on, up to `size`. */
size_t format_read(struct format *f, uint64_t offset, void *ret_bytes, size_t size);
/* Reads all of them, or nothing: false. */
bool format_read_all(struct format *f, uint64_t offset, void *ret_bytes, size_t size);
/* The disk names a file. No name: it cannot be told. */
void format_needs(struct format *f, const void *name, size_t length);
/* The same; the name lies there in the disk. */
void format_needs_at(struct format *f, uint64_t offset, uint64_t length);
/* The same; in UTF-16. */
void format_needs_wide(struct format *f, uint64_t offset, uint64_t length, bool big);

/* What each knows of. 1: it is that, and its name is set; 0: it is not. head: its first bytes. */
int format_qcow(struct format *f, const uint8_t *head, size_t n);
int format_qed(struct format *f, const uint8_t *head, size_t n);
int format_vmdk(struct format *f, const uint8_t *head, size_t n);
int format_vhd(struct format *f, const uint8_t *head, size_t n);
int format_vhdx(struct format *f, const uint8_t *head, size_t n);
void format_is(struct format *f, const char *name);
