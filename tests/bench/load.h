/* SPDX-License-Identifier: MIT
 * The verbs of bench-load; each takes the arguments after the verb's name and prints one line.
 */
#pragma once

#include "bench.h"

struct verb {
        const char *name, *arguments; /* as the usage shows them */
        int least, most;              /* arguments */
        void (*run)(int argc, char **argv);
};

void verb_stat(int argc, char **argv);
void verb_shares(int argc, char **argv);
void verb_fstat(int argc, char **argv);
void verb_list(int argc, char **argv);
void verb_long(int argc, char **argv);
void verb_change(int argc, char **argv);
void verb_visit(int argc, char **argv);
void verb_walk(int argc, char **argv);
void verb_views(int argc, char **argv);
void verb_read(int argc, char **argv);
void verb_random(int argc, char **argv);
void verb_map(int argc, char **argv);
void verb_write(int argc, char **argv);
void verb_import(int argc, char **argv);
void verb_extents(int argc, char **argv);
void verb_start(int argc, char **argv);
void verb_time(int argc, char **argv);
void verb_guess(int argc, char **argv);

/* Makes the kernel forget the names and attributes of a mount (a remount does that, and nothing else for FUSE). */
void mount_forget(const char *mountpoint);
