/* SPDX-License-Identifier: MIT
 * SHA-256 of a file, from its start. What is a hole is hashed as the zeros that it stands for, without reading them.
 */
#include <errno.h>
#include <nettle/sha2.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "internal.h"

struct blob_hash {
        struct sha256_ctx sha256;
        off_t at;
        off_t hole, data; /* [at, hole) is a hole if that is something; else [at, data) is not, or may be */
        char buffer[BLOB_BUFFER_SIZE];
};

int blob_hash_new(struct blob_hash **ret_hash) {
        struct blob_hash *hash = malloc(sizeof(*hash));

        if (!hash)
                return -ENOMEM;
        sha256_init(&hash->sha256);
        hash->at = hash->hole = hash->data = 0;
        *ret_hash = hash;
        return 0;
}

struct blob_hash *blob_hash_free(struct blob_hash *hash) {
        free(hash);
        return NULL;
}

/* Finds out what is at the position: how far it is a hole, or bytes to be read. A filesystem that cannot tell has
 * bytes. */
static int look_ahead(struct blob_hash *hash, int fd) {
        struct stat st;
        off_t end = lseek(fd, hash->at, SEEK_DATA);

        if (end < 0 && errno == ENXIO) { /* nothing but a hole behind it, or the end */
                if (fstat(fd, &st) < 0)
                        return -errno;
                hash->hole = st.st_size;
                hash->data = st.st_size <= hash->at ? INT64_MAX : hash->at;
        } else if (end > hash->at) {
                hash->hole = hash->data = end;
        } else {
                end = end < 0 ? -1 : lseek(fd, hash->at, SEEK_HOLE);
                hash->data = end > hash->at ? end : INT64_MAX;
        }
        return 0;
}

static void hash_zeros(struct blob_hash *hash, uint64_t n) {
        static const uint8_t zeros[4096];

        hash->at += (off_t)n;
        for (; n > sizeof(zeros); n -= sizeof(zeros))
                sha256_update(&hash->sha256, sizeof(zeros), zeros);
        sha256_update(&hash->sha256, n, zeros);
}

static uint64_t smaller(uint64_t a, uint64_t b) {
        return a < b ? a : b;
}

int blob_hash_step(struct blob_hash *hash, int fd, uint64_t most) {
        while (most > 0) {
                uint64_t n;

                if (hash->at >= hash->hole && hash->at >= hash->data) {
                        int r = look_ahead(hash, fd);

                        if (r < 0)
                                return r;
                }
                if (hash->at < hash->hole) {
                        n = smaller(most, (uint64_t)(hash->hole - hash->at));
                        hash_zeros(hash, n);
                } else {
                        n = smaller(smaller(most, sizeof(hash->buffer)), (uint64_t)(hash->data - hash->at));
                        const ssize_t got = pread(fd, hash->buffer, n, hash->at);

                        if (got < 0 && errno == EINTR)
                                continue;
                        if (got <= 0)
                                return got < 0 ? -errno : 0;
                        n = (uint64_t)got;
                        sha256_update(&hash->sha256, n, (const uint8_t *)hash->buffer);
                        hash->at += got;
                }
                most -= n;
        }
        return 1;
}

void blob_hash_end(struct blob_hash *hash, uint8_t ret_digest[static DIGEST_SIZE]) {
        sha256_digest(&hash->sha256, DIGEST_SIZE, ret_digest);
}

static void cleanup_hash(struct blob_hash **hash) {
        *hash = blob_hash_free(*hash);
}

int blob_digest(int fd, bool (*stop)(void *context), void *context, uint8_t ret_digest[static DIGEST_SIZE]) {
        _cleanup_(cleanup_hash) struct blob_hash *hash = NULL;
        int r = blob_hash_new(&hash);

        if (r < 0)
                return r;
        do
                r = stop && stop(context) ? -ECANCELED : blob_hash_step(hash, fd, BLOB_BUFFER_SIZE);
        while (r > 0);
        if (r == 0)
                blob_hash_end(hash, ret_digest);
        return r;
}
