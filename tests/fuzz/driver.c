/* SPDX-License-Identifier: MIT
 * Runs a target over files of a corpus, without libFuzzer: what was found once is looked at in every build.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#define LIMIT 240 /* seconds for one input: a hang, however slow the machine */

static long run_file(const char *path) {
        FILE *file = fopen(path, "re");
        uint8_t *data = NULL;
        size_t size = 0, room = 0;

        if (!file) {
                (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
                exit(1);
        }
        do {
                if (size == room) {
                        room += 1 << 16;
                        data = realloc(data, room);
                        require(data);
                }
                size += fread(data + size, 1, room - size, file);
        } while (!feof(file) && !ferror(file));
        (void)fclose(file); /* it was for reading */
        data = realloc(data, size ?: 1); /* so that a sanitizer sees what lies behind its end */
        require(data);
        (void)alarm(LIMIT);
        (void)LLVMFuzzerTestOneInput(data, size); /* whether it is worth keeping is libFuzzer's question */
        (void)alarm(0);
        free(data);
        return 1;
}

static long run_directory(const char *path) {
        struct dirent **entries;
        int n = scandir(path, &entries, NULL, alphasort);
        long files = 0;

        for (int i = 0; i < n; i++) {
                char name[4096];

                (void)snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name); /* paths of a test are short */
                if (entries[i]->d_name[0] != '.') {
                        (void)fprintf(stderr, "%s\n", name); /* the last one is what crashed */
                        files += run_file(name);
                }
                free(entries[i]);
        }
        if (n >= 0)
                free(entries);
        return files;
}

int main(int argc, char **argv) {
        long files = 0;

        for (int i = 1; i < argc; i++) {
                struct stat st;

                if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
                        files += run_directory(argv[i]);
                else
                        files += run_file(argv[i]);
        }
        (void)fprintf(stderr, "%ld inputs\n", files);
        return files > 0 ? 0 : 1;
}
