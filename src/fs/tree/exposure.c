/* SPDX-License-Identifier: MIT
 * exposure.tsv: who can or could get an image's bytes. It is streamed: an open file remembers the objects it has met,
 * not their lines. One thread of a mount at a time is at it, so that the others' requests find a CPU. Its size is
 * remembered until a change that may concern it.
 */
#include "tree/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "array.h"
#include "cleanup.h"
#include "clock.h"
#include "exposure.h"
#include "image.h"
#include "kernel/kernel.h"
#include "timestamp.h"

#define LINE_SIZE (3 * NAME_SIZE + OBJECT_SIZE + 4 * TIMESTAMP_SIZE)

static size_t exposure_line(const struct exposure *e, char ret_line[static LINE_SIZE]) {
        char time[TIMESTAMP_SIZE], from[24] = "-";

        if (e->from)
                (void)snprintf(from, sizeof(from), "%" PRId64, e->from);
        return (size_t)snprintf(ret_line, LINE_SIZE, "%" PRId64 "\t%s\t%s\t%s\t%s\t%" PRId64 "\t%s\n", e->row, e->account,
                                e->how, from, timestamp_format(e->since, time), e->count, e->object ?: "hidden");
}

/* --- its size --- */

static int line_length(const struct exposure *e, void *context) {
        char line[LINE_SIZE];

        *(int64_t *)context += (int64_t)exposure_line(e, line);
        return 0;
}

static int exposure_measure(struct call *call, int64_t *ret_size) {
        struct exposure_walk *walk;
        int64_t size = 0;
        int r = exposure_open(&call->request, call->node.id, &walk);

        if (r < 0)
                return r;
        do
                r = exposure_next(&call->request, walk, line_length, &size);
        while (r > 0);
        (void)exposure_close(walk); /* returns NULL */
        if (r == 0)
                *ret_size = size;
        return r;
}

#define MEASURED_QUICKLY 5000000 /* ns: is measured after each change */
#define MEASURED_SHARE 10        /* what takes longer is not measured again before this many times as long */

static int exposure_size(struct call *call, int64_t *ret_size) {
        const uint64_t key = node_pack(call->node);
        struct exposure_size *known =
                &call->mount->exposure_sizes[(key * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & (EXPOSURE_SIZES - 1)];
        int64_t stamp;
        int r = exposure_stamp(&call->request, &stamp); /* before it is measured: a change meanwhile counts as later */

        if (r < 0)
                return r;
        (void)pthread_mutex_lock(&call->mount->exposure_turn);
        if (known->node != key ||
            (known->stamp != stamp && (known->took < MEASURED_QUICKLY || clock_ns() > known->next))) {
                const int64_t begun = clock_ns();

                r = exposure_measure(call, ret_size);
                known->node = r == 0 ? key : 0;
                known->size = r == 0 ? *ret_size : 0;
                known->stamp = stamp;
                known->took = clock_ns() - begun;
                known->next = begun + (MEASURED_SHARE + 1) * known->took;
        }
        *ret_size = known->size;
        (void)pthread_mutex_unlock(&call->mount->exposure_turn);
        return r;
}

static int exposure_attributes(struct call *call, struct stat *st) {
        int64_t size = 0;
        int r = meta_attributes(call, st);

        if (r < 0)
                return r;
        request_done(&call->request); /* it may take long */
        r = exposure_size(call, &size);
        if (r == 0)
                st->st_size = size;
        else if (r == -EACCES) /* it is there, but its text is not for this caller */
                r = 0;
        st->st_blksize = 1 << 17; /* tools read this much at once, and each read is a request */
        return r;
}

const struct kind kind_meta_exposure = { .mode = S_IFREG | 0444, .attributes = exposure_attributes, .costly = true,
                                         .remember = { .entry = remember_always } };

/* --- its bytes --- */

struct exposure_text {
        pthread_mutex_t lock;
        struct exposure_walk *walk; /* NULL: nothing has been read */
        bool ended;                 /* text has all that is left */
        uint64_t offset;            /* of text in the file */
        char *text;
        size_t length, room;
};

void exposure_text_close(struct exposure_text *text) {
        (void)exposure_close(text->walk); /* returns NULL */
        (void)pthread_mutex_destroy(&text->lock); /* nobody reads any more */
        free(text->text);
        free(text);
}

int exposure_text_open(struct call *call, int flags, struct exposure_text **ret_text) {
        struct exposure_text *text;
        struct exposure_walk *walk;
        int r = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC
                        ? fixed_tree(&call->request, false, "a file that is only read", false)
                        : exposure_open(&call->request, call->node.id, &walk);

        if (r != 0)
                return r;
        text = calloc(1, sizeof(*text));
        if (!text) {
                (void)exposure_close(walk);
                return -ENOMEM;
        }
        (void)pthread_mutex_init(&text->lock, NULL); /* cannot fail with default attributes */
        text->walk = walk;
        *ret_text = text;
        return 0;
}

static int add_line(const struct exposure *e, void *context) {
        struct exposure_text *text = context;
        char line[LINE_SIZE];
        size_t length = exposure_line(e, line);

        if (text->room - text->length < length) {
                size_t room = text->room + (1 << 16); /* it never has much more than a read and a step */
                char *grown = realloc(text->text, room);

                if (!grown)
                        return -ENOMEM;
                text->text = grown;
                text->room = room;
        }
        memcpy(text->text + text->length, line, length);
        text->length += length;
        return 0;
}

/* Forgets what is before an offset, or (the reader went back) begins again. */
static int text_skip(struct call *call, struct exposure_text *text, uint64_t offset) {
        size_t n;
        int r = 0;

        if (offset < text->offset) {
                text->walk = exposure_close(text->walk);
                text->ended = false;
                text->offset = text->length = 0;
        }
        if (!text->walk)
                r = exposure_open(&call->request, call->node.id, &text->walk);
        n = offset - text->offset < text->length ? (size_t)(offset - text->offset) : text->length;
        if (n > 0)
                memmove(text->text, text->text + n, text->length - n);
        text->offset += n;
        text->length -= n;
        return r;
}

static int text_fill(struct call *call, struct exposure_text *text, uint64_t offset, size_t size) {
        int r = text_skip(call, text, offset);

        while (r == 0 && !text->ended && text->offset + text->length < offset + size) {
                (void)pthread_mutex_lock(&call->mount->exposure_turn);
                r = exposure_next(&call->request, text->walk, add_line, text);
                (void)pthread_mutex_unlock(&call->mount->exposure_turn);
                text->ended = r == 0;
                r = r < 0 ? r : 0;
                if (r == 0 && text->offset < offset)
                        r = text_skip(call, text, offset);
        }
        return r;
}

int exposure_text_read(struct call *call, struct exposure_text *text, uint64_t offset, size_t size, char *ret_data,
                       size_t *ret_size) {
        size_t left, at;
        int r;

        request_done(&call->request); /* it may take long */
        (void)pthread_mutex_lock(&text->lock);
        r = text_fill(call, text, offset, size);
        if (r == 0) {
                at = offset > text->offset ? (size_t)(offset - text->offset) : 0; /* beyond the end: all of it */
                left = at < text->length ? text->length - at : 0;
                *ret_size = left < size ? left : size;
                if (*ret_size > 0)
                        memcpy(ret_data, text->text + at, *ret_size);
        } else {
                text->walk = exposure_close(text->walk); /* a row may have been told by half */
                text->ended = false;
                text->offset = text->length = 0;
        }
        (void)pthread_mutex_unlock(&text->lock);
        return r;
}
