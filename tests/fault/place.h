/* SPDX-License-Identifier: MIT
 * Where operations are tried: a catalog made once for each, and copies of it.
 */
#pragma once

#include <stdint.h>

/* Makes the catalog, of people and regions and what `more` adds. */
void place_prepare(void (*more)(void));
/* scratch_name("dir") becomes a copy of it. */
void place_copy(void);
/* scratch_name("crashed") becomes what is found there after a crash. */
void place_crash(void);
/* An empty directory in its place. */
void place_empty(void);
/* Does what the next mount does with what a failure left in the stores. */
void place_sweep(void);
void place_remove(void);
/* Of the catalog's file, all of which is in it; 0: some may be in the write-ahead log. */
uint64_t place_catalog_hash(void);
/* Descriptors that are open in this process. */
int place_descriptors(void);
