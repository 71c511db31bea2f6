/* SPDX-License-Identifier: MIT
 * One event: its JSON for any texts, its time, its place in the hash chain.
 */
#include "scratch.h"

#include <string.h>

#include "timestamp.h"

static int64_t now = 1777803072345; /* 2026-05-03T10:11:12.345Z */

int64_t __wrap_timestamp_now(void);
int64_t __wrap_timestamp_now(void) {
        return now;
}

static int setup(void **state) {
        now = 1777803072345;
        return scratch_setup(state);
}

struct line {
        char text[8192];
        size_t length;
        int count;
};

static int keep(const struct log_entry *entry, void *context) {
        struct line *kept = context;

        assert_true(entry->length < sizeof(kept->text));
        memcpy(kept->text, entry->line, entry->length);
        kept->text[entry->length] = '\0';
        kept->length = entry->length;
        kept->count++;
        return 0;
}

static void line_of(int64_t id, struct line *ret_line) {
        const struct log_filter filter = { .after = id - 1, .last = id };

        *ret_line = (struct line){ .count = 0 };
        assert_int_equal(catalog_log(scratch_reader, &filter, keep, ret_line), 1);
        assert_int_equal(ret_line->count, 1);
        assert_int_equal(strlen(ret_line->text), ret_line->length);
}

/* Removes `,"hash":"..."}` and the newline, and puts the brace back; the hash must be the row's. */
static void without_hash(struct line *line, int64_t id) {
        char *hash = line->text + line->length - strlen(",\"hash\":\"") - 64 - strlen("\"}\n"), sql[256];

        assert_memory_equal(hash, ",\"hash\":\"", strlen(",\"hash\":\""));
        assert_string_equal(hash + 9 + 64, "\"}\n");
        (void)snprintf(sql, sizeof(sql), "SELECT lower(hex(hash)) = '%.64s' AND length = %zu FROM event WHERE id = %lld", hash + 9,
                       line->length, (long long)id);
        assert_int_equal(sql_number(sql), 1);
        strcpy(hash, "}");
}

static void test_line_is_the_specs(void **state) {
        struct caller caller = { .account = 2, .name = "alice", .uid = 4294967294, .via = VIA_MOUNT };
        struct line line;
        int64_t web, id;

        (void)state;
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        (void)must(REGION_PUT, 0, 0, "north");
        web = must(PLACE_PUT, region_id("north"), account_id("alice"), "web");
        id = log_event(&(struct event){ .caller = &caller, .op = EVENT_SHARE, .object = "north/web@alice",
                                        .account = "bob", .place = web,
                                        .about = { .region = region_id("north"), .image = web,
                                                   .account = account_id("bob") } });
        line_of(id, &line);
        without_hash(&line, id);
        assert_string_equal(line.text, "{\"event\":6,\"time\":\"2026-05-03T10:11:12.345Z\",\"actor\":\"alice\","
                                       "\"uid\":4294967294,"
                                       "\"via\":\"mount\",\"op\":\"share\",\"object\":\"north/web@alice\",\"account\":\"bob\","
                                       "\"rule\":null,\"errno\":null,\"detail\":{}}");
}

static void test_refusal_has_rule_errno_and_details(void **state) {
        struct line line;
        int64_t id = log_event(&(struct event){
                .caller = &scratch_operator,
                .op = EVENT_DELETE,
                .rule = "no-reshare",
                .error = "EPERM",
                .detail = { { .key = "text", .text = "a" }, { .key = "size", .number = -5 }, { .key = "big", .number = INT64_MAX },
                            { .key = "none", .text = "" } },
        });

        (void)state;
        line_of(id, &line);
        without_hash(&line, id);
        assert_string_equal(line.text, "{\"event\":2,\"time\":\"2026-05-03T10:11:12.345Z\",\"actor\":\"operator\",\"uid\":1000,"
                                       "\"via\":\"cli\",\"op\":\"delete\",\"object\":null,\"account\":null,"
                                       "\"rule\":\"no-reshare\",\"errno\":\"EPERM\",\"detail\":"
                                       "{\"text\":\"a\",\"size\":-5,\"big\":9223372036854775807,\"none\":\"\"}}");
}

static void test_operations_have_the_specs_names(void **state) {
        static const char *const names[] = {
                [EVENT_INIT] = "init", [EVENT_REGION_ADD] = "region-add", [EVENT_REGION_RM] = "region-rm",
                [EVENT_ACCOUNT_ADD] = "account-add", [EVENT_ACCOUNT_SET] = "account-set", [EVENT_ACCOUNT_RM] = "account-rm",
                [EVENT_LIMIT] = "limit", [EVENT_REGION_SET] = "region-set", [EVENT_ADOPT] = "adopt",
                [EVENT_SNAPSHOT] = "snapshot", [EVENT_RESTORE] = "restore", [EVENT_REPAIR] = "repair",
                [EVENT_CLOCK_DOUBT] = "clock-doubt", [EVENT_CLOCK_AGREES] = "clock-doubt", [EVENT_CLOCK_SET] = "clock-set",
                [EVENT_CREATE] = "create",
                [EVENT_CREATE_DESCRIPTION] = "create", [EVENT_CREATE_LINK] = "create", [EVENT_CREATE_DISK] = "create",
                [EVENT_AVAILABLE] = "available", [EVENT_COPY_EMPTY] = "copy", [EVENT_COPY] = "copy", [EVENT_COPY_ALSO] = "copy",
                [EVENT_SEAL] = "seal", [EVENT_DIGEST] = "digest", [EVENT_TIMES_DISK] = "times",
                [EVENT_TIMES_DESCRIPTION] = "times",
                [EVENT_DESCRIBE] = "describe", [EVENT_RENAME] = "rename", [EVENT_REVIEW_CLEAR] = "review",
                [EVENT_REVIEW] = "review", [EVENT_DELETE_DESCRIPTION] = "delete", [EVENT_DELETE_LINK] = "delete",
                [EVENT_DELETE_DISK] = "delete", [EVENT_DELETE] = "delete", [EVENT_SHARE] = "share",
                [EVENT_UNSHARE] = "unshare", [EVENT_EXPIRE] = "expire", [EVENT_EXPIRY_CLEAR] = "set-expiry",
                [EVENT_SET_EXPIRY] = "set-expiry", [EVENT_TRUST] = "trust", [EVENT_UNTRUST] = "untrust",
                [EVENT_CREATE_INSTANCE] = "create", [EVENT_LAUNCH] = "launch", [EVENT_REINSTALL] = "reinstall",
                [EVENT_INSTANCE_DELETE_IMAGE] = "instance-delete", [EVENT_INSTANCE_DELETE_DISK] = "instance-delete",
                [EVENT_INSTANCE_DELETE] = "instance-delete", [EVENT_UNDELETE] = "undelete",
                [EVENT_UNDELETE_DISK] = "undelete", [EVENT_UNDELETE_INSTANCE] = "undelete",
                [EVENT_UNDELETE_INSTANCE_DISK] = "undelete", [EVENT_PURGE] = "purge", [EVENT_PURGE_INSTANCE] = "purge",
        };
        char sql[128];

        (void)state;
        assert_int_equal(ARRAY_SIZE(names), EVENT_OPS);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                int64_t id = log_event(&(struct event){ .caller = &scratch_operator, .op = (enum event_op)i,
                                                        .rule = "role", .error = "EPERM" }); /* has no effects */

                (void)snprintf(sql, sizeof(sql), "SELECT op = '%s' FROM event WHERE id = %lld", names[i], (long long)id);
                assert_int_equal(sql_number(sql), 1);
        }
        assert_int_equal(chain_check(), 1 + ARRAY_SIZE(names));
}

/* For any text, the line is one line of valid JSON that contains it. */
static void test_any_text_is_valid_json(void **state) {
        static const char *const texts[] = {
                "", "\"", "\\", "a\"b\\c/d", "two\nlines\r\n", "\t\b\f\x01\x1f\x7f", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                "{\"a\":1}", "null", "'; DROP TABLE event; --", "%s%n", "</script>", "\xe2\x80\xa8",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                struct line line;
                int64_t id = log_event(&(struct event){ .caller = &scratch_operator, .op = EVENT_LIMIT,
                                                        .object = texts[i], .account = texts[i],
                                                        .detail = { { .key = "text", .text = texts[i] },
                                                                    { .key = "value", .number = 1 } } });
                char *quoted, *sql;

                line_of(id, &line);
                assert_ptr_equal(strchr(line.text, '\n'), line.text + line.length - 1);
                quoted = malloc(2 * line.length + 1);
                assert_non_null(quoted);
                for (char *from = line.text, *to = quoted;; from++) { /* an SQL literal */
                        if (*from == '\'')
                                *to++ = '\'';
                        *to++ = *from;
                        if (!*from)
                                break;
                }
                assert_true(asprintf(&sql,
                                     "SELECT json_valid('%s') AND json_extract('%s', '$.object') = object AND"
                                     " json_extract('%s', '$.detail.text') = object AND"
                                     " json_extract('%s', '$.account') = account AND json_type('%s', '$.detail') = 'object'"
                                     " AND length(CAST(object AS BLOB)) = %zu FROM event WHERE id = %lld",
                                     quoted, quoted, quoted, quoted, quoted, strlen(texts[i]), (long long)id) > 0);
                assert_int_equal(sql_number(sql), 1);
                free(quoted);
                free(sql);
        }
        assert_int_equal(chain_check(), 1 + ARRAY_SIZE(texts));
}

static int64_t time_of(int64_t id) {
        char sql[64];

        (void)snprintf(sql, sizeof(sql), "SELECT time FROM event WHERE id = %lld", (long long)id);
        return sql_number(sql);
}

static int64_t tick(void) {
        return time_of(must(SETTING_PUT, 1, 0, "x"));
}

static void test_time_never_goes_back(void **state) {
        (void)state;
        assert_true(time_of(1) == 1777803072345);
        now += 10;
        assert_true(tick() == 1777803072355);
        now -= 3600000; /* the clock is set back */
        assert_true(tick() == 1777803072355);
        assert_true(tick() == 1777803072355);
        scratch_close();
        scratch_open(); /* another process, the same clock */
        assert_true(tick() == 1777803072355);
        now = 1777803072356;
        assert_true(tick() == 1777803072356);
        assert_int_equal(chain_check(), 6);
}

static void test_chain_continues_after_reopening(void **state) {
        (void)state;
        for (int i = 0; i < 5; i++) {
                now += 7;
                (void)tick();
                scratch_close();
                assert_int_equal(chain_check(), i + 2);
                scratch_open();
        }
}

/* A changed text or hash makes the check above fail. */
static void test_chain_notices_a_change(void **state) {
        int64_t id = must(SETTING_PUT, 1, 0, "x");
        struct line before, after;

        (void)state;
        line_of(id, &before);
        sql_run("UPDATE event SET uid = 1001 WHERE id = 2");
        line_of(id, &after);
        assert_string_not_equal(before.text, after.text);
        without_hash(&after, id); /* the hash is still the old one */
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_line_is_the_specs),
                CASE(test_refusal_has_rule_errno_and_details),
                CASE(test_operations_have_the_specs_names),
                CASE(test_any_text_is_valid_json),
                CASE(test_time_never_goes_back),
                CASE(test_chain_continues_after_reopening),
                CASE(test_chain_notices_a_change),
        };

        return cmocka_run_group_tests_name("catalog event", tests, NULL, NULL);
}
