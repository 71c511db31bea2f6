/* SPDX-License-Identifier: MIT
 * Fixtures of the blob tests: a temporary directory, filesystems mounted in it, files with holes.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "blob.h"
#include "cleanup.h"

#define UUID "6b1c1f0e-27a5-4c5e-9d0a-0123456789ab"
#define OTHER_UUID "00000000-27a5-4c5e-9d0a-0123456789ab"
#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)

/* Made for each test by scratch_setup: an empty directory, and a store in it. */
extern char scratch_dir[64];
extern char scratch_path[80];
extern struct blob_store *scratch_store;

/* Whose the store is, and whose it is not. */
extern const struct blob_owner scratch_owner, scratch_other;
/* Opens a store and claims it. */
int scratch_open(const char *path, const struct blob_owner *owner, struct blob_store **ret_store);
int scratch_remove(const char *path, const struct blob_owner *owner);

int scratch_setup(void **state);
int scratch_teardown(void **state);

/* Sets where scratch_setup makes its directories from now on: NULL for /tmp, or a filesystem mounted for this process
 * only (tmpfs, ramfs, ext3, xfs). False: not available (not root, no mkfs). */
bool scratch_filesystem(const char *type);
/* Mounts a tmpfs at path, for this process only. */
bool scratch_tmpfs(const char *path, const char *options);

/* dir/name; valid until the fourth call after this one */
const char *scratch_name(const char *name);
void scratch_write(const char *path, const char *text);
bool scratch_exists(const char *path);
int scratch_count(const char *dir);

/* Writes bytes that depend on their offset. */
void scratch_fill(int fd, uint64_t offset, uint64_t length);
/* Fails the test unless both files' ranges hold the same bytes. */
void scratch_same(int a, uint64_t a_offset, int b, uint64_t b_offset, uint64_t length);
uint64_t scratch_size(int fd);
uint64_t scratch_allocated(int fd);
int64_t scratch_now_ms(void);
