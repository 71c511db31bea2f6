/* SPDX-License-Identifier: MIT
 * The tests' own judge: it finds nothing in an intact catalog, and each tampering in both of its ways.
 */
#include "history.h"
#include "scratch.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "oracle.h"

static const char *const tampering[] = {
#define FAR "140737488355327"
#define TAMPERING(sql, told) sql,
#include "tampering.def"
#undef TAMPERING
};

/* The oracle's output, allocated. */
static char *ask(const char *path, int *ret_found) {
        char *text = NULL;
        size_t size;
        FILE *to = open_memstream(&text, &size);

        assert_non_null(to);
        *ret_found = oracle_check(path, to);
        assert_int_equal(fclose(to), 0);
        return text;
}

static int lines(const char *text, const char *prefix, bool with) {
        int n = 0;

        for (; *text; text = strchr(text, '\n') + 1)
                n += (strncmp(text, prefix, strlen(prefix)) == 0) == with;
        return n;
}

static void test_nothing_is_wrong(void **state) {
        _cleanup_free_ char *before = NULL, *after = NULL;
        int found;

        (void)state;
        before = ask(scratch_path, &found);
        assert_int_equal(found, 0);
        assert_string_equal(before, "");
        history_example();
        after = ask(scratch_path, &found); /* while others have it open */
        assert_int_equal(found, 0);
        assert_string_equal(after, "");
}

static void test_both_ways_notice(void **state) {
        (void)state;
        history_example();
        for (size_t i = 0; i < ARRAY_SIZE(tampering); i++) {
                _cleanup_free_ char *text = NULL;
                int found;

                text = ask(scratch_copy(tampering[i]), &found);
                if (lines(text, "replay: ", true) < 1 || lines(text, "replay: ", false) < 1 ||
                    lines(text, "", true) != found)
                        fail_msg("%s: %d, '%s'", tampering[i], found, text);
        }
}

static atomic_bool over;

static void *write_on(void *argument) {
        (void)argument;
        for (int i = 0; i < 400 && !over; i++) {
                char name[16];

                (void)snprintf(name, sizeof(name), "a%d", i); /* fits */
                (void)must(ACCOUNT_PUT, 0, 0, name);
                (void)must(SETTING_PUT, i, 0, "x");
        }
        return NULL;
}

/* It reads one moment. */
static void test_while_others_write(void **state) {
        pthread_t writer;
        int found = 0;

        (void)state;
        over = false;
        assert_int_equal(pthread_create(&writer, NULL, write_on, NULL), 0);
        while (sql_number("SELECT count(*) FROM account") < 3)
                (void)sched_yield(); /* cannot fail */
        for (int i = 0; i < 20 && found == 0; i++) {
                _cleanup_free_ char *text = ask(scratch_path, &found);

                print_error("%s", text);
        }
        over = true;
        assert_int_equal(pthread_join(writer, NULL), 0);
        assert_int_equal(found, 0);
}

static void test_what_is_no_catalog(void **state) {
        _cleanup_free_ char *missing = NULL, *other = NULL;
        int found;

        (void)state;
        missing = ask(scratch_name("nothing"), &found);
        assert_int_equal(found, -ENOENT);
        other = ask(scratch_copy("PRAGMA application_id = 7"), &found);
        assert_int_equal(found, -EMEDIUMTYPE);
        assert_string_equal(other, "");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_nothing_is_wrong),
                CASE(test_both_ways_notice),
                CASE(test_while_others_write),
                CASE(test_what_is_no_catalog),
        };

        return cmocka_run_group_tests_name("catalog oracle", tests, NULL, NULL);
}
