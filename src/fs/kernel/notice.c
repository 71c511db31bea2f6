/* SPDX-License-Identifier: MIT
 * Tells the kernel notices: the nodes, the names, the nodes once more. Dropping a name takes its directory's lock, so
 * it waits until lookups and listings that were answered before have filled the caches; the second round takes that
 * back. The first round is at once, however long the lock is held.
 */
#include "kernel/notice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

int notices_put(struct notices *n, enum notice_kind kind, uint64_t node, const char *name) {
        struct notice *item;

        if (ARRAY_ROOM(n->items, &n->room, n->count) < 0)
                return -ENOMEM;
        item = &n->items[n->count++];
        item->kind = kind;
        item->node = node;
        (void)snprintf(item->name, sizeof(item->name), "%s", name ?: ""); /* fits */
        return 0;
}

void notices_free(struct notices *n) {
        free(n->items);
        free(n);
}

#ifdef HAVE_FUSE_EXPIRE_FLAGS
#define notify_expire(session, parent, name, length)                                                                   \
        fuse_lowlevel_notify_expire_entry(session, parent, name, length, FUSE_LL_EXPIRE_ONLY)
#else
#define notify_expire fuse_lowlevel_notify_expire_entry
#endif

/* The kernel may not know the name: no error. */
static void notice_expire(const struct notice *item, struct fuse_session *session, bool expires) {
        size_t length = strlen(item->name);

        if (expires)
                (void)notify_expire(session, item->node, item->name, length);
        else
                (void)fuse_lowlevel_notify_inval_entry(session, item->node, item->name, length);
}

static void notices_tell_nodes(const struct notices *n, struct fuse_session *session) {
        for (size_t i = 0; i < n->count; i++)
                if (n->items[i].kind == NOTICE_ATTRIBUTES || n->items[i].kind == NOTICE_CONTENT)
                        (void)fuse_lowlevel_notify_inval_inode(session, n->items[i].node,
                                                               n->items[i].kind == NOTICE_CONTENT ? 0 : -1, 0);
}

/* --- what `-d` prints of notices; libfuse prints the requests --- */

static void notice_show(const char *what, uint64_t number, const char *name, const struct reason *why, bool again) {
        struct node node = { 0 };
        char event[32] = "";

        (void)node_unpack(number, &node); /* cannot fail: the number is one of ours */
        if (why->event != 0)
                (void)snprintf(event, sizeof(event), ", event %lld", (long long)why->event); /* fits */
        fuse_log(FUSE_LOG_DEBUG, "notice: %s, nodeid: %llu (kind %d, viewer %lld, id %lld)%s%s, since: %s%s%s\n", what,
                 (unsigned long long)number, (int)node.kind, (long long)node.viewer, (long long)node.id,
                 *name ? ", name: " : "", name, why->what, event, again ? ", once more" : "");
}

static const char *notice_word(enum notice_kind kind, bool again, bool expires) {
        if (kind == NOTICE_ATTRIBUTES)
                return "inode, its attributes";
        if (kind == NOTICE_CONTENT)
                return "inode, its content";
        return (kind == NOTICE_GONE && !again) || !expires ? "entry, dropped" : "entry, to be asked for";
}

static void notices_show(const struct notices *n, bool expires) {
        for (const struct notice *item = n->items; item < n->items + n->count; item++)
                notice_show(notice_word(item->kind, n->again, expires), item->node, item->name, &n->why, n->again);
}

/* --- telling --- */

void notice_now(struct mount *mount, uint64_t node, off_t offset, off_t size, const char *why) {
        const char *what = notice_word(offset < 0 ? NOTICE_ATTRIBUTES : NOTICE_CONTENT, false, false);

        if (mount->debug)
                notice_show(what, node, "", &(struct reason){ .what = why }, false);
        (void)fuse_lowlevel_notify_inval_inode(mount->session, node, offset, size); /* the kernel may not know it */
}

void notices_tell(const struct notices *n, struct mount *mount, bool expires) {
        struct fuse_session *session = mount->session;

        if (mount->debug)
                notices_show(n, expires);
        notices_tell_nodes(n, session);
        for (size_t i = 0; i < n->count; i++) {
                const struct notice *item = &n->items[i];

                if (item->kind == NOTICE_GONE && !n->again)
                        (void)fuse_lowlevel_notify_inval_entry(session, item->node, item->name,
                                                               strlen(item->name)); /* the kernel may not know it */
                else if (item->kind == NOTICE_GONE || item->kind == NOTICE_NEW)
                        notice_expire(item, session, expires);
        }
        notices_tell_nodes(n, session);
}
