/* SPDX-License-Identifier: MIT
 * Who has a disk open for writing, for the sentence of an EBUSY.
 */
#include <fcntl.h>
#include <unistd.h>

#include "disk/wing.h"

void disk_written_by(struct disk *disk, const struct request *request) {
        disk->writer_pid = request->pid;
        disk->writer_uid = request->caller.uid;
}

/* The process may have ended, or be one of another PID namespace; then its number is all there is. */
static void process_name(pid_t pid, char ret_name[static WRITER_SIZE]) {
        char path[64];
        _cleanup_fd_ int fd = -1;
        ssize_t n;

        (void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? 0 : read(fd, ret_name, WRITER_SIZE - 1);
        ret_name[n > 0 ? n - 1 : 0] = '\0'; /* without its newline */
}

void disk_writer(struct service *service, int64_t id, char ret_text[static WRITER_SIZE]) {
        struct disk *disk = disk_find(service, id);
        char name[WRITER_SIZE] = "";
        pid_t pid = 0;
        uid_t uid = 0;

        ret_text[0] = '\0';
        if (!disk)
                return;
        if (pthread_rwlock_tryrdlock(&disk->io) == 0) { /* else it is just being changed: that takes a while */
                pid = disk->writers > 0 ? disk->writer_pid : 0;
                uid = disk->writer_uid;
                (void)pthread_rwlock_unlock(&disk->io);
        }
        disk_put(service, disk);
        if (pid > 0) {
                process_name(pid, name);
                (void)snprintf(ret_text, WRITER_SIZE, "process %d%s%.40s%s of uid %u", (int)pid, *name ? " (" : "", name,
                               *name ? ")" : "", uid);
        }
}
