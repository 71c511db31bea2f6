/* SPDX-License-Identifier: MIT
 * A compact hash table from numbers other than 0 to counts, for millions of them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct numbers {
        uint64_t *keys; /* 0: free */
        int32_t *counts;
        size_t used, size; /* a power of two */
};

/* The key's count; 0 if it is not there. */
int32_t numbers_get(const struct numbers *numbers, uint64_t key);
/* Adds to the key's count. 1: the key is new, 0: it is not, -ENOMEM. */
int numbers_add(struct numbers *numbers, uint64_t key, int32_t count);
void numbers_done(struct numbers *numbers);
