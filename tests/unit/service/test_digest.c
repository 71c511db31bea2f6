/* SPDX-License-Identifier: MIT
 * Which images are the same by their digests: those whose bytes the owner had, never those that were only shared; found
 * whichever digest comes first; and what was held to be the same before. Whose turn it is to be hashed.
 */
#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "upkeep/wing.h"
#include "instance.h"
#include "share.h"

/* An owner's sealed image. Those of one size have the same bytes. */
static int64_t sealed(const char *owner, const char *name, uint64_t size) {
        struct disk_handle *handle;
        struct image image;

        assert_int_equal(image_create(as(owner), north, name, &image), 0);
        assert_int_equal(disk_create(as(owner), image.place, O_RDWR, &image, &handle), 0);
        scratch_bytes(handle, 0, size);
        finish(handle);
        assert_int_equal(image_seal(as(owner), image.place), 0);
        return image.place;
}

static void launched(const char *account, const char *vm, const char *image) {
        struct instance instance;

        assert_int_equal(instance_create(as(account), north, vm, &instance), 0);
        assert_int_equal(instance_launch(as(account), instance.id, image), 0);
}

static void shared(int64_t place, const char *account) {
        struct share share;

        assert_int_equal(share_grant(as("alice"), place, account, &share, NULL), 0);
}

static void compute(void) {
        digest_round(scratch_service);
}

/* The image that one is the same as; 0: none. All images here are the first in their places. */
static int64_t same_as(int64_t place) {
        char sql[128];

        (void)snprintf(sql, sizeof(sql), "SELECT coalesce(same_content, 0) FROM image WHERE place = %lld", (long long)place);
        return sql_number(sql);
}

static void test_of_what_the_owner_owns(void **state) {
        int64_t a = sealed("alice", "a", 5000), b = sealed("alice", "b", 5000), other = sealed("alice", "c", 5001), c;

        (void)state;
        compute();
        assert_int_equal(same_as(a), 0);
        assert_int_equal(same_as(b), a);
        assert_int_equal(same_as(other), 0);
        assert_int_equal(disk_remove(as("alice"), a), 0);
        assert_int_equal(disk_remove(as("alice"), b), 0);
        c = sealed("alice", "d", 5000);
        compute();
        assert_int_equal(same_as(c), b); /* that it owned */
        assert_int_equal(events("op = 'digest'"), 4);
}

/* A guess that is shared, or bytes that only were shared, tell neither of the two. */
static void test_a_share_alone_tells_nothing(void **state) {
        int64_t guess = sealed("alice", "guess", 5000), bobs;

        (void)state;
        shared(guess, "bob");
        bobs = sealed("bob", "secret", 5000);
        compute();
        assert_int_equal(same_as(bobs), 0);
        assert_int_equal(same_as(guess), 0);
        launched("bob", "vm", "guess@alice");
        compute();
        assert_int_equal(same_as(bobs), 0); /* he had it before that */
        bobs = sealed("bob", "again", 5000);
        assert_int_equal(share_revoke(as("alice"), guess, "bob", &(struct share){ 0 }, NULL), 0);
        compute();
        assert_int_not_equal(same_as(bobs), 0);
        assert_int_not_equal(same_as(bobs), guess); /* the last of the two whose bytes he had: his own */
}

static void test_of_what_was_launched(void **state) {
        int64_t web = sealed("alice", "web", 5000), bobs;

        (void)state;
        shared(web, "bob");
        launched("bob", "vm", "web@alice");
        assert_int_equal(share_revoke(as("alice"), web, "bob", &(struct share){ 0 }, NULL), 0);
        bobs = sealed("bob", "mine", 5000);
        compute();
        assert_int_equal(same_as(bobs), web);
}

/* The older one's digest may be the last: its store was away, or it was removed meanwhile. */
static void test_the_older_digest_comes_last(void **state) {
        int64_t web = sealed("alice", "web", 5000), bobs, alices, second, event;

        (void)state;
        shared(web, "bob");
        launched("bob", "vm", "web@alice");
        assert_int_equal(rename(blob_name(web), scratch_name("away")), 0);
        bobs = sealed("bob", "mine", 5000);
        alices = sealed("alice", "copy", 5000);
        second = sealed("alice", "copy2", 5000);
        compute();
        assert_int_equal(same_as(bobs), 0);
        assert_int_equal(same_as(alices), 0);
        assert_int_equal(same_as(second), alices);
        assert_int_equal(rename(scratch_name("away"), blob_name(web)), 0);
        compute();
        assert_int_equal(same_as(bobs), web);
        assert_int_equal(same_as(alices), web);
        assert_int_equal(same_as(second), alices);
        event = events("op = 'digest'");
        assert_int_equal(event, 6);
        compute();
        assert_int_equal(events("op = 'digest'"), event);
}

/* A catalog upgraded from digests that proved nothing: what was the same goes on until both are known. */
static void test_what_was_held_to_be_the_same(void **state) {
        int64_t old = sealed("alice", "old", 5000), kept = sealed("alice", "kept", 5000), ended = sealed("alice", "ended", 6000), older;

        (void)state;
        older = sealed("alice", "older", 6000);
        scratch_tampered();
        sql_run("UPDATE image SET same_content = (SELECT min(id) FROM image) WHERE id > (SELECT min(id) FROM image)");
        sql_run("UPDATE image SET same_content = NULL WHERE id = (SELECT max(id) FROM image)");
        assert_int_equal(rename(blob_name(old), scratch_name("away")), 0);
        compute();
        assert_int_equal(same_as(kept), old);
        assert_int_equal(same_as(ended), old);
        assert_int_equal(same_as(older), ended);
        assert_int_equal(rename(scratch_name("away"), blob_name(old)), 0);
        compute();
        assert_int_equal(same_as(kept), old);
        assert_int_equal(same_as(ended), 0);
        assert_int_equal(same_as(older), ended);
        assert_int_equal(events("op = 'digest'"), 5);
}

/* Were they hashed in this order? The first event is told apart by its digest alone. */
static void hashed(const int64_t *places, size_t n) {
        for (size_t i = 0; i < n; i++) {
                char sql[192];

                (void)snprintf(sql, sizeof(sql), "SELECT place FROM event WHERE op = 'digest' ORDER BY id LIMIT 1 OFFSET %zu", i);
                assert_int_equal(sql_number(sql), places[i]);
        }
        assert_int_equal(events("op = 'digest'"), n);
}

static void test_accounts_take_turns_and_small_disks_come_first(void **state) {
        const int64_t big = sealed("alice", "big", 30000), small = sealed("alice", "small", 1000),
                      middle = sealed("alice", "middle", 2000), bobs = sealed("bob", "a", 40000);

        (void)state;
        compute();
        hashed((int64_t[]){ small, bobs, middle, big }, 4);
}

static void test_who_has_waited_for_ten_minutes_is_the_next(void **state) {
        int64_t big = sealed("alice", "big", 30000), bobs = sealed("bob", "a", 40000), small, smaller;

        (void)state;
        scratch_tampered();
        sql_run("UPDATE event SET time = time - 601000");
        small = sealed("alice", "small", 1000);
        smaller = sealed("alice", "smaller", 500);
        compute();
        hashed((int64_t[]){ big, smaller, bobs, small }, 4);
}

static void test_what_cannot_be_read_keeps_nobody_waiting(void **state) {
        const int64_t first = sealed("alice", "a", 100), second = sealed("alice", "b", 200), bobs = sealed("bob", "a", 50);

        (void)state;
        assert_int_equal(rename(blob_name(first), scratch_name("away")), 0);
        compute();
        hashed((int64_t[]){ bobs, second }, 2);
        assert_int_equal(rename(scratch_name("away"), blob_name(first)), 0);
        compute();
        hashed((int64_t[]){ bobs, second, first }, 3);
}

/* How many threads of this process have idle priority. */
static int idle_threads(void) {
        DIR *dir = opendir("/proc/self/task");
        struct dirent *entry;
        int n = 0;

        assert_non_null(dir);
        while ((entry = readdir(dir)))
                n += entry->d_name[0] != '.' && sched_getscheduler((pid_t)strtol(entry->d_name, NULL, 10)) == SCHED_IDLE;
        (void)closedir(dir);
        return n;
}

/* An account's disk of 15 TiB of nothing: neither others nor that account wait for it, and it can be closed. */
static void test_a_hole_of_terabytes_delays_nobody(void **state) {
        int64_t giants[2], small[2];
        struct image image;
        struct disk_handle *handle;

        (void)state;
        for (int i = 0; i < 2; i++) {
                const char *owner = i ? "bob" : "alice";

                assert_int_equal(image_create(as(owner), north, "giant", &image), 0);
                giants[i] = image.place;
                assert_int_equal(disk_create(as(owner), giants[i], O_RDWR, &image, &handle), 0);
                scratch_bytes(handle, 0, 4);
                finish(handle);
                if (truncate(blob_name(giants[i]), (off_t)15 << 40) < 0)
                        skip(); /* the filesystem has no such files */
                assert_int_equal(image_seal(as(owner), giants[i]), 0);
        }
        scratch_reopen(SERVICE_BACKGROUND);
        for (int i = 0; i < 2; i++)
                small[i] = sealed(i ? "alice" : "bob", "small", 5000);
        for (int i = 0; i < 6000 && !(row(small[0]).digested && row(small[1]).digested); i++)
                (void)nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
        assert_true(row(small[0]).digested && row(small[1]).digested);
        assert_false(row(giants[0]).digested || row(giants[1]).digested);
        assert_int_equal(idle_threads(), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_of_what_the_owner_owns),
                CASE(test_a_share_alone_tells_nothing),
                CASE(test_of_what_was_launched),
                CASE(test_the_older_digest_comes_last),
                CASE(test_what_was_held_to_be_the_same),
                CASE(test_accounts_take_turns_and_small_disks_come_first),
                CASE(test_who_has_waited_for_ten_minutes_is_the_next),
                CASE(test_what_cannot_be_read_keeps_nobody_waiting),
                CASE(test_a_hole_of_terabytes_delays_nobody),
        };

        return cmocka_run_group_tests_name("service digest", tests, NULL, NULL);
}
