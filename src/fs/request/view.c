/* SPDX-License-Identifier: MIT
 * The caller's account, and the view it is let into. In a multiuser mount (CONTRACT 7) every request asks the catalog
 * for the account of its uid, so that a removed account is refused from the next request on.
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
        if (!S_ISLNK(st->st_mode) && !(call->mount->multiuser && none))
                st->st_mode &= ~call->mount->umask; /* so the kernel itself keeps others out, and accounts apart */
}
