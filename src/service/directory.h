/* SPDX-License-Identifier: MIT
 * DIR, the catalog's directory: whether it may be used, and in a sentence why not.
 */
#pragma once

#include "service.h"

/* Writes a sentence into `why`. */
__attribute__((format(printf, 2, 3))) void say_why(char why[static WHY_SIZE], const char *format, ...);
/* 0: DIR is a directory that others cannot enter and this process can write, or one that it cannot write
 * (ret_unwritable), if the flags allow that; `why`: empty, or what the user should know of it. Else -errno, and a
 * sentence in `why`. */
int service_check_directory(const char *dir, enum service_flags flags, bool *ret_unwritable,
                            char why[static WHY_SIZE]);
/* Writes into `why` why a catalog could not be opened; r: -errno. */
void service_explain(int r, char why[static WHY_SIZE]);
