/* SPDX-License-Identifier: MIT
 * The store itself: made, opened, offline, removed.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

static unsigned mode_of(const char *path) {
        struct stat st;

        assert_int_equal(lstat(path, &st), 0);
        return st.st_mode & 07777;
}

static void reopen(int expected) {
        struct blob_store *store = NULL;

        assert_int_equal(scratch_open(scratch_path, &scratch_owner, &store), expected);
        store = blob_store_close(store);
}

static void test_new_store_is_private_and_marked(void **state) {
        char text[256] = "";
        _cleanup_fd_ int fd = -1;

        (void)state;
        assert_int_equal(mode_of(scratch_path), 0700);
        assert_int_equal(mode_of(scratch_name("store/.imgshare")), 0600);
        assert_int_equal(mode_of(scratch_name("store/.locks")), 0600);
        assert_int_equal(scratch_count(scratch_path), 2);
        fd = open(scratch_name("store/.imgshare"), O_RDONLY | O_CLOEXEC);
        assert_true(read(fd, text, sizeof(text) - 1) > 0);
        assert_string_equal(text, UUID "\nnumber 0000000000000007\ndirectory 2 3\nregion 1\nevent 1\n");
}

static void test_create_is_private_under_any_umask_and_in_an_open_directory(void **state) {
        mode_t old = umask(0);

        (void)state;
        assert_int_equal(mkdir(scratch_name("open"), 0777), 0);
        assert_int_equal(blob_store_create(scratch_name("open"), &scratch_owner, 1), 0);
        assert_int_equal(blob_store_create(scratch_name("new"), &scratch_owner, 1), 0);
        (void)umask(old);
        assert_int_equal(mode_of(scratch_name("open")), 0700);
        assert_int_equal(mode_of(scratch_name("new")), 0700);
        assert_int_equal(mode_of(scratch_name("new/.imgshare")), 0600);
        assert_int_equal(mode_of(scratch_name("new/.locks")), 0600);
}

static void test_create_refuses_a_marked_directory(void **state) {
        (void)state;
        assert_int_equal(blob_store_create(scratch_path, &scratch_owner, 1), -EEXIST);
        assert_int_equal(blob_store_create(scratch_path, &scratch_other, 1), -EEXIST);
        assert_int_equal(blob_store_check(scratch_store), 0);
}

static void test_create_refuses_a_directory_in_use_and_leaves_it(void **state) {
        (void)state;
        assert_int_equal(mkdir(scratch_name("full"), 0755), 0);
        scratch_write(scratch_name("full/a"), "b");
        assert_int_equal(blob_store_create(scratch_name("full"), &scratch_owner, 1), -ENOTEMPTY);
        assert_int_equal(scratch_count(scratch_name("full")), 1);
        assert_int_equal(mode_of(scratch_name("full")), 0755);
}

static void test_create_refuses_what_is_no_directory(void **state) {
        (void)state;
        scratch_write(scratch_name("file"), "");
        assert_int_equal(blob_store_create(scratch_name("file"), &scratch_owner, 1), -ENOTDIR);
        assert_int_equal(blob_store_create(scratch_name("missing/store"), &scratch_owner, 1), -ENOENT);
}

static void test_create_refuses_somebody_elses_directory(void **state) {
        (void)state;
        if (geteuid() != 0)
                skip();
        assert_int_equal(mkdir(scratch_name("theirs"), 0700), 0);
        assert_int_equal(chown(scratch_name("theirs"), 65534, 65534), 0);
        assert_int_equal(blob_store_create(scratch_name("theirs"), &scratch_owner, 1), -EPERM);
        assert_int_equal(scratch_count(scratch_name("theirs")), 0);
}

static void test_create_goes_on_after_a_crash(void **state) {
        (void)state;
        assert_int_equal(mkdir(scratch_name("torn"), 0700), 0);
        scratch_write(scratch_name("torn/.locks"), "");
        scratch_write(scratch_name("torn/.imgshare.tmp"), "6b1c");
        assert_int_equal(blob_store_create(scratch_name("torn"), &scratch_owner, 1), 0);
        assert_int_equal(scratch_count(scratch_name("torn")), 2);
}

static void test_create_refuses_what_another_is_making(void **state) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
        _cleanup_fd_ int fd = -1;

        (void)state;
        assert_int_equal(mkdir(scratch_name("half"), 0700), 0);
        scratch_write(scratch_name("half/.locks"), "");
        fd = open(scratch_name("half/.locks"), O_RDWR | O_CLOEXEC);
        assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
        assert_int_equal(blob_store_create(scratch_name("half"), &scratch_owner, 1), -EEXIST);
        assert_int_equal(scratch_count(scratch_name("half")), 1);
}

static void test_create_without_space_leaves_nothing(void **state) {
        (void)state;
        assert_int_equal(mkdir(scratch_name("small"), 0755), 0);
        if (!scratch_tmpfs(scratch_name("small"), "size=64k,nr_inodes=3,mode=755"))
                skip();
        /* the third inode is the directory's: the mark cannot be made */
        assert_int_equal(blob_store_create(scratch_name("small/store"), &scratch_owner, 1), -ENOSPC);
        assert_int_equal(scratch_count(scratch_name("small")), 0);
        assert_int_equal(blob_store_create(scratch_name("small"), &scratch_owner, 1), 0);
        assert_int_equal(umount(scratch_name("small")), 0);
}

static void test_open_follows_a_symlink_to_the_store(void **state) {
        struct blob_store *store = NULL;

        (void)state;
        assert_int_equal(symlink(scratch_path, scratch_name("link")), 0);
        assert_int_equal(scratch_open(scratch_name("link"), &scratch_owner, &store), 0);
        assert_int_equal(blob_store_check(store), 0);
        store = blob_store_close(store);
}

static void test_open_relative_survives_chdir(void **state) {
        _cleanup_fd_ int here = open(".", O_PATH | O_CLOEXEC);
        struct blob_store *store = NULL;

        (void)state;
        assert_int_equal(chdir(scratch_dir), 0);
        assert_int_equal(scratch_open("store", &scratch_owner, &store), 0);
        assert_int_equal(chdir("/"), 0);
        assert_int_equal(blob_store_check(store), 0);
        store = blob_store_close(store);
        assert_int_equal(fchdir(here), 0);
}

static void test_open_is_offline(void **state) {
        static const char *const marks[] = {
                "", "\n", UUID, UUID "\n\n", OTHER_UUID "\n", "6b1c1f0e-27a5-4c5e-9d0a-0123456789ax\n",
                UUID "\nnumber 0000000000000007\n",
                UUID "\nnumber 7\ndirectory 2 3\nregion 1\nevent 1\n",
                UUID "\nnumber 0000000000000000\ndirectory 2 3\nregion 1\nevent 1\n",
                UUID "\nnumber 0000000000000007\ndirectory 2 3\nregion 1\nevent 1",
                UUID "\nnumber 0000000000000007\ndirectory 2 +3\nregion 1\nevent 1\n",
                UUID "\nnumber 0000000000000007\ndirectory 2 3\nregion 1\nevent 99999999999999999999\n",
                UUID "\nnumber 0000000000000007\ndirectory 2 3\nregion 1\nevent 1\nmore\n",
        };
        struct blob_store *store = NULL;

        (void)state;
        assert_int_equal(scratch_open(scratch_name("missing"), &scratch_owner, &store), -EIO);
        assert_int_equal(mkdir(scratch_name("empty"), 0700), 0);
        assert_int_equal(scratch_open(scratch_name("empty"), &scratch_owner, &store), -EIO);
        scratch_write(scratch_name("file"), "");
        assert_int_equal(scratch_open(scratch_name("file"), &scratch_owner, &store), -EIO);
        assert_int_equal(scratch_open(scratch_path, &scratch_other, &store), -EIO);
        assert_null(store);
        for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
                scratch_write(scratch_name("store/.imgshare"), marks[i]);
                reopen(-EIO);
        }
        scratch_write(scratch_name("store/.imgshare"), UUID "\n");
        reopen(0);
        assert_int_equal(rename(scratch_name("store/.imgshare"), scratch_name("mark")), 0);
        assert_int_equal(symlink(scratch_name("mark"), scratch_name("store/.imgshare")), 0);
        reopen(-EIO);
        assert_int_equal(unlink(scratch_name("store/.imgshare")), 0);
        assert_int_equal(mkdir(scratch_name("store/.imgshare"), 0700), 0);
        reopen(-EIO);
}

static void test_check_notices_mark_removed(void **state) {
        (void)state;
        assert_int_equal(blob_store_check(scratch_store), 0);
        assert_int_equal(unlink(scratch_name("store/.imgshare")), 0);
        assert_int_equal(blob_store_check(scratch_store), -EIO);
        scratch_write(scratch_name("store/.imgshare"), OTHER_UUID "\n");
        assert_int_equal(blob_store_check(scratch_store), -EIO);
        scratch_write(scratch_name("store/.imgshare"), UUID "\n");
        assert_int_equal(blob_store_check(scratch_store), 0);
}

static void test_check_notices_directory_swapped(void **state) {
        (void)state;
        assert_int_equal(rename(scratch_path, scratch_name("away")), 0);
        assert_int_equal(blob_store_check(scratch_store), -EIO);
        assert_int_equal(blob_store_create(scratch_path, &scratch_owner, 1), 0); /* the same uuid, another directory */
        assert_int_equal(blob_store_check(scratch_store), -EIO);
}

static void test_check_notices_unmount(void **state) {
        struct blob_store *store = NULL;

        (void)state;
        assert_int_equal(mkdir(scratch_name("mount"), 0700), 0);
        if (!scratch_tmpfs(scratch_name("mount"), "size=1m"))
                skip();
        assert_int_equal(blob_store_create(scratch_name("mount"), &scratch_owner, 1), 0);
        assert_int_equal(scratch_open(scratch_name("mount"), &scratch_owner, &store), 0);
        assert_int_equal(blob_store_check(store), 0);
        assert_int_equal(umount2(scratch_name("mount"), MNT_DETACH), 0);
        assert_int_equal(blob_store_check(store), -EIO);
        store = blob_store_close(store);
}

static void test_statvfs_tells_the_space(void **state) {
        struct statvfs space, expected;

        (void)state;
        assert_int_equal(blob_store_statvfs(scratch_store, &space), 0);
        assert_int_equal(statvfs(scratch_path, &expected), 0);
        assert_int_equal(space.f_blocks, expected.f_blocks);
        assert_int_equal(space.f_bsize, expected.f_bsize);
}

static void test_same_filesystem_only_where_link_works(void **state) {
        struct blob_store *here = NULL, *there = NULL;
        int fd = -1;

        (void)state;
        assert_int_equal(blob_store_create(scratch_name("here"), &scratch_owner, 1), 0);
        assert_int_equal(scratch_open(scratch_name("here"), &scratch_owner, &here), 0);
        assert_true(blob_store_same_filesystem(scratch_store, here));
        assert_int_equal(blob_create(scratch_store, 1, &fd), 0);
        fd = fd_close(fd);
        assert_int_equal(blob_link(scratch_store, 1, here, 2), 0);
        here = blob_store_close(here);

        assert_int_equal(mkdir(scratch_name("there"), 0700), 0);
        if (!scratch_tmpfs(scratch_name("there"), "size=1m"))
                skip();
        assert_int_equal(blob_store_create(scratch_name("there"), &scratch_owner, 1), 0);
        assert_int_equal(scratch_open(scratch_name("there"), &scratch_owner, &there), 0);
        assert_false(blob_store_same_filesystem(scratch_store, there));
        assert_int_equal(blob_link(scratch_store, 1, there, 2), -EXDEV);
        there = blob_store_close(there);
        assert_int_equal(umount(scratch_name("there")), 0);

        assert_int_equal(mount(scratch_name("here"), scratch_name("there"), "none", MS_BIND, NULL), 0);
        assert_int_equal(scratch_open(scratch_name("there"), &scratch_owner, &there), 0);
        assert_false(blob_store_same_filesystem(scratch_store, there));
        assert_int_equal(blob_link(scratch_store, 1, there, 3), -EXDEV);
        there = blob_store_close(there);
        assert_int_equal(umount(scratch_name("there")), 0);
}

static void test_remove_leaves_nothing(void **state) {
        (void)state;
        scratch_write(scratch_name("store/7.tmp"), "left by a crash");
        assert_int_equal(scratch_remove(scratch_path, &scratch_owner), 0);
        assert_false(scratch_exists(scratch_path));
        assert_int_equal(blob_store_check(scratch_store), -EIO);
}

static void test_remove_refuses_blobs_and_foreign_files(void **state) {
        static const char *const names[] = { "store/5", "store/foreign", "store/05" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                scratch_write(scratch_name(names[i]), "");
                assert_int_equal(scratch_remove(scratch_path, &scratch_owner), -ENOTEMPTY);
                assert_int_equal(blob_store_check(scratch_store), 0);
                assert_int_equal(unlink(scratch_name(names[i])), 0);
        }
        assert_int_equal(scratch_remove(scratch_path, &scratch_other), -EIO);
        assert_int_equal(scratch_count(scratch_path), 2);
}

static void test_remove_leaves_a_mount_point_empty(void **state) {
        (void)state;
        assert_int_equal(mkdir(scratch_name("mount"), 0700), 0);
        if (!scratch_tmpfs(scratch_name("mount"), "size=1m"))
                skip();
        assert_int_equal(blob_store_create(scratch_name("mount"), &scratch_owner, 1), 0);
        assert_int_equal(scratch_remove(scratch_name("mount"), &scratch_owner), 0);
        assert_int_equal(scratch_count(scratch_name("mount")), 0);
        assert_int_equal(umount(scratch_name("mount")), 0);
}

static void test_close_takes_null(void **state) {
        (void)state;
        assert_null(blob_store_close(NULL));
}

static int is_seven(int64_t id, void *context) {
        (void)context;
        return id == 7;
}

static int remark(const char *name) {
        return blob_store_remark(scratch_name(name), &scratch_owner, 5, is_seven, NULL);
}

static void test_a_mark_is_written_anew_where_a_blob_is_wanted(void **state) {
        char text[256] = "";
        _cleanup_fd_ int fd = -1;

        (void)state;
        scratch_write(scratch_name("store/6"), "another's");
        assert_int_equal(remark("store"), -ENOENT);
        scratch_write(scratch_name("store/7"), "ours");
        assert_int_equal(remark("store"), -EEXIST);
        assert_int_equal(unlink(scratch_name("store/.imgshare")), 0);
        assert_int_equal(remark("store"), 0);
        assert_int_equal(remark("store"), -EEXIST);
        scratch_write(scratch_name("store/.imgshare"), "garbage");
        reopen(-EIO);
        assert_int_equal(remark("store"), 0);
        reopen(0);
        fd = open(scratch_name("store/.imgshare"), O_RDONLY | O_CLOEXEC);
        assert_true(read(fd, text, sizeof(text) - 1) > 0);
        assert_string_equal(text, UUID "\nnumber 0000000000000007\ndirectory 2 3\nregion 1\nevent 5\n");
}

static void test_another_catalogs_mark_stays(void **state) {
        (void)state;
        scratch_write(scratch_name("store/7"), "ours");
        scratch_write(scratch_name("store/.imgshare"), OTHER_UUID "\n");
        assert_int_equal(remark("store"), -EEXIST);
        assert_int_equal(remark("missing"), -ENOENT);
        assert_int_equal(remark("store/7"), -ENOTDIR);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

static void test_a_pipe_is_no_mark(void **state) {
        (void)state;
        assert_int_equal(unlink(scratch_name("store/.imgshare")), 0);
        assert_int_equal(mkfifo(scratch_name("store/.imgshare"), 0600), 0);
        (void)alarm(10);
        reopen(-EIO);
        assert_int_equal(blob_store_check(scratch_store), -EIO);
        (void)alarm(0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_new_store_is_private_and_marked),
                CASE(test_create_is_private_under_any_umask_and_in_an_open_directory),
                CASE(test_create_refuses_a_marked_directory),
                CASE(test_create_refuses_a_directory_in_use_and_leaves_it),
                CASE(test_create_refuses_what_is_no_directory),
                CASE(test_create_refuses_somebody_elses_directory),
                CASE(test_create_goes_on_after_a_crash),
                CASE(test_create_refuses_what_another_is_making),
                CASE(test_create_without_space_leaves_nothing),
                CASE(test_open_follows_a_symlink_to_the_store),
                CASE(test_a_pipe_is_no_mark),
                CASE(test_open_relative_survives_chdir),
                CASE(test_open_is_offline),
                CASE(test_check_notices_mark_removed),
                CASE(test_check_notices_directory_swapped),
                CASE(test_check_notices_unmount),
                CASE(test_statvfs_tells_the_space),
                CASE(test_same_filesystem_only_where_link_works),
                CASE(test_remove_leaves_nothing),
                CASE(test_remove_refuses_blobs_and_foreign_files),
                CASE(test_remove_leaves_a_mount_point_empty),
                CASE(test_a_mark_is_written_anew_where_a_blob_is_wanted),
                CASE(test_another_catalogs_mark_stays),
                CASE(test_close_takes_null),
        };

        return cmocka_run_group_tests_name("blob store", tests, NULL, NULL);
}
