/* SPDX-License-Identifier: MIT
 * Joins what a commit writes to the write-ahead log. SQLite writes each page by two system calls, all of them next to each
 * other, then has them flushed; here they are held back until then, and become one. Only while a commit that flushes is
 * under way: no reader is told of a page in the log before that (sqlite.org/walformat.html: a commit is visible once the
 * index's header says so, and that is written last).
 */
#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "internal.h"

#define JOIN_BYTES ((128 << 10) - 1) /* more SQLite does not write at once */

/* The log's file with its methods changed: what a method is given leads here. */
struct join {
        sqlite3_io_methods methods;
        const sqlite3_io_methods *real;
        sqlite3_file *file; /* NULL: closed */
        bool joining;
        char *bytes; /* held back: so many, that belong there */
        int length;
        sqlite3_int64 offset;
};

static struct join *join_of(sqlite3_file *file) {
        return (struct join *)(void *)((char *)(uintptr_t)file->pMethods - offsetof(struct join, methods));
}

/* What is held back is written; if that fails it is gone, as are the bytes of a write that fails. */
static int let_go(struct join *j) {
        int n = j->length;

        j->length = 0;
        return n == 0 ? SQLITE_OK : j->real->xWrite(j->file, j->bytes, n, j->offset);
}

static int join_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 offset) {
        struct join *j = join_of(file);
        int code = SQLITE_OK;

        if (j->length > 0 && (offset != j->offset + j->length || j->length + n > JOIN_BYTES))
                code = let_go(j);
        if (code != SQLITE_OK)
                return code;
        if (!j->joining || n > JOIN_BYTES)
                return j->real->xWrite(file, data, n, offset);
        if (j->length == 0)
                j->offset = offset;
        memcpy(j->bytes + j->length, data, (size_t)n);
        j->length += n;
        return SQLITE_OK;
}

/* All else finds everything written. */
#define AFTERWARDS(name, parameters, arguments)                             \
        static int join_##name parameters {                                 \
                struct join *j = join_of(file);                             \
                int code = let_go(j);                                       \
                                                                            \
                return code != SQLITE_OK ? code : j->real->name arguments;  \
        }
AFTERWARDS(xRead, (sqlite3_file *file, void *to, int n, sqlite3_int64 offset), (file, to, n, offset))
AFTERWARDS(xTruncate, (sqlite3_file *file, sqlite3_int64 size), (file, size))
AFTERWARDS(xSync, (sqlite3_file *file, int flags), (file, flags))
AFTERWARDS(xFileSize, (sqlite3_file *file, sqlite3_int64 *ret_size), (file, ret_size))
AFTERWARDS(xFileControl, (sqlite3_file *file, int op, void *argument), (file, op, argument))
#undef AFTERWARDS

static int join_close(sqlite3_file *file) {
        struct join *j = join_of(file);

        file->pMethods = j->real;
        j->file = NULL;
        return j->real->xClose(file);
}

int join_open(struct catalog_connection *c) {
        sqlite3_file *file = NULL;
        struct join *j;

        if (sqlite3_file_control(c->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK || !file ||
            !file->pMethods)
                return 0; /* it is not open: nothing is joined */
        j = malloc(sizeof(*j) + JOIN_BYTES);
        if (!j)
                return -ENOMEM;
        *j = (struct join){ .methods = *file->pMethods, .real = file->pMethods, .file = file, .bytes = (char *)(j + 1) };
        j->methods.xClose = join_close;
        j->methods.xRead = join_xRead;
        j->methods.xWrite = join_write;
        j->methods.xTruncate = join_xTruncate;
        j->methods.xSync = join_xSync;
        j->methods.xFileSize = join_xFileSize;
        j->methods.xFileControl = join_xFileControl;
        file->pMethods = &j->methods;
        c->join = j;
        return 0;
}

void join_begin(struct catalog_connection *c) {
        if (c->join)
                c->join->joining = !c->relaxed && !(c->catalog->flags & CATALOG_NOT_DURABLE);
}

void join_end(struct catalog_connection *c, bool committed) {
        if (!c->join)
                return;
        assert(!committed || c->join->length == 0); /* it was flushed */
        c->join->joining = false;
        c->join->length = 0; /* of one that failed */
}

void join_free(struct catalog_connection *c) {
        assert(!c->join || !c->join->file); /* SQLite has closed it */
        free(c->join);
        c->join = NULL;
}
