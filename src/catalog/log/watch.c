/* SPDX-License-Identifier: MIT
 * Whether somebody writes the catalog: the kernel tells of its directory (inotify), so that a mount that nobody uses
 * need not look many times a second. A write is told before it is a commit, and perhaps of none.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cleanup.h"
#include "log/log.h"

int watch_open(const struct home *home) {
        _cleanup_fd_ int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        char path[64];

        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", home->dir_fd); /* fits */
        if (fd < 0 || inotify_add_watch(fd, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static bool is_log(const char *name) {
        const size_t n = strlen(name), suffix = strlen("-wal");

        return n > suffix && strcmp(name + n - suffix, "-wal") == 0;
}

bool watch_read(int fd) {
        _Alignas(struct inotify_event) char buffer[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
        bool written = false;
        ssize_t n;

        while ((n = read(fd, buffer, sizeof(buffer))) > 0)
                for (const char *p = buffer; p < buffer + n;) {
                        const struct inotify_event *event = (const struct inotify_event *)p;

                        written = written || event->mask & IN_Q_OVERFLOW || (event->len > 0 && is_log(event->name));
                        p += sizeof(*event) + event->len;
                }
        return written;
}
