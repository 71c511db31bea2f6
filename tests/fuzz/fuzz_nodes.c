/* SPDX-License-Identifier: MIT
 * Node ids: any 64 bits are either refused or one node, which packs to the same bits; and so do those whose fields are
 * bounded, others are none.
 */
#include <errno.h>

#include "fuzz.h"
#include "tree/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct input input = { data, size };
        uint64_t number = input_number(&input, 8);
        struct node node = { 0 };
        int64_t account, region;
        int r = node_unpack(number, &node);

        require(r == 0 || r == -ENOENT);
        if (r < 0)
                return 0;
        require((unsigned)node.kind < NODE_KINDS);
        require(node.viewer >= 0 && node.viewer >> NODE_VIEWER_BITS == 0);
        require(node.id >= 0 && node.id >> NODE_ID_BITS == 0);
        require(node_pack(node) == number);
        account = node_account(node.id);
        region = node_region(node.id);
        require(node_account_region(account, region) == node.id);
        return 0;
}
