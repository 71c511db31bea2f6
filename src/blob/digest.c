/* SPDX-License-Identifier: MIT
 * XXH3-128 of a file, read from its start. Detects accidental corruption; proves no identity.
 */
#include <errno.h>
#include <string.h>
#include <xxhash.h>

#include "cleanup.h"
#include "internal.h"
#include "origin.h"

static void cleanup_hash(XXH3_state_t **hash) {
        (void)XXH3_freeState(*hash); /* always XXH_OK */
}

int blob_digest(int fd, bool (*stop)(void *context), void *context, uint8_t ret_digest[static DIGEST_SIZE]) {
        _cleanup_(cleanup_hash) XXH3_state_t *hash = XXH3_createState();
        _cleanup_free_ char *buffer = malloc(BLOB_BUFFER_SIZE);
        XXH128_canonical_t canonical;
        off_t at = 0;

        if (!hash || !buffer)
                return -ENOMEM;
        if (XXH3_128bits_reset(hash) != XXH_OK)
                return ORIGIN(-EIO);
        for (;;) {
                ssize_t n;

                if (stop && stop(context))
                        return -ECANCELED;
                n = pread(fd, buffer, BLOB_BUFFER_SIZE, at);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                if (XXH3_128bits_update(hash, buffer, (size_t)n) != XXH_OK)
                        return ORIGIN(-EIO);
                at += n;
        }
        XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(hash));
        memcpy(ret_digest, canonical.digest, DIGEST_SIZE);
        return 0;
}
