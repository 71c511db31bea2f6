/* SPDX-License-Identifier: MIT
 * Names of the benchmark's images and accounts, and which share belongs to which account.
 */
#include "bench.h"

#include <stdio.h>

#define NEIGHBOURHOOD 500 /* accounts */

void image_name(int64_t image, char ret_name[static BENCH_NAME]) {
        (void)snprintf(ret_name, BENCH_NAME, "img%07lld", (long long)image); /* fits */
}

void account_name(int64_t account, char ret_name[static BENCH_NAME]) {
        (void)snprintf(ret_name, BENCH_NAME, "acc%05lld", (long long)account); /* fits */
}

int64_t shape_account(const struct shape *shape, int64_t image, int64_t j) {
        int64_t near = shape->accounts < NEIGHBOURHOOD ? shape->accounts : NEIGHBOURHOOD;
        int64_t places = shape->accounts / near, each = (shape->images + places - 1) / places;

        return image / each % places * near + (image * shape->shares + j) % near;
}
