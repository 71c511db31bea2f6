/* SPDX-License-Identifier: MIT
 * Makes a new catalog under a temporary name beside its place, then renames it.
 */
#include "connection.h"
#include "log/log.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>

/* The first event makes the account that is its actor. */
static int catalog_fill(struct catalog_connection *c, const char *uuid, uid_t uid, enum via via) {
        const struct caller operator = {
                .account = 1, .name = "operator", .role = ROLE_OPERATOR, .uid = uid, .via = via
        };
        int64_t event;

        return catalog_event_add(c, &(struct event){ .caller = &operator, .op = EVENT_INIT,
                                                     .detail[0] = { .key = "uuid", .text = uuid } }, &event);
}

/* Call it before SQLite opens the file: closing any descriptor of a file drops a process' POSIX locks on it. */
int file_make(const char *path) {
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        if (fd < 0)
                return -errno;
        (void)fd_close(fd); /* returns -1 */
        return 0;
}

static int catalog_create_file(const char *path, const char *uuid, uid_t uid, enum via via) {
        _cleanup_catalog_ struct catalog *catalog = NULL;
        _cleanup_connection_ struct catalog_connection *c = NULL;
        int r = file_make(path);

        if (r == 0)
                r = catalog_new(path, 0, &catalog);
        if (r == 0)
                r = connection_open(catalog, true, &c);
        if (r == 0)
                r = connection_run(c, "BEGIN IMMEDIATE");
        if (r == 0)
                r = schema_create(c);
        if (r == 0)
                r = catalog_fill(c, uuid, uid, via);
        if (r == 0)
                r = schema_seal(c);
        if (r == 0)
                r = connection_run(c, "COMMIT");
        return r < 0 ? r : connection_run(c, "PRAGMA journal_mode = wal"); /* last: everything is in this one file */
}

void file_remove(const char *path) {
        static const char *const suffixes[] = { "", "-journal", "-wal", "-shm" };
        char name[PATH_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
                if (snprintf(name, sizeof(name), "%s%s", path, suffixes[i]) < (int)sizeof(name))
                        (void)unlink(name); /* most are not there */
}

int file_sync_above(const char *path) {
        _cleanup_free_ char *copy = strdup(path);
        _cleanup_fd_ int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

        if (!copy)
                return -ENOMEM;
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int catalog_create(const char *path, const char *uuid, uid_t uid, enum via via) {
        _cleanup_free_ char *unfinished = NULL;
        int r;

        if (access(path, F_OK) == 0)
                return -EEXIST;
        if (asprintf(&unfinished, "%s.new", path) < 0) {
                unfinished = NULL;
                return -ENOMEM;
        }
        file_remove(unfinished); /* left by an interrupted call */
        r = catalog_create_file(unfinished, uuid, uid, via);
        if (r == 0)
                r = file_sync_above(path); /* that its journal is gone: nobody would look for it once the name is right */
        if (r == 0 && rename(unfinished, path) < 0)
                r = -errno;
        if (r < 0)
                file_remove(unfinished); /* the first error is returned */
        return r;
}
