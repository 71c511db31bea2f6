/* SPDX-License-Identifier: MIT
 * Any command lines of `imgshare`, one a line, words separated by tabs: an exit status of three, and a catalog that is in
 * order behind them. Words that lead out of the test's own folder are left out, for the operator may name any path.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#define COMMANDS 6
#define WORDS 24

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

/* What paths are relative to. */
static void enter_folder(void) {
        const char *folder = world_path("here");

        require(access(folder, F_OK) < 0 || nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0);
        require(mkdir(folder, 0700) == 0);
        world_enter(folder);
}

static bool allowed(const char *word) {
        if (word[0] == '/' || strstr(word, "..") || strncmp(word, "--f", 3) == 0) /* --follow has no end */
                return false;
        return word[0] != '-' || !strchr(word, '/');
}

static void run(const char *dir, char *line) {
        char *words[WORDS + 4] = { (char[]){ "imgshare" }, (char[]){ "-C" }, (char *)(uintptr_t)dir };
        int n = 3;

        for (char *word; n < WORDS && (word = strsep(&line, "\t"));)
                if (allowed(word))
                        words[n++] = word;
        (void)program_run(words, world_path("output")); /* looks at the status itself */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct input input = { data, size };
        const char *dir = world_new();
        char line[512];

        enter_folder();
        for (int i = 0; i < COMMANDS && input.size > 0; i++) {
                input_line(&input, line, sizeof(line));
                run(dir, line);
        }
        world_check(dir);
        world_check_descriptors();
        world_leave();
        return 0;
}
