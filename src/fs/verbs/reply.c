/* SPDX-License-Identifier: MIT
 * The reply to a request that makes a node.
 */
#include "verbs/verbs.h"

#include "tree/tree.h"

void reply_made(struct call *call, int r, struct node node) {
        struct fuse_entry_param entry;

        if (r != 0) {
                call_end(call, r);
                return;
        }
        node_entry_made(call, node, &entry);
        (void)fuse_reply_entry(call->req, &entry); /* the caller may be gone */
}
