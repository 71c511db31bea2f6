/* SPDX-License-Identifier: MIT
 * Node ids: every kind and the limits of every field survive packing and unpacking, no two ids are equal, garbage is
 * refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "tree/node.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const enum node_kind kinds[] = {
        NODE_REGIONS,    NODE_REGION,      NODE_IMAGES,      NODE_IMAGE,        NODE_ALIAS,       NODE_DESCRIPTION,
        NODE_SHARES_LINK, NODE_SHARES,     NODE_DISK,        NODE_META,         NODE_META_SHARES, NODE_META_SHARES_LINK,
        NODE_META_ID,    NODE_META_OWNER,  NODE_META_STATE,  NODE_META_SIZE,    NODE_META_DIGEST, NODE_META_CREATED,
        NODE_META_SOURCE, NODE_META_SHARES_TSV, NODE_META_HISTORY, NODE_SHARE,  NODE_CONTROL,     NODE_WHOAMI,
        NODE_LAST_DENIAL, NODE_RULES,      NODE_VERSION,
};
static const int64_t viewers[] = { 0, 1, 2, 4095, (INT64_C(1) << 19) + 1, (INT64_C(1) << 20) - 1 };
static const int64_t ids[] = { 0, 1, 2, INT64_C(1) << 31, (INT64_C(1) << 32) + 1, (INT64_C(1) << 36) - 1 };

/* Runs the body for every kind with every viewer and id, as `node`. */
#define EACH_NODE(...)                                                                     \
        for (size_t k = 0; k < COUNT(kinds); k++)                                          \
                for (size_t v = 0; v < COUNT(viewers); v++)                                \
                        for (size_t i = 0; i < COUNT(ids); i++) {                          \
                                const struct node node = { kinds[k], viewers[v], ids[i] }; \
                                __VA_ARGS__                                                \
                        }

static void test_there_and_back(void **state) {
        (void)state;
        EACH_NODE({
                struct node back = { NODE_ROOT, -1, -1 };

                assert_int_equal(node_unpack(node_pack(node), &back), 0);
                assert_int_equal(back.kind, node.kind);
                assert_int_equal(back.viewer, node.viewer);
                assert_int_equal(back.id, node.id);
        })
}

static void test_the_top_bit_is_free_and_no_number_is_the_kernels(void **state) {
        (void)state;
        EACH_NODE({
                uint64_t number = node_pack(node);

                assert_true(number >> 63 == 0);
                assert_true(number > 1); /* 0 is none, 1 the root */
        })
}

static void test_layout_is_the_one_that_was_promised(void **state) {
        (void)state; /* inode numbers survive an update: kind 8 bits, viewer 20, id 36 */
        assert_true(node_pack((struct node){ NODE_IMAGE, 2, 3 }) == (UINT64_C(4) << 56 | UINT64_C(2) << 36 | 3));
        assert_true(node_pack((struct node){ NODE_SHARE, 0, 9 }) == (UINT64_C(48) << 56 | 9));
        assert_true(node_pack((struct node){ NODE_VERSION, (1 << 20) - 1, (INT64_C(1) << 36) - 1 }) ==
                    (UINT64_C(69) << 56) - 1);
}

static void test_no_two_nodes_have_one_number(void **state) {
        static uint64_t seen[COUNT(kinds) * COUNT(viewers) * COUNT(ids)];
        size_t n = 0;

        (void)state;
        EACH_NODE({
                seen[n] = node_pack(node);
                for (size_t j = 0; j < n; j++)
                        assert_true(seen[j] != seen[n]);
                n++;
        })
        assert_int_equal(n, COUNT(seen));
}

static void test_root_is_one_for_every_viewer(void **state) {
        struct node node = { NODE_DISK, 7, 7 };

        (void)state;
        assert_true(node_pack((struct node){ NODE_ROOT, 0, 0 }) == 1);
        assert_true(node_pack((struct node){ NODE_ROOT, 5, 0 }) == 1);
        assert_int_equal(node_unpack(1, &node), 0);
        assert_int_equal(node.kind, NODE_ROOT);
        assert_int_equal(node.viewer, 0);
        assert_int_equal(node.id, 0);
}

/* GNU cp -r copies in the order of inode numbers: the description before the shares that freeze it, the disk last
 * (CONTRACT 3). */
static void test_parts_of_an_image_rise(void **state) {
        const int64_t last = (INT64_C(1) << 36) - 1;

        (void)state;
        for (size_t v = 0; v < COUNT(viewers); v++) { /* whatever their ids are */
                uint64_t description = node_pack((struct node){ NODE_DESCRIPTION, viewers[v], last });
                uint64_t disk = node_pack((struct node){ NODE_DISK, viewers[v], 0 });
                static const enum node_kind shares[] = { NODE_SHARES, NODE_SHARES_LINK };

                for (size_t i = 0; i < COUNT(shares); i++) {
                        assert_true(description < node_pack((struct node){ shares[i], viewers[v], 0 }));
                        assert_true(node_pack((struct node){ shares[i], viewers[v], last }) < disk);
                }
        }
}

static void test_garbage_is_refused(void **state) {
        static const uint64_t garbage[] = {
                0, 2, 3, UINT64_C(1) << 36, (UINT64_C(1) << 56) - 1,             /* kind 0 that is not the root */
                UINT64_C(128) << 56, (UINT64_C(128) << 56) + 1, UINT64_C(1) << 63, /* no such kind: the top bit */
                UINT64_C(255) << 56, UINT64_MAX,
        };

        (void)state;
        for (size_t i = 0; i < COUNT(garbage); i++) {
                struct node node = { NODE_DISK, 7, 9 };

                assert_int_equal(node_unpack(garbage[i], &node), -ENOENT);
                assert_int_equal(node.kind, NODE_DISK); /* unchanged */
                assert_int_equal(node.viewer, 7);
                assert_int_equal(node.id, 9);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_there_and_back),
                cmocka_unit_test(test_the_top_bit_is_free_and_no_number_is_the_kernels),
                cmocka_unit_test(test_layout_is_the_one_that_was_promised),
                cmocka_unit_test(test_no_two_nodes_have_one_number),
                cmocka_unit_test(test_root_is_one_for_every_viewer),
                cmocka_unit_test(test_parts_of_an_image_rise),
                cmocka_unit_test(test_garbage_is_refused),
        };

        return cmocka_run_group_tests_name("fs node", tests, NULL, NULL);
}
