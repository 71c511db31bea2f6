/* SPDX-License-Identifier: MIT
 * Threads of one mount: no interleaving breaks a rule or loses a byte or a line.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define THREADS 6

static int64_t a, b;
static _Atomic int granted, limited, failures;
static _Atomic bool stop;

static struct request request_of(const char *name) {
        struct request request = { .service = scratch_service };

        if (service_caller(scratch_service, name, 1000, VIA_MOUNT, &request.caller) < 0)
                failures++;
        return request;
}

static void *grant(void *argument) {
        struct request request = request_of("alice");
        struct share share;
        char name[16];
        int r;

        for (int i = 0; i < 10; i++) {
                (void)snprintf(name, sizeof(name), "n%d", (int)(intptr_t)argument * 10 + i);
                do
                        r = share_grant(&request, a, name, &share, NULL);
                while (r == -EBUSY);
                if (r == 0)
                        granted++;
                else if (r == RULE_SHARE_LIMIT)
                        limited++;
                else
                        failures++;
        }
        return NULL;
}

static void threads(void *(*run)(void *argument)) {
        pthread_t t[THREADS];

        for (int i = 0; i < THREADS; i++)
                assert_int_equal(pthread_create(&t[i], NULL, run, (void *)(intptr_t)i), 0);
        for (int i = 0; i < THREADS; i++)
                assert_int_equal(pthread_join(t[i], NULL), 0);
}

static void test_the_limit_holds(void **state) {
        char name[16];

        (void)state;
        granted = limited = failures = 0;
        a = filled(north, "a", 1000);
        assert_int_equal(limit_set(as("operator"), LIMIT_SHARES, 17), 0);
        for (int i = 0; i < 10 * THREADS; i++) {
                (void)snprintf(name, sizeof(name), "n%d", i);
                assert_int_equal(account_add(as("operator"), name, ROLE_ACCOUNT, -1, -1), 0);
        }
        threads(grant);
        assert_int_equal(failures, 0);
        assert_int_equal(granted, 17);
        assert_int_equal(limited, 10 * THREADS - 17);
        assert_int_equal(live_shares(a), 17);
        assert_int_equal(events("op = 'seal'"), 1);
}

static void *create(void *argument) {
        struct request request = request_of("alice");
        struct image image;
        int r = image_create(&request, north, "web", &image);

        (void)argument;
        if (r == 0)
                granted++;
        else if (r != RULE_NAME_TAKEN)
                failures++;
        return NULL;
}

static void test_one_gets_the_name(void **state) {
        (void)state;
        granted = failures = 0;
        threads(create);
        assert_int_equal(granted, 1);
        assert_int_equal(failures, 0);
}

/* Opens the source repeatedly, as ls and cat do, while another thread copies from it. */
static void *open_source(void *argument) {
        struct request request = request_of("alice");

        (void)argument;
        while (!stop) {
                struct disk_handle *handle = NULL;

                if (disk_open(&request, a, O_RDONLY, &handle) != 0)
                        failures++;
                (void)disk_close(&request, handle); /* returns NULL */
        }
        return NULL;
}

static void test_a_source_is_opened_while_it_is_copied(void **state) {
        pthread_t opener;

        (void)state;
        failures = 0;
        stop = false;
        a = filled(north, "a", MIB);
        assert_int_equal(pthread_create(&opener, NULL, open_source, NULL), 0);
        for (int i = 0; i < 20; i++) {
                struct disk_handle *from = opened(a, O_RDONLY), *to;

                b = draft(south, "b");
                to = created(b);
                assert_int_equal(disk_copy_range(from, 0, to, 0, MIB / 2), MIB / 2);
                for (int j = 0; j < 20; j++)
                        scratch_same(to, 0, 64 * KIB);
                scratch_put(to, 0, "x");
                finish(to);
                finish(from);
                assert_int_equal(disk_remove(as("alice"), b), 0);
                assert_int_equal(description_remove(as("alice"), b), 0);
                assert_int_equal(shares_link_remove(as("alice"), b), 0);
                assert_int_equal(image_remove(as("alice"), b, "b"), 0);
        }
        stop = true;
        assert_int_equal(pthread_join(opener, NULL), 0);
        assert_int_equal(failures, 0);
}

static void *copy_over(void *argument) {
        struct request request = request_of("alice");
        struct image image;

        *(int *)argument = image_copy(&request, a, b, &image);
        return NULL;
}

/* LINK waits for the source's RELEASE. Meanwhile another thread makes the target's disk, and if `done` closes it. */
static void copy_meanwhile(const char *name, bool done, int expected) {
        struct disk_handle *source, *made;
        pthread_t copier;
        int result = 1;

        b = draft(south, name);
        source = opened(a, O_RDWR);
        assert_int_equal(disk_flush(as("alice"), source), 0);
        assert_int_equal(pthread_create(&copier, NULL, copy_over, &result), 0);
        (void)nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL); /* to let it wait; else the test is easier */
        made = created(b);
        scratch_put(made, 0, "mine");
        if (done)
                finish(made);
        assert_null(disk_close(as("alice"), source));
        assert_int_equal(pthread_join(copier, NULL), 0);
        assert_true(result == -EEXIST || result == expected);
        if (!done)
                finish(made);
        assert_int_equal(blob_of(b).st_size, 4);
        assert_int_equal(blob_of(a).st_nlink, 1);
        made = opened(b, O_RDONLY);
        assert_string_equal(scratch_get(made, 0, 10), "mine");
        finish(made);
}

static void test_a_copy_does_not_replace_a_disk_made_meanwhile(void **state) {
        (void)state;
        a = filled(north, "a", MIB);
        copy_meanwhile("b", false, -EBUSY);
        copy_meanwhile("c", true, -EEXIST);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_the_limit_holds),
                CASE(test_one_gets_the_name),
                CASE(test_a_source_is_opened_while_it_is_copied),
                CASE(test_a_copy_does_not_replace_a_disk_made_meanwhile),
        };

        return cmocka_run_group_tests_name("service races", tests, NULL, NULL);
}
