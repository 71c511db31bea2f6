/* SPDX-License-Identifier: MIT
 * Directories and filesystems for the blob tests. Mounts are made in a mount namespace of the test, and end with it.
 */
#include "scratch.h"

#include <fcntl.h>
#include <ftw.h>
#include <mntent.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>

char scratch_dir[64];
char scratch_path[80];
struct blob_store *scratch_store;

const struct blob_owner scratch_owner = { .uuid = UUID, .number = 7, .region = 1, .inode = 2, .birth = 3 };
const struct blob_owner scratch_other = { .uuid = OTHER_UUID, .number = 7, .region = 1, .inode = 2, .birth = 3 };

static char base[64] = "/tmp";

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

static void remove_tree(const char *path) {
        (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS); /* leftovers stay in /tmp */
}

int scratch_open(const char *path, const struct blob_owner *owner, struct blob_store **ret_store) {
        _cleanup_(cleanup_blob_store) struct blob_store *store = NULL;
        int r = blob_store_open(path, NULL, owner, &store);

        if (r >= 0)
                r = blob_store_claim(store, owner->number);
        if (r == 0)
                *ret_store = TAKE_PTR(store);
        return r;
}

int scratch_remove(const char *path, const struct blob_owner *owner) {
        _cleanup_(cleanup_blob_store) struct blob_store *store = NULL;
        int r = scratch_open(path, owner, &store);

        return r < 0 ? r : blob_store_remove(store);
}

int scratch_setup(void **state) {
        (void)state;
        (void)snprintf(scratch_dir, sizeof(scratch_dir), "%.40s/blob-XXXXXX", base);
        assert_non_null(mkdtemp(scratch_dir));
        (void)snprintf(scratch_path, sizeof(scratch_path), "%s/store", scratch_dir);
        assert_int_equal(blob_store_create(scratch_path, &scratch_owner, 1), 0);
        assert_int_equal(scratch_open(scratch_path, &scratch_owner, &scratch_store), 0);
        return 0;
}

int scratch_teardown(void **state) {
        (void)state;
        scratch_store = blob_store_close(scratch_store);
        remove_tree(scratch_dir);
        return 0;
}

/* Unmounts copies of others' mounts: they would keep another test's daemon alive after it has unmounted. */
static void leave_others_mounts(void) {
        FILE *mounts = setmntent("/proc/self/mounts", "r");
        struct mntent *entry;

        assert_non_null(mounts);
        while ((entry = getmntent(mounts)))
                if (strncmp(entry->mnt_type, "fuse", 4) == 0)
                        (void)umount2(entry->mnt_dir, MNT_DETACH); /* it may be gone */
        (void)endmntent(mounts); /* always 1 */
}

static bool namespace_own(void) {
        static bool own;

        if (!own && geteuid() == 0) {
                own = unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0;
                if (own)
                        leave_others_mounts();
        }
        return own;
}

bool scratch_tmpfs(const char *path, const char *options) {
        return namespace_own() && mount("scratch", path, "tmpfs", 0, options) == 0;
}

static bool loop_mount(const char *type, const char *mkfs, const char *size, const char *at) {
        char command[400];

        (void)snprintf(command, sizeof(command),
                       "i=$(mktemp /tmp/blob-image-XXXXXX) && truncate -s %s \"$i\" && "
                       "%s \"$i\" >/dev/null 2>&1 && mount -o loop -t %s \"$i\" %s 2>/dev/null; "
                       "r=$?; rm -f \"$i\"; exit $r",
                       size, mkfs, type, at);
        return system(command) == 0;
}

/* Runs also at exit; removes the mount point, too. */
__attribute__((destructor)) static void filesystem_leave(void) {
        if (strncmp(base, "/tmp/blob-mount-", 16) == 0 && umount2(base, MNT_DETACH) == 0)
                (void)rmdir(base);
        (void)snprintf(base, sizeof(base), "/tmp");
}

bool scratch_filesystem(const char *type) {
        char at[] = "/tmp/blob-mount-XXXXXX";
        bool mounted = false;

        filesystem_leave();
        if (!type)
                return true;
        if (!namespace_own() || !mkdtemp(at))
                return false;
        if (strcmp(type, "ext3") == 0)
                mounted = loop_mount("ext3", "PATH=$PATH:/sbin:/usr/sbin mkfs.ext3 -q -F", "64M", at);
        else if (strcmp(type, "xfs") == 0)
                mounted = loop_mount("xfs", "PATH=$PATH:/sbin:/usr/sbin mkfs.xfs -q -m reflink=1", "320M", at);
        else
                mounted = mount("scratch", at, type, 0, NULL) == 0;
        if (mounted)
                (void)snprintf(base, sizeof(base), "%s", at);
        else
                (void)rmdir(at);
        return mounted;
}

const char *scratch_name(const char *name) {
        static char names[4][128];
        static unsigned next;

        next = (next + 1) % ARRAY_SIZE(names);
        (void)snprintf(names[next], sizeof(names[next]), "%s/%s", scratch_dir, name);
        return names[next];
}

void scratch_write(const char *path, const char *text) {
        _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

bool scratch_exists(const char *path) {
        return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int scratch_count(const char *path) {
        _cleanup_dir_ DIR *dir = opendir(path);
        int n = -2; /* . and .. */

        assert_non_null(dir);
        while (readdir(dir))
                n++;
        return n;
}

void scratch_fill(int fd, uint64_t offset, uint64_t length) {
        _cleanup_free_ uint8_t *bytes = malloc(length + 1);

        assert_non_null(bytes);
        for (uint64_t i = 0; i < length; i++)
                bytes[i] = (uint8_t)(((offset + i) * 2654435761u >> 13) | 1);
        assert_int_equal(pwrite(fd, bytes, length, (off_t)offset), length);
}

void scratch_same(int a, uint64_t a_offset, int b, uint64_t b_offset, uint64_t length) {
        static char one[64 * 1024], two[64 * 1024];

        for (uint64_t at = 0; at < length; at += sizeof(one)) {
                size_t n = length - at < sizeof(one) ? (size_t)(length - at) : sizeof(one);

                assert_int_equal(pread(a, one, n, (off_t)(a_offset + at)), n);
                assert_int_equal(pread(b, two, n, (off_t)(b_offset + at)), n);
                assert_memory_equal(one, two, n);
        }
}

uint64_t scratch_size(int fd) {
        struct stat st;

        assert_int_equal(fstat(fd, &st), 0);
        return (uint64_t)st.st_size;
}

uint64_t scratch_allocated(int fd) {
        struct stat st;

        assert_int_equal(fsync(fd), 0);
        assert_int_equal(fstat(fd, &st), 0);
        return (uint64_t)st.st_blocks * 512;
}

int64_t scratch_now_ms(void) {
        struct timespec now;

        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
