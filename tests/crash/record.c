/* SPDX-License-Identifier: MIT
 * LD_PRELOAD: records, in one log for all processes, every change and flush below a directory, in the order in which
 * they happen: a lock is held around each call and its record. For calls that move bytes within the kernel, the bytes
 * are read back; passthrough is refused. The wal-index is left out: SQLite makes it again. Modes, times and locks are
 * not recorded.
 *
 * RECORD_ROOT: the directory; RECORD_LOG: the log; RECORD_LOCK: a file of one page of zeros.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* of ioctl(2): FUSE_DEV_IOC_BACKING_OPEN, which older headers lack */
#define FUSE_DEVICE 229
#define FUSE_PASSTHROUGH 1

enum kind { CREATE = 1, MKDIR, WRITE, SIZE, PUNCH, SYNC, SYNC_DIR, RENAME, LINK, UNLINK };

struct record {
        uint32_t kind, path_size, to_size, data_size;
        uint64_t inode, offset, length;
};

static const char *root;
static size_t root_size;
static int log_fd = -1;
static pthread_mutex_t *lock;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((noreturn)) static void give_up(const char *what) {
        perror(what);
        _exit(99);
}

__attribute__((constructor)) static void start(void) {
        const char *log = getenv("RECORD_LOG"), *lock_file = getenv("RECORD_LOCK");
        int fd;

        if (!getenv("RECORD_ROOT") || !log || !lock_file)
                return;
        log_fd = REAL(open)(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        fd = REAL(open)(lock_file, O_RDWR | O_CLOEXEC);
        lock = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*lock), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (log_fd < 0 || lock == MAP_FAILED)
                give_up("record");
        (void)close(fd);
        root = getenv("RECORD_ROOT");
        root_size = strlen(root);
}

/* Makes the lock; called by the program that starts the processes (record_lock). */
int record_lock_init(void *memory);
int record_lock_init(void *memory) {
        pthread_mutexattr_t attributes;

        (void)pthread_mutexattr_init(&attributes);
        (void)pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        (void)pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
        return pthread_mutex_init(memory, &attributes);
}

static void begin(void) {
        if (pthread_mutex_lock(lock) == EOWNERDEAD)
                (void)pthread_mutex_consistent(lock);
}

static void end(void) {
        int e = errno;

        (void)pthread_mutex_unlock(lock);
        errno = e;
}

static bool is_below(const char *path) {
        size_t size = strlen(path);

        return root && strncmp(path, root, root_size) == 0 && (size < 4 || strcmp(path + size - 4, "-shm") != 0);
}

static void path_of_fd(int fd, char path[static PATH_MAX]) {
        char link[64];
        ssize_t n;

        (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, PATH_MAX - 1);
        path[n < 0 ? 0 : n] = '\0';
}

static bool path_at(int dir_fd, const char *name, char path[static PATH_MAX]) {
        char folder[PATH_MAX];
        int length = 0;

        if (!root)
                return false;
        if (sscanf(name, "/proc/self/fd/%d/%n", &dir_fd, &length) == 1 && length > 0)
                name += length; /* below a descriptor, as SQLite opens the catalog */
        if (name[0] == '/') {
                (void)snprintf(path, PATH_MAX, "%s", name);
        } else {
                if (dir_fd != AT_FDCWD)
                        path_of_fd(dir_fd, folder);
                else if (!getcwd(folder, sizeof(folder)))
                        folder[0] = '\0';
                if (snprintf(path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
                        return false;
        }
        return is_below(path);
}

/* Are changes of this file or directory recorded? */
static bool is_recorded(int fd, struct stat *ret_stat) {
        char path[PATH_MAX];
        int e = errno;
        bool recorded = root && fstat(fd, ret_stat) == 0 && (S_ISREG(ret_stat->st_mode) || S_ISDIR(ret_stat->st_mode));

        if (recorded) {
                path_of_fd(fd, path);
                recorded = is_below(path);
        }
        errno = e;
        return recorded;
}

static void put(const struct record *r, const char *path, const char *to, const void *data) {
        struct record record = *r;
        struct iovec parts[4];
        ssize_t size = 0, n;

        record.path_size = path ? (uint32_t)strlen(path) : 0;
        record.to_size = to ? (uint32_t)strlen(to) : 0;
        parts[0] = (struct iovec){ &record, sizeof(record) };
        parts[1] = (struct iovec){ (void *)path, record.path_size };
        parts[2] = (struct iovec){ (void *)to, record.to_size };
        parts[3] = (struct iovec){ (void *)data, record.data_size };
        for (int i = 0; i < 4; i++)
                size += (ssize_t)parts[i].iov_len;
        n = REAL(writev)(log_fd, parts, 4);
        if (n != size)
                give_up("record: the log");
}

static void put_write(int fd, const struct stat *st, off_t offset, const void *data, ssize_t size) {
        void *back = NULL;

        if (size <= 0)
                return;
        if (!data) {
                back = malloc((size_t)size);
                if (!back || pread(fd, back, (size_t)size, offset) != size)
                        give_up("record: reading back");
        }
        put(&(struct record){ .kind = WRITE,
                              .inode = st->st_ino,
                              .offset = (uint64_t)offset,
                              .data_size = (uint32_t)size },
            NULL, NULL, data ? data : back);
        free(back);
}

static void put_size(int fd, const struct stat *before) {
        struct stat st;

        if (fstat(fd, &st) == 0 && st.st_size != before->st_size)
                put(&(struct record){ .kind = SIZE, .inode = st.st_ino, .length = (uint64_t)st.st_size }, NULL, NULL,
                    NULL);
}

/* --- files --- */

static int open_at(int dir_fd, const char *name, int flags, mode_t mode) {
        char path[PATH_MAX];
        struct stat st;
        bool there;
        int fd;

        if (!(flags & (O_CREAT | O_TRUNC)) || !path_at(dir_fd, name, path))
                return REAL(openat)(dir_fd, name, flags, mode);
        begin();
        there = faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        fd = REAL(openat)(dir_fd, name, flags, mode);
        if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (!there || flags & O_TRUNC))
                put(&(struct record){ .kind = there ? SIZE : CREATE, .inode = st.st_ino }, path, NULL, NULL);
        end();
        return fd;
}

static mode_t mode_of(int flags, va_list arguments) {
        return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

int open(const char *name, int flags, ...) {
        va_list arguments;
        int fd;

        va_start(arguments, flags);
        fd = open_at(AT_FDCWD, name, flags, mode_of(flags, arguments));
        va_end(arguments);
        return fd;
}

int openat(int dir_fd, const char *name, int flags, ...) {
        va_list arguments;
        int fd;

        va_start(arguments, flags);
        fd = open_at(dir_fd, name, flags, mode_of(flags, arguments));
        va_end(arguments);
        return fd;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
        struct stat st;
        ssize_t n;

        if (!is_recorded(fd, &st))
                return REAL(pwrite)(fd, data, size, offset);
        begin();
        n = REAL(pwrite)(fd, data, size, offset);
        put_write(fd, &st, offset, data, n);
        end();
        return n;
}

ssize_t write(int fd, const void *data, size_t size) {
        struct stat st;
        ssize_t n;

        if (fd == log_fd || !is_recorded(fd, &st))
                return REAL(write)(fd, data, size);
        begin();
        n = REAL(write)(fd, data, size);
        put_write(fd, &st, lseek(fd, 0, SEEK_CUR) - n, data, n);
        end();
        return n;
}

/* Gives up: nobody writes to these files with writev. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
        struct stat st;

        if (is_recorded(fd, &st))
                give_up("record: writev");
        return REAL(writev)(fd, parts, count);
}

int ftruncate(int fd, off_t size) {
        struct stat st;
        int r;

        if (!is_recorded(fd, &st))
                return REAL(ftruncate)(fd, size);
        begin();
        (void)fstat(fd, &st);
        r = REAL(ftruncate)(fd, size);
        put_size(fd, &st);
        end();
        return r;
}

int fallocate(int fd, int mode, off_t offset, off_t length) {
        struct stat st;
        int r;

        if (!is_recorded(fd, &st))
                return REAL(fallocate)(fd, mode, offset, length);
        begin();
        (void)fstat(fd, &st);
        r = REAL(fallocate)(fd, mode, offset, length);
        if (r == 0 && mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
                put(&(struct record){ .kind = PUNCH,
                                      .inode = st.st_ino,
                                      .offset = (uint64_t)offset,
                                      .length = (uint64_t)length },
                    NULL, NULL, NULL);
        if (r == 0)
                put_size(fd, &st);
        end();
        return r;
}

ssize_t copy_file_range(int in, off_t *in_offset, int out, off_t *out_offset, size_t size, unsigned flags) {
        struct stat st;
        off_t offset;
        ssize_t n;

        if (!is_recorded(out, &st))
                return REAL(copy_file_range)(in, in_offset, out, out_offset, size, flags);
        begin();
        offset = out_offset ? *out_offset : lseek(out, 0, SEEK_CUR);
        n = REAL(copy_file_range)(in, in_offset, out, out_offset, size, flags);
        put_write(out, &st, offset, NULL, n);
        end();
        return n;
}

ssize_t splice(int in, off_t *in_offset, int out, off_t *out_offset, size_t size, unsigned flags) {
        struct stat st;
        off_t offset;
        ssize_t n;

        if (!is_recorded(out, &st))
                return REAL(splice)(in, in_offset, out, out_offset, size, flags);
        begin();
        offset = out_offset ? *out_offset : lseek(out, 0, SEEK_CUR);
        n = REAL(splice)(in, in_offset, out, out_offset, size, flags);
        put_write(out, &st, offset, NULL, n);
        end();
        return n;
}

int ioctl(int fd, unsigned long request, ...) {
        const struct file_clone_range *range;
        struct stat st, from;
        va_list arguments;
        void *argument;
        int r;

        va_start(arguments, request);
        argument = va_arg(arguments, void *);
        va_end(arguments);
        if (_IOC_DIR(request) == _IOC_WRITE && _IOC_TYPE(request) == FUSE_DEVICE &&
            _IOC_NR(request) == FUSE_PASSTHROUGH) {
                errno = EPERM; /* writes by the kernel itself could not be recorded */
                return -1;
        }
        if (request != FICLONERANGE || !is_recorded(fd, &st))
                return REAL(ioctl)(fd, request, argument);
        begin();
        range = argument;
        r = REAL(ioctl)(fd, request, argument);
        if (r == 0 && fstat((int)range->src_fd, &from) == 0)
                put_write(fd, &st, (off_t)range->dest_offset, NULL,
                          range->src_length ? (ssize_t)range->src_length : from.st_size - (off_t)range->src_offset);
        end();
        return r;
}

static int sync_file(int fd, int (*call)(int fd)) {
        char path[PATH_MAX];
        struct stat st;
        int r;

        if (!is_recorded(fd, &st))
                return call(fd);
        path_of_fd(fd, path);
        begin();
        r = call(fd);
        if (r == 0)
                put(&(struct record){ .kind = S_ISDIR(st.st_mode) ? SYNC_DIR : SYNC, .inode = st.st_ino }, path, NULL,
                    NULL);
        end();
        return r;
}

int fsync(int fd) {
        return sync_file(fd, REAL(fsync));
}

int fdatasync(int fd) {
        return sync_file(fd, REAL(fdatasync));
}

/* --- names --- */

int unlinkat(int dir_fd, const char *name, int flags) {
        char path[PATH_MAX];
        int r;

        if (!path_at(dir_fd, name, path))
                return REAL(unlinkat)(dir_fd, name, flags);
        begin();
        r = REAL(unlinkat)(dir_fd, name, flags);
        if (r == 0)
                put(&(struct record){ .kind = UNLINK }, path, NULL, NULL);
        end();
        return r;
}

int unlink(const char *name) {
        return unlinkat(AT_FDCWD, name, 0);
}

int rmdir(const char *name) {
        return unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

int mkdirat(int dir_fd, const char *name, mode_t mode) {
        char path[PATH_MAX];
        int r;

        if (!path_at(dir_fd, name, path))
                return REAL(mkdirat)(dir_fd, name, mode);
        begin();
        r = REAL(mkdirat)(dir_fd, name, mode);
        if (r == 0)
                put(&(struct record){ .kind = MKDIR }, path, NULL, NULL);
        end();
        return r;
}

int mkdir(const char *name, mode_t mode) {
        return mkdirat(AT_FDCWD, name, mode);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) {
        char path[PATH_MAX], to_path[PATH_MAX];
        bool below = path_at(from_fd, from, path);
        struct stat a, b;
        bool same;
        int r;

        if (!path_at(to_fd, to, to_path) || !below)
                return REAL(renameat2)(from_fd, from, to_fd, to, flags);
        begin();
        same = fstatat(from_fd, from, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
               fstatat(to_fd, to, &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_ino == b.st_ino; /* then rename does nothing */
        r = REAL(renameat2)(from_fd, from, to_fd, to, flags);
        if (r == 0 && !same)
                put(&(struct record){ .kind = RENAME }, path, to_path, NULL);
        end();
        return r;
}

int renameat(int from_fd, const char *from, int to_fd, const char *to) {
        return renameat2(from_fd, from, to_fd, to, 0);
}

int rename(const char *from, const char *to) {
        return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
        char path[PATH_MAX], to_path[PATH_MAX];
        bool below = path_at(from_fd, from, path);
        int r;

        if (!path_at(to_fd, to, to_path) || !below)
                return REAL(linkat)(from_fd, from, to_fd, to, flags);
        begin();
        r = REAL(linkat)(from_fd, from, to_fd, to, flags);
        if (r == 0)
                put(&(struct record){ .kind = LINK }, path, to_path, NULL);
        end();
        return r;
}

int link(const char *from, const char *to) {
        return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* The names used by programs with 64-bit offsets. */
int open64(const char *name, int flags, ...) __attribute__((alias("open")));
int openat64(int dir_fd, const char *name, int flags, ...) __attribute__((alias("openat")));
ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) __attribute__((alias("pwrite")));
int ftruncate64(int fd, off_t size) __attribute__((alias("ftruncate")));
int fallocate64(int fd, int mode, off_t offset, off_t length) __attribute__((alias("fallocate")));
