/* SPDX-License-Identifier: MIT
 * The tests' judge of a catalog: do its rows follow from its log? It checks twice: it replays all events in an empty
 * catalog and compares, and it runs the queries of verify.def, which do not use the table of effects.
 */
#pragma once

#include <stdio.h>

/* Reads in one transaction, even while others write. Prints the differences, a line each; returns how many, or
 * -errno. */
int oracle_check(const char *path, FILE *to);
