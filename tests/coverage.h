/* SPDX-License-Identifier: MIT
 * Before every file in a build of scripts/coverage: who ends by _exit has reached something, too.
 */
#pragma once

#include <unistd.h>

void __gcov_dump(void);

__attribute__((noreturn, unused)) static inline void coverage_exit(int status) {
        __gcov_dump();
        _exit(status);
}

#define _exit coverage_exit
