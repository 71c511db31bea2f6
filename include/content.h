/* SPDX-License-Identifier: MIT
 * The catalog's digests: which disks have none yet, and which images are the same by them.
 */
#pragma once

#include "catalog.h"

/* A live sealed disk without a digest. */
struct undigested {
        int64_t id, region, owner, size;
        int64_t sealed, time; /* the event, and its time */
};
/* The next account, by id, that has some. -ENOENT: none. */
int catalog_undigested_owner(struct catalog_connection *c, int64_t after, int64_t *ret_owner);
/* An account's next one, behind that size and id; of all, the next oldest behind the event that sealed another.
 * -ENOENT. */
int catalog_undigested_smallest(struct catalog_connection *c, int64_t owner, int64_t size, int64_t id,
                                struct undigested *ret_disk);
int catalog_undigested_oldest(struct catalog_connection *c, int64_t after, struct undigested *ret_disk);
/* A live image with that digest. -ENOENT. */
int catalog_image_of_bytes(struct catalog_connection *c, const uint8_t digest[static DIGEST_SIZE], struct image *ret_image);

/* What is the same by its bytes (CONTRACT 6). These look at what lived at any time, and by an index: for the one image,
 * never for all with the digest. */
struct image_content {
        int64_t id;
        uint8_t digest[DIGEST_SIZE];
};
#define IMAGE_CONTENTS 256 /* of a page */
/* Of an import that has that digest: an older image with it whose bytes its owner had, by owning it or by a launch.
 * What the import is marked with already stays, until both digests are known. 0: none. */
int catalog_image_twin(struct catalog_connection *c, int64_t id, const uint8_t digest[static DIGEST_SIZE],
                       int64_t *ret_twin);
/* Younger imports that an image with that digest is to be the twin of; once they are marked so, they are none any more.
 * How many, or -errno. */
int catalog_image_younger(struct catalog_connection *c, int64_t id, const uint8_t digest[static DIGEST_SIZE],
                          struct image_content ret_page[static IMAGE_CONTENTS]);
/* Images that are marked with one, and have another digest than this one. How many, or -errno. */
int catalog_image_others(struct catalog_connection *c, int64_t id, const uint8_t digest[static DIGEST_SIZE],
                         struct image_content ret_page[static IMAGE_CONTENTS]);
/* Its digest, if it has one, and what it is marked with; 0: nothing. -ENOENT. */
int catalog_image_content(struct catalog_connection *c, int64_t id, bool *ret_digested,
                          uint8_t ret_digest[static DIGEST_SIZE], int64_t *ret_same);
