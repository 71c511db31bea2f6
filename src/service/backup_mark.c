/* SPDX-License-Identifier: MIT
 * What backups and restores leave in a directory is no catalog to be written to: whether it may be opened, and how.
 * Whether one is whole is told by its catalog.db, which comes last; the marks only say what is being made.
 */
#include "backup_mark.h"

#include <fcntl.h>
#include <sys/file.h>

#include "directory.h"

int backup_mark_read(int fd, char ret_text[static BACKUP_MARK_SIZE]) {
        ssize_t n = pread(fd, ret_text, BACKUP_MARK_SIZE - 1, 0);

        ret_text[n > 0 ? n : 0] = '\0';
        return n < 0 ? -errno : 0;
}

static int open_mark(int dir_fd, const char *name, int *ret_fd) {
        *ret_fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        return *ret_fd < 0 && errno != ENOENT ? -errno : 0;
}

#define READ_ONLY "it is a backup, which is only read; imgshare restore makes a catalog from it"

static int backup_check(struct service *service, int fd, char why[static WHY_SIZE]) {
        char text[BACKUP_MARK_SIZE];
        int r;

        if (flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
                say_why(why, "it is a backup, which is just being brought up to date; try again");
                return -EBUSY;
        }
        if (!(service->flags & SERVICE_READ_ONLY)) {
                say_why(service->flags & SERVICE_AS_POSSIBLE ? service->note : why, READ_ONLY);
                if (!(service->flags & SERVICE_AS_POSSIBLE))
                        return -EROFS;
                service->flags |= SERVICE_READ_ONLY;
        }
        r = backup_mark_read(fd, text);
        if (r == 0)
                service->past = strcmp(text, BACKUP_WITHOUT_DISKS) == 0;
        return r;
}

int backup_mark_check(struct service *service, char why[static WHY_SIZE]) {
        _cleanup_fd_ int dir_fd = open(service->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_fd_ int restore_fd = -1, backup_fd = -1;
        bool whole = true;
        int r = dir_fd < 0 ? -errno : open_mark(dir_fd, RESTORE_MARK, &restore_fd);

        if (r == 0)
                r = open_mark(dir_fd, BACKUP_MARK, &backup_fd);
        if (r == 0 && faccessat(dir_fd, "catalog.db", F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
                whole = false;
                r = errno == ENOENT ? 0 : -errno;
        }
        if (r == 0 && !whole && (restore_fd >= 0 || backup_fd >= 0)) {
                say_why(why, "a %s into it was interrupted; run it again", restore_fd >= 0 ? "restore" : "backup");
                return -ENOENT;
        }
        why[0] = '\0';
        if (r == 0 && backup_fd >= 0)
                r = backup_check(service, backup_fd, why);
        if (r < 0 && !why[0])
                say_why(why, "%s", strerror(-r));
        if (r == 0)
                service->backup_fd = TAKE_FD(backup_fd);
        return r;
}
