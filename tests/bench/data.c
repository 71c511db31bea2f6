/* SPDX-License-Identifier: MIT
 * Bytes: read, written, mapped, and copied as cp does it. Files that are read are in the page cache: a first pass, not
 * timed, fills it.
 */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (1024.0 * 1024.0)

struct file {
        int fd;
        off_t size;
        char *block;
        size_t block_size;
};

static struct file file_open(const char *path, int flags, const char *block) {
        struct file f = { .fd = open(path, flags | O_CLOEXEC, 0644), .block_size = block ? (size_t)number(block) : 1 };
        struct stat st;

        if (f.fd < 0 || fstat(f.fd, &st) < 0)
                die(path);
        f.size = st.st_size;
        f.block = aligned_alloc(4096, (f.block_size + 4095) / 4096 * 4096);
        if (!f.block)
                die("memory");
        memset(f.block, 0x5a, f.block_size);
        return f;
}

static void file_done(struct file *f) {
        f->fd = fd_close(f->fd);
        free(f->block);
}
#define _cleanup_file_done_ _cleanup_(file_done)

static void read_pass(const struct file *f) {
        for (off_t at = 0; at < f->size;) {
                ssize_t n = pread(f->fd, f->block, f->block_size, at);

                if (n <= 0)
                        die("read");
                at += n;
        }
}

static void write_pass(const struct file *f, off_t size) {
        for (off_t at = 0; at < size;) {
                ssize_t n = pwrite(f->fd, f->block, f->block_size, at);

                if (n <= 0)
                        die("write");
                at += n;
        }
}

/* MiB per second, reading the file from start to end */
void verb_read(int argc, char **argv) {
        _cleanup_file_done_ struct file f = file_open(argv[0], O_RDONLY, argv[1]);
        double start, seconds = fraction(argv[2]);
        int n = 0;

        (void)argc;
        read_pass(&f);
        start = seconds_now();
        do {
                read_pass(&f);
                n++;
        } while (seconds_now() < start + seconds);
        (void)printf("%.2f\n", n * (double)f.size / MIB / (seconds_now() - start));
}

/* random blocks per second */
void verb_random(int argc, char **argv) {
        _cleanup_file_done_ struct file f = file_open(argv[0], O_RDONLY, argv[1]);
        uint64_t random = 88172645463325252U, blocks = (uint64_t)f.size / f.block_size;
        double start, seconds = fraction(argv[2]);
        int64_t n = 0;

        (void)argc;
        read_pass(&f);
        start = seconds_now();
        do {
                for (int i = 0; i < 256; i++, n++) {
                        off_t at = (off_t)(random_next(&random) % blocks * f.block_size);

                        if (pread(f.fd, f.block, f.block_size, at) != (ssize_t)f.block_size)
                                die("read");
                }
        } while (seconds_now() < start + seconds);
        (void)printf("%.1f\n", (double)n / (seconds_now() - start));
}

/* Reads one byte of each page of a new mapping. */
static unsigned map_pass(const struct file *f) {
        const volatile char *p = mmap(NULL, (size_t)f->size, PROT_READ, MAP_SHARED, f->fd, 0);
        unsigned sum = 0;

        if (p == MAP_FAILED)
                die("mmap");
        for (off_t at = 0; at < f->size; at += 4096)
                sum += (unsigned char)p[at];
        (void)munmap((void *)p, (size_t)f->size);
        return sum;
}

/* MiB per second, mapped and touched page by page */
void verb_map(int argc, char **argv) {
        _cleanup_file_done_ struct file f = file_open(argv[0], O_RDONLY, NULL);
        double start, seconds = fraction(argv[1]);
        int n = 0;

        (void)argc;
        (void)map_pass(&f); /* the sum is not used, here and below */
        start = seconds_now();
        do {
                (void)map_pass(&f);
                n++;
        } while (seconds_now() < start + seconds);
        (void)printf("%.2f\n", n * (double)f.size / MIB / (seconds_now() - start));
}

/* MiB per second, overwriting the file */
void verb_write(int argc, char **argv) {
        _cleanup_file_done_ struct file f = file_open(argv[0], O_WRONLY, argv[1]);
        double start, seconds = fraction(argv[2]);
        int n = 0;

        (void)argc;
        write_pass(&f, f.size);
        start = seconds_now();
        do {
                write_pass(&f, f.size);
                n++;
        } while (seconds_now() < start + seconds);
        (void)printf("%.2f\n", n * (double)f.size / MIB / (seconds_now() - start));
}

/* MiB per second, into a new file, including its close */
void verb_import(int argc, char **argv) {
        double start = seconds_now();
        _cleanup_file_done_ struct file f = file_open(argv[0], O_WRONLY | O_CREAT | O_EXCL, argv[1]);

        (void)argc;
        write_pass(&f, (off_t)(number(argv[2]) * (int64_t)MIB));
        if (close(TAKE_FD(f.fd)) < 0)
                die(argv[0]);
        (void)printf("%.2f\n", (double)number(argv[2]) / (seconds_now() - start));
}

/* Copies the range between two offsets as cp does, in as few calls as the kernel allows; returns their number. */
static int copy_extent(int from, int to, off_t start, off_t end) {
        int calls = 0;

        for (off_t at = start; at < end; calls++) {
                off_t in = at, out = at;
                ssize_t n = copy_file_range(from, &in, to, &out, (size_t)(end - at), 0);

                if (n <= 0)
                        die("copy_file_range");
                at += n;
        }
        return calls;
}

/* milliseconds, calls of copy_file_range: a copy by the calls of GNU cp 9.2 and later, extent by extent */
void verb_extents(int argc, char **argv) {
        double start = seconds_now();
        _cleanup_file_done_ struct file from = file_open(argv[0], O_RDONLY, NULL);
        _cleanup_file_done_ struct file to = file_open(argv[1], O_WRONLY | O_CREAT | O_EXCL, NULL);
        off_t data = 0, hole = 0;
        int calls = 0;

        (void)argc;
        while (hole < from.size && (data = lseek(from.fd, hole, SEEK_DATA)) >= 0) {
                hole = lseek(from.fd, data, SEEK_HOLE);
                if (hole < 0)
                        die(argv[0]);
                calls += copy_extent(from.fd, to.fd, data, hole);
        }
        if (data < 0 && errno != ENXIO)
                die(argv[0]);
        if (ftruncate(to.fd, from.size) < 0 || close(TAKE_FD(to.fd)) < 0)
                die(argv[1]);
        (void)printf("%.3f\t%d\n", (seconds_now() - start) * 1e3, calls);
}
