/* SPDX-License-Identifier: MIT
 * A mount with many users (SPEC 7): the caller's uid says the account, asked of the catalog with every request, so that
 * who is removed is refused from the next one on. At the top are links into the caller's own view in `.views`.
 */
#include "internal.h"

/* --- who asks --- */

static int identify(struct call *call) {
        struct caller *caller = &call->request.caller;
        int r;

        caller->via = VIA_MOUNT;
        r = request_identify(&call->request, &call->uid);
        if (r < 0)
                return r == -ENOENT ? -EACCES : r;
        call->read_only = call->mount->read_only || caller->role == ROLE_AUDITOR;
        return viewer_add(call->mount, caller) ? 0 : -ENOMEM;
}

int view_enter(struct call *call) {
        bool multiuser = call->mount->multiuser;
        int r = multiuser ? identify(call) : viewer_enter(call);

        if (r < 0 || view_none(call->mount, call->node.kind) || call->node.viewer == call->request.caller.account)
                return r;
        return multiuser ? -EACCES : -ENOENT;
}

bool view_none(const struct mount *mount, enum node_kind kind) {
        return kind == NODE_ROOT || (mount->multiuser && (kind == NODE_VIEWS || kind == NODE_VIEW_LINK ||
                                                          (kind >= NODE_CONTROL && kind <= NODE_STATS)));
}

void view_own(const struct call *call, enum node_kind kind, struct stat *st) {
        bool none = view_none(call->mount, kind);

        st->st_uid = none ? call->mount->uid : call->uid;
        st->st_gid = call->gid;
        if (call->mount->multiuser && !none && !S_ISLNK(st->st_mode))
                st->st_mode &= ~(mode_t)(S_IRWXG | S_IRWXO); /* so the kernel keeps accounts apart by itself */
}

/* --- the top: of the mount, `regions` -> `.views/<account>/regions`, and of each view, what that leads to --- */

#define VIEWS ".views"

/* .imgshare has one place only: a directory cannot have two parents. */
static bool is_views(const struct fixed_entry *entry) {
        return entry->kind != NODE_CONTROL;
}

static struct node top_node(const struct call *call, const struct fixed_entry *entry) {
        return call->node.kind == NODE_ROOT && is_views(entry) ? call_node(call, NODE_VIEW_LINK, entry->kind)
                                                               : call_node(call, entry->kind, 0);
}

int views_top_lookup(struct call *call, const char *name, struct node *ret_node) {
        bool root = call->node.kind == NODE_ROOT;
        size_t count;
        const struct fixed_entry *entries = root_entries_all(&count);

        if (root && strcmp(name, VIEWS) == 0) {
                *ret_node = call_node(call, NODE_VIEWS, 0);
                return 0;
        }
        for (size_t i = 0; i < count; i++)
                if (strcmp(name, entries[i].name) == 0 && (root || is_views(&entries[i]))) {
                        *ret_node = top_node(call, &entries[i]);
                        return 0;
                }
        return -ENOENT;
}

int views_top_list(struct call *call, uint64_t offset, struct lister *lister) {
        size_t count;
        const struct fixed_entry *entries = root_entries_all(&count);
        int r = 0;

        for (size_t i = offset; i < count && r == 0; i++)
                if (!entries[i].hidden)
                        r = lister_add(lister, entries[i].name, top_node(call, &entries[i]), i + 1);
        return r;
}

/* A view is there as long as its account, whose name is never used again; and a lookup that is refused, as another
 * account's is, makes the kernel forget the name: then getcwd would fail for who stands in it. */
const struct kind kind_view = {
        .mode = S_IFDIR | 0755, .lookup = views_top_lookup, .list = views_top_list,
        .quick = QUICK_ALL, .lasting = true,
};

static int link_text(struct call *call, FILE *to) {
        size_t count;
        const struct fixed_entry *entries = root_entries_all(&count);

        for (size_t i = 0; i < count; i++)
                if (entries[i].kind == (enum node_kind)call->node.id) {
                        /* node_text looks at the stream's state */
                        (void)fprintf(to, VIEWS "/%s/%s", call->request.caller.name, entries[i].name);
                        return 0;
                }
        return -ENOENT;
}

const struct kind kind_view_link = {
        .mode = S_IFLNK | 0777, .text = link_text,
        .quick = QUICK_ALL,
};

/* --- .views: each caller finds its own, and does not learn which others there are --- */

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
