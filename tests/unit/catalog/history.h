/* SPDX-License-Identifier: MIT
 * A random history: changes of every kind with their events, as services make them.
 */
#pragma once

#include <stdint.h>

struct history {
        uint64_t seed;
};

/* Makes regions and accounts: five events. */
void history_begin(void);
/* Makes a row in each table: nineteen events. */
void history_example(void);
/* Makes one more change and returns its event. An attempt that fails (something is missing, or exists already) leaves
 * nothing. */
int64_t history_change(struct history *history);
int64_t history_below(struct history *history, int64_t n);
