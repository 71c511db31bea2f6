/* SPDX-License-Identifier: MIT
 * blob_copy_range against a model in memory, with holes, limits, signals and another writer; on each filesystem.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

static const char *filesystem; /* NULL: that of /tmp */

static bool keeps_holes(void) {
        return !filesystem || strcmp(filesystem, "ramfs") != 0;
}

static int file(const char *name) {
        int fd = open(scratch_name(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        return fd;
}

/* 64 MiB, data at 1 MiB and at 32 MiB, 64 KiB each. */
static int sparse(const char *name) {
        int fd = file(name);

        assert_int_equal(ftruncate(fd, (off_t)(64 * MIB)), 0);
        scratch_fill(fd, MIB, 64 * KIB);
        scratch_fill(fd, 32 * MIB, 64 * KIB);
        return fd;
}

static void test_copies_all_and_keeps_holes(void **state) {
        _cleanup_fd_ int from = sparse("from"), to = file("to");

        (void)state;
        assert_int_equal(blob_copy_range(from, 0, to, 0, UINT64_MAX, 0), 64 * MIB);
        assert_int_equal(scratch_size(to), 64 * MIB);
        scratch_same(from, 0, to, 0, 64 * MIB);
        if (keeps_holes())
                assert_true(scratch_allocated(to) <= 192 * KIB);
}

static void test_steps_bound_a_call_and_keep_holes(void **state) {
        _cleanup_fd_ int from = sparse("from"), to = file("to");
        uint64_t at = 0;

        (void)state;
        while (at < 64 * MIB) {
                int64_t n = blob_copy_range(from, at, to, at, UINT64_MAX, 3 * MIB);

                assert_int_equal(n, 64 * MIB - at < 3 * MIB ? 64 * MIB - at : 3 * MIB);
                at += (uint64_t)n;
                assert_int_equal(scratch_size(to), at); /* even if it ends in a hole */
        }
        assert_int_equal(blob_copy_range(from, at, to, at, UINT64_MAX, 3 * MIB), 0);
        scratch_same(from, 0, to, 0, 64 * MIB);
        if (keeps_holes())
                assert_true(scratch_allocated(to) <= 192 * KIB);
}

static void test_shifted_copy_keeps_holes(void **state) {
        _cleanup_fd_ int from = sparse("from"), to = file("to");

        (void)state;
        assert_int_equal(blob_copy_range(from, 100, to, 5 * MIB + 1, 40 * MIB, 0), 40 * MIB);
        assert_int_equal(scratch_size(to), 45 * MIB + 1);
        scratch_same(from, 100, to, 5 * MIB + 1, 40 * MIB);
        if (keeps_holes()) {
                assert_true(scratch_allocated(to) <= 256 * KIB);
                assert_int_equal(blob_is_hole(to, 0, 5 * MIB), 1);
        }
}

static void test_holes_are_punched_in_an_old_destination(void **state) {
        _cleanup_fd_ int from = sparse("from"), to = file("to"), old = file("old");
        uint64_t before;

        (void)state;
        scratch_fill(to, 0, 8 * MIB);
        scratch_fill(old, 0, 8 * MIB);
        before = scratch_allocated(to);
        assert_int_equal(blob_copy_range(from, 0, to, MIB, 6 * MIB, 0), 6 * MIB);
        assert_int_equal(scratch_size(to), 8 * MIB); /* not shortened */
        scratch_same(old, 0, to, 0, MIB);
        scratch_same(from, 0, to, MIB, 6 * MIB);
        scratch_same(old, 7 * MIB, to, 7 * MIB, MIB);
        if (keeps_holes())
                assert_true(before - scratch_allocated(to) >= 6 * MIB - 192 * KIB);
}

static void test_stops_at_the_sources_end(void **state) {
        _cleanup_fd_ int from = file("from"), to = file("to");

        (void)state;
        scratch_fill(from, 0, 5000);
        assert_int_equal(blob_copy_range(from, 4000, to, 0, 4096, 0), 1000);
        assert_int_equal(scratch_size(to), 1000);
        scratch_same(from, 4000, to, 0, 1000);
}

static void test_nothing_to_copy_changes_nothing(void **state) {
        _cleanup_fd_ int from = file("from"), to = file("to");

        (void)state;
        scratch_fill(from, 0, 5000);
        assert_int_equal(blob_copy_range(from, 5000, to, 100, 4096, 0), 0);
        assert_int_equal(blob_copy_range(from, 9000, to, 100, 4096, 0), 0);
        assert_int_equal(blob_copy_range(from, UINT64_MAX, to, 100, UINT64_MAX, 0), 0);
        assert_int_equal(blob_copy_range(from, 0, to, 100, 0, 0), 0);
        assert_int_equal(scratch_size(to), 0);
}

static void test_a_hole_at_the_end_extends(void **state) {
        static const uint64_t sizes[] = { 1, 4095, 4096, 4097, MIB, MIB + 5 };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                _cleanup_fd_ int from = file("from"), to = file("to");
                char end = 1;

                assert_int_equal(ftruncate(from, (off_t)sizes[i]), 0);
                assert_int_equal(blob_copy_range(from, 0, to, 0, sizes[i], 0), sizes[i]);
                assert_int_equal(scratch_size(to), sizes[i]);
                if (keeps_holes())
                        assert_int_equal(blob_is_hole(to, 0, sizes[i]), 1);
                if (keeps_holes())
                        assert_true(scratch_allocated(to) <= (sizes[i] % 4096 == 0 ? 0 : 4096));
                /* last: reading an unwritten block puts it into the page cache, and SEEK_DATA then calls it data */
                assert_int_equal(pread(to, &end, 1, (off_t)sizes[i] - 1), 1);
                assert_int_equal(end, 0);
        }
}

/* The hole's last block begins with data that was just copied. */
static void test_a_short_hole_at_the_end_spares_the_data_before(void **state) {
        _cleanup_fd_ int from = file("from"), to = file("to");

        (void)state;
        scratch_fill(from, 0, 4096);
        assert_int_equal(ftruncate(from, 16384), 0);
        assert_int_equal(blob_copy_range(from, 0, to, 3996, 4196, 0), 4196);
        assert_int_equal(scratch_size(to), 8192);
        scratch_same(from, 0, to, 3996, 4196);
}

struct writer {
        int fd;
        pthread_barrier_t barrier;
};

static void *write_far(void *context) {
        struct writer *writer = context;

        (void)pthread_barrier_wait(&writer->barrier);
        return pwrite(writer->fd, "x", 1, (off_t)MIB) == 1 ? context : NULL;
}

static void test_another_writer_is_never_cut(void **state) {
        _cleanup_fd_ int from = file("from");

        (void)state;
        if (filesystem && (strcmp(filesystem, "ramfs") == 0 || strcmp(filesystem, "ext3") == 0))
                skip(); /* they cannot fallocate: ftruncate is not safe */
        assert_int_equal(ftruncate(from, (off_t)(64 * KIB)), 0);
        for (int i = 0; i < 500; i++) {
                _cleanup_fd_ int to = file("to");
                struct writer writer = { .fd = to };
                void *wrote = NULL;
                pthread_t thread;
                char byte = 0;

                assert_int_equal(pthread_barrier_init(&writer.barrier, NULL, 2), 0);
                assert_int_equal(pthread_create(&thread, NULL, write_far, &writer), 0);
                (void)pthread_barrier_wait(&writer.barrier);
                assert_int_equal(blob_copy_range(from, 0, to, 0, 64 * KIB, 0), 64 * KIB);
                assert_int_equal(pthread_join(thread, &wrote), 0);
                assert_int_equal(pthread_barrier_destroy(&writer.barrier), 0);
                assert_non_null(wrote);
                assert_int_equal(pread(to, &byte, 1, (off_t)MIB), 1);
                assert_int_equal(byte, 'x');
        }
}

static void test_within_one_file(void **state) {
        _cleanup_fd_ int fd = file("one"), again = -1;

        (void)state;
        scratch_fill(fd, 0, 64 * KIB);
        again = open(scratch_name("one"), O_RDONLY | O_CLOEXEC);
        assert_int_equal(blob_copy_range(fd, 0, fd, 64 * KIB, 64 * KIB, 0), 64 * KIB);
        scratch_same(fd, 0, fd, 64 * KIB, 64 * KIB);
        assert_int_equal(blob_copy_range(again, 0, fd, 1, 64 * KIB, 0), -EINVAL);
        assert_int_equal(blob_copy_range(again, 1, fd, 0, 64 * KIB, 0), -EINVAL);
        assert_int_equal(blob_copy_range(again, 0, fd, 0, 64 * KIB, 0), -EINVAL);
        assert_int_equal(blob_copy_range(again, 0, fd, 4096, 64 * KIB, 4096), 4096); /* up to the step: no overlap */
        assert_int_equal(scratch_size(fd), 128 * KIB);
}

static void test_limits(void **state) {
        _cleanup_fd_ int from = file("from"), to = file("to"), reader = -1;

        (void)state;
        scratch_fill(from, 0, 5000);
        assert_int_equal(blob_copy_range(from, 0, to, UINT64_MAX, 1, 0), -EFBIG);
        assert_int_equal(blob_copy_range(from, 0, to, INT64_MAX, 1, 0), -EFBIG);
        assert_int_equal(scratch_size(to), 0);
        assert_int_equal(blob_copy_range(-1, 0, to, 0, 1, 0), -EBADF);
        assert_int_equal(blob_copy_range(from, 0, -1, 0, 1, 0), -EBADF);
        reader = open(scratch_name("to"), O_RDONLY | O_CLOEXEC);
        assert_int_equal(blob_copy_range(from, 0, reader, 0, 1, 0), -EBADF);
        assert_int_equal(ftruncate(from, 0), 0);
        assert_int_equal(ftruncate(from, 8192), 0);
        assert_int_equal(blob_copy_range(from, 0, reader, 0, 8192, 0), -EBADF); /* a hole */
}

static void on_alarm(int signal) {
        (void)signal;
}

static void test_signals_do_not_disturb(void **state) {
        struct sigaction action = { .sa_handler = on_alarm }, ignore = { .sa_handler = SIG_IGN }; /* no SA_RESTART */
        struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { 0 };
        _cleanup_fd_ int from = file("from"), to = file("to");

        (void)state;
        scratch_fill(from, 0, 16 * MIB);
        assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
        assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
        for (int i = 0; i < 5; i++)
                assert_int_equal(blob_copy_range(from, 1, to, 0, 16 * MIB - 1, 0), 16 * MIB - 1);
        assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
        assert_int_equal(sigaction(SIGALRM, &ignore, NULL), 0); /* one may be pending: valgrind delivers it later */
        scratch_same(from, 1, to, 0, 16 * MIB - 1);
}

static uint32_t seed;

static uint32_t below(uint32_t n) {
        seed = seed * 1664525u + 1013904223u;
        return (uint32_t)((uint64_t)(seed >> 4) * n >> 28);
}

/* Often at a block's edge, where reflinks and punches differ. */
static uint32_t place(uint32_t n) {
        uint32_t at = below(n);

        return below(2) ? at : at & ~4095u;
}

#define MODEL_SIZE (512 * 1024)

struct model {
        uint8_t bytes[MODEL_SIZE];
        uint64_t size;
        int fd;
};

static void model_scatter(struct model *model, const char *name) {
        model->fd = file(name);
        model->size = place(MODEL_SIZE / 2) + 1;
        memset(model->bytes, 0, sizeof(model->bytes));
        assert_int_equal(ftruncate(model->fd, (off_t)model->size), 0);
        for (int i = 0; i < 6; i++) {
                uint32_t at = place((uint32_t)model->size), n = place((uint32_t)model->size - at);

                for (uint32_t k = 0; k < n; k++)
                        model->bytes[at + k] = (uint8_t)(below(255) + 1);
                assert_int_equal(pwrite(model->fd, model->bytes + at, n, at), n);
        }
}

static void model_compare(const struct model *model) {
        static uint8_t bytes[MODEL_SIZE];

        assert_int_equal(scratch_size(model->fd), model->size);
        assert_int_equal(pread(model->fd, bytes, sizeof(bytes), 0), model->size);
        assert_memory_equal(bytes, model->bytes, model->size);
}

static void test_random_ranges_against_a_model(void **state) {
        static struct model from, to;

        (void)state;
        for (uint32_t start = 1; start <= 12; start++) {
                seed = start * 7919;
                model_scatter(&from, "from");
                model_scatter(&to, "to");
                for (int i = 0; i < 20; i++) {
                        uint64_t at = place(MODEL_SIZE / 2), there = place(MODEL_SIZE / 2), n = place(MODEL_SIZE / 2);
                        uint64_t step = below(3) ? 0 : place(100000), done = at < from.size ? from.size - at : 0;

                        if (below(4) == 0)
                                there = at;
                        done = done < n ? done : n;
                        done = step && step < done ? step : done;
                        assert_int_equal(blob_copy_range(from.fd, at, to.fd, there, n, step), done);
                        memcpy(to.bytes + there, from.bytes + at, done);
                        if (done > 0 && to.size < there + done)
                                to.size = there + done;
                        model_compare(&to);
                }
                model_compare(&from);
                from.fd = fd_close(from.fd);
                to.fd = fd_close(to.fd);
        }
}

static void test_between_filesystems(void **state) {
        char path[] = "/var/tmp/blob-XXXXXX";
        _cleanup_fd_ int from = sparse("from"), to = mkstemp(path), back = file("back");

        (void)state;
        assert_true(to >= 0);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(blob_copy_range(from, 3, to, 0, UINT64_MAX, 0), 64 * MIB - 3);
        assert_int_equal(blob_copy_range(to, 0, back, 3, UINT64_MAX, 0), 64 * MIB - 3);
        scratch_same(from, 0, back, 0, 64 * MIB);
        if (keeps_holes())
                assert_true(scratch_allocated(back) <= 256 * KIB);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        static const char *const filesystems[] = { NULL, "tmpfs", "ramfs", "ext3", "xfs" };
        const struct CMUnitTest tests[] = {
                CASE(test_copies_all_and_keeps_holes),
                CASE(test_steps_bound_a_call_and_keep_holes),
                CASE(test_shifted_copy_keeps_holes),
                CASE(test_holes_are_punched_in_an_old_destination),
                CASE(test_stops_at_the_sources_end),
                CASE(test_nothing_to_copy_changes_nothing),
                CASE(test_a_hole_at_the_end_extends),
                CASE(test_a_short_hole_at_the_end_spares_the_data_before),
                CASE(test_another_writer_is_never_cut),
                CASE(test_within_one_file),
                CASE(test_limits),
                CASE(test_signals_do_not_disturb),
                CASE(test_random_ranges_against_a_model),
                CASE(test_between_filesystems),
        };
        int failed = 0;

        for (size_t i = 0; i < ARRAY_SIZE(filesystems); i++) {
                filesystem = filesystems[i];
                if (scratch_filesystem(filesystem))
                        failed += cmocka_run_group_tests_name(filesystem ? filesystem : "tmp", tests, NULL, NULL);
        }
        return failed;
}
