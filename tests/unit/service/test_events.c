/* SPDX-License-Identifier: MIT
 * A day of the log as a file: the same bytes from any offset, in any pieces, by several threads, while it grows; each
 * role has its own.
 */
#include "scratch.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "catalog.h"
#include "events.h"
#include "log.h"

#define TODAY 20576 /* 2026-05-03 */

/* The day does not end while it is read. */
int64_t __wrap_timestamp_now(void);
int64_t __wrap_timestamp_now(void) {
        return TODAY * INT64_C(86400000) + 1000;
}

struct text {
        char *data;
        size_t size, room;
};

static void text_free(struct text *text) {
        free(text->data);
}

static int append(const struct log_event *event, void *context) {
        struct text *text = context;
        size_t n = strlen(event->line);

        if (text->size + n + 1 > text->room) {
                text->room = 2 * (text->size + n + 1);
                text->data = realloc(text->data, text->room);
                assert_non_null(text->data);
        }
        memcpy(text->data + text->size, event->line, n + 1);
        text->size += n;
        return 0;
}

/* What `imgshare log --json` prints. */
static struct text log_text(const char *who) {
        struct text text = { .data = strdup("") };
        struct log_query query = { 0 };
        int r;

        assert_int_equal(log_begin(as(who), &query), 0);
        while ((r = log_page(as(who), &query, append, &text)) > 0)
                ;
        assert_int_equal(r, 0);
        return text;
}
#define _cleanup_text_ _cleanup_(text_free)

static int run_many(struct catalog_connection *c, void *context) {
        const struct caller *alice = context;
        int64_t id;
        int r = 0;

        for (int i = 0; i < 15000 && r == 0; i++) {
                char text[64] = "";

                r = catalog_event_add(c,
                                      &(struct event){ .caller = alice,
                                                       .op = EVENT_DELETE,
                                                       .rule = "role",
                                                       .error = "EPERM",
                                                       .account = i % 3 == 0 ? "bob" : NULL,
                                                       .object = memset(text, 'x', (size_t)(i % 37)) },
                                      &id);
        }
        return r;
}

/* Many events of alice's, for more than three marks; some name bob. */
static void many(void) {
        struct catalog *catalog;

        assert_int_equal(catalog_open(scratch_name("dir/catalog.db"), CATALOG_NOT_DURABLE, &catalog), 0);
        assert_int_equal(catalog_write(catalog, run_many, &as("alice")->caller), 0);
        assert_null(catalog_close(catalog));
}

static size_t read_at(const char *who, struct events_reader *reader, uint64_t offset, char *data, size_t size) {
        size_t n = SIZE_MAX;

        assert_int_equal(events_read(as(who), reader, offset, size, data, &n), 0);
        assert_true(n <= size);
        return n;
}

static void check_whole(const char *who) {
        _cleanup_text_ struct text expected = log_text(who);
        _cleanup_free_ char *data = malloc(expected.size + 100);
        struct events_reader *reader;
        struct events_day day;

        assert_non_null(data);
        assert_int_equal(events_day(as(who), TODAY, &day), 0);
        assert_int_equal(day.bytes, expected.size);
        assert_int_equal(events_open(as(who), TODAY, &reader), 0);
        assert_int_equal(read_at(who, reader, 0, data, expected.size + 100), expected.size);
        assert_memory_equal(data, expected.data, expected.size);
        assert_null(events_close(reader));
}

static void test_a_day_is_the_log(void **state) {
        static const char *const people[] = { "alice", "bob", "carol", "eve", "operator" };
        int64_t place = filled(north, "web", 100);
        struct share share;

        (void)state;
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_int_equal(image_remove(as("bob"), place, "web"), RULE_OWNER_DELETES);
        assert_int_equal(share_grant(as("alice"), place, "nobody", &share, NULL), RULE_UNKNOWN_ACCOUNT);
        scratch_reopen(0); /* the refusals are written */
        for (size_t i = 0; i < ARRAY_SIZE(people); i++)
                check_whole(people[i]);
}

static int count(int64_t number, void *context) {
        assert_int_equal(number, TODAY);
        ++*(int *)context;
        return 0;
}

static void test_days_without_events_are_not_there(void **state) {
        struct events_reader *reader;
        struct events_day day;
        int n = 0;

        (void)state;
        assert_int_equal(events_day(as("alice"), TODAY + 1, &day), -ENOENT);
        assert_int_equal(events_open(as("alice"), TODAY - 1, &reader), -ENOENT);
        assert_int_equal(events_list(as("alice"), 0, count, &n), 0);
        assert_int_equal(n, 1);
}

/* Sequentially, at random, backwards; in tiny and large pieces. */
static void check_offsets(const char *who) {
        _cleanup_text_ struct text expected = log_text(who);
        _cleanup_free_ char *data = malloc(expected.size + 1);
        struct events_reader *reader;
        unsigned seed = 7;

        assert_non_null(data);
        assert_int_equal(events_open(as(who), TODAY, &reader), 0);
        for (int i = 0; i < 300; i++) {
                size_t size = (size_t)rand_r(&seed) % (i % 10 == 0 ? 300000 : 700) + 1;
                size_t offset = (size_t)rand_r(&seed) % (expected.size + 300), left, n;

                left = offset < expected.size ? expected.size - offset : 0;
                n = read_at(who, reader, offset, data, size);
                assert_int_equal(n, left < size ? left : size);
                if (n > 0)
                        assert_memory_equal(data, expected.data + offset, n);
        }
        for (size_t offset = 0, n; (n = read_at(who, reader, offset, data, 131072)) > 0; offset += n)
                assert_memory_equal(data, expected.data + offset, n);
        for (size_t end = expected.size; end > 8192; end -= 8192) { /* as tail does */
                assert_int_equal(read_at(who, reader, end - 8192, data, 8192), 8192);
                assert_memory_equal(data, expected.data + end - 8192, 8192);
        }
        assert_int_equal(read_at(who, reader, 0, data, 0), 0);
        assert_int_equal(read_at(who, reader, (uint64_t)1 << 62, data, 100), 0);
        assert_null(events_close(reader));
}

static void test_every_offset_gives_the_same_bytes(void **state) {
        (void)state;
        many();
        check_whole("alice");
        check_whole("bob");
        check_whole("eve");
        check_offsets("alice");
        check_offsets("bob");
        check_offsets("eve");
}

struct thread {
        struct events_reader *reader;
        const struct text *expected;
        unsigned seed;
        bool same;
};

static void *read_thread(void *context) {
        struct request request = { .service = scratch_service };
        struct thread *t = context;
        char data[2000];
        size_t n = 0;

        t->same = service_caller(scratch_service, "eve", 1000, VIA_MOUNT, &request.caller) == 0;
        for (int i = 0; i < 150 && t->same; i++) {
                size_t offset = (size_t)rand_r(&t->seed) % (t->expected->size - sizeof(data));

                t->same = events_read(&request, t->reader, offset, sizeof(data), data, &n) == 0 && n == sizeof(data) &&
                          memcmp(data, t->expected->data + offset, n) == 0;
        }
        return NULL;
}

static void test_threads_share_a_reader(void **state) {
        struct thread threads[4];
        pthread_t ids[ARRAY_SIZE(threads)];
        struct events_reader *reader;

        (void)state;
        many();
        {
                _cleanup_text_ struct text expected = log_text("eve");

                assert_int_equal(events_open(as("eve"), TODAY, &reader), 0);
                for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
                        threads[i] = (struct thread){ .reader = reader, .expected = &expected, .seed = (unsigned)i };
                        assert_int_equal(pthread_create(&ids[i], NULL, read_thread, &threads[i]), 0);
                }
                for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
                        assert_int_equal(pthread_join(ids[i], NULL), 0);
                        assert_true(threads[i].same);
                }
                assert_null(events_close(reader));
        }
}

/* A reader at the end sees new events, but not those of others. */
static void test_a_day_grows_while_it_is_read(void **state) {
        struct events_reader *reader, *bobs;
        struct events_day before, after;
        char data[10000];
        size_t end;

        (void)state;
        (void)draft(north, "one");
        assert_int_equal(events_open(as("alice"), TODAY, &reader), 0);
        assert_int_equal(events_open(as("bob"), TODAY, &bobs), 0);
        assert_int_equal(events_day(as("bob"), TODAY, &before), 0);
        end = read_at("alice", reader, 0, data, sizeof(data));
        assert_int_equal(read_at("alice", reader, end, data, sizeof(data)), 0);
        (void)draft(north, "two");
        data[read_at("alice", reader, end, data, sizeof(data) - 1)] = '\0';
        assert_non_null(strstr(data, "\"object\":\"north/two@alice\""));
        assert_string_equal(strchr(data, '\n'), "\n");
        assert_int_equal(read_at("bob", bobs, (uint64_t)before.bytes, data, sizeof(data)), 0);
        assert_int_equal(events_day(as("bob"), TODAY, &after), 0);
        assert_int_equal(after.bytes, before.bytes);
        assert_null(events_close(reader));
        assert_null(events_close(bobs));
}

/* A former auditor cannot go on reading as an ordinary account, and a removed account cannot go on at all. */
static void test_a_role_taken_away_ends_reading(void **state) {
        const struct account_change change = { .key = ACCOUNT_ROLE, .value = ROLE_ACCOUNT };
        struct request carol = *as("carol");
        struct events_reader *reader;
        struct events_day day;
        char data[100];
        size_t n;

        (void)state;
        assert_int_equal(events_open(as("eve"), TODAY, &reader), 0);
        assert_int_equal(events_read(as("eve"), reader, 0, sizeof(data), data, &n), 0);
        assert_int_equal(account_set(as("operator"), "eve", &change, 1), 0);
        assert_int_equal(events_read(as("eve"), reader, 0, sizeof(data), data, &n), -EACCES);
        assert_null(events_close(reader));
        assert_int_equal(account_remove(as("operator"), "carol"), 0);
        assert_int_equal(events_day(&carol, TODAY, &day), -EACCES);
        assert_int_equal(events_open(&carol, TODAY, &reader), -EACCES);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_a_day_is_the_log),
                CASE(test_days_without_events_are_not_there),
                CASE(test_every_offset_gives_the_same_bytes),
                CASE(test_threads_share_a_reader),
                CASE(test_a_day_grows_while_it_is_read),
                CASE(test_a_role_taken_away_ends_reading),
        };

        return cmocka_run_group_tests_name("service events", tests, NULL, NULL);
}
