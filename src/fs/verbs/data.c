/* SPDX-License-Identifier: MIT
 * Requests on open files: a disk's bytes go from descriptor to descriptor, a text's through its handle.
 */
#include "verbs/verbs.h"

#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "disk.h"
#include "events.h"
#include "kernel/kernel.h"
#include "tree/tree.h"

/* --- reading --- */

static int read_disk(struct call *call, size_t size, off_t offset, const struct fuse_file_info *fi) {
        struct disk_handle *handle = file_of(fi)->disk; /* kept: a RELEASE may free the file right after the reply */
        struct fuse_bufvec data;
        int fd, r = disk_read_begin(handle, (uint64_t)offset, &size, &fd);

        if (r < 0)
                return r;
        data = FUSE_BUFVEC_INIT(size);
        data.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
        data.buf[0].fd = fd;
        data.buf[0].pos = offset;
        (void)fuse_reply_data(call->req, &data, FUSE_BUF_SPLICE_MOVE); /* replies itself, also with an error */
        disk_read_end(handle);
        return 0;
}

/* A text, a day of the log, or an exposure. */
static int read_memory(struct call *call, size_t size, off_t offset, const struct fuse_file_info *fi) {
        _cleanup_free_ char *data = malloc(size);
        size_t n;
        int r = -ENOMEM;

        if (data && is_day(call))
                r = events_read(&call->request, file_of(fi)->events, (uint64_t)offset, size, data, &n);
        else if (data && is_exposure(call))
                r = exposure_text_read(call, file_of(fi)->exposure, (uint64_t)offset, size, data, &n);
        else if (data)
                r = text_read(call, file_of(fi)->text, size, offset, data, &n);
        if (r == 0)
                (void)fuse_reply_buf(call->req, data, n); /* the caller may be gone */
        return r;
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi) {
        struct call call;
        int r = call_begin_file(req, ino, fi, &call);

        if (r == 0)
                r = is_disk(&call) ? read_disk(&call, size, offset, fi) : read_memory(&call, size, offset, fi);
        if (r != 0)
                call_end(&call, r);
}

void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence, struct fuse_file_info *fi) {
        struct call call;
        int64_t at = call_begin_file(req, ino, fi, &call);

        if (at == 0)
                at = is_disk(&call) ? disk_seek(file_of(fi)->disk, (uint64_t)offset, whence) : -EINVAL;
        if (at < 0)
                call_end(&call, (int)at);
        else
                (void)fuse_reply_lseek(req, at);
}

/* --- writing --- */

static ssize_t write_disk(struct fuse_bufvec *data, off_t offset, const struct fuse_file_info *fi) {
        struct fuse_bufvec to = FUSE_BUFVEC_INIT(fuse_buf_size(data));
        int fd, r = disk_write_begin(file_of(fi)->disk, &fd);
        ssize_t n;

        if (r < 0)
                return r;
        to.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK | FUSE_BUF_FD_RETRY;
        to.buf[0].fd = fd;
        to.buf[0].pos = offset;
        n = fuse_buf_copy(&to, data, FUSE_BUF_SPLICE_NONBLOCK);
        disk_write_end(file_of(fi)->disk, n);
        return n;
}

static ssize_t write_text(struct call *call, struct fuse_bufvec *data, off_t offset, const struct fuse_file_info *fi) {
        char memory[2 * TEXT_SIZE]; /* too long for any text */
        size_t size = fuse_buf_size(data);
        struct fuse_bufvec to = FUSE_BUFVEC_INIT(size < sizeof(memory) ? size : sizeof(memory));
        ssize_t n;
        int r;

        to.buf[0].mem = memory;
        n = fuse_buf_copy(&to, data, 0);
        if (n < 0)
                return n;
        r = text_write(call, file_of(fi)->text, memory, (size_t)n, offset);
        return r < 0 ? r : r > 0 ? -call_errno(call, r) : n;
}

void op_write_buf(fuse_req_t req, fuse_ino_t ino, struct fuse_bufvec *data, off_t offset, struct fuse_file_info *fi) {
        size_t size = fuse_buf_size(data);
        struct call call;
        ssize_t n = call_begin_file(req, ino, fi, &call);

        if (n == 0)
                n = is_disk(&call) ? write_disk(data, offset, fi) : write_text(&call, data, offset, fi);
        if (n >= 0) {
                (void)fuse_reply_write(req, (size_t)n); /* the caller may be gone */
                return;
        }
        call_end(&call, (int)n);
        if (is_disk(&call)) /* after the reply: the page cache keeps the refused bytes */
                notice_now(call.mount, ino, offset, (off_t)size, "a refused write");
}

void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length, struct fuse_file_info *fi) {
        struct call call;
        int r = call_begin_file(req, ino, fi, &call);

        if (r == 0)
                r = is_disk(&call) ? disk_allocate(file_of(fi)->disk, mode, (uint64_t)offset, (uint64_t)length)
                                   : -EOPNOTSUPP;
        call_end(&call, r);
}

void op_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in, struct fuse_file_info *fi_in,
                        fuse_ino_t ino_out, off_t off_out, struct fuse_file_info *fi_out, size_t length, int flags) {
        struct call call, to;
        ssize_t n = call_begin_file(req, ino_in, fi_in, &call);

        (void)flags;
        if (n == 0)
                n = call_begin_file(req, ino_out, fi_out, &to);
        if (n == 0 && (!is_disk(&call) || !is_disk(&to)))
                n = -EOPNOTSUPP; /* the kernel falls back to read and write */
        if (n == 0)
                n = disk_copy_range(file_of(fi_in)->disk, (uint64_t)off_in, file_of(fi_out)->disk, (uint64_t)off_out,
                                    length);
        if (n < 0)
                call_end(&call, (int)n);
        else
                (void)fuse_reply_write(req, (size_t)n);
}
