/* SPDX-License-Identifier: MIT
 * Requests on open files: a disk's bytes go from descriptor to descriptor, a text's through its handle.
 */
#include "verbs/verbs.h"

#include <errno.h>
#include <fcntl.h>
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

        call_about(&call, "read", NULL);
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

static int write_disk(struct call *call, struct fuse_bufvec *data, off_t offset, const struct fuse_file_info *fi,
                      size_t *ret_written) {
        const size_t size = fuse_buf_size(data);
        struct fuse_bufvec to = FUSE_BUFVEC_INIT(size);
        int fd, r = disk_may_grow(&call->request, file_of(fi)->disk, (uint64_t)offset, size);
        ssize_t n;

        if (r == 0)
                r = disk_write_begin(file_of(fi)->disk, &fd);
        if (r != 0)
                return r;
        to.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK | FUSE_BUF_FD_RETRY;
        to.buf[0].fd = fd;
        to.buf[0].pos = offset;
        n = fuse_buf_copy(&to, data, FUSE_BUF_SPLICE_NONBLOCK);
        disk_write_end(file_of(fi)->disk, n);
        *ret_written = (size_t)n;
        return n < 0 ? (int)n : 0;
}

static int write_text(struct call *call, struct fuse_bufvec *data, off_t offset, const struct fuse_file_info *fi,
                      size_t *ret_written) {
        char memory[2 * TEXT_SIZE]; /* too long for any text */
        size_t size = fuse_buf_size(data);
        struct fuse_bufvec to = FUSE_BUFVEC_INIT(size < sizeof(memory) ? size : sizeof(memory));
        ssize_t n;

        to.buf[0].mem = memory;
        n = fuse_buf_copy(&to, data, 0);
        *ret_written = (size_t)n;
        return n < 0 ? (int)n : text_write(call, file_of(fi)->text, memory, (size_t)n, offset);
}

void op_write_buf(fuse_req_t req, fuse_ino_t ino, struct fuse_bufvec *data, off_t offset, struct fuse_file_info *fi) {
        size_t size = fuse_buf_size(data), written = 0;
        struct call call;
        int r = call_begin_file(req, ino, fi, &call);

        call_about(&call, "write", NULL);
        if (r == 0)
                r = is_disk(&call) ? write_disk(&call, data, offset, fi, &written)
                                   : write_text(&call, data, offset, fi, &written);
        if (r == 0) {
                (void)fuse_reply_write(req, written); /* the caller may be gone */
                return;
        }
        call_end(&call, r);
        if (is_disk(&call)) /* after the reply: the page cache keeps the refused bytes */
                notice_now(call.mount, ino, offset, (off_t)size, "a refused write");
}

static int allocate(struct call *call, struct disk_handle *disk, int mode, uint64_t offset, uint64_t length) {
        const bool grows = (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_UNSHARE_RANGE)) == 0;
        int r = grows ? disk_may_grow(&call->request, disk, offset, length) : 0;

        return r != 0 ? r : disk_allocate(disk, mode, offset, length);
}

void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length, struct fuse_file_info *fi) {
        struct call call;
        int r = call_begin_file(req, ino, fi, &call);

        call_about(&call, "allocate room in", NULL);
        if (r == 0)
                r = is_disk(&call) ? allocate(&call, file_of(fi)->disk, mode, (uint64_t)offset, (uint64_t)length)
                                   : -EOPNOTSUPP;
        call_end(&call, r);
}

void op_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in, struct fuse_file_info *fi_in,
                        fuse_ino_t ino_out, off_t off_out, struct fuse_file_info *fi_out, size_t length, int flags) {
        struct call call, to;
        ssize_t n = 0;
        int r = call_begin_file(req, ino_in, fi_in, &call);

        (void)flags;
        if (r == 0)
                r = call_begin_file(req, ino_out, fi_out, &to);
        call_about(&call, "copy", NULL);
        if (r == 0 && (!is_disk(&call) || !is_disk(&to)))
                r = -EOPNOTSUPP; /* the kernel falls back to read and write */
        if (r == 0)
                r = disk_may_copy(&to.request, file_of(fi_in)->disk, (uint64_t)off_in, file_of(fi_out)->disk,
                                  (uint64_t)off_out, length);
        if (r == 0)
                n = disk_copy_range(file_of(fi_in)->disk, (uint64_t)off_in, file_of(fi_out)->disk, (uint64_t)off_out,
                                    length);
        if (r != 0 || n < 0)
                call_end(r > 0 ? &to : &call, r != 0 ? r : (int)n);
        else
                (void)fuse_reply_write(req, (size_t)n);
}
