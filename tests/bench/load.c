/* SPDX-License-Identifier: MIT
 * bench-load: makes load on a mounted filesystem and prints results.
 *   names.c stat, list    changes.c mkdir, rmdir    visit.c random shares, walks    views.c many users
 *   data.c  bytes         start.c   times of whole programs    guess.c what times tell
 */
#include <stdio.h>
#include <string.h>

#include "load.h"

static const struct verb verbs[] = {
        { "stat", "DIR COUNT SECONDS [MOUNTPOINT]", 3, 4, verb_stat },
        { "shares", "DIR IMAGES SHARES ACCOUNTS SECONDS [MOUNTPOINT]", 5, 6, verb_shares },
        { "fstat", "FILE SECONDS", 2, 2, verb_fstat },
        { "list", "DIR SECONDS [MOUNTPOINT]", 2, 3, verb_list },
        { "long", "DIR SECONDS [MOUNTPOINT]", 2, 3, verb_long },
        { "change", "SECONDS DIR...", 2, 4096, verb_change },
        { "visit", "stat|list|share DIR IMAGES SHARES ACCOUNTS SECONDS [VISITED [MOUNTPOINT]]", 6, 8, verb_visit },
        { "walk", "DIR SECONDS", 2, 2, verb_walk },
        { "views", "MOUNTPOINT PATH IMAGES SHARES ACCOUNTS FIRST-UID COUNT ROUNDS", 8, 8, verb_views },
        { "read", "FILE BLOCK SECONDS", 3, 3, verb_read },
        { "random", "FILE BLOCK SECONDS", 3, 3, verb_random },
        { "map", "FILE SECONDS", 2, 2, verb_map },
        { "write", "FILE BLOCK SECONDS", 3, 3, verb_write },
        { "import", "FILE BLOCK MIB", 3, 3, verb_import },
        { "extents", "FROM TO", 2, 2, verb_extents },
        { "start", "PATH COMMAND...", 2, 4096, verb_start },
        { "time", "COMMAND...", 1, 4096, verb_time },
        { "guess", "launch|lookup FILE|DIR hidden|absent|nobodys KIND TRIES IMAGES [MOUNTPOINT]", 6, 7, verb_guess },
};

int main(int argc, char **argv) {
        for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(*verbs); i++) {
                const struct verb *v = &verbs[i];

                if (strcmp(v->name, argv[1]) == 0 && argc - 2 >= v->least && argc - 2 <= v->most) {
                        v->run(argc - 2, argv + 2);
                        return 0;
                }
        }
        for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
                (void)fprintf(stderr, "%s bench-load %s %s\n", i == 0 ? "usage:" : "      ", verbs[i].name,
                              verbs[i].arguments);
        return 2;
}
