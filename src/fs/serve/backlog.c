/* SPDX-License-Identifier: MIT
 * Requests that are put off while every other thread waits, so that lookups are still answered. Users take turns: each
 * has a line of its own, in the order of coming. Bounded by their bytes.
 */
#include "serve/serve.h"

#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>

#define BACKLOG_BYTES (32 << 20)

struct backlogged {
        STAILQ_ENTRY(backlogged) next;
        struct fuse_buf buffer; /* its bytes follow */
};

struct backlog_line {
        STAILQ_ENTRY(backlog_line) next;
        uid_t uid;
        STAILQ_HEAD(backlogged_queue, backlogged) requests; /* at least one */
};

void backlog_init(struct backlog *backlog) {
        *backlog = (struct backlog){ .lines = STAILQ_HEAD_INITIALIZER(backlog->lines) };
}

uid_t backlog_uid(const struct fuse_buf *buffer) {
        const struct fuse_in_header *in = buffer->mem;

        return buffer->flags & FUSE_BUF_IS_FD || buffer->size < sizeof(*in) ? BACKLOG_NOBODY : in->uid;
}

static struct backlog_line *backlog_line_of(struct backlog *backlog, uid_t uid) {
        struct backlog_line *line;

        STAILQ_FOREACH(line, &backlog->lines, next)
                if (line->uid == uid)
                        return line;
        line = malloc(sizeof(*line));
        if (!line)
                return NULL;
        line->uid = uid;
        STAILQ_INIT(&line->requests);
        STAILQ_INSERT_TAIL(&backlog->lines, line, next);
        return line;
}

bool backlog_add(struct backlog *backlog, const struct fuse_buf *buffer) {
        struct backlog_line *line;
        struct backlogged *b;

        if (buffer->flags & FUSE_BUF_IS_FD || backlog->bytes + buffer->size > BACKLOG_BYTES) /* a thread's own pipe */
                return false;
        b = malloc(sizeof(*b) + buffer->size);
        if (!b)
                return false;
        line = backlog_line_of(backlog, backlog_uid(buffer));
        if (!line) {
                free(b);
                return false;
        }
        *b = (struct backlogged){ .buffer = *buffer };
        b->buffer.mem = b + 1;
        memcpy(b->buffer.mem, buffer->mem, buffer->size);
        STAILQ_INSERT_TAIL(&line->requests, b, next);
        backlog->bytes += buffer->size;
        return true;
}

struct backlogged *backlog_take(struct backlog *backlog, int most, int (*served)(uid_t uid, const void *context),
                                const void *context, uid_t *ret_uid) {
        struct backlog_line *line, *best = NULL;
        struct backlogged *b;
        int fewest = most;

        STAILQ_FOREACH(line, &backlog->lines, next) {
                const int n = served(line->uid, context);

                if (n < fewest) {
                        best = line;
                        fewest = n;
                }
        }
        if (!best)
                return NULL;
        *ret_uid = best->uid;
        b = STAILQ_FIRST(&best->requests);
        STAILQ_REMOVE_HEAD(&best->requests, next);
        backlog->bytes -= b->buffer.size;
        STAILQ_REMOVE(&backlog->lines, best, backlog_line, next);
        if (STAILQ_EMPTY(&best->requests))
                free(best);
        else
                STAILQ_INSERT_TAIL(&backlog->lines, best, next); /* of equals another is next */
        return b;
}

void backlogged_process(struct backlogged *b, struct fuse_session *session) {
        fuse_session_process_buf(session, &b->buffer);
        free(b);
}

static int backlog_none_served(uid_t uid, const void *context) {
        (void)uid;
        (void)context;
        return 0;
}

void backlog_clear(struct backlog *backlog) {
        struct backlogged *b;
        uid_t uid;

        while ((b = backlog_take(backlog, 1, backlog_none_served, NULL, &uid)))
                free(b);
}
