/* SPDX-License-Identifier: MIT
 * A service as of a moment of the past: which moments exist, that nothing can be changed or read from a disk, that the
 * stores are never used, and that the caller is today's.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "account.h"
#include "instance.h"
#include "timestamp.h"

static char why[WHY_SIZE];
static struct service *past;
static struct disk_handle *handle;
static struct share share;
static struct image image;
static struct instance instance;
static int64_t web, draft_place, vm, launch;

static void open_past(const char *asof) {
        past = service_close(past);
        assert_int_equal(service_open_asof(scratch_name("dir"), asof, SERVICE_BACKGROUND, &past, why), 0);
}

static void open_past_event(int64_t event) {
        char text[32];

        (void)snprintf(text, sizeof(text), "%lld", (long long)event);
        open_past(text);
        assert_string_equal(service_asof(past), text);
}

static struct request *then(const char *name) {
        return as_of(past, name);
}

static int64_t last_event(void) {
        return sql_number("SELECT max(id) FROM event");
}

/* Alice's image web, sealed and shared with bob; her draft; bob's instance of web. */
static int past_setup(void **state) {
        (void)scratch_setup(state); /* 0 */
        web = filled(north, "web", 1000);
        draft_place = draft(north, "draft");
        assert_int_equal(share_grant(as("alice"), web, "bob", &share, NULL), 0);
        assert_int_equal(instance_create(as("bob"), north, "vm", &instance), 0);
        vm = instance.id;
        assert_int_equal(instance_launch(as("bob"), vm, "web@alice"), 0);
        assert_int_equal(instance_get(as("bob"), vm, &instance), 0);
        launch = instance.launch;
        return 0;
}

static int past_teardown(void **state) {
        past = service_close(past);
        return scratch_teardown(state);
}

static void test_which_moments_there_are(void **state) {
        char last[32], beyond[32], before[TIMESTAMP_SIZE], after[TIMESTAMP_SIZE];
        const struct {
                const char *asof;
                int error;
                const char *says;
        } cases[] = {
                { last, 0, last },
                { "1", 0, "1" },
                { "0", 0, "0" },
                { beyond, -ERANGE, "has not come yet" },
                { "99999999999999999999999999", -ERANGE, "has not come yet" },
                { before, 0, before },
                { after, -ERANGE, "has not come yet" },
                { "2001-02-03", 0, "2001-02-03T23:59:59.999Z" }, /* the end of that day */
                { "2001-02-03T12:00:00+02:00", 0, "2001-02-03T10:00:00.000Z" },
                { "9999-12-31", -ERANGE, "has not come yet" },
                { "", -EINVAL, "neither an RFC 3339 time nor the number of an event" },
                { "now", -EINVAL, "neither" },
                { "-1", -EINVAL, "neither" },
                { "12x", -EINVAL, "neither" },
                { "+0d", -EINVAL, "neither" }, /* this form means future times */
                { "2001-02-30", -EINVAL, "neither" },
        };

        (void)state;
        (void)snprintf(last, sizeof(last), "%lld", (long long)last_event());
        (void)snprintf(beyond, sizeof(beyond), "%lld", (long long)last_event() + 1);
        (void)timestamp_format(timestamp_now() - 1, before);
        (void)timestamp_format(timestamp_now() + 3600000, after);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct service *service = NULL;
                int r = service_open_asof(scratch_name("dir"), cases[i].asof, 0, &service, why);

                assert_int_equal(r, cases[i].error);
                assert_true(!service == (r < 0));
                assert_non_null(strstr(service ? service_asof(service) : why, cases[i].says));
                assert_null(strchr(why, '\n'));
                service = service_close(service);
        }
        assert_string_equal(service_asof(scratch_service), "now");
}

static int do_open(int flags) {
        return disk_open(then("alice"), web, flags, &handle);
}

/* Stores are not asked: they are gone. */
static void test_nothing_can_be_changed(void **state) {
        struct account_change auditor = { ACCOUNT_ROLE, ROLE_AUDITOR };
        int64_t before;

        (void)state;
        open_past_event(last_event());
        before = events("1");
        assert_int_equal(rename(scratch_name("dir/store"), scratch_name("dir/away")), 0);
#define REFUSED(call) assert_int_equal(call, -EROFS)
        REFUSED(image_create(then("alice"), north, "db", &image));
        REFUSED(image_remove(then("alice"), draft_place, "draft"));
        REFUSED(image_rename(then("alice"), draft_place, "draft", north, "db"));
        REFUSED(image_rename_part(then("alice"), web, draft_place));
        REFUSED(image_seal(then("alice"), web));
        REFUSED(image_copy(then("alice"), web, draft_place, &image));
        REFUSED(image_review(then("alice"), web, true));
        REFUSED(image_judge_attributes(then("alice"), web));
        REFUSED(description_create(then("alice"), draft_place, &image));
        REFUSED(description_remove(then("alice"), web));
        REFUSED(description_judge(then("alice"), web));
        REFUSED(description_write(then("alice"), web, "x", 1));
        REFUSED(description_touch(then("alice"), web, 5));
        REFUSED(shares_link_create(then("alice"), draft_place, &image));
        REFUSED(shares_link_remove(then("alice"), web));
        REFUSED(share_grant(then("alice"), web, "carol", &share, NULL));
        REFUSED(share_revoke(then("alice"), web, "bob", NULL, NULL));
        REFUSED(share_expire(then("alice"), share.id, "+1d"));
        REFUSED(share_directory(then("alice"), web));
        REFUSED(do_open(O_WRONLY));
        REFUSED(do_open(O_RDWR));
        REFUSED(do_open(O_RDONLY | O_TRUNC));
        REFUSED(disk_create(then("alice"), draft_place, O_RDWR, &image, &handle));
        REFUSED(disk_remove(then("alice"), web));
        REFUSED(disk_truncate_path(then("alice"), web, 5));
        REFUSED(disk_touch(then("alice"), web, 5));
        REFUSED(instance_create(then("bob"), north, "vm2", &instance));
        REFUSED(instance_launch(then("bob"), vm, "web@alice"));
        REFUSED(instance_remove(then("bob"), vm));
        REFUSED(instance_image_remove(then("bob"), vm));
        REFUSED(instance_disk_remove(then("bob"), vm));
        REFUSED(instance_disk_open(then("bob"), vm, O_RDWR, &handle));
        REFUSED(instance_disk_copy(then("bob"), launch, draft_place, &image));
        REFUSED(trust_add(then("bob"), "alice", &before));
        REFUSED(trust_remove(then("bob"), "alice"));
        REFUSED(region_add(then("operator"), "east", NULL));
        REFUSED(region_remove(then("operator"), "south", NULL, NULL));
        REFUSED(account_add(then("operator"), "zoe", ROLE_ACCOUNT, -1, -1));
        REFUSED(account_set(then("operator"), "carol", &auditor, 1));
        REFUSED(account_remove(then("operator"), "carol"));
        REFUSED(limit_set(then("operator"), LIMIT_SHARES, 1));
        assert_int_equal(access(scratch_name("dir/store"), F_OK), -1);
        assert_int_equal(events("1"), before);
        assert_int_equal(rename(scratch_name("dir/away"), scratch_name("dir/store")), 0);
}

/* Even owners cannot read disks: nobody knows their content then. The size is the sealed one; no bytes are looked
 * at. */
static void test_disks(void **state) {
        int64_t sealed = sql_number("SELECT sealed_event FROM image WHERE size = 1000"), filled_event;
        struct stat st;

        (void)state;
        filled_event = sql_number("SELECT available_event FROM image WHERE size = 1000");
        assert_int_equal(rename(scratch_name("dir/store"), scratch_name("dir/away")), 0);
        open_past_event(last_event());
        assert_int_equal(do_open(O_RDONLY), -EPERM);
        assert_int_equal(disk_open(then("eve"), web, O_RDONLY, &handle), -EPERM);
        assert_int_equal(instance_disk_open(then("bob"), vm, O_RDONLY, &handle), -EPERM);
        assert_int_equal(instance_get(then("bob"), vm, &instance), 0);
        assert_int_equal(instance_disk_stat(then("bob"), &instance, &st), 0);
        assert_int_equal(st.st_size, 0); /* it was still writable */
        assert_int_equal(st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000,
                         sql_number("SELECT time FROM event WHERE op = 'launch'"));
        for (int64_t event = filled_event; event <= sealed; event++) {
                open_past_event(event);
                assert_int_equal(image_get(then("alice"), web, &image), 0);
                assert_int_equal(image.state, event == sealed ? IMAGE_SEALED : IMAGE_AVAILABLE);
                assert_int_equal(disk_stat(then("alice"), &image, &st), 0);
                assert_int_equal(st.st_size, event == sealed ? 1000 : 0);
        }
        assert_int_equal(rename(scratch_name("dir/away"), scratch_name("dir/store")), 0);
}

static void test_who_asks_is_todays(void **state) {
        int64_t event = last_event();
        struct account account;
        struct caller caller;

        (void)state;
        assert_int_equal(account_add(as("operator"), "zoe", ROLE_ACCOUNT, -1, -1), 0);
        assert_int_equal(account_set(as("operator"), "eve", &(struct account_change){ ACCOUNT_ROLE, ROLE_OPERATOR }, 1), 0);
        assert_int_equal(account_remove(as("operator"), "carol"), 0);
        open_past_event(event);
        assert_int_equal(service_caller(past, "carol", 0, VIA_CLI, &caller), -ENOENT);
        assert_int_equal(service_caller(past, "eve", 0, VIA_CLI, &caller), 0);
        assert_int_equal(caller.role, ROLE_OPERATOR);
        caller.role = ROLE_ACCOUNT;
        assert_int_equal(service_caller_refresh(past, &caller), 0);
        assert_int_equal(caller.role, ROLE_OPERATOR);
        /* zoe did not exist, carol did */
        assert_int_equal(account_get(then("zoe"), then("zoe")->caller.account, &account), -ENOENT);
        assert_int_equal(account_get(then("operator"), sql_number("SELECT id FROM account WHERE name = 'carol'"), &account),
                         0);
        assert_int_equal(image_get(then("zoe"), web, &image), -ENOENT);
}

/* An account sees what it could see then, even if it could not today; and the reverse. */
static void test_it_sees_what_it_could_see(void **state) {
        int64_t shared = last_event(), unshared;

        (void)state;
        assert_int_equal(share_revoke(as("alice"), web, "bob", NULL, NULL), 0);
        unshared = last_event();
        open_past_event(share.id - 1);
        assert_int_equal(image_get(then("bob"), web, &image), -ENOENT);
        open_past_event(shared);
        assert_int_equal(image_get(then("bob"), web, &image), 0);
        assert_int_equal(share_find(then("bob"), web, "bob", &share, &image), 0);
        assert_int_equal(share_find(then("alice"), web, "bob", &share, &image), 0);
        assert_int_equal(image_get(then("carol"), web, &image), -ENOENT);
        open_past_event(unshared);
        assert_int_equal(image_get(then("bob"), web, &image), -ENOENT);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, past_setup, past_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_which_moments_there_are),
                CASE(test_nothing_can_be_changed),
                CASE(test_disks),
                CASE(test_who_asks_is_todays),
                CASE(test_it_sees_what_it_could_see),
        };

        return cmocka_run_group_tests_name("service asof", tests, NULL, NULL);
}
