/* SPDX-License-Identifier: MIT
 * The files of `.meta` about risk: trust, review, who runs an image. Where its bytes may be is in exposure.c.
 */
#include "tree/tree.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "account.h"
#include "exposure.h"
#include "image.h"
#include "kernel/kernel.h"
#include "timestamp.h"

/* node_text checks the streams, and asks for the attributes first, which loads the image. */

static int meta_trust_text(struct call *call, FILE *to) {
        int r;

        if (image_is_own(&call->request, &call->image)) {
                (void)fputs("own\n", to);
                return 0;
        }
        r = trust_given(&call->request, call->image.owner);
        if (r == 0)
                (void)fputs("trusted\n", to);
        else if (r == -ENOENT)
                (void)fprintf(to, "untrusted\nthe integrity of an image shared by %s is not guaranteed: "
                                  "launch it only if you trust its maker\n", call->image.owner_name);
        return r == -ENOENT ? 0 : r;
}

static int meta_reviewed_text(struct call *call, FILE *to) {
        (void)fputs(call->image.reviewed ? "1\n" : "0\n", to);
        return 0;
}

static int meta_usage_print(const char *account, int64_t count, int64_t since, void *context) {
        char time[TIMESTAMP_SIZE];

        (void)fprintf(context, "%s\t%lld\t%s\n", account, (long long)count, timestamp_format(since, time));
        return 0;
}

static int meta_usage_text(struct call *call, FILE *to) {
        return exposure_usage(&call->request, call->node.id, meta_usage_print, to);
}

#define META_FILE(mode_bits, print, ...)                                                                               \
        { .mode = S_IFREG | (mode_bits), .attributes = meta_attributes, .text = (print),                               \
          .remember = { .entry = remember_always }, __VA_ARGS__ }
const struct kind kind_meta_trust = META_FILE(0444, meta_trust_text);
const struct kind kind_meta_reviewed = META_FILE(0644, meta_reviewed_text,
                                                 .words = { "reviewed", "1 or 0", "1 after a review, else 0" });
const struct kind kind_meta_usage = META_FILE(0444, meta_usage_text);
