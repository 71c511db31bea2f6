/* SPDX-License-Identifier: MIT
 * Wanted shares in bulk, as far as disks are concerned: sealing, busy and empty disks, an offline store; and the
 * reports.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "apply.h"
#include "timestamp.h"

static char told[4096]; /* one line per report */

static int tell_step(const struct apply_step *step, void *context) {
        static const char *const verbs[] = { "share", "unshare", "expire" };
        const size_t n = strlen(told);

        (void)context;
        (void)snprintf(told + n, sizeof(told) - n, "%s %s/%s %s\n", verbs[step->verb], step->region, step->image,
                       step->account);
        return 0;
}

static int tell_refusal(const struct apply_refusal *refusal, void *context) {
        const size_t n = strlen(told);

        (void)context;
        (void)snprintf(told + n, sizeof(told) - n, "%d: %s\n", (int)refusal->line,
                       refusal->result > 0 ? rule_row((enum rule)refusal->result)->id : strerror(-refusal->result));
        return 0;
}

static const struct apply_report report = { .step = tell_step, .refusal = tell_refusal };

/* Applies lines such as `web bob`: an image of alice's in north and an account. Returns the result; `told` has the
 * reports. */
static int apply_lines(const char *who, bool plan, const char *const (*lines)[2], size_t count) {
        struct request request = *as(who);
        struct apply *apply = NULL;
        int r = apply_new(&request, plan, &report, &apply);

        told[0] = '\0';
        for (size_t i = 0; i < count && r == 0; i++) {
                char image[NAME_SIZE];

                (void)snprintf(image, sizeof(image), "%.40s@alice", lines[i][0]);
                r = apply_add(apply, &(struct apply_line){ .number = (int64_t)i + 1, .region = "north", .image = image,
                                                           .account = lines[i][1] });
        }
        if (r == 0)
                r = apply_flush(apply);
        assert_null(apply_free(apply));
        return r;
}
#define APPLY(who, plan, ...) apply_lines(who, plan, (const char *const[][2])__VA_ARGS__, \
                                          ARRAY_SIZE(((const char *const[][2])__VA_ARGS__)))

static void test_granting_seals(void **state) {
        int64_t web = filled(north, "web", 1000), db = filled(north, "db", 2000);

        (void)state;
        assert_int_equal(APPLY("operator", true, { { "web", "bob" }, { "db", "bob" }, { "web", "carol" } }), 0);
        assert_string_equal(told, "share north/web@alice bob\nshare north/db@alice bob\nshare north/web@alice carol\n");
        assert_int_equal(row(web).state, IMAGE_AVAILABLE);
        assert_int_equal(events("op IN ('share', 'seal')"), 0);
        assert_int_equal(APPLY("operator", false,
                               { { "web", "bob" }, { "db", "bob" }, { "web", "carol" }, { "db", "carol" } }),
                         0);
        assert_string_equal(told, "share north/web@alice bob\nshare north/db@alice bob\nshare north/web@alice carol\n"
                                  "share north/db@alice carol\n");
        assert_int_equal(row(web).state, IMAGE_SEALED);
        assert_int_equal(live_shares(web), 2);
        assert_int_equal(row(db).size, 2000);
        assert_int_equal(events("op = 'seal' AND actor = (SELECT id FROM account WHERE name = 'alice')"), 2);
        assert_int_equal(APPLY("operator", false, { { "web", "bob" }, { "db", "carol" } }), 0);
        assert_string_equal(told, "");
}

static void test_a_refused_line_seals_nothing(void **state) {
        int64_t web = filled(north, "web", 1000), empty = draft(north, "empty");

        (void)state;
        finish(created(empty));
        assert_int_equal(APPLY("operator", false, { { "web", "nobody" }, { "web", "eve" }, { "empty", "bob" } }), 0);
        assert_string_equal(told, "1: unknown-account\n2: role\n3: image-available\n");
        assert_int_equal(APPLY("bob", false, { { "web", "carol" } }), 0);
        assert_string_equal(told, "1: No such file or directory\n");
        assert_int_equal(limit_set(as("operator"), LIMIT_SHARES, 0), 0);
        assert_int_equal(APPLY("operator", false, { { "web", "bob" } }), 0);
        assert_string_equal(told, "1: share-limit\n");
        assert_int_equal(row(web).state, IMAGE_AVAILABLE);
        scratch_reopen(0);
        assert_int_equal(events("op = 'seal'"), 0);
        assert_int_equal(events("rule IS NOT NULL"), 4);
}

static void test_a_busy_disk_is_told_and_the_others_done(void **state) {
        int64_t web = filled(north, "web", 1000);
        struct disk_handle *handle;

        (void)state;
        (void)filled(north, "db", 1000);
        handle = opened(web, O_RDWR);
        for (int plan = 1; plan >= 0; plan--) {
                assert_int_equal(APPLY("operator", plan, { { "db", "bob" }, { "web", "bob" }, { "db", "carol" } }), 0);
                assert_string_equal(told, "share north/db@alice bob\n2: Device or resource busy\n"
                                          "share north/db@alice carol\n");
        }
        finish(handle);
        assert_int_equal(APPLY("alice", false, { { "web", "bob" } }), 0); /* alone, too */
        assert_string_equal(told, "share north/web@alice bob\n");
}

static void test_an_empty_disk_is_told_and_the_others_done(void **state) {
        int64_t web = filled(north, "web", 1000);

        (void)state;
        (void)filled(north, "db", 1000);
        finish(opened(web, O_RDWR | O_TRUNC));
        assert_int_equal(APPLY("operator", false, { { "db", "carol" } }), 0);
        for (int plan = 1; plan >= 0; plan--) {
                assert_int_equal(APPLY("operator", plan, { { "web", "bob" }, { "db", "bob" } }), 0);
                assert_string_equal(told, "1: image-available\nshare north/db@alice bob\n");
        }
        assert_int_equal(row(web).state, IMAGE_AVAILABLE);
}

static void test_an_offline_region_is_told_and_the_others_done(void **state) {
        int64_t web = filled(north, "web", 1000);

        (void)state;
        (void)filled(north, "db", 1000);
        assert_int_equal(APPLY("operator", false, { { "db", "carol" } }), 0);
        assert_int_equal(unlink(blob_name(web)), 0);
        assert_int_equal(APPLY("operator", false, { { "web", "bob" }, { "db", "bob" } }), 0);
        assert_string_equal(told, "1: Input/output error\nshare north/db@alice bob\n");
        assert_int_equal(live_shares(web), 0);
}

static void test_an_expired_share_is_granted_again(void **state) {
        int64_t web = filled(north, "web", 1000);
        char time[TIMESTAMP_SIZE];

        (void)state;
        assert_int_equal(APPLY("operator", false, { { "web", "bob" } }), 0);
        assert_int_equal(share_expire(as("alice"), sql_number("SELECT id FROM share"),
                                      timestamp_format(timestamp_now() + 900000, time)), 0);
        sql_run("UPDATE event SET time = time + 1800000 WHERE id = (SELECT max(id) FROM event)"); /* the log's clock */
        assert_int_equal(live_shares(web), 0);
        assert_int_equal(APPLY("operator", true, { { "web", "bob" } }), 0);
        assert_int_equal(APPLY("operator", false, { { "web", "bob" } }), 0);
        assert_string_equal(told, "share north/web@alice bob\n");
        assert_int_equal(live_shares(web), 1);
        assert_int_equal(events("op = 'expire'"), 1);
        assert_int_equal(events("op = 'share'"), 2);
}

static int tell_enough(const struct apply_step *step, void *context) {
        (void)step;
        ++*(int *)context;
        return 77;
}

static void test_whoever_is_told_may_end_it(void **state) {
        int steps = 0;
        const struct apply_report ends = { .step = tell_enough, .refusal = tell_refusal, .context = &steps };
        struct request request = *as("operator");
        struct apply *apply = NULL;

        (void)state;
        (void)filled(north, "web", 1000);
        assert_int_equal(apply_new(&request, false, &ends, &apply), 0);
        for (int i = 0; i < 2; i++)
                assert_int_equal(apply_add(apply, &(struct apply_line){ .number = i + 1, .region = "north",
                                                                        .image = "web@alice",
                                                                        .account = i ? "carol" : "bob" }),
                                 0);
        assert_int_equal(apply_flush(apply), 77);
        assert_int_equal(steps, 1);
        assert_null(apply_free(apply));
}

/* Bulk lines and single shares at the same time: the limit holds, and nothing is lost. */
static void *share_alone(void *argument) {
        struct request request = *(struct request *)argument;
        int64_t place = 0, done = 0;
        struct image image;

        if (image_lookup(&request, north, "web", &image) == 0)
                place = image.place;
        for (int i = 0; i < 100; i++) {
                struct share share;
                char name[NAME_SIZE];

                (void)snprintf(name, sizeof(name), "n%d", i);
                done += share_grant(&request, place, name, &share, NULL) == 0;
        }
        return (void *)(intptr_t)done; /* NOLINT: a number */
}

static void test_beside_changes_asked_alone(void **state) {
        struct request request = *as("operator"), alice = *as("alice");
        struct apply *apply = NULL;
        int64_t web = filled(north, "web", 1000);
        pthread_t thread;
        void *done;

        (void)state;
        told[0] = '\0';
        assert_int_equal(limit_set(as("operator"), LIMIT_SHARES, 60), 0);
        for (int i = 0; i < 100; i++) {
                char name[NAME_SIZE];

                (void)snprintf(name, sizeof(name), "n%d", i);
                assert_int_equal(account_add(as("operator"), name, ROLE_ACCOUNT, -1, -1), 0);
        }
        assert_int_equal(apply_new(&request, false, &report, &apply), 0);
        assert_int_equal(pthread_create(&thread, NULL, share_alone, &alice), 0);
        for (int i = 99; i >= 0; i--) {
                char name[NAME_SIZE];

                (void)snprintf(name, sizeof(name), "n%d", i);
                assert_int_equal(apply_add(apply, &(struct apply_line){ .number = i, .region = "north",
                                                                        .image = "web@alice", .account = name }),
                                 0);
                if (i % 5 == 0)
                        assert_int_equal(apply_flush(apply), 0);
        }
        assert_int_equal(pthread_join(thread, &done), 0);
        assert_null(apply_free(apply));
        assert_int_equal(live_shares(web), 60);
        assert_int_equal(events("op = 'share' AND rule IS NULL"), 60);
        assert_int_equal(sql_number("SELECT count(DISTINCT account) FROM share"), 60);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_granting_seals),
                CASE(test_a_refused_line_seals_nothing),
                CASE(test_a_busy_disk_is_told_and_the_others_done),
                CASE(test_an_empty_disk_is_told_and_the_others_done),
                CASE(test_an_offline_region_is_told_and_the_others_done),
                CASE(test_an_expired_share_is_granted_again),
                CASE(test_whoever_is_told_may_end_it),
                CASE(test_beside_changes_asked_alone),
        };

        return cmocka_run_group_tests_name("service apply", tests, NULL, NULL);
}
