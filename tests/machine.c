/* SPDX-License-Identifier: MIT
 * Preloaded: a machine of its own. The file $MACHINE_FILE, mapped by all its processes, says by how much its clocks differ from
 * this machine's, and which boot it is (tests/machine.py). So clocks can be set, and the machine restarted, under a mount.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct machine {
        volatile int64_t wall, boot; /* seconds to add to CLOCK_REALTIME, to CLOCK_BOOTTIME */
        char boot_id[40];            /* and a newline */
};

static struct machine *machine;

__attribute__((constructor)) static void machine_map(void) {
        const char *path = getenv("MACHINE_FILE");
        int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
        void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*machine), PROT_READ, MAP_SHARED, fd, 0);

        if (path && map == MAP_FAILED)
                abort();
        if (path)
                machine = map;
        if (fd >= 0)
                (void)close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *ret_time) {
        int r = (int)syscall(SYS_clock_gettime, clock, ret_time);

        if (r == 0 && machine)
                ret_time->tv_sec += clock == CLOCK_REALTIME ? machine->wall : clock == CLOCK_BOOTTIME ? machine->boot : 0;
        return r;
}

static int boot_id_open(void) {
        int fd = memfd_create("boot_id", MFD_CLOEXEC);

        if (fd >= 0 && (write(fd, machine->boot_id, 37) != 37 || lseek(fd, 0, SEEK_SET) != 0))
                abort();
        return fd;
}

int openat(int dir_fd, const char *name, int flags, ...) {
        static int (*real)(int, const char *, int, ...);
        va_list arguments;
        mode_t mode;

        va_start(arguments, flags);
        mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
        va_end(arguments);
        if (machine && strcmp(name, "/proc/sys/kernel/random/boot_id") == 0)
                return boot_id_open();
        if (!real)
                *(void **)&real = dlsym(RTLD_NEXT, "openat");
        return real(dir_fd, name, flags, mode);
}

int openat64(int dir_fd, const char *name, int flags, ...) __attribute__((alias("openat")));
