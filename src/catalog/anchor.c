/* SPDX-License-Identifier: MIT
 * Is the machine's clock right? Decided by CLOCK_BOOTTIME, the log's last time, and what was right before. Never reads
 * the log itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "anchor.h"
#include "cleanup.h"
#include "clock.h"
#include "timestamp.h"

#define RECORD_SIZE 104

static size_t read_text(int dir_fd, const char *name, char *ret_text, size_t size) {
        _cleanup_fd_ int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, ret_text, size - 1);

        ret_text[n < 0 ? 0 : n] = '\0';
        return n < 0 ? 0 : (size_t)n;
}

void boot_read(struct boot *ret_boot) {
        char text[256], *line;
        long long seconds;

        *ret_boot = (struct boot){ 0 };
        if (read_text(AT_FDCWD, "/proc/sys/kernel/random/boot_id", text, sizeof(text)) >= BOOT_ID_SIZE - 1)
                memcpy(ret_boot->id, text, BOOT_ID_SIZE - 1);
        (void)read_text(AT_FDCWD, "/proc/self/timens_offsets", text, sizeof(text)); /* "": the kernel has none */
        line = strstr(text, "boottime");
        if (line && sscanf(line, "boottime %lld", &seconds) == 1)
                ret_boot->offset = seconds * 1000; /* the rest is below a second: far within the tolerance */
}

struct instant instant_now(const struct boot *boot) {
        struct timespec t;

        (void)clock_gettime(CLOCK_BOOTTIME, &t); /* cannot fail for this clock */
        return (struct instant){ .wall = timestamp_now(), .since = t.tv_sec * 1000 + t.tv_nsec / MS_NS - boot->offset };
}

bool anchor_agrees(const struct anchor *anchor, const struct instant *now) {
        const int64_t ahead = now->wall - now->since;

        return ahead + CLOCK_TOLERANCE_MS >= anchor->low && ahead - CLOCK_TOLERANCE_MS <= anchor->high;
}

int64_t anchor_time(const struct anchor *anchor, const struct instant *now) {
        return anchor->low == INT64_MIN ? now->wall : now->since + anchor->low;
}

struct anchor anchor_first(const struct instant *now, int64_t last, int64_t ahead) {
        const int64_t right = now->wall - now->since, least = last - now->since;

        /* A clock that was ahead, and goes on, is at least as far ahead now. If it is not, it was set right. */
        if (ahead > 0)
                return (struct anchor){ least, least + ahead - 2 * CLOCK_TOLERANCE_MS };
        if (right + CLOCK_TOLERANCE_MS < least)
                return (struct anchor){ least, INT64_MAX };
        return (struct anchor){ right, right };
}

static int clock_open(const struct home *home, int flags) {
        char name[NAME_MAX + 1];
        int fd;

        if (home->dir_fd < 0)
                return -ENOENT;
        if (snprintf(name, sizeof(name), "%s-clock", home->name) > NAME_MAX)
                return -ENAMETOOLONG;
        fd = openat(home->dir_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        return fd < 0 ? -errno : fd;
}

static bool number_good(int64_t n) {
        return n > -CLOCK_MOST_MS && n < CLOCK_MOST_MS;
}

int anchor_read(const struct home *home, const struct boot *boot, struct anchor *ret_anchor) {
        _cleanup_fd_ int fd = clock_open(home, O_RDONLY);
        char text[RECORD_SIZE + 1] = "", id[BOOT_ID_SIZE];
        int64_t low, high, check;
        ssize_t n;

        if (fd < 0)
                return fd;
        n = pread(fd, text, RECORD_SIZE, 0);
        if (n < 0)
                return -errno;
        /* check: the file may be half old, half new */
        if (sscanf(text, "%36s %" SCNd64 " %" SCNd64 " %" SCNd64, id, &low, &high, &check) != 4 || check != (low ^ high) ||
            !number_good(low) ||
            !(number_good(high) || high == INT64_MAX) || boot->id[0] == '\0' || strcmp(id, boot->id) != 0)
                return -ENOENT;
        *ret_anchor = (struct anchor){ low, high };
        return 0;
}

int anchor_write(const struct home *home, const struct boot *boot, const struct anchor *anchor) {
        _cleanup_fd_ int fd = clock_open(home, O_WRONLY | O_CREAT);
        char text[RECORD_SIZE + 1];
        int n = snprintf(text, sizeof(text), "%s %" PRId64 " %" PRId64 " %" PRId64, boot->id[0] ? boot->id : "-", anchor->low,
                         anchor->high, anchor->low ^ anchor->high);
        ssize_t done;

        if (fd < 0)
                return fd;
        memset(text + n, ' ', (size_t)(RECORD_SIZE - n));
        text[RECORD_SIZE - 1] = '\n';
        done = pwrite(fd, text, RECORD_SIZE, 0);
        return done < 0 ? -errno : done < RECORD_SIZE ? -ENOSPC : 0;
}
