/* SPDX-License-Identifier: MIT
 * Open small text files. Reads get a snapshot (of a description: the current text); each write is judged, and kept or
 * carried out as a whole. A truncation waits for the first good write, so that a refused one leaves the old text
 * (CONTRACT 5.2).
 */
#include "verbs/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "image.h"
#include "instance.h"
#include "kernel/kernel.h"
#include "share.h"
#include "utf8.h"

struct text_handle {
        pthread_mutex_t lock;
        struct node node;
        int64_t place;
        char *text; /* as it was opened; NULL: a description */
        size_t size;
        struct timespec mtime; /* when it was opened */
        bool writes, append;
        /* of a description: the text as written so far */
        char draft[TEXT_SIZE];
        size_t length;
        _Atomic bool truncated; /* the next write begins with an empty text; if none comes, the close empties it */
        _Atomic bool flushed;   /* close(2) was called, perhaps for the last time */
        bool unfinished; /* draft ends with an incomplete character */
};

static struct text_handle *text_handle_free(struct text_handle *handle) {
        if (!handle)
                return NULL;
        free(handle->text);
        free(handle);
        return NULL;
}

static void cleanup_text_handle(struct text_handle **handle) {
        *handle = text_handle_free(*handle);
}

static int text_read_description(struct call *call, int64_t id, char text[static TEXT_SIZE], size_t *ret_length) {
        struct image image;
        int64_t mtime;
        int r = description_read(&call->request, id, text, ret_length, &mtime, &image);

        if (r == 0)
                call_image_set(call, &image);
        return r;
}

/* May this file be opened for writing? */
static int text_judge_write(struct call *call, const struct text_handle *handle) {
        switch (handle->node.kind) {
        case NODE_DESCRIPTION:
                return description_judge(&call->request, handle->place);
        case NODE_META_STATE:
        case NODE_META_REVIEWED:
                return image_judge_attributes(&call->request, handle->place);
        case NODE_EXPIRES:
                return share_judge_expiry(&call->request, call->node.id);
        case NODE_INSTANCE_IMAGE:
                return 0; /* judged at the write */
        default:
                return fixed_tree(&call->request, false, "a file that is only read", false);
        }
}

int text_open(struct call *call, int flags, struct text_handle **ret_handle) {
        _cleanup_(cleanup_text_handle) struct text_handle *handle = calloc(1, sizeof(*handle));
        const struct kind *kind = kind_of(call->mount, call->node.kind);
        struct stat st = { 0 };
        int r = 0;

        if (!S_ISREG(kind->mode))
                return S_ISDIR(kind->mode) ? -EISDIR : -ELOOP;
        if (!handle)
                return -ENOMEM;
        (void)pthread_mutex_init(&handle->lock, NULL); /* cannot fail with default attributes */
        handle->node = call->node;
        handle->writes = (flags & O_ACCMODE) != O_RDONLY;
        handle->append = flags & O_APPEND;
        handle->truncated = flags & O_TRUNC;
        if (kind->attributes)
                r = kind->attributes(call, &st);
        handle->mtime = st.st_mtim;
        if (r == 0 && call->node.kind == NODE_DESCRIPTION)
                r = text_read_description(call, call->node.id, handle->draft, &handle->length);
        else if (r == 0)
                r = node_text(call, &handle->text, &handle->size);
        handle->place = call->loaded;
        if (r == 0 && (handle->writes || flags & O_TRUNC))
                r = text_judge_write(call, handle);
        if (r == 0)
                *ret_handle = TAKE_PTR(handle);
        return r;
}

int text_read(struct call *call, struct text_handle *handle, size_t size, off_t offset, char *ret_data,
              size_t *ret_size) {
        char text[TEXT_SIZE];
        const char *data = handle->text;
        size_t length = handle->size;

        if (handle->node.kind == NODE_DESCRIPTION) {
                int64_t mtime;
                int r = text_read_description(call, handle->node.id, text, &length);

                if (r == -ENOENT) /* removed, but open */
                        r = description_read_removed(&call->request, handle->node.id, text, &length, &mtime);
                if (r != 0)
                        return r;
                data = text;
        }
        *ret_size = (size_t)offset >= length ? 0 : length - (size_t)offset < size ? length - (size_t)offset : size;
        if (*ret_size > 0)
                memcpy(ret_data, data + offset, *ret_size);
        return 0;
}

/* Writes the text, if its last character is complete, and keeps it as the draft. */
static int text_commit(struct call *call, struct text_handle *handle, const char *text, size_t length) {
        size_t whole;
        int r = utf8_check(text, length, &whole);

        if (r == -EAGAIN && length < TEXT_SIZE) {
                handle->unfinished = true;
        } else {
                r = description_write(&call->request, handle->place, text, length);
                if (r != 0)
                        return r;
                handle->unfinished = false;
        }
        memcpy(handle->draft, text, length);
        handle->length = length;
        handle->truncated = false;
        return 0;
}

static int text_write_description(struct call *call, struct text_handle *handle, const char *data, size_t size,
                                  off_t offset) {
        char text[TEXT_SIZE] = { 0 };
        size_t length = 0;
        int r = 0;

        if (!handle->truncated && !handle->unfinished) /* another handle may have written since */
                r = text_read_description(call, handle->node.id, handle->draft, &handle->length);
        if (r != 0)
                return r;
        if (!handle->truncated) {
                length = handle->length;
                memcpy(text, handle->draft, length);
        }
        if (handle->append)
                offset = (off_t)length;
        if (offset > (off_t)length || size > sizeof(text) || (size_t)offset + size > sizeof(text) - 1)
                return -EINVAL; /* a gap, or too long */
        memcpy(text + offset, data, size);
        length = (size_t)offset + size > length ? (size_t)offset + size : length;
        return text_commit(call, handle, text, length);
}

static int text_run_command(struct call *call, const struct text_handle *handle, const char *word) {
        switch (handle->node.kind) {
        case NODE_META_STATE:
                return strcmp(word, "sealed") == 0 ? image_seal(&call->request, handle->place) : -EINVAL;
        case NODE_META_REVIEWED:
                if (strcmp(word, "0") != 0 && strcmp(word, "1") != 0)
                        return -EINVAL;
                return image_review(&call->request, handle->place, word[0] == '1');
        case NODE_EXPIRES:
                return share_expire(&call->request, handle->node.id, word);
        default:
                return *word ? instance_launch(&call->request, handle->node.id, word) : 0;
        }
}

/* Each write to such a file is one word, a command. */
static int text_write_command(struct call *call, const struct text_handle *handle, const char *data, size_t size) {
        char word[OBJECT_SIZE];

        if (size > 0 && data[size - 1] == '\n')
                size--;
        if (size >= sizeof(word) || memchr(data, '\0', size) || memchr(data, '\n', size))
                return -EINVAL;
        memcpy(word, data, size);
        word[size] = '\0';
        call_about(call, "write", word);
        return text_run_command(call, handle, word);
}

int text_write(struct call *call, struct text_handle *handle, const char *data, size_t size, off_t offset) {
        int r;

        (void)pthread_mutex_lock(&handle->lock);
        if (!handle->writes)
                r = -EBADF;
        else if (handle->node.kind == NODE_DESCRIPTION)
                r = text_write_description(call, handle, data, size, offset);
        else
                r = text_write_command(call, handle, data, size);
        if (r != 0 || handle->node.kind != NODE_DESCRIPTION)
                handle->truncated = false; /* a refused write leaves the old text; a command has been done */
        (void)pthread_mutex_unlock(&handle->lock);
        return r;
}

int text_truncate(struct call *call, struct text_handle *handle, uint64_t size) {
        int r = 0;

        (void)pthread_mutex_lock(&handle->lock);
        if (!handle->writes)
                r = -EBADF;
        else if (size == 0)
                handle->truncated = true;
        else if (handle->node.kind == NODE_DESCRIPTION && size > handle->length)
                r = -EINVAL; /* text does not grow by zeros */
        else if (handle->node.kind == NODE_DESCRIPTION)
                r = text_commit(call, handle, handle->draft, (size_t)size);
        (void)pthread_mutex_unlock(&handle->lock);
        return r;
}

void text_stat(const struct text_handle *handle, struct stat *st) {
        st->st_size = (off_t)handle->size;
        st->st_atim = st->st_ctim = st->st_mtim = handle->mtime;
}

int text_flush(struct text_handle *handle) {
        int r;

        (void)pthread_mutex_lock(&handle->lock);
        r = handle->unfinished ? -EINVAL : 0;
        handle->flushed = true;
        (void)pthread_mutex_unlock(&handle->lock);
        return r;
}

bool text_will_be_emptied(const struct text_handle *handle) {
        return handle->truncated && handle->flushed;
}

void text_end(struct call *call, struct text_handle *handle) {
        (void)pthread_mutex_lock(&handle->lock);
        if (handle->truncated && handle->node.kind == NODE_EXPIRES)
                (void)share_expire(&call->request, handle->node.id, "");
        if (handle->truncated && handle->node.kind == NODE_DESCRIPTION) {
                (void)description_write(&call->request, handle->place, "", 0); /* close(2) has returned long since */
                attributes_changed(call, NODE_DESCRIPTION, handle->node.id);
        }
        handle->truncated = false;
        (void)pthread_mutex_unlock(&handle->lock);
}

void text_close(struct call *call, struct text_handle *handle) {
        text_end(call, handle);
        (void)text_handle_free(handle); /* returns NULL */
}
