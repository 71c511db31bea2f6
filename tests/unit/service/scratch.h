/* SPDX-License-Identifier: MIT
 * Fixtures of the service tests: a temporary catalog directory with two regions and accounts in every role.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sys/stat.h>

#include "account.h"
#include "cleanup.h"
#include "disk.h"
#include "image.h"
#include "registry.h"
#include "service.h"
#include "share.h"
#include "verdict.h"

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)

/* Made for each test by scratch_setup, and opened: DIR with the regions north and south, the accounts alice, bob and
 * carol, the auditor eve and the operator. */
extern char scratch_dir[64];
extern struct service *scratch_service;
extern int64_t north, south;

int scratch_setup(void **state);
/* The same in another directory than /tmp. */
int scratch_setup_in(const char *base);
/* Fails if the catalog's rows do not follow from its log, unless the test called scratch_tampered. */
int scratch_teardown(void **state);
void scratch_tampered(void);
/* Closes (which writes the waiting log lines) and opens again. */
void scratch_reopen(enum service_flags flags);
/* dir/name; valid until the fourth call after this one */
const char *scratch_name(const char *name);

/* A request as that account; valid until the eighth call after this one. */
struct request *as(const char *name);
struct request *as_of(struct service *service, const char *name);

/* An image of alice's: a draft; one with `size` bytes (scratch_bytes). row(): its row as the operator sees it. */
int64_t draft(int64_t region, const char *name);
int64_t filled(int64_t region, const char *name, uint64_t size);
struct image row(int64_t place);
/* How many live shares the image has. */
int64_t live_shares(int64_t place);

/* Opens alice's disk, for disk_close(as("alice"), …), or for finish(), which flushes and closes. */
struct disk_handle *opened(int64_t place, int flags);
struct disk_handle *created(int64_t place);
void finish(struct disk_handle *handle);

/* Writes bytes that depend on their offset, through a handle. */
void scratch_bytes(struct disk_handle *handle, uint64_t offset, uint64_t length);
/* Fails the test unless the disk holds scratch_bytes in that range. */
void scratch_same(struct disk_handle *handle, uint64_t offset, uint64_t length);
void scratch_zeros(struct disk_handle *handle, uint64_t offset, uint64_t length);
void scratch_put(struct disk_handle *handle, uint64_t offset, const char *text);
/* At most 255 bytes as a string; "" at the end. */
const char *scratch_get(struct disk_handle *handle, uint64_t offset, size_t size);

/* The image's blob in DIR/store; st_nlink 0: there is none. */
struct stat blob_of(int64_t place);
const char *blob_name(int64_t place);

/* Queries the catalog's file by SQLite: first column of the first row, -1 if there is none. */
int64_t sql_number(const char *sql);
void sql_run(const char *sql);
/* How many events meet a condition in SQL. */
int64_t events(const char *where);
/* What image_source writes, without the newline. */
int image_source_text(struct request *request, const struct image *image, char ret_text[static SOURCE_SIZE]);
