/* SPDX-License-Identifier: MIT
 * The root. In a multiuser mount it has links into the caller's own view in `.views`.
 */
#include "tree/tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "kernel/kernel.h"

/* --- the top: of a multiuser mount, links (`regions` -> `.views/<account>/regions`); of a view, directories --- */

#define VIEWS ".views"

static const struct fixed_entry root_entries[] = {
        { "regions", NODE_REGIONS, false },
        { "accounts", NODE_ACCOUNTS, false },
        { "events", NODE_EVENTS, false },
        { ".imgshare", NODE_CONTROL, true },
};

/* .imgshare has one place only: a directory cannot have two parents. */
static bool is_views(const struct fixed_entry *entry) {
        return entry->kind != NODE_CONTROL;
}

static struct node top_node(const struct call *call, const struct fixed_entry *entry) {
        return call->node.kind == NODE_ROOT && is_views(entry) ? call_node(call, NODE_VIEW_LINK, entry->kind)
                                                               : call_node(call, entry->kind, 0);
}

static int top_lookup(struct call *call, const char *name, struct node *ret_node) {
        bool root = call->node.kind == NODE_ROOT;

        if (root && strcmp(name, VIEWS) == 0) {
                *ret_node = call_node(call, NODE_VIEWS, 0);
                return 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(root_entries); i++)
                if (strcmp(name, root_entries[i].name) == 0 && (root || is_views(&root_entries[i]))) {
                        *ret_node = top_node(call, &root_entries[i]);
                        return 0;
                }
        return -ENOENT;
}

static int top_list(struct call *call, uint64_t offset, struct lister *lister) {
        int r = 0;

        for (size_t i = offset; i < ARRAY_SIZE(root_entries) && r == 0; i++)
                if (!root_entries[i].hidden)
                        r = lister_add(lister, root_entries[i].name, top_node(call, &root_entries[i]), i + 1);
        return r;
}

static int root_lookup(struct call *call, const char *name, struct node *ret_node) {
        if (call->mount->multiuser)
                return top_lookup(call, name, ret_node);
        return fixed_lookup(call, root_entries, ARRAY_SIZE(root_entries), name, ret_node);
}

static int root_list(struct call *call, uint64_t offset, struct lister *lister) {
        if (call->mount->multiuser)
                return top_list(call, offset, lister);
        return fixed_list(call, root_entries, ARRAY_SIZE(root_entries), offset, lister);
}

const struct kind kind_root = {
        .mode = S_IFDIR | 0755, .lookup = root_lookup, .list = root_list,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_unless_many, .entry = remember_always,
                      .missing = remember_unless_many },
};

/* A view lasts as long as its account, whose name is never used again. Its name must be remembered: when another
 * account's lookup is refused, the kernel forgets the name, and getcwd would fail for processes that stand there. */
const struct kind kind_view = {
        .mode = S_IFDIR | 0755, .lookup = top_lookup, .list = top_list,
        .quick = QUICK_ALL, .lasting = true,
};

static int view_link_text(struct call *call, FILE *to) {
        for (size_t i = 0; i < ARRAY_SIZE(root_entries); i++)
                if (root_entries[i].kind == (enum node_kind)call->node.id) {
                        /* node_text checks the stream */
                        (void)fprintf(to, VIEWS "/%s/%s", call->request.caller.name, root_entries[i].name);
                        return 0;
                }
        return -ENOENT;
}

const struct kind kind_view_link = {
        .mode = S_IFLNK | 0777, .text = view_link_text,
        .quick = QUICK_ALL,
};

/* --- .views: each caller finds its own view, and does not learn of others --- */

static int views_lookup(struct call *call, const char *name, struct node *ret_node) {
        if (strcmp(name, call->request.caller.name) != 0)
                return -EACCES;
        *ret_node = call_node(call, NODE_VIEW, call->request.caller.account);
        return 0;
}

static int views_list(struct call *call, uint64_t offset, struct lister *lister) {
        const struct caller *caller = &call->request.caller;

        return offset > 0 ? 0 : lister_add(lister, caller->name, call_node(call, NODE_VIEW, caller->account), 1);
}

const struct kind kind_views = {
        .mode = S_IFDIR | 0755, .lookup = views_lookup, .list = views_list,
        .quick = QUICK_ALL, .lasting = true,
};
