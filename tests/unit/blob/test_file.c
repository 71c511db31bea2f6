/* SPDX-License-Identifier: MIT
 * One blob's file, links between two, and replacement; on each available filesystem.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const char *filesystem; /* NULL: that of /tmp */

/* ramfs keeps no holes and counts no blocks */
static bool keeps_holes(void) {
        return !filesystem || strcmp(filesystem, "ramfs") != 0;
}

static ino_t inode_of(int64_t id) {
        struct stat st;

        assert_int_equal(blob_stat(scratch_store, id, &st), 0);
        return st.st_ino;
}

static void make(int64_t id, uint64_t size) {
        _cleanup_fd_ int fd = -1;

        assert_int_equal(blob_create(scratch_store, id, &fd), 0);
        scratch_fill(fd, 0, size);
}

static void test_create_gives_an_empty_private_file(void **state) {
        struct stat st;
        int fd = -1;

        (void)state;
        assert_int_equal(blob_create(scratch_store, 5, &fd), 0);
        assert_int_equal(write(fd, "x", 1), 1);
        assert_int_equal(pread(fd, (char[1]){ 0 }, 1, 0), 1);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        fd = fd_close(fd);
        assert_int_equal(blob_stat(scratch_store, 5, &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(st.st_size, 1);
        assert_true(scratch_exists(scratch_name("store/5")));
        assert_int_equal(blob_create(scratch_store, 5, &fd), -EEXIST);
        assert_int_equal(fd, -1);
}

static void test_missing_blobs(void **state) {
        struct stat st;
        int fd = -1;

        (void)state;
        assert_int_equal(blob_open(scratch_store, 5, O_RDONLY, &fd), -ENOENT);
        assert_int_equal(blob_stat(scratch_store, 5, &st), -ENOENT);
        assert_int_equal(blob_link(scratch_store, 5, scratch_store, 6), -ENOENT);
        assert_int_equal(blob_unlink(scratch_store, 5), 0);
        assert_int_equal(scratch_count(scratch_path), 2);
}

static void test_what_is_no_file_is_no_blob(void **state) {
        struct stat st;
        int fd = -1;

        (void)state;
        make(7, 1);
        assert_int_equal(symlink("7", scratch_name("store/5")), 0);
        assert_int_equal(mkdir(scratch_name("store/6"), 0700), 0);
        assert_int_equal(mkfifo(scratch_name("store/4"), 0600), 0);
        (void)alarm(10); /* opening a pipe can hang */
        for (int64_t id = 4; id <= 6; id++) {
                assert_int_equal(blob_open(scratch_store, id, O_RDONLY, &fd), -ENOENT);
                assert_int_equal(blob_open(scratch_store, id, O_RDWR, &fd), -ENOENT);
                assert_int_equal(blob_stat(scratch_store, id, &st), -ENOENT);
                assert_int_equal(blob_create(scratch_store, id, &fd), -EEXIST);
        }
        (void)alarm(0);
        assert_int_equal(fd, -1);
}

static void test_open_for_reading_only_reads(void **state) {
        int fd = -1;

        (void)state;
        make(5, 10);
        assert_int_equal(blob_open(scratch_store, 5, O_RDONLY, &fd), 0);
        assert_int_equal(write(fd, "x", 1), -1);
        assert_int_equal(errno, EBADF);
        fd = fd_close(fd);
        assert_int_equal(blob_open(scratch_store, 5, O_RDWR, &fd), 0);
        assert_int_equal(write(fd, "x", 1), 1);
        assert_int_equal(blob_sync(scratch_store, fd), 0);
        fd = fd_close(fd);
        assert_int_equal(blob_sync(scratch_store, -1), -EBADF);
}

static void test_unlinked_blob_stays_readable_to_its_holder(void **state) {
        int fd = -1;
        char c;

        (void)state;
        make(5, 10);
        assert_int_equal(blob_open(scratch_store, 5, O_RDONLY, &fd), 0);
        assert_int_equal(blob_unlink(scratch_store, 5), 0);
        assert_false(scratch_exists(scratch_name("store/5")));
        assert_int_equal(read(fd, &c, 1), 1);
        fd = fd_close(fd);
}

static bool is_linked(int fd) {
        struct stat st;

        assert_int_equal(fstat(fd, &st), 0);
        return st.st_nlink > 1;
}

static void test_link_gives_the_same_file(void **state) {
        _cleanup_fd_ int fd = -1;

        (void)state;
        make(5, 10);
        assert_int_equal(blob_open(scratch_store, 5, O_RDONLY, &fd), 0);
        assert_false(is_linked(fd));
        assert_int_equal(blob_link(scratch_store, 5, scratch_store, 6), 0);
        assert_int_equal(inode_of(5), inode_of(6));
        assert_true(is_linked(fd));
        assert_int_equal(blob_unlink(scratch_store, 5), 0);
        assert_false(is_linked(fd));
        assert_int_equal(scratch_count(scratch_path), 3);
}

static void test_link_replaces_another_blob(void **state) {
        ino_t source;

        (void)state;
        make(5, 10);
        make(6, 20);
        source = inode_of(5);
        assert_int_equal(blob_link(scratch_store, 5, scratch_store, 6), 0);
        assert_int_equal(inode_of(6), source);
        assert_int_equal(scratch_count(scratch_path), 4);
}

static void test_link_over_itself_leaves_no_temporary_file(void **state) {
        _cleanup_fd_ int fd = -1;

        (void)state;
        make(5, 10);
        assert_int_equal(blob_link(scratch_store, 5, scratch_store, 5), 0);
        assert_int_equal(blob_link(scratch_store, 5, scratch_store, 6), 0);
        assert_int_equal(blob_link(scratch_store, 5, scratch_store, 6), 0); /* is linked already */
        assert_int_equal(scratch_count(scratch_path), 4);
        assert_int_equal(blob_unlink(scratch_store, 6), 0);
        assert_int_equal(blob_open(scratch_store, 5, O_RDONLY, &fd), 0);
        assert_false(is_linked(fd));
}

static void test_temporary_file_of_a_crash_is_no_obstacle(void **state) {
        int fd = -1;

        (void)state;
        make(5, 10);
        scratch_write(scratch_name("store/6.tmp"), "torn");
        assert_int_equal(blob_link(scratch_store, 5, scratch_store, 6), 0);
        assert_int_equal(inode_of(5), inode_of(6));
        assert_int_equal(link(scratch_name("store/5"), scratch_name("store/7.tmp")), 0); /* a crash in blob_link */
        assert_int_equal(blob_open(scratch_store, 5, O_RDONLY, &fd), 0);
        assert_int_equal(blob_replace(scratch_store, 7, fd, 10, &(int){ -1 }), 0);
        fd = fd_close(fd);
        assert_int_not_equal(inode_of(5), inode_of(7));
        assert_int_equal(scratch_count(scratch_path), 5);
}

static void test_own_copies_what_others_have_too(void **state) {
        _cleanup_fd_ int source = -1, first = -1, second = -1;

        (void)state;
        make(5, 100 * KIB);
        assert_int_equal(blob_link(scratch_store, 5, scratch_store, 6), 0);
        assert_int_equal(blob_open(scratch_store, 5, O_RDONLY, &source), 0);
        assert_int_equal(blob_separate(scratch_store, 6, 60 * KIB, &first), 0);
        assert_false(is_linked(source));
        assert_int_not_equal(inode_of(5), inode_of(6));
        assert_int_equal(scratch_size(first), 60 * KIB);
        scratch_same(source, 0, first, 0, 60 * KIB);
        assert_int_equal(pwrite(first, "x", 1, 0), 1);
        assert_int_equal(blob_separate(scratch_store, 6, UINT64_MAX, &second), 0); /* no link: keeps its bytes */
        scratch_same(first, 0, second, 0, 60 * KIB);
        assert_int_equal(pwrite(second, "y", 1, 1), 1);
        assert_int_equal(blob_separate(scratch_store, 7, 1, &(int){ -1 }), -ENOENT);
        assert_int_equal(scratch_count(scratch_path), 4);
}

static void test_replace_makes_a_linked_blob_its_own(void **state) {
        _cleanup_fd_ int old = -1, new = -1;
        char byte;

        (void)state;
        make(5, 100 * KIB);
        assert_int_equal(blob_link(scratch_store, 5, scratch_store, 6), 0);
        assert_int_equal(blob_open(scratch_store, 6, O_RDONLY, &old), 0);
        assert_int_equal(blob_replace(scratch_store, 6, old, 100 * KIB, &new), 0);
        assert_true(fcntl(new, F_GETFD) & FD_CLOEXEC);
        assert_false(is_linked(new));
        assert_false(is_linked(old));
        scratch_same(old, 0, new, 0, 100 * KIB);
        assert_int_equal(scratch_size(new), 100 * KIB);
        assert_int_equal(pwrite(new, "\0", 1, 0), 1); /* bytes of scratch_fill are odd */
        assert_int_equal(pread(old, &byte, 1, 0), 1);
        assert_int_not_equal(byte, 0);
        assert_int_equal(scratch_count(scratch_path), 4);
}

static void test_replace_takes_a_prefix(void **state) {
        static const uint64_t sizes[] = { 0, 1, 4095, 4096, 4097, 70000, 300 * KIB, 300 * KIB + 5, 10 * MIB };

        (void)state;
        make(5, 300 * KIB + 5);
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                uint64_t common = sizes[i] < 300 * KIB + 5 ? sizes[i] : 300 * KIB + 5;
                _cleanup_fd_ int from = -1, fd = -1;

                assert_int_equal(blob_open(scratch_store, 5, O_RDONLY, &from), 0);
                assert_int_equal(blob_replace(scratch_store, 6, from, sizes[i], &fd), 0);
                assert_int_equal(scratch_size(fd), sizes[i]);
                scratch_same(from, 0, fd, 0, common);
                if (keeps_holes())
                        assert_true(scratch_allocated(fd) < common + 64 * KIB);
        }
}

static void test_replace_from_itself(void **state) {
        _cleanup_fd_ int from = -1, fd = -1;

        (void)state;
        make(5, 100 * KIB);
        assert_int_equal(blob_open(scratch_store, 5, O_RDONLY, &from), 0);
        assert_int_equal(blob_replace(scratch_store, 5, from, 50 * KIB, &fd), 0);
        scratch_same(from, 0, fd, 0, 50 * KIB);
        assert_int_equal(scratch_size(fd), 50 * KIB);
        assert_int_equal(scratch_size(from), 100 * KIB);
}

static void test_replace_keeps_holes(void **state) {
        _cleanup_fd_ int from = -1, fd = -1;

        (void)state;
        if (!keeps_holes())
                skip();
        assert_int_equal(blob_create(scratch_store, 5, &from), 0);
        assert_int_equal(ftruncate(from, (off_t)(40 * MIB)), 0);
        scratch_fill(from, 16 * MIB, 64 * KIB);
        assert_int_equal(blob_replace(scratch_store, 6, from, 30 * MIB, &fd), 0);
        assert_int_equal(scratch_size(fd), 30 * MIB);
        assert_true(scratch_allocated(fd) < MIB);
        scratch_same(from, 0, fd, 0, 30 * MIB);
        assert_int_equal(blob_is_hole(fd, 0, 16 * MIB), 1);
        assert_int_equal(blob_is_hole(fd, 17 * MIB, 13 * MIB), 1);
}

static bool shared_extents(int fd) {
        _cleanup_free_ struct fiemap *map = calloc(1, sizeof(*map) + sizeof(struct fiemap_extent));

        assert_non_null(map);
        map->fm_length = FIEMAP_MAX_OFFSET;
        map->fm_flags = FIEMAP_FLAG_SYNC;
        map->fm_extent_count = 1;
        assert_int_equal(ioctl(fd, FS_IOC_FIEMAP, map), 0);
        return map->fm_mapped_extents == 1 && map->fm_extents[0].fe_flags & FIEMAP_EXTENT_SHARED;
}

static void test_replace_reflinks_where_the_filesystem_can(void **state) {
        static const uint64_t sizes[] = { 8 * MIB, 5 * MIB, 5 * MIB + 17, 8 * MIB + 3 };

        (void)state;
        if (!filesystem || strcmp(filesystem, "xfs") != 0)
                skip();
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                _cleanup_fd_ int from = -1, fd = -1;

                make(100 + (int64_t)i, 8 * MIB + 3);
                assert_int_equal(blob_open(scratch_store, 100 + (int64_t)i, O_RDONLY, &from), 0);
                assert_int_equal(blob_replace(scratch_store, 6, from, sizes[i], &fd), 0);
                assert_true(shared_extents(fd));
                scratch_same(from, 0, fd, 0, sizes[i]);
        }
}

static void test_replace_from_another_filesystem(void **state) {
        char path[] = "/tmp/blob-from-XXXXXX";
        _cleanup_fd_ int from = mkstemp(path), fd = -1;

        (void)state;
        assert_true(from >= 0);
        assert_int_equal(unlink(path), 0);
        scratch_fill(from, 0, 3 * MIB + 5);
        assert_int_equal(ftruncate(from, (off_t)(9 * MIB)), 0);
        assert_int_equal(blob_replace(scratch_store, 6, from, 9 * MIB, &fd), 0);
        scratch_same(from, 0, fd, 0, 9 * MIB);
        if (keeps_holes())
                assert_true(scratch_allocated(fd) < 4 * MIB);
}

static void test_failed_replace_leaves_the_old_one(void **state) {
        int fd = -1, from = -1;
        ino_t before;

        (void)state;
        make(5, 10);
        make(6, 20);
        before = inode_of(6);
        assert_int_equal(blob_open(scratch_store, 5, O_RDONLY, &from), 0);
        assert_int_equal(blob_replace(scratch_store, 6, from, UINT64_MAX, &fd), -EFBIG);
        assert_int_equal(blob_replace(scratch_store, 6, -1, 10, &fd), -EBADF);
        from = fd_close(from);
        from = open(scratch_name("store/5"), O_WRONLY | O_CLOEXEC);
        assert_int_equal(blob_replace(scratch_store, 6, from, 10, &fd), -EBADF);
        from = fd_close(from);
        assert_int_equal(fd, -1);
        assert_int_equal(inode_of(6), before);
        assert_int_equal(scratch_count(scratch_path), 4);
}

static void test_replace_above_the_size_limit(void **state) {
        int status;
        pid_t pid;

        (void)state;
        make(5, 64 * KIB);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                struct rlimit limit = { 32 * KIB, 32 * KIB };
                int from = -1, fd = -1;

                (void)signal(SIGXFSZ, SIG_IGN);
                if (setrlimit(RLIMIT_FSIZE, &limit) < 0 || blob_open(scratch_store, 5, O_RDONLY, &from) < 0)
                        _exit(1);
                if (blob_replace(scratch_store, 5, from, 64 * KIB, &fd) != -EFBIG)
                        _exit(2);
                _exit(blob_replace(scratch_store, 6, from, 16 * KIB, &fd) == 0 ? 0 : 3);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(scratch_count(scratch_path), 4);
}

/* No space, on a small tmpfs with its own store. */
static void test_full_filesystem_leaves_the_old_blob(void **state) {
        struct blob_store *small = NULL;
        int from = -1, fd = -1;
        struct stat before, after;

        (void)state;
        assert_int_equal(mkdir(scratch_name("small"), 0700), 0);
        if (!scratch_tmpfs(scratch_name("small"), "size=1m,nr_inodes=6"))
                skip();
        assert_int_equal(blob_store_create(scratch_name("small"), &scratch_owner, 1), 0);
        assert_int_equal(scratch_open(scratch_name("small"), &scratch_owner, &small), 0);
        assert_int_equal(blob_create(small, 6, &fd), 0);
        scratch_fill(fd, 0, 100 * KIB);
        fd = fd_close(fd);
        assert_int_equal(blob_stat(small, 6, &before), 0);

        make(5, 4 * MIB);
        assert_int_equal(blob_open(scratch_store, 5, O_RDONLY, &from), 0);
        assert_int_equal(blob_replace(small, 6, from, 4 * MIB, &fd), -ENOSPC);
        assert_int_equal(blob_stat(small, 6, &after), 0);
        assert_int_equal(after.st_ino, before.st_ino);
        assert_int_equal(after.st_size, before.st_size);
        assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
        assert_int_equal(scratch_count(scratch_name("small")), 3);

        assert_int_equal(blob_open(small, 6, O_RDWR, &fd), 0);
        scratch_same(from, 0, fd, 0, 100 * KIB);
        assert_int_equal(blob_copy_range(from, 0, fd, 0, 4 * MIB, 0), -ENOSPC);
        fd = fd_close(fd);
        for (int64_t id = 7; id <= 8; id++) {
                assert_int_equal(blob_create(small, id, &fd), 0);
                fd = fd_close(fd);
        }
        assert_int_equal(blob_create(small, 9, &fd), -ENOSPC); /* no inode */
        from = fd_close(from);
        small = blob_store_close(small);
        assert_int_equal(umount(scratch_name("small")), 0);
}

static void test_is_hole(void **state) {
        static const struct {
                uint64_t offset, length;
                int expected;
        } cases[] = {
                { 0, MIB, 1 },           { 0, MIB + 1, 0 },          { MIB, 1, 0 },
                { MIB - 1, 1, 1 },       { MIB + 64 * KIB, MIB, 1 }, { MIB + 64 * KIB - 1, 1, 0 },
                { MIB, 0, 1 },           { 0, UINT64_MAX, 0 },       { 2 * MIB, UINT64_MAX, 1 },
                { 8 * MIB, 10, 1 },      { UINT64_MAX, 1, 1 },       { INT64_MAX, 5, 1 },
        };
        _cleanup_fd_ int fd = -1;

        (void)state;
        if (!keeps_holes())
                skip();
        assert_int_equal(blob_create(scratch_store, 5, &fd), 0);
        assert_int_equal(blob_is_hole(fd, 0, 10), 1);
        assert_int_equal(ftruncate(fd, (off_t)(4 * MIB)), 0);
        scratch_fill(fd, MIB, 64 * KIB);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (blob_is_hole(fd, cases[i].offset, cases[i].length) != cases[i].expected)
                        fail_msg("case %zu", i);
        assert_int_equal(blob_is_hole(-1, 0, 1), -EBADF);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        static const char *const filesystems[] = { NULL, "tmpfs", "ramfs", "ext3", "xfs" };
        const struct CMUnitTest tests[] = {
                CASE(test_create_gives_an_empty_private_file),
                CASE(test_missing_blobs),
                CASE(test_what_is_no_file_is_no_blob),
                CASE(test_open_for_reading_only_reads),
                CASE(test_unlinked_blob_stays_readable_to_its_holder),
                CASE(test_link_gives_the_same_file),
                CASE(test_link_replaces_another_blob),
                CASE(test_link_over_itself_leaves_no_temporary_file),
                CASE(test_temporary_file_of_a_crash_is_no_obstacle),
                CASE(test_own_copies_what_others_have_too),
                CASE(test_replace_makes_a_linked_blob_its_own),
                CASE(test_replace_takes_a_prefix),
                CASE(test_replace_from_itself),
                CASE(test_replace_keeps_holes),
                CASE(test_replace_reflinks_where_the_filesystem_can),
                CASE(test_replace_from_another_filesystem),
                CASE(test_failed_replace_leaves_the_old_one),
                CASE(test_replace_above_the_size_limit),
                CASE(test_full_filesystem_leaves_the_old_blob),
                CASE(test_is_hole),
        };
        int failed = 0;

        for (size_t i = 0; i < ARRAY_SIZE(filesystems); i++) {
                filesystem = filesystems[i];
                if (scratch_filesystem(filesystem))
                        failed += cmocka_run_group_tests_name(filesystem ? filesystem : "tmp", tests, NULL, NULL);
        }
        return failed;
}
