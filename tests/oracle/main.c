/* SPDX-License-Identifier: MIT
 * oracle DIR/catalog.db: prints which rows do not follow from the log. Exit status 0: none, 1: some, 2: it failed.
 */
#include <string.h>

#include "oracle.h"

int main(int argc, char **argv) {
        int r;

        if (argc != 2) {
                (void)fprintf(stderr, "usage: oracle DIR/catalog.db\n"); /* there is nowhere else to report it */
                return 2;
        }
        r = oracle_check(argv[1], stdout);
        if (r < 0)
                (void)fprintf(stderr, "oracle: %s: '%s'\n", strerror(-r), argv[1]); /* likewise */
        return r < 0 || fflush(stdout) != 0 ? 2 : r > 0;
}
