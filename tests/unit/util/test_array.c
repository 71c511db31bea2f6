/* SPDX-License-Identifier: MIT
 * A growing array: items are kept, and without memory nothing changes.
 */
#include "array.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static void test_what_is_in_it_stays(void **state) {
        size_t room = 0, moved = 0;
        int64_t *items = NULL;

        (void)state;
        for (size_t count = 0; count < 1000; count++) {
                const size_t before = room;

                assert_int_equal(ARRAY_ROOM(items, &room, count), 0);
                assert_true(room > count);
                moved += room != before;
                items[count] = (int64_t)count;
        }
        for (size_t i = 0; i < 1000; i++)
                assert_int_equal(items[i], i);
        assert_true(moved < 12); /* not at each item */
        free(items);
}

static void test_without_memory_it_is_as_it_was(void **state) {
        char item = 'x', *items = &item;
        size_t room = SIZE_MAX / 2;

        (void)state;
#ifdef __SANITIZE_ADDRESS__
        skip(); /* malloc aborts instead */
#endif
        assert_int_equal(array_room(&items, &room, room, SIZE_MAX / 2), -ENOMEM);
        assert_int_equal(room, SIZE_MAX / 2);
        assert_ptr_equal(items, &item);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_in_it_stays),
                cmocka_unit_test(test_without_memory_it_is_as_it_was),
        };

        return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}
