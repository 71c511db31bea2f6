/* SPDX-License-Identifier: MIT
 * A disk's header: whatever it is, what is said of it is a text fit to be shown, and the same each time.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "blob.h"
#include "fuzz.h"
#include "utf8.h"

static void look(int fd, char ret_text[static FORMAT_SIZE]) {
        char clean[FORMAT_SIZE];
        const char *line = ret_text;

        require(blob_format(fd, ret_text) == 0);
        require(strlen(ret_text) < FORMAT_SIZE);
        while ((line = strchr(line, '\n'))) {
                line++;
                require(strncmp(line, "needs ", 6) == 0 && line[6] != '\n' && line[6] != '\0');
        }
        for (size_t i = 0; i <= strlen(ret_text); i++)
                clean[i] = ret_text[i] == '\n' ? ' ' : ret_text[i];
        utf8_clean(clean);
        for (size_t i = 0; i <= strlen(ret_text); i++)
                require(clean[i] == (ret_text[i] == '\n' ? ' ' : ret_text[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char first[FORMAT_SIZE], again[FORMAT_SIZE];
        int fd = memfd_create("disk", MFD_CLOEXEC);

        require(fd >= 0);
        require(write(fd, data, size) == (ssize_t)size);
        look(fd, first);
        look(fd, again);
        require(strcmp(first, again) == 0);
        require(close(fd) == 0);
        return 0;
}
