/* SPDX-License-Identifier: MIT
 * Entries for the kernel of nodes found, made or listed; and directories whose children are always there.
 */
#include "tree/tree.h"

#include <errno.h>
#include <string.h>

#include "kernel/kernel.h"

int node_entry(struct call *call, struct node node, struct fuse_entry_param *ret_entry) {
        struct node before = call->node;
        int r;

        *ret_entry = (struct fuse_entry_param){ 0 };
        call->node = node;
        call->returned = 0;
        r = node_attributes(call, &ret_entry->attr);
        call->node = before;
        if (r == 0) {
                ret_entry->attr_timeout = cache_attributes(call, node);
                ret_entry->entry_timeout = cache_entry(call, node);
        }
        ret_entry->ino = ret_entry->attr.st_ino;
        /* A directory that was removed stays dead to the kernel while somebody holds anything in it. One of another
         * generation is a new one to it. */
        ret_entry->generation = (uint64_t)call->returned;
        return r;
}

void node_entry_made(struct call *call, struct node node, struct fuse_entry_param *ret_entry) {
        (void)node_entry(call, node, ret_entry); /* on failure the timeouts are 0 */
}

/* --- listings --- */

int lister_put(struct lister *l, const char *name, const struct stat *st, const struct fuse_entry_param *entry,
               off_t next) {
        size_t left = l->size - l->used, n;

        if (l->plus)
                n = fuse_add_direntry_plus(l->call->req, l->buffer + l->used, left, name, entry, next);
        else
                n = fuse_add_direntry(l->call->req, l->buffer + l->used, left, name, st, next);
        if (n > left)
                return 1;
        l->used += n;
        return 0;
}

int lister_add(struct lister *l, const char *name, struct node node, uint64_t next) {
        const struct kind *kind = kind_of(l->call->mount, node.kind);
        struct fuse_entry_param entry = { 0 };

        if (!l->plus || kind->costly || node_entry(l->call, node, &entry) < 0) {
                /* listed without attributes, also if gone or offline: the kernel looks it up */
                entry = (struct fuse_entry_param){ 0 };
                entry.attr.st_ino = node_pack(node);
                entry.attr.st_mode = kind->mode;
        }
        return lister_put(l, name, &entry.attr, &entry, (off_t)(next + LISTER_DOTS));
}

/* --- children that are always there --- */

int fixed_lookup(struct call *call, const struct fixed_entry *entries, size_t count, const char *name,
                 struct node *ret_node) {
        for (size_t i = 0; i < count; i++)
                if (strcmp(entries[i].name, name) == 0) {
                        *ret_node = call_node(call, entries[i].kind, call->node.id);
                        return 0;
                }
        return -ENOENT;
}

int fixed_list(struct call *call, const struct fixed_entry *entries, size_t count, uint64_t offset,
               struct lister *lister) {
        int r = 0;

        for (size_t i = offset; i < count && r == 0; i++)
                if (!entries[i].hidden)
                        r = lister_add(lister, entries[i].name, call_node(call, entries[i].kind, call->node.id), i + 1);
        return r;
}
