/* SPDX-License-Identifier: MIT
 * The tests' judge of a catalog: do its rows follow from its log? Asked twice: all events are done again in an empty
 * catalog, which is compared with it, and by the queries of verify.def, which know nothing of effects.
 */
#pragma once

#include <stdio.h>

/* Reads in one transaction, whoever writes meanwhile. Prints what differs, a line each; returns how many, or -errno. */
int oracle_check(const char *path, FILE *to);
