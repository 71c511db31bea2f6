/* SPDX-License-Identifier: MIT
 * Copies bytes between files by the cheapest way the filesystems offer, keeping holes. If one way fails, the next one
 * is tried; the last one, read and write, reports the true error. Never truncates the destination, never reads past the
 * range.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cleanup.h"
#include "internal.h"
#include "origin.h"

struct job {
        int from_fd, to_fd;
        off_t from, to, left; /* the next byte in each file, and how many */
        off_t to_size;        /* of the destination at the start: beyond it there is nothing to punch */
        char *buffer;         /* of BLOB_BUFFER_SIZE, allocated when needed */
};

static void cleanup_job(struct job *job) {
        free(job->buffer);
}

static void job_advance(struct job *job, off_t n) {
        job->from += n;
        job->to += n;
        job->left -= n;
}

static int job_buffer(struct job *job) {
        if (!job->buffer)
                job->buffer = malloc(BLOB_BUFFER_SIZE);
        return job->buffer ? 0 : -ENOMEM;
}

static off_t block_size(const struct stat *st) {
        return st->st_blksize > 0 ? st->st_blksize : 4096;
}

static int write_all(int fd, const char *data, size_t size, off_t offset) {
        while (size > 0) {
                ssize_t n = pwrite(fd, data, size, offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : ORIGIN(-EIO);
                data += n;
                size -= (size_t)n;
                offset += n;
        }
        return 0;
}

static int file_allocate(int fd, int mode, off_t offset, off_t length) {
        while (fallocate(fd, mode, offset, length) < 0)
                if (errno != EINTR)
                        return errno == ENOSYS ? -EOPNOTSUPP : -errno;
        return 0;
}

/* Zeroes a range within the destination's old size, without blocks where the filesystem can. */
static int job_punch(struct job *job, off_t to, off_t length) {
        int r;

        r = file_allocate(job->to_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, to, length);
        if (r != -EOPNOTSUPP)
                return r;
        r = job_buffer(job);
        if (r < 0)
                return r;
        memset(job->buffer, 0, BLOB_BUFFER_SIZE);
        while (length > 0) {
                size_t n = length < (off_t)BLOB_BUFFER_SIZE ? (size_t)length : BLOB_BUFFER_SIZE;

                r = write_all(job->to_fd, job->buffer, n, to);
                if (r < 0)
                        return r;
                to += (off_t)n;
                length -= (off_t)n;
        }
        return 0;
}

/* Extends the destination to the end of a hole of n bytes. Not by ftruncate: another writer may extend the file after
 * the fstat, and would be cut. So the last byte is allocated, and its block is punched again if it lies wholly in the
 * hole. Else the block stays, unwritten: punching a part of it would write zeros. */
static int job_extend(struct job *job, off_t n) {
        struct stat st;
        off_t block;
        int r;

        if (fstat(job->to_fd, &st) < 0)
                return -errno;
        if (st.st_size >= job->to + n)
                return 0;
        block = block_size(&st);
        r = file_allocate(job->to_fd, 0, job->to + n - 1, 1);
        if (r == -EOPNOTSUPP)
                return ftruncate(job->to_fd, job->to + n) < 0 ? -errno : 0;
        if (r < 0 || n < block || (job->to + n) % block != 0)
                return r;
        return job_punch(job, job->to + n - block, block);
}

static int job_hole(struct job *job, off_t n) {
        off_t old = job->to_size - job->to;
        int r = 0;

        if (old > 0)
                r = job_punch(job, job->to, old < n ? old : n);
        if (r >= 0 && n == job->left)
                r = job_extend(job, n);
        if (r < 0)
                return r;
        job_advance(job, n);
        return 0;
}

/* Copies n bytes of data; 1: the source ended early. */
static int job_data(struct job *job, off_t n) {
        off_t end = job->from + n;
        int r;

        while (job->from < end) { /* within the kernel, until it fails or reaches the end */
                off_t from = job->from, to = job->to;
                ssize_t done = copy_file_range(job->from_fd, &from, job->to_fd, &to, (size_t)(end - job->from), 0);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done <= 0)
                        break;
                job_advance(job, done);
        }
        if (job->from == end)
                return 0;
        r = job_buffer(job);
        if (r < 0)
                return r;
        while (job->from < end) {
                size_t size = end - job->from < (off_t)BLOB_BUFFER_SIZE ? (size_t)(end - job->from) : BLOB_BUFFER_SIZE;
                ssize_t got = pread(job->from_fd, job->buffer, size, job->from);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : 1;
                r = write_all(job->to_fd, job->buffer, (size_t)got, job->to);
                if (r < 0)
                        return r;
                job_advance(job, got);
        }
        return 0;
}

/* Reflinks the whole blocks of the range, up to the source's end if that is in it. No effect if that is impossible. */
static void job_clone(struct job *job, const struct stat *from) {
        off_t block = block_size(from);
        struct file_clone_range range = {
                .src_fd = job->from_fd,
                .src_offset = (uint64_t)job->from,
                .dest_offset = (uint64_t)job->to,
        };
        off_t n = job->left;

        if (job->from + n < from->st_size)
                n -= n % block;
        if (n == 0 || job->from % block != 0 || job->to % block != 0)
                return;
        range.src_length = (uint64_t)n;
        if (ioctl(job->to_fd, FICLONERANGE, &range) == 0)
                job_advance(job, n);
}

/* Copies the next stretch, all data or all hole; 1: the source ended. */
static int job_step(struct job *job) {
        off_t end = job->from + job->left, data, hole;

        data = lseek(job->from_fd, job->from, SEEK_DATA);
        if (data < 0 && errno == ENXIO)
                return job_hole(job, job->left); /* no more data */
        if (data < 0)
                return job_data(job, job->left); /* the filesystem cannot tell */
        if (data > job->from)
                return job_hole(job, (data < end ? data : end) - job->from);
        hole = lseek(job->from_fd, data, SEEK_HOLE);
        return job_data(job, (hole > data && hole < end ? hole : end) - data);
}

static bool ranges_overlap(const struct stat *a, uint64_t a_offset, const struct stat *b, uint64_t b_offset,
                           uint64_t length) {
        if (a->st_dev != b->st_dev || a->st_ino != b->st_ino)
                return false;
        return a_offset < b_offset ? b_offset - a_offset < length : a_offset - b_offset < length;
}

int64_t blob_copy_range(int from_fd, uint64_t from_offset, int to_fd, uint64_t to_offset, uint64_t length,
                        uint64_t step) {
        _cleanup_(cleanup_job) struct job job = { .from_fd = from_fd, .to_fd = to_fd };
        struct stat from, to;
        int r = 0;

        if (fstat(from_fd, &from) < 0 || fstat(to_fd, &to) < 0)
                return -errno;
        if (from_offset >= (uint64_t)from.st_size || length == 0)
                return 0;
        if (length > (uint64_t)from.st_size - from_offset)
                length = (uint64_t)from.st_size - from_offset;
        if (step > 0 && length > step)
                length = step;
        if (to_offset > (uint64_t)INT64_MAX - length)
                return -EFBIG;
        if (ranges_overlap(&from, from_offset, &to, to_offset, length))
                return -EINVAL;

        job.from = (off_t)from_offset;
        job.to = (off_t)to_offset;
        job.left = (off_t)length;
        job.to_size = to.st_size;
        job_clone(&job, &from);
        while (job.left > 0 && r == 0)
                r = job_step(&job);
        return r < 0 ? r : (int64_t)length - job.left;
}
