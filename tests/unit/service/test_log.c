/* SPDX-License-Identifier: MIT
 * Reading the log and the shares, as each role may.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

#include "access.h"
#include "log.h"

static int collect(const struct log_event *event, void *context) {
        char *text = context;

        (void)snprintf(text + strlen(text), 512 - strlen(text), "%s%s%s", *text ? " " : "", event->op,
                       event->rule ? "!" : "");
        return 0;
}

/* Returns what an account reads of an image's log, such as `create share delete!`. */
static const char *read_log(const char *who, struct log_query query) {
        static char text[512];
        int r;

        text[0] = '\0';
        assert_int_equal(log_begin(as(who), &query), 0);
        do
                r = log_page(as(who), &query, collect, text);
        while (r > 0);
        assert_int_equal(r, 0);
        return text;
}

static int64_t shared(void) {
        int64_t place = filled(north, "web", 100);
        struct share share;

        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_int_equal(image_remove(as("bob"), place, "web"), RULE_OWNER_DELETES);
        scratch_reopen(0); /* writes the refusal */
        return place;
}

#define WEB .image = "north/web@alice"
#define EVERYTHING "create create available seal share delete!"

static void test_an_account_reads_its_own_events(void **state) {
        (void)state;
        (void)shared();
        assert_string_equal(read_log("operator", (struct log_query){ WEB }), EVERYTHING);
        assert_string_equal(read_log("eve", (struct log_query){ WEB }), EVERYTHING);
        assert_string_equal(read_log("alice", (struct log_query){ WEB }), EVERYTHING);
        assert_string_equal(read_log("alice", (struct log_query){ .denied = true }), "delete!");
        assert_string_equal(read_log("bob", (struct log_query){ WEB }), "share delete!");
        assert_string_equal(read_log("bob", (struct log_query){ 0 }), "account-add share delete!");
        assert_string_equal(read_log("carol", (struct log_query){ WEB }), "");
        assert_string_equal(read_log("carol", (struct log_query){ .account = "bob" }), "");
        assert_string_equal(read_log("carol", (struct log_query){ 0 }), "account-add");
}

static void test_a_time_to_come_hides_what_comes_before(void **state) {
        struct log_query query = { WEB, .has_since = true, .since = INT64_C(32503679999999) };
        int64_t place = shared();
        char text[512] = "";

        (void)state;
        assert_int_equal(log_begin(as("alice"), &query), 0);
        assert_int_equal(log_page(as("alice"), &query, collect, text), 0);
        assert_int_equal(share_revoke(as("alice"), place, "bob", NULL, NULL), 0);
        assert_int_equal(log_page(as("alice"), &query, collect, text), 0);
        assert_string_equal(text, "");
}

/* A removed image is found under its last name; new events are found after the last one read. */
static void test_the_log_goes_on(void **state) {
        struct log_query query = { WEB };
        int64_t place = shared();
        char text[512] = "";

        (void)state;
        assert_int_equal(log_begin(as("alice"), &query), 0);
        assert_int_equal(log_page(as("alice"), &query, collect, text), 0);
        assert_int_equal(share_revoke(as("alice"), place, "bob", NULL, NULL), 0);
        text[0] = '\0';
        assert_int_equal(log_page(as("alice"), &query, collect, text), 0);
        assert_string_equal(text, "unshare");
        assert_int_equal(log_page(as("alice"), &query, collect, text), 0);
        assert_string_equal(text, "unshare");
        assert_string_equal(read_log("bob", (struct log_query){ WEB }), "share delete! unshare");
        assert_int_equal(account_remove(as("operator"), "carol"), 0);
        assert_string_equal(read_log("eve", (struct log_query){ .account = "carol" }), "account-add account-rm");
}

static int count(const struct access *access, void *context) {
        assert_string_equal(access->region, "north");
        assert_string_equal(access->image, "web@alice");
        assert_string_equal(access->account, "bob");
        ++*(int *)context;
        return 0;
}

/* The number of shares told; -errno. */
static int shares(const char *who, const char *what) {
        struct access_query query;
        int n = 0, r = access_begin(as(who), what, &query);

        if (r < 0)
                return r;
        do
                r = access_page(as(who), &query, count, &n);
        while (r > 0);
        return r < 0 ? r : n;
}

static void test_access_is_told_to_those_concerned(void **state) {
        static const struct {
                const char *who, *what;
                int shares;
        } cases[] = {
                { "operator", NULL, 1 },  { "operator", "bob", 1 }, { "operator", "alice", 0 }, { "eve", NULL, 1 },
                { "alice", NULL, 1 },     { "alice", "bob", 1 },    { "alice", "alice", 0 },    { "bob", NULL, 1 },
                { "bob", "bob", 1 },      { "bob", "alice", 0 },    { "carol", NULL, 0 },       { "carol", "bob", 0 },
                { "operator", "north/web@alice", 1 },               { "bob", "north/web@alice", 1 },
                { "carol", "north/web@alice", -ENOENT },            { "eve", "nobody", -ENOENT },
        };
        int64_t place = shared();

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(shares(cases[i].who, cases[i].what), cases[i].shares);
        assert_int_equal(share_revoke(as("alice"), place, "bob", NULL, NULL), 0);
        assert_int_equal(shares("operator", NULL), 0);
        assert_int_equal(shares("bob", NULL), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_an_account_reads_its_own_events),
                CASE(test_the_log_goes_on),
                CASE(test_a_time_to_come_hides_what_comes_before),
                CASE(test_access_is_told_to_those_concerned),
        };

        return cmocka_run_group_tests_name("service log", tests, NULL, NULL);
}
