/* SPDX-License-Identifier: MIT
 * Any bytes as the file of `imgshare apply`: a plan changes nothing, what was applied is what is printed, and what is
 * printed wants nothing more.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "fuzz.h"

static void write_file(const char *path, const uint8_t *data, size_t size) {
        _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
}

static char *read_file(const char *path) {
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;
        char *text;

        require(fd >= 0 && fstat(fd, &st) == 0);
        text = calloc(1, (size_t)st.st_size + 1);
        require(text && read(fd, text, (size_t)st.st_size) == st.st_size);
        return text;
}

static int apply(const char *dir, const char *plan, const char *prune, const char *file) {
        char *words[8] = { (char[]){ "imgshare" }, (char[]){ "-C" }, (char *)(uintptr_t)dir, (char[]){ "apply" } };
        int n = 4;

        for (const char *const *word = (const char *const[]){ plan, prune, file, NULL }, *const *end = word + 3;
             word < end; word++)
                if (*word)
                        words[n++] = (char *)(uintptr_t)*word;
        return program_run(words, world_path("output"));
}

static char *shares(const char *dir, const char *file) {
        char *words[] = { (char[]){ "imgshare" }, (char[]){ "-C" }, (char *)(uintptr_t)dir, (char[]){ "access" },
                          (char[]){ "--all" }, NULL };

        require(program_run(words, file) == 0);
        return read_file(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *dir = world_new();
        _cleanup_free_ char *lines = strdup(world_path("lines")), *all = strdup(world_path("all"));
        _cleanup_free_ char *before = shares(dir, all), *planned = NULL, *applied = NULL, *after = NULL, *plan = NULL;
        struct input input = { data, size };
        const char *prune = input_byte(&input) & 1 ? "--prune" : NULL;

        write_file(lines, input.data, input.size);
        (void)apply(dir, "-n", prune, lines); /* whether it is refused, the text says */
        planned = shares(dir, all);
        require(strcmp(before, planned) == 0);
        (void)apply(dir, NULL, prune, lines);
        applied = shares(dir, all);
        require(apply(dir, "-n", "--prune", all) == 0);
        plan = read_file(world_path("output"));
        require(plan[0] == '\0');
        require(apply(dir, NULL, "--prune", all) == 0);
        after = shares(dir, all);
        require(strcmp(applied, after) == 0);
        world_check(dir);
        return 0;
}
