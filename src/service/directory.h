/* SPDX-License-Identifier: MIT
 * DIR, the catalog's directory: whether it may be used, and in a sentence why not.
 */
#pragma once

#include "service.h"

/* Puts a sentence into a `why`. */
__attribute__((format(printf, 2, 3))) void say_why(char why[static WHY_SIZE], const char *format, ...);
/* DIR is a directory that others cannot enter, and we can write; why: else, in a sentence. */
int service_check_directory(const char *dir, char why[static WHY_SIZE]);
/* Why a catalog cannot be opened. */
void service_explain(int r, char why[static WHY_SIZE]);
