/* SPDX-License-Identifier: MIT
 * qcow, qcow2 and QED: a backing file; of qcow2 an external data file, too. As qemu's docs/interop/qcow2.rst and
 * qed_spec.
 */
#include "format.h"

#include <string.h>

#define QCOW_DATA_FILE 0x4           /* incompatible feature */
#define QCOW_EXTENSION_DATA 0x44415441
#define QED_BACKING_FILE 0x1         /* feature */

/* The header's extensions. Returns whether one names a data file. */
static bool look_at_extensions(struct format *f, uint64_t at, uint64_t end) {
        bool found = false;

        while (at < end) {
                uint8_t extension[8];
                uint64_t type, length;

                if (!format_read_all(f, at, extension, sizeof(extension)))
                        return found;
                type = format_big(extension, 4);
                length = format_big(extension + 4, 4);
                if (type == 0)
                        return found;
                at += sizeof(extension);
                if (type == QCOW_EXTENSION_DATA)
                        format_needs_at(f, at, length);
                found = found || type == QCOW_EXTENSION_DATA;
                at += (length + 7) & ~UINT64_C(7);
        }
        return found;
}

int format_qcow(struct format *f, const uint8_t *head, size_t n) {
        uint64_t version, backing, length, start = 72, end;
        bool data = false;

        if (n < 8 || memcmp(head, "QFI\xfb", 4) != 0)
                return 0;
        version = format_big(head + 4, 4);
        format_is(f, version == 1 ? "qcow" : "qcow2");
        if (n < 72)
                return 1; /* nothing opens that */
        backing = format_big(head + 8, 8);
        length = format_big(head + 16, 4);
        if (backing != 0 && length > 0)
                format_needs_at(f, backing, length);
        if (version == 1)
                return 1;
        if (version > 2 && n >= 104) {
                data = format_big(head + 72, 8) & QCOW_DATA_FILE;
                start = format_big(head + 100, 4);
        }
        end = format_big(head + 20, 4); /* of a cluster, in bits */
        end = UINT64_C(1) << (end < 21 ? end : 21);
        if (!look_at_extensions(f, start, backing != 0 && backing < end ? backing : end) && data)
                format_needs(f, NULL, 0);
        return 1;
}

int format_qed(struct format *f, const uint8_t *head, size_t n) {
        if (n < 64 || memcmp(head, "QED\0", 4) != 0)
                return 0;
        format_is(f, "qed");
        if (format_little(head + 16, 8) & QED_BACKING_FILE)
                format_needs_at(f, format_little(head + 56, 4), format_little(head + 60, 4));
        return 1;
}
