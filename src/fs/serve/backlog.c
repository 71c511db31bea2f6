/* SPDX-License-Identifier: MIT
 * Requests that are put off while every other thread waits, so that lookups are still answered. Bounded by their bytes.
 */
#include "serve/serve.h"

#include <stdlib.h>
#include <string.h>

#define BACKLOG_BYTES (32 << 20)

struct backlogged {
        STAILQ_ENTRY(backlogged) next;
        struct fuse_buf buffer; /* its bytes follow */
};

bool backlog_add(struct backlog *backlog, const struct fuse_buf *buffer) {
        struct backlogged *b;

        if (buffer->flags & FUSE_BUF_IS_FD || backlog->bytes + buffer->size > BACKLOG_BYTES) /* a thread's own pipe */
                return false;
        b = malloc(sizeof(*b) + buffer->size);
        if (!b)
                return false;
        *b = (struct backlogged){ .buffer = *buffer };
        b->buffer.mem = b + 1;
        memcpy(b->buffer.mem, buffer->mem, buffer->size);
        STAILQ_INSERT_TAIL(&backlog->requests, b, next);
        backlog->bytes += buffer->size;
        return true;
}

struct backlogged *backlog_take(struct backlog *backlog) {
        struct backlogged *b = STAILQ_FIRST(&backlog->requests);

        if (!b)
                return NULL;
        STAILQ_REMOVE_HEAD(&backlog->requests, next);
        backlog->bytes -= b->buffer.size;
        return b;
}

void backlogged_process(struct backlogged *b, struct fuse_session *session) {
        fuse_session_process_buf(session, &b->buffer);
        free(b);
}

void backlog_clear(struct backlog *backlog) {
        struct backlogged *b;

        while ((b = backlog_take(backlog)))
                free(b);
}
