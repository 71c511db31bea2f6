/* SPDX-License-Identifier: MIT
 * A compact table from numbers other than 0 to counts, for millions of them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct numbers {
        uint64_t *keys; /* 0: free */
        int32_t *counts;
        size_t used, size; /* a power of two */
};

/* 0, also of a number that is not there. */
int32_t numbers_get(const struct numbers *numbers, uint64_t key);
/* Adds to its count. 1: it was not there, 0, -ENOMEM. */
int numbers_add(struct numbers *numbers, uint64_t key, int32_t count);
void numbers_done(struct numbers *numbers);
