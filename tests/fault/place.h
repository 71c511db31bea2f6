/* SPDX-License-Identifier: MIT
 * Where operations are tried: a catalog made once for each operation, and copies of it.
 */
#pragma once

#include <stdint.h>

/* Makes the catalog, with accounts, regions and what `more` adds. */
void place_prepare(void (*more)(void));
/* Copies the catalog to scratch_name("dir"). */
void place_copy(void);
/* Copies "dir" to scratch_name("crashed"), as a crash would leave it. */
void place_crash(void);
/* Copies, or removes, what a backup or restore has made, as scratch_name() calls it. */
void place_copy_tree(const char *from, const char *to);
void place_clear(const char *name);
/* Makes "dir" an empty directory. */
void place_empty(void);
/* Sets aside what failures left in the stores, as the next mount does. */
void place_sweep(void);
/* Removes what was set aside, as a mount does a week later. */
void place_forget(void);
void place_remove(void);
/* Hash of the catalog's file if that is complete; 0: changes may be in the write-ahead log. */
uint64_t place_catalog_hash(void);
/* Number of open descriptors of this process. */
int place_descriptors(void);
