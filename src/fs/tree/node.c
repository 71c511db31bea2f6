/* SPDX-License-Identifier: MIT
 * Packs and unpacks node ids.
 */
#include "tree/node.h"

#include <assert.h>
#include <errno.h>

#define ROOT 1 /* FUSE's number for the root */

uint64_t node_pack(struct node node) {
        assert(node.viewer >= 0 && node.viewer >> NODE_VIEWER_BITS == 0);
        assert(node.id >= 0 && node.id >> NODE_ID_BITS == 0);
        if (node.kind == NODE_ROOT)
                return ROOT;
        return (uint64_t)node.kind << (NODE_VIEWER_BITS + NODE_ID_BITS) | (uint64_t)node.viewer << NODE_ID_BITS |
               (uint64_t)node.id;
}

int node_unpack(uint64_t number, struct node *ret_node) {
        uint64_t kind = number >> (NODE_VIEWER_BITS + NODE_ID_BITS);

        if (number == ROOT) {
                *ret_node = (struct node){ .kind = NODE_ROOT };
                return 0;
        }
        if (kind == NODE_ROOT || kind >= NODE_KINDS)
                return -ENOENT;
        *ret_node = (struct node){
                .kind = (enum node_kind)kind,
                .viewer = (int64_t)(number >> NODE_ID_BITS & ((UINT64_C(1) << NODE_VIEWER_BITS) - 1)),
                .id = (int64_t)(number & ((UINT64_C(1) << NODE_ID_BITS) - 1)),
        };
        return 0;
}
