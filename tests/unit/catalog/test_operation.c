/* SPDX-License-Identifier: MIT
 * The operation of an event in the log: found by its word, and for ambiguous words by a member of its detail.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

#include "effects/effects.h"

static const struct {
        const char *word, *key, *text; /* text NULL: the number */
        int64_t number;
        enum event_op op;
} known[] = {
        { "init", .op = EVENT_INIT },
        { "region-add", .op = EVENT_REGION_ADD },
        { "region-rm", .op = EVENT_REGION_RM },
        { "account-add", .op = EVENT_ACCOUNT_ADD },
        { "account-set", .op = EVENT_ACCOUNT_SET },
        { "account-rm", .op = EVENT_ACCOUNT_RM },
        { "limit", .op = EVENT_LIMIT },
        { "region-set", .op = EVENT_REGION_SET },
        { "adopt", .op = EVENT_ADOPT },
        { "snapshot", .op = EVENT_SNAPSHOT },
        { "restore", .op = EVENT_RESTORE },
        { "repair", .op = EVENT_REPAIR },
        { "clock-doubt", "ahead", NULL, 7200001, EVENT_CLOCK_DOUBT },
        { "clock-doubt", "doubt", "over", .op = EVENT_CLOCK_AGREES },
        { "clock-set", .op = EVENT_CLOCK_SET },
        { "create", .op = EVENT_CREATE },
        { "create", "part", "description", .op = EVENT_CREATE_DESCRIPTION },
        { "create", "part", "shares", .op = EVENT_CREATE_LINK },
        { "create", "part", "disk", .op = EVENT_CREATE_DISK },
        { "create", "kind", "instance", .op = EVENT_CREATE_INSTANCE },
        { "available", .op = EVENT_AVAILABLE },
        { "copy", "size", NULL, 0, EVENT_COPY_EMPTY },
        { "copy", "size", "0", .op = EVENT_COPY_EMPTY },
        { "copy", "size", NULL, 1, EVENT_COPY },
        { "copy", "size", NULL, 10, EVENT_COPY },
        { "copy", "size", NULL, -1, EVENT_COPY },
        { "copy", .op = EVENT_COPY },
        { "copy", "also", NULL, 1, EVENT_COPY_ALSO },
        { "seal", .op = EVENT_SEAL },
        { "seal", "size", NULL, 0, EVENT_SEAL },
        { "digest", .op = EVENT_DIGEST },
        { "times", "part", "disk", .op = EVENT_TIMES_DISK },
        { "times", "part", "description", .op = EVENT_TIMES_DESCRIPTION },
        { "describe", .op = EVENT_DESCRIBE },
        { "rename", .op = EVENT_RENAME },
        { "review", "reviewed", NULL, 0, EVENT_REVIEW_CLEAR },
        { "review", "reviewed", NULL, 1, EVENT_REVIEW },
        { "delete", "part", "description", .op = EVENT_DELETE_DESCRIPTION },
        { "delete", "part", "shares", .op = EVENT_DELETE_LINK },
        { "delete", "part", "disk", .op = EVENT_DELETE_DISK },
        { "delete", .op = EVENT_DELETE },
        { "share", .op = EVENT_SHARE },
        { "unshare", .op = EVENT_UNSHARE },
        { "expire", .op = EVENT_EXPIRE },
        { "set-expiry", "expires", "never", .op = EVENT_EXPIRY_CLEAR },
        { "set-expiry", "expires", "2026-05-03T10:11:12.345Z", .op = EVENT_SET_EXPIRY },
        { "trust", .op = EVENT_TRUST },
        { "untrust", .op = EVENT_UNTRUST },
        { "launch", .op = EVENT_LAUNCH },
        { "reinstall", .op = EVENT_REINSTALL },
        { "instance-delete", "part", "image", .op = EVENT_INSTANCE_DELETE_IMAGE },
        { "instance-delete", "part", "disk", .op = EVENT_INSTANCE_DELETE_DISK },
        { "instance-delete", "part", "directory", .op = EVENT_INSTANCE_DELETE },
        { "undelete", .op = EVENT_UNDELETE },
        { "undelete", "part", "disk", .op = EVENT_UNDELETE_DISK },
        { "undelete", "kind", "instance", .op = EVENT_UNDELETE_INSTANCE },
        { "undelete", "kind", "instance-disk", .op = EVENT_UNDELETE_INSTANCE_DISK },
        { "purge", .op = EVENT_PURGE },
        { "purge", "kind", "instance", .op = EVENT_PURGE_INSTANCE },
};

static int find(const char *word, const char *key, const char *text, int64_t number) {
        const struct event event = { .detail = { { .key = "first", .number = 7 },
                                                 { .key = key, .text = text, .number = number } } };

        return operation_find(word, &event);
}

static void test_known(void **state) {
        bool found[EVENT_OPS] = { false };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
                assert_int_equal(find(known[i].word, known[i].key, known[i].text, known[i].number), known[i].op);
                assert_true(operation_known(known[i].word));
                assert_string_equal(operations[known[i].op].word, known[i].word);
                found[known[i].op] = true;
        }
        for (int op = 0; op < EVENT_OPS; op++)
                if (!found[op])
                        fail_msg("operation %d, %s, is not in the list", op, operations[op].word);
}

/* A newer version may have more parts and kinds of any operation: their effects are unknown. */
static void test_unknown_parts(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
                assert_int_equal(find(known[i].word, "part", "lid", 0), -ENOENT);
                assert_int_equal(find(known[i].word, "part", NULL, 0), -ENOENT);
                assert_int_equal(find(known[i].word, "part", "", 0), -ENOENT);
                assert_int_equal(find(known[i].word, "kind", "cluster", 0), -ENOENT);
                assert_int_equal(find(known[i].word, "kind", "disk", 0), -ENOENT); /* disk is a part */
        }
        assert_int_equal(find("times", NULL, NULL, 0), -ENOENT); /* times of what? */
        assert_int_equal(find("instance-delete", NULL, NULL, 0), -ENOENT);
        assert_int_equal(find("delete", "part", "directory", 0), -ENOENT);
        assert_int_equal(find("instance-delete", "part", "shares", 0), -ENOENT);
        assert_int_equal(find("create", "kind", "disk", 0), -ENOENT);
        assert_int_equal(find("create", "part", "instance", 0), -ENOENT);
}

static void test_unknown_words(void **state) {
        static const char *const words[] = { "", "frobnicate", "Share", "share ", "shar", "shares", "region_add" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                assert_int_equal(find(words[i], NULL, NULL, 0), -ENOENT);
                assert_false(operation_known(words[i]));
        }
}

/* If a key is given twice the first one counts, as for readers of the log; `_` matches `-`. */
static void test_details(void **state) {
        const struct event event = { .detail = { { .key = "require-trust", .number = 1 }, { .key = "uid", .text = "x" },
                                                 { .key = "uid", .number = 5 } } };

        (void)state;
        assert_ptr_equal(event_detail_find(&event, "require_trust"), &event.detail[0]);
        assert_ptr_equal(event_detail_find(&event, "require-trust"), &event.detail[0]);
        assert_ptr_equal(event_detail_find(&event, "uid"), &event.detail[1]);
        assert_null(event_detail_find(&event, "require"));
        assert_null(event_detail_find(&event, "require_trust_"));
        assert_null(event_detail_find(&event, ""));
        assert_null(event_detail_find(&(struct event){ .object = "x" }, "uid"));
}

/* The member that distinguishes the operations of a word is in the log, once, and first if it was not given. */
static void test_told_apart_in_the_log(void **state) {
        const struct event given = { .caller = &scratch_operator, .op = EVENT_REVIEW_CLEAR,
                                     .detail = { { .key = "x", .number = 1 }, { .key = "reviewed", .number = 0 } } };

        (void)state;
        for (int op = 0; op < EVENT_OPS; op++) {
                char sql[256];

                if (!operations[op].key || op == EVENT_REVIEW_CLEAR)
                        continue;
                /* a refusal contains what was known of the request; nothing is added */
                (void)log_event(&(struct event){ .caller = &scratch_operator, .op = (enum event_op)op, .rule = "role",
                                                 .error = "EPERM" });
                assert_int_equal(sql_number("SELECT detail IS NULL FROM event ORDER BY id DESC LIMIT 1"), 1);
                (void)snprintf(sql, sizeof(sql), "SELECT op = '%s' FROM event ORDER BY id DESC LIMIT 1",
                               operations[op].word); /* fits */
                assert_int_equal(sql_number(sql), 1);
        }
        (void)must(REGION_PUT, 0, 0, "north");
        (void)must(LINK_PUT, must(PLACE_PUT, 1, OPERATOR, "web"), 0, NULL);
        assert_int_equal(sql_number("SELECT detail = '{\"part\":\"shares\"}' FROM event ORDER BY id DESC LIMIT 1"), 1);
        (void)must(INSTANCE_PUT, 1, OPERATOR, "vm");
        assert_int_equal(sql_number("SELECT detail = '{\"kind\":\"instance\"}' FROM event ORDER BY id DESC"), 1);
        assert_int_equal(operation_find("review", &given), EVENT_REVIEW_CLEAR);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_known),
                CASE(test_unknown_parts),
                CASE(test_unknown_words),
                CASE(test_details),
                CASE(test_told_apart_in_the_log),
        };

        return cmocka_run_group_tests_name("catalog operation", tests, NULL, NULL);
}
