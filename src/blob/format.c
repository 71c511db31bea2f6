/* SPDX-License-Identifier: MIT
 * What a disk's header says it is, and which other files it names. Whatever its bytes are, only a few are read, and
 * none of a file that it names. What cannot be told counts as a name: programs differ in what they make of it.
 */
#include "format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"

#define HEAD 4096

static int format_vdi(struct format *f, const uint8_t *head, size_t n) {
        if (n < 68 || format_little(head + 64, 4) != 0xbeda107f)
                return 0;
        format_is(f, "vdi"); /* its parent is only known by a number */
        return 1;
}

int blob_format(int fd, char ret_text[static FORMAT_SIZE]) {
        int (*const known[])(struct format *f, const uint8_t *head, size_t n) = {
                format_qcow, format_qed, format_vhdx, format_vhd, format_vdi, format_vmdk,
        };
        struct format f = { .fd = fd, .text = ret_text };
        uint8_t head[HEAD];
        struct stat st;
        size_t n;
        int r = 0;

        if (fstat(fd, &st) < 0)
                return -errno;
        f.size = (uint64_t)st.st_size;
        format_is(&f, "raw");
        n = format_read(&f, 0, head, sizeof(head));
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(known); i++)
                r = known[i](&f, head, n);
        if (f.reads > FORMAT_READS)
                format_needs(&f, NULL, 0);
        if (f.more > 0)
                (void)snprintf(f.text + strlen(f.text), FORMAT_MORE_SIZE, "\nneeds %" PRIu64 " more files",
                               f.more); /* there is room */
        return r < 0 ? r : f.failed;
}
