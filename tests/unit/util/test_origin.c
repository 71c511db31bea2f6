/* SPDX-License-Identifier: MIT
 * Where an error was made: the last one of a thread is kept, told only for that error, and forgotten.
 */
#include "origin.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const char *text_of(int r) {
        static char text[ORIGIN_SIZE];

        return origin_text(r, text);
}

static void test_the_last_one_of_that_error(void **state) {
        (void)state;
        origin_forget();
        assert_string_equal(text_of(-EIO), "");
        assert_int_equal(origin_record(-EIO, "../src/blob/mark.c", 44), -EIO);
        assert_string_equal(text_of(-EIO), " (src/blob/mark.c:44)");
        assert_string_equal(text_of(-ENOENT), "");
        assert_string_equal(text_of(0), "");
        (void)origin_record(-EIO, "/usr/src/product/src/service/link.c", 7);
        assert_string_equal(text_of(-EIO), " (src/service/link.c:7)");
        (void)origin_record(-EIO, "elsewhere.c", 1);
        assert_string_equal(text_of(-EIO), " (elsewhere.c:1)");
        origin_forget();
        assert_string_equal(text_of(-EIO), "");
}

static void test_what_a_library_said_stands_beside(void **state) {
        (void)state;
        origin_forget();
        origin_note("disk I/O error");
        assert_string_equal(text_of(-EIO), "");
        assert_int_equal(origin_record_noted(-EIO, "src/a.c", 1), -EIO);
        assert_string_equal(text_of(-EIO), " (src/a.c:1: disk I/O error)");
        (void)origin_record(-EIO, "src/a.c", 2);
        assert_string_equal(text_of(-EIO), " (src/a.c:2)");
}

static void test_a_path_that_is_long_is_cut(void **state) {
        char path[ORIGIN_SIZE + 1];

        (void)state;
        memset(path, 'x', sizeof(path) - 1);
        path[sizeof(path) - 1] = '\0';
        (void)origin_record(-EIO, path, 1);
        assert_int_equal(strlen(text_of(-EIO)), ORIGIN_SIZE - 1);
}

static void *other_thread(void *context) {
        assert_string_equal(text_of(-EIO), "");
        (void)ORIGIN(-EIO);
        *(struct origin *)context = origin_get();
        return NULL;
}

static void test_each_thread_has_its_last_and_may_hand_it_on(void **state) {
        struct origin theirs = { 0 };
        pthread_t thread;

        (void)state;
        (void)origin_record(-EIO, "src/a.c", 1);
        assert_int_equal(pthread_create(&thread, NULL, other_thread, &theirs), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_string_equal(text_of(-EIO), " (src/a.c:1)");
        origin_set(theirs);
        assert_non_null(strstr(text_of(-EIO), "test_origin.c:"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_last_one_of_that_error),
                cmocka_unit_test(test_what_a_library_said_stands_beside),
                cmocka_unit_test(test_a_path_that_is_long_is_cut),
                cmocka_unit_test(test_each_thread_has_its_last_and_may_hand_it_on),
        };

        return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
