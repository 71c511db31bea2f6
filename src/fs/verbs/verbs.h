/* SPDX-License-Identifier: MIT
 * The kernel's operations. Each finds caller and node, resolves the name, makes one service call and replies once.
 * Reading goes by the table of kinds; a change chooses its service here, by the kind of directory or file.
 */
#pragma once

#include "request/request.h"

/* --- operations, by file: directory.c, attributes.c, names.c, file.c, data.c --- */

#define OPERATION(name, parameters, arguments) void op_##name parameters;
#include "verbs/operations.def"
#undef OPERATION

/* --- operations.c: the table for libfuse --- */

extern const struct fuse_lowlevel_ops counted_operations;

/* --- reply.c --- */

/* Replies with the node made, or, if r is not 0, as call_end(). */
void reply_made(struct call *call, int r, struct node node);

/* --- file.c --- */

static inline bool is_day(const struct call *call) {
        return call->node.kind == NODE_EVENTS_DAY;
}
static inline bool is_exposure(const struct call *call) {
        return call->node.kind == NODE_META_EXPOSURE;
}
static inline bool is_disk(const struct call *call) {
        return call->node.kind == NODE_DISK || call->node.kind == NODE_INSTANCE_DISK;
}
/* Size and times of call->node, which was removed but is still open. -ENOENT: it is not open. */
int file_stat_removed(struct call *call, struct stat *st);
/* Closes what was still open when the session ended, so that no copy under way is lost. */
void files_close(struct mount *mount);

/* --- text.c --- */

/* An open small text file. */
struct text_handle;
int text_open(struct call *call, int flags, struct text_handle **ret_handle);
int text_read(struct call *call, struct text_handle *handle, size_t size, off_t offset, char *ret_data,
              size_t *ret_size);
int text_write(struct call *call, struct text_handle *handle, const char *data, size_t size, off_t offset);
int text_truncate(struct call *call, struct text_handle *handle, uint64_t size);
int text_flush(struct text_handle *handle);
/* Size and mtime when it was opened, for a file removed since; not of a description. */
void text_stat(const struct text_handle *handle, struct stat *st);
/* Its RELEASE, which may be on its way, empties the text. */
bool text_will_be_emptied(const struct text_handle *handle);
/* Carries out what waits for the last close. text_close() does, too. */
void text_end(struct call *call, struct text_handle *handle);
void text_close(struct call *call, struct text_handle *handle);
