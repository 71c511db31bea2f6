/* SPDX-License-Identifier: MIT
 * Open addressing, at most half full; nothing is ever taken out.
 */
#include "apply/numbers.h"

#include <errno.h>
#include <stdlib.h>

/* The slot of a key, or the free one for it. */
static size_t numbers_find(const struct numbers *n, uint64_t key) {
        size_t i = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (n->size - 1);

        while (n->keys[i] != 0 && n->keys[i] != key)
                i = (i + 1) & (n->size - 1);
        return i;
}

static int numbers_grow(struct numbers *n) {
        struct numbers larger = { .size = n->size ? 2 * n->size : 64, .used = n->used };

        larger.keys = calloc(larger.size, sizeof(*larger.keys));
        larger.counts = calloc(larger.size, sizeof(*larger.counts));
        if (!larger.keys || !larger.counts) {
                numbers_done(&larger);
                return -ENOMEM;
        }
        for (size_t i = 0; i < n->size; i++)
                if (n->keys[i] != 0) {
                        const size_t to = numbers_find(&larger, n->keys[i]);

                        larger.keys[to] = n->keys[i];
                        larger.counts[to] = n->counts[i];
                }
        numbers_done(n);
        *n = larger;
        return 0;
}

int32_t numbers_get(const struct numbers *numbers, uint64_t key) {
        return numbers->size ? numbers->counts[numbers_find(numbers, key)] : 0;
}

int numbers_add(struct numbers *numbers, uint64_t key, int32_t count) {
        int r = 2 * numbers->used >= numbers->size ? numbers_grow(numbers) : 0;
        size_t i;

        if (r < 0)
                return r;
        i = numbers_find(numbers, key);
        r = numbers->keys[i] == 0;
        numbers->keys[i] = key;
        numbers->counts[i] += count;
        numbers->used += (size_t)r;
        return r;
}

void numbers_done(struct numbers *numbers) {
        free(numbers->keys);
        free(numbers->counts);
        *numbers = (struct numbers){ 0 };
}
