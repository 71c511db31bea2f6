/* SPDX-License-Identifier: MIT
 * The store's directory: which names are blobs, the store's own files, or foreign.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "cleanup.h"
#include "internal.h"

int dir_sync(int dir_fd) {
        return fsync(dir_fd) < 0 ? -errno : 0;
}

char *entry_name(int64_t id, enum entry_kind kind, char ret_name[static BLOB_NAME_SIZE]) {
        assert(id > 0 && id <= BLOB_ID_MAX);
        (void)snprintf(ret_name, BLOB_NAME_SIZE, "%" PRId64 "%s", id, kind == ENTRY_TEMPORARY ? ".tmp" : "");
        return ret_name;
}

static enum entry_kind entry_parse(const char *name, int64_t *ret_id) {
        const char *c = name;
        int64_t id = 0;

        if (strcmp(name, MARK_NAME) == 0 || strcmp(name, MARK_TEMPORARY_NAME) == 0 || strcmp(name, LOCKS_NAME) == 0)
                return ENTRY_STORE;
        if (strcmp(name, LOST_NAME) == 0)
                return ENTRY_LOST;
        if (*c < '1' || *c > '9')
                return ENTRY_FOREIGN;
        for (; *c >= '0' && *c <= '9'; c++) {
                if (id > (BLOB_ID_MAX - (*c - '0')) / 10)
                        return ENTRY_FOREIGN;
                id = id * 10 + (*c - '0');
        }
        if (*c != '\0' && strcmp(c, ".tmp") != 0)
                return ENTRY_FOREIGN;
        *ret_id = id;
        return *c == '\0' ? ENTRY_BLOB : ENTRY_TEMPORARY;
}

static bool entry_fits(int dir_fd, enum entry_kind kind, const struct dirent *entry) {
        mode_t mode = DTTOIF(entry->d_type);
        struct stat st;

        if (entry->d_type == DT_UNKNOWN)
                mode = fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mode : 0;
        return kind == ENTRY_LOST ? S_ISDIR(mode) : S_ISREG(mode);
}

int dir_each(int dir_fd, int (*each)(const struct dirent *entry, void *context), void *context) {
        _cleanup_dir_ DIR *dir = NULL;
        _cleanup_fd_ int fd = -1;

        /* its own open file description: all threads share dir_fd's position */
        fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        dir = fdopendir(fd);
        if (!dir)
                return -errno;
        (void)TAKE_FD(fd); /* dir owns it */

        for (;;) {
                struct dirent *entry;
                int r;

                errno = 0;
                entry = readdir(dir);
                if (!entry)
                        return -errno;
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                r = each(entry, context);
                if (r != 0)
                        return r;
        }
}

struct entries {
        int dir_fd;
        int (*each)(enum entry_kind kind, int64_t id, void *context);
        void *context;
};

static int each_entry(const struct dirent *entry, void *context) {
        const struct entries *entries = context;
        int64_t id = 0;
        enum entry_kind kind = entry_parse(entry->d_name, &id);

        if (kind != ENTRY_FOREIGN && !entry_fits(entries->dir_fd, kind, entry))
                kind = ENTRY_FOREIGN;
        return entries->each(kind, id, entries->context);
}

int entry_each(int dir_fd, int (*each)(enum entry_kind kind, int64_t id, void *context), void *context) {
        return dir_each(dir_fd, each_entry, &(struct entries){ dir_fd, each, context });
}
