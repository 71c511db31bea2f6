/* SPDX-License-Identifier: MIT
 * Who asks, and whose view a request is let into. In a mount with many users (CONTRACT 7) the caller's uid says the
 * account, asked of the catalog with every request, so that who is removed is refused from the next one on.
 */
#include "request/request.h"

#include <errno.h>
#include <sys/stat.h>

static int view_identify(struct call *call) {
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
        int r = multiuser ? view_identify(call) : viewer_enter(call);

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
