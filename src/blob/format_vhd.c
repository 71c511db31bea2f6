/* SPDX-License-Identifier: MIT
 * VHD and VHDX: parents. As Microsoft's "Virtual Hard Disk Image Format Specification" and [MS-VHDX].
 */
#include "format.h"

#include <string.h>

#include "cleanup.h"

/* --- VHD --- */

#define FOOTER 512
#define DIFFERENCING 4
#define LOCATORS 8

static bool is_footer(const uint8_t *footer) {
        return memcmp(footer, "conectix", 8) == 0;
}

static void look_at_locator(struct format *f, const uint8_t *locator) {
        uint64_t length = format_big(locator + 8, 4), offset = format_big(locator + 16, 8);

        if (format_big(locator, 4) == 0)
                return;
        if (memcmp(locator, "W2ku", 4) == 0 || memcmp(locator, "W2ru", 4) == 0)
                format_needs_wide(f, offset, length, false);
        else
                format_needs_at(f, offset, length);
}

static void look_at_footer(struct format *f, const uint8_t *footer) {
        uint8_t header[1024];
        const uint64_t offset = format_big(footer + 16, 8);

        if (format_big(footer + 60, 4) != DIFFERENCING)
                return;
        if (!format_read_all(f, offset, header, sizeof(header)) || memcmp(header, "cxsparse", 8) != 0) {
                format_needs(f, NULL, 0);
                return;
        }
        format_needs_wide(f, offset + 64, 512, true);
        for (size_t i = 0; i < LOCATORS; i++)
                look_at_locator(f, header + 576 + 24 * i);
}

/* At the end; a copy at the beginning, unless it is a fixed one. Old ones have a footer of 511 bytes. */
int format_vhd(struct format *f, const uint8_t *head, size_t n) {
        uint8_t tail[FOOTER + 1] = { 0 };
        bool first = n >= FOOTER && is_footer(head), last, old;

        last = f->size >= FOOTER && format_read_all(f, f->size - FOOTER, tail, FOOTER) && is_footer(tail);
        old = !last && is_footer(tail + 1);
        if (!first && !last && !old)
                return 0;
        format_is(f, "vhd");
        if (first)
                look_at_footer(f, head);
        if (last || old)
                look_at_footer(f, tail + old);
        return 1;
}

/* --- VHDX --- */

#define REGIONS_SIZE 65536
#define ENTRIES 2047 /* at most, in either table */
#define GUID 16

static const uint8_t metadata_region[GUID] = { 0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
                                               0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e };
static const uint8_t parent_locator[GUID] = { 0x2d, 0x5f, 0xd3, 0xa8, 0x0b, 0xb3, 0x4d, 0x45,
                                              0xab, 0xf7, 0xd3, 0xd8, 0x48, 0x34, 0xab, 0x0c };
static const uint8_t file_parameters[GUID] = { 0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d,
                                               0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b };

/* Is a key of a locator, UTF-16 in little endian, that name? */
static bool is_key(struct format *f, uint64_t offset, size_t length, const char *name) {
        uint8_t key[64];

        if (length != 2 * strlen(name) || length > sizeof(key) || !format_read_all(f, offset, key, length))
                return false;
        for (size_t i = 0; name[i]; i++)
                if (key[2 * i] != (uint8_t)name[i] || key[2 * i + 1] != 0)
                        return false;
        return true;
}

static void look_at_parents(struct format *f, uint64_t at) {
        static const char *const keys[] = { "relative_path", "volume_path", "absolute_win32_path" };
        uint8_t head[20], entry[12];
        bool found = false;

        if (format_read_all(f, at, head, sizeof(head)))
                for (uint64_t i = 0; i < format_little(head + 18, 2); i++) {
                        if (!format_read_all(f, at + 20 + 12 * i, entry, sizeof(entry)))
                                break;
                        for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
                                if (is_key(f, at + format_little(entry, 4), format_little(entry + 8, 2), keys[k])) {
                                        format_needs_wide(f, at + format_little(entry + 4, 4), format_little(entry + 10, 2),
                                                          false);
                                        found = true;
                                }
                }
        if (!found)
                format_needs(f, NULL, 0);
}

static void look_at_metadata(struct format *f, uint64_t at) {
        uint8_t head[32], entry[32], parameters[8];
        bool has_parent = false, located = false;

        if (!format_read_all(f, at, head, sizeof(head)) || memcmp(head, "metadata", 8) != 0)
                return;
        for (uint64_t i = 0; i < format_little(head + 10, 2) && i < ENTRIES; i++) {
                uint64_t item;

                if (!format_read_all(f, at + 32 + 32 * i, entry, sizeof(entry)))
                        break;
                item = at + format_little(entry + GUID, 4);
                if (memcmp(entry, parent_locator, GUID) == 0) {
                        look_at_parents(f, item);
                        located = true;
                } else if (memcmp(entry, file_parameters, GUID) == 0 &&
                           format_read_all(f, item, parameters, sizeof(parameters))) {
                        has_parent = format_little(parameters + 4, 4) & 2;
                }
        }
        if (has_parent && !located)
                format_needs(f, NULL, 0);
}

static void look_at_regions(struct format *f, uint64_t at) {
        uint8_t head[16], entry[32];

        if (!format_read_all(f, at, head, sizeof(head)) || memcmp(head, "regi", 4) != 0)
                return;
        for (uint64_t i = 0; i < format_little(head + 8, 4) && i < ENTRIES; i++) {
                if (!format_read_all(f, at + 16 + 32 * i, entry, sizeof(entry)))
                        return;
                if (memcmp(entry, metadata_region, GUID) == 0 && format_little(entry + GUID, 8) < f->size)
                        look_at_metadata(f, format_little(entry + GUID, 8));
        }
}

int format_vhdx(struct format *f, const uint8_t *head, size_t n) {
        if (n < 8 || memcmp(head, "vhdxfile", 8) != 0)
                return 0;
        format_is(f, "vhdx");
        look_at_regions(f, 3 * REGIONS_SIZE);
        look_at_regions(f, 4 * REGIONS_SIZE);
        return 1;
}
