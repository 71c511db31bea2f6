/* SPDX-License-Identifier: MIT
 * What all nodes have in common: attributes and text, as the row of their kind says.
 */
#include "tree/kind.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "request/request.h"
#include "timestamp.h"

void set_times(struct stat *st, int64_t ms) {
        st->st_mtim = timestamp_split(ms % 1000 * 1000000);
        st->st_mtim.tv_sec += ms / 1000;
        st->st_atim = st->st_ctim = st->st_mtim;
}

void set_times_ns(struct stat *st, int64_t ns) {
        st->st_mtim = timestamp_split(ns);
        st->st_atim = st->st_ctim = st->st_mtim;
}

void set_blob(struct stat *st, const struct stat *blob) {
        st->st_size = blob->st_size;
        st->st_blocks = blob->st_blocks;
        st->st_blksize = 1 << 17; /* tools read this much at once, and each read is a request */
        st->st_atim = st->st_ctim = st->st_mtim = blob->st_mtim;
}

int node_text(struct call *call, char **ret_text, size_t *ret_size) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        const struct kind *kind = kind_of(call->mount, call->node.kind);
        struct stat st = { 0 };
        int r = kind->attributes && !call->loaded ? kind->attributes(call, &st) : 0; /* may the node be seen? */
        FILE *to;

        if (r != 0)
                return r;
        request_done(&call->request); /* the text may take long */
        to = open_memstream(&text, &size);
        if (!to)
                return -ENOMEM;
        r = kind->text(call, to);
        if (fclose(to) != 0 && r == 0)
                r = -ENOMEM;
        if (r != 0)
                return r;
        *ret_text = TAKE_PTR(text);
        *ret_size = size;
        return 0;
}

int node_attributes(struct call *call, struct stat *ret_stat) {
        const struct kind *kind = kind_of(call->mount, call->node.kind);
        int r = 0;

        *ret_stat = (struct stat){ .st_ino = node_pack(call->node), .st_mode = kind->mode, .st_nlink = 1,
                                   .st_blksize = 4096 };
        view_own(call, call->node.kind, ret_stat);
        set_times(ret_stat, call->mount->started);
        if (kind->attributes)
                r = kind->attributes(call, ret_stat);
        if (r == 0 && kind->text && !S_ISDIR(kind->mode)) {
                _cleanup_free_ char *text = NULL;
                size_t size;

                r = node_text(call, &text, &size);
                if (r == 0)
                        ret_stat->st_size = (off_t)size;
                else if (r == -EACCES) /* it is there, but its text is not for this caller */
                        r = 0;
        }
        return r;
}
