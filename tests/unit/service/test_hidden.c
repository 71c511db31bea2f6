/* SPDX-License-Identifier: MIT
 * Whoever names what it does not see learns nothing from the way the answer goes: for an image that is hidden from it, one
 * that is not there, and one of an account that is not there, the same statements run in the same order with the same
 * results.
 */
#include "scratch.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "instance.h"

/* --- the way: every call of SQLite that this thread makes between way_begin and way_end --- */

#define STEPS 64
struct way {
        sqlite3_stmt *statement[STEPS];
        int result[STEPS], count;
        int work; /* instructions of SQLite's virtual machine */
};

static _Thread_local struct way *recorded;

int __real_sqlite3_step(sqlite3_stmt *s);
int __wrap_sqlite3_step(sqlite3_stmt *s);
int __wrap_sqlite3_step(sqlite3_stmt *s) {
        const int before = sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 0), r = __real_sqlite3_step(s);

        if (recorded) {
                assert_in_range(recorded->count, 0, STEPS - 1);
                recorded->statement[recorded->count] = s;
                recorded->result[recorded->count++] = r;
                recorded->work += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 0) - before;
        }
        return r;
}

/* One of the requests below, as bob. */
typedef int (*ask)(const char *name);
static int64_t vm;

static int ask_lookup(const char *name) {
        struct request *request = as("bob");
        struct image image;
        int r;

        request_look(request);
        r = image_lookup(request, north, name, &image);
        request_done(request);
        return r;
}

static int ask_received(const char *name) {
        struct request *request = as("bob");
        int64_t share;

        return received_find(request, request->caller.account, north, name, &share);
}

static int ask_account(const char *name) {
        struct account account;

        return account_find(as("bob"), strchr(name, '@') + 1, &account);
}

static int ask_instance(const char *name) {
        struct instance instance;

        return instance_lookup(as("bob"), north, name, &instance);
}

static int ask_launch(const char *name) {
        return instance_launch(as("bob"), vm, name);
}

static void way_go(ask asked, const char *name, struct way *ret_way) {
        *ret_way = (struct way){ 0 };
        recorded = ret_way;
        assert_int_equal(asked(name), -ENOENT);
        recorded = NULL;
}

/* The virtual machine skips two or three instructions where an index has no entry, of some ten nanoseconds each. */
#define WORK_APART 8

static void same_way(const struct way *a, const struct way *b, const char *name) {
        for (int i = 0; i < a->count && i < b->count; i++)
                if (a->statement[i] != b->statement[i] || a->result[i] != b->result[i])
                        fail_msg("%s: call %d is another one: %s", name, i, sqlite3_sql(b->statement[i]));
        if (a->count != b->count)
                fail_msg("%s: %d calls instead of %d", name, b->count, a->count);
        if (abs(a->work - b->work) > WORK_APART)
                fail_msg("%s: %d instructions, or %d", name, b->work, a->work);
}

static void test_all_go_one_way(void **state) {
        static const ask asks[] = { ask_lookup, ask_received, ask_account, ask_instance, ask_launch };
        static const char *const names[] = { "absent@alice", "web@nobody", "vm@alice", "web@carol" };
        struct instance instance;
        struct share share;
        int64_t web = filled(north, "web", 100);

        (void)state;
        assert_int_equal(share_grant(as("alice"), web, "carol", &share, NULL), 0);
        assert_int_equal(instance_create(as("alice"), north, "vm", &instance), 0);
        assert_int_equal(instance_create(as("bob"), north, "vm", &instance), 0);
        vm = instance.id;
        for (size_t i = 0; i < ARRAY_SIZE(asks); i++) {
                struct way hidden, other;

                for (int round = 0; round < 3; round++) /* what was asked before may be remembered */
                        way_go(asks[i], "web@alice", &hidden);
                for (size_t j = 0; j < ARRAY_SIZE(names); j++)
                        for (int round = 0; round < 3; round++) {
                                way_go(asks[i], names[j], &other);
                                same_way(&hidden, &other, names[j]);
                        }
        }
}

/* --- what is told of it --- */

static const char *sentence(const char *name) {
        struct request *request = as("bob");

        assert_int_equal(instance_launch(request, vm, name), -ENOENT);
        assert_int_equal(request->refusal.rule, RULE_NONE);
        assert_int_equal(request->refusal.error, ENOENT);
        return request->refusal.fact;
}

/* The sentence and the event name what was asked. Hidden, absent or nobody's: only the name differs. */
static void test_a_refused_launch_is_told_of_in_one_way(void **state) {
        static const struct {
                const char *name, *fact, *object;
        } cases[] = {
                { "web@alice", "bob sees no image web@alice in north", "north/web@alice" },
                { "abs@alice", "bob sees no image abs@alice in north", "north/abs@alice" },
                { "web@nobod", "bob sees no image web@nobod in north", "north/web@nobod" },
                { "web", "bob sees no image web in north", "north/web@bob" },
                { "south/web", "bob sees no image web in south", "south/web@bob" },
                { "nowhere/web@alice", "bob sees no image web@alice in nowhere", "nowhere/web@alice" },
        };
        struct instance instance;
        char where[512];

        (void)state;
        (void)filled(north, "web", 100);
        assert_int_equal(instance_create(as("bob"), north, "vm", &instance), 0);
        vm = instance.id;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                for (int round = 0; round < 3; round++)
                        assert_string_equal(sentence(cases[i].name), cases[i].fact);
        scratch_reopen(0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                (void)snprintf(where, sizeof(where), "op = 'launch' AND object = '%s' AND account IS NULL AND place IS NULL AND"
                               " owner IS NULL AND rule = '-' AND errno = 'ENOENT'", cases[i].object);
                assert_int_equal(events(where), 2);
                strcat(where, " AND detail = '{\"repeated\":2}'");
                assert_int_equal(events(where), 1);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_all_go_one_way, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_a_refused_launch_is_told_of_in_one_way, scratch_setup, scratch_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
