/* SPDX-License-Identifier: MIT
 * imgshare as a function: its main, with another standard output that it may close.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

int imgshare_main(int argc, char **argv); /* src/cli/main.c, so called by meson.build */

int program_run(char *const *arguments, const char *output) {
        FILE *out = stdout, *err = stderr, *in = stdin;
        char *words[64];
        int count = 0, status;

        while (arguments[count]) {
                require(count < 63);
                words[count] = strdup(arguments[count]); /* getopt moves them about */
                require(words[count++]);
        }
        words[count] = NULL;
        stdin = fopen("/dev/null", "re");
        stdout = fopen(output, "we");
        stderr = fopen("/dev/null", "we");
        require(stdin && stdout && stderr);
        {
                char *moved[64];

                memcpy(moved, words, sizeof(moved));
                status = imgshare_main(count, moved);
        }
        (void)fclose(stdin);
        (void)fclose(stderr);
        stdin = in;
        stdout = out; /* the program has closed its own */
        stderr = err;
        require(status >= 0 && status <= 2);
        while (count > 0)
                free(words[--count]);
        return status;
}
