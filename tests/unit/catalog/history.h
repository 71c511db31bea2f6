/* SPDX-License-Identifier: MIT
 * A random history: changes of every kind, each with its event, as services make them.
 */
#pragma once

#include <stdint.h>

struct history {
        uint64_t seed;
};

/* Regions and accounts: five events. */
void history_begin(void);
/* A row in each table: nineteen events. */
void history_example(void);
/* One more change: its event. What is tried and fails, for what is not there or is there already, leaves nothing. */
int64_t history_change(struct history *history);
int64_t history_below(struct history *history, int64_t n);
