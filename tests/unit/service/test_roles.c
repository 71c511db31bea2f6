/* SPDX-License-Identifier: MIT
 * Making, renaming, deleting and describing images, by each role, shared and not, and what the log says.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static struct share share;
static int64_t place;

static int do_rename(const char *who) {
        return image_rename(as(who), place, "web", north, "db");
}

static int do_move(const char *who) {
        return image_rename(as(who), place, "web", south, "web");
}

static int do_remove(const char *who) {
        return image_remove(as(who), place, "web");
}

static int do_remove_disk(const char *who) {
        return disk_remove(as(who), place);
}

static int do_describe(const char *who) {
        return description_write(as(who), place, "text\n", 5);
}

static int do_remove_description(const char *who) {
        return description_remove(as(who), place);
}

static int do_remove_link(const char *who) {
        return shares_link_remove(as(who), place);
}

static int do_seal(const char *who) {
        return image_seal(as(who), place);
}

static int do_attributes(const char *who) {
        return image_judge_attributes(as(who), place);
}

static int do_write_disk(const char *who) {
        return disk_truncate_path(as(who), place, 50);
}

static int do_read_disk(const char *who) {
        struct disk_handle *handle = NULL;
        int r = disk_open(as(who), place, O_RDONLY, &handle);

        (void)disk_close(as(who), handle); /* returns NULL */
        return r;
}

static const struct {
        const char *name;
        int (*act)(const char *who);
        int owner, stranger, auditor, operator; /* results while it is not shared */
        int shared_owner, recipient;            /* results while it is */
} acts[] = {
        { "rename", do_rename, 0, -ENOENT, RULE_READ_ONLY_ROLE, RULE_SHARED_FROZEN, RULE_SHARED_FROZEN, RULE_SHARED_FROZEN },
        { "move", do_move, -EXDEV, -ENOENT, RULE_READ_ONLY_ROLE, RULE_SHARED_FROZEN, RULE_SHARED_FROZEN, RULE_SHARED_FROZEN },
        { "remove", do_remove, -ENOTEMPTY, -ENOENT, RULE_READ_ONLY_ROLE, RULE_OWNER_DELETES, RULE_UNSHARE_BEFORE_DELETE,
          RULE_OWNER_DELETES },
        { "remove disk", do_remove_disk, 0, -ENOENT, RULE_READ_ONLY_ROLE, RULE_OWNER_DELETES, RULE_UNSHARE_BEFORE_DELETE,
          RULE_OWNER_DELETES },
        { "describe", do_describe, 0, -ENOENT, RULE_READ_ONLY_ROLE, RULE_SHARED_FROZEN, RULE_SHARED_FROZEN, RULE_SHARED_FROZEN },
        { "remove description", do_remove_description, 0, -ENOENT, RULE_READ_ONLY_ROLE, RULE_OWNER_DELETES,
          RULE_UNSHARE_BEFORE_DELETE, RULE_OWNER_DELETES },
        { "remove link", do_remove_link, 0, -ENOENT, RULE_READ_ONLY_ROLE, RULE_OWNER_DELETES, RULE_UNSHARE_BEFORE_DELETE,
          RULE_OWNER_DELETES },
        { "seal", do_seal, 0, -ENOENT, RULE_READ_ONLY_ROLE, RULE_SHARED_FROZEN, 0, RULE_SHARED_FROZEN },
        { "attributes", do_attributes, 0, -ENOENT, RULE_READ_ONLY_ROLE, RULE_SHARED_FROZEN, 0, RULE_SHARED_FROZEN },
        { "write disk", do_write_disk, 0, -ENOENT, RULE_READ_ONLY_ROLE, RULE_ROLE, RULE_SEALED, RULE_SEALED },
        { "read disk", do_read_disk, 0, -ENOENT, RULE_NO_COPY_OF_SHARED, RULE_NO_COPY_OF_SHARED, 0, RULE_NO_COPY_OF_SHARED },
};

static void fresh(bool shared) {
        place = filled(north, "web", 100);
        if (shared)
                assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
}

/* Compares members: padding is undefined. */
static void assert_same_image(const struct image *a, const struct image *b) {
        assert_int_equal(a->place, b->place);
        assert_int_equal(a->id, b->id);
        assert_string_equal(a->name, b->name);
        assert_int_equal(a->state, b->state);
        assert_int_equal(a->has_disk, b->has_disk);
        assert_int_equal(a->description, b->description);
        assert_int_equal(a->shares_link, b->shares_link);
        assert_int_equal(a->size, b->size);
        assert_int_equal(a->mtime, b->mtime);
        assert_int_equal(a->reviewed, b->reviewed);
}

/* A refusal changes nothing: only the log grows. */
static void refused(size_t i, const char *who, int expected) {
        struct image before = row(place), after;
        int64_t shares = live_shares(place);

        if (acts[i].act(who) != expected)
                fail_msg("%s by %s", acts[i].name, who);
        after = row(place);
        assert_same_image(&before, &after);
        assert_int_equal(live_shares(place), shares);
        assert_int_equal(blob_of(place).st_size, 100);
}

static void test_by_role_unshared(void **state) {
        fresh(false);
        for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
                refused(i, "bob", acts[i].stranger);
                refused(i, "eve", acts[i].auditor);
                refused(i, "operator", acts[i].operator);
        }
        (void)scratch_teardown(state); /* 0 */
        for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
                (void)scratch_setup(state); /* 0 */
                fresh(false);
                if (acts[i].act("alice") != acts[i].owner)
                        fail_msg("%s by its owner", acts[i].name);
                (void)scratch_teardown(state); /* 0 */
        }
        (void)scratch_setup(state); /* 0; for the next teardown */
}

static void test_by_role_shared(void **state) {
        (void)state;
        fresh(true);
        for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
                refused(i, "alice", acts[i].shared_owner);
                refused(i, "bob", acts[i].recipient);
                refused(i, "carol", acts[i].stranger);
                refused(i, "eve", acts[i].auditor);
                refused(i, "operator", acts[i].operator);
        }
        assert_int_equal(share_revoke(as("alice"), place, "bob", NULL, NULL), 0);
        assert_int_equal(do_rename("alice"), 0); /* allowed after the last unshare */
        assert_int_equal(disk_remove(as("alice"), place), 0);
}

static void test_refusals_name_the_recipients_to_the_owner_alone(void **state) {
        struct request *request;

        (void)state;
        fresh(true);
        assert_int_equal(share_grant(as("alice"), place, "carol", &share, NULL), 0);
        assert_int_equal(image_remove(request = as("alice"), place, "web"), RULE_UNSHARE_BEFORE_DELETE);
        assert_string_equal(request->refusal.asked, "delete north/web@alice");
        assert_string_equal(request->refusal.fact, "north/web@alice is shared with bob, carol");
        assert_string_equal(request->refusal.remedy, "unshare it from bob, carol first: rmdir shares/bob shares/carol");
        assert_int_equal(image_rename(request = as("alice"), place, "web", north, "db"), RULE_SHARED_FROZEN);
        assert_string_equal(request->refusal.asked, "rename north/web@alice to db");
        assert_string_equal(request->refusal.fact, "north/web@alice is shared with bob, carol");
        assert_int_equal(image_rename(request = as("bob"), place, "web", north, "db"), RULE_SHARED_FROZEN);
        assert_null(strstr(request->refusal.fact, "carol"));
        assert_null(strstr(request->refusal.remedy, "carol"));
        assert_non_null(strstr(request->refusal.remedy, "alice"));
        assert_int_equal(disk_remove(request = as("alice"), place), RULE_UNSHARE_BEFORE_DELETE);
        assert_string_equal(request->refusal.asked, "remove the disk of north/web@alice");
        assert_int_equal(disk_truncate_path(request = as("alice"), place, 1), RULE_SEALED);
        assert_string_equal(request->refusal.asked, "write the disk of north/web@alice");
        scratch_reopen(0);
        /* deleting an image and deleting its disk are one kind of refusal, counted */
        assert_int_equal(events("op = 'delete' AND rule = 'unshare-before-delete' AND errno = 'EPERM' AND object = 'north/web@alice'"), 2);
        assert_int_equal(events("op = 'rename' AND rule = 'shared-frozen' AND errno = 'EPERM'"), 2);
        assert_int_equal(events("op = 'available' AND rule = 'sealed'"), 1);
}

/* The new name of an image is no account: an account of that name must not find the line in its history. */
static void test_a_refused_rename_names_no_account(void **state) {
        (void)state;
        fresh(true);
        assert_int_equal(image_rename(as("alice"), place, "web", north, "bob"), RULE_SHARED_FROZEN);
        scratch_reopen(0);
        assert_int_equal(events("op = 'rename' AND rule = 'shared-frozen'"), 1);
        assert_int_equal(events("op = 'rename' AND account IS NOT NULL"), 0);
}

static void test_names(void **state) {
        struct image image;
        struct request *request;

        (void)state;
        fresh(false);
        assert_int_equal(image_create(request = as("alice"), north, "web", &image), RULE_NAME_TAKEN);
        assert_string_equal(request->refusal.asked, "create north/web@alice");
        assert_int_equal(image_create(as("alice"), north, "a@b", &image), -EINVAL);
        assert_int_equal(image_create(as("alice"), north, "a234567890a234567890a234567890a234567890a234567890a2345678901", &image),
                         -ENAMETOOLONG);
        assert_int_equal(image_create(as("alice"), 99, "web", &image), -ENOENT);
        assert_int_equal(image_create(as("operator"), north, "web", &image), RULE_ROLE);
        assert_int_equal(image_create(as("eve"), north, "web", &image), RULE_READ_ONLY_ROLE);
        assert_int_equal(image_create(as("bob"), north, "web", &image), 0);
        assert_int_equal(image_create(as("alice"), north, "db", &image), 0);
        assert_int_equal(image_rename(as("alice"), place, "web", north, "db"), RULE_NAME_TAKEN);
        assert_int_equal(image_rename(as("alice"), place, "web", north, "a@b"), -EPERM);
        assert_int_equal(image_rename(as("alice"), place, "other", north, "new"), -ENOENT); /* not its name */
        assert_int_equal(image_rename(as("alice"), place, "web", north, "new"), 0);
        assert_int_equal(image_lookup(as("alice"), north, "new", &image), 0);
        assert_int_equal(image.place, place);
        assert_int_equal(image_lookup(as("alice"), north, "new@alice", &image), 0);
        assert_int_equal(image_lookup(as("alice"), north, "web", &image), -ENOENT);
        assert_int_equal(image_lookup(as("bob"), north, "new@alice", &image), -ENOENT);
        assert_int_equal(events("op = 'rename' AND rule IS NULL AND object = 'north/web@alice' AND"
                                " json_extract(detail, '$.to') = 'new'"), 1);
}

static void test_quota(void **state) {
        struct request *request;
        struct image image;

        (void)state;
        fresh(true);
        assert_int_equal(account_set(as("operator"), "alice", &(struct account_change){ ACCOUNT_QUOTA, 1 }, 1), 0);
        assert_int_equal(account_set(as("operator"), "bob", &(struct account_change){ ACCOUNT_QUOTA, 1 }, 1), 0);
        assert_int_equal(image_create(request = as("alice"), north, "db", &image), RULE_QUOTA_OWN_ONLY);
        assert_non_null(strstr(request->refusal.fact, "1 of at most 1"));
        assert_int_equal(image_create(as("alice"), south, "db", &image), 0); /* per region */
        assert_int_equal(image_create(as("bob"), north, "db", &image), 0);   /* received ones do not count */
        assert_int_equal(image_create(as("bob"), north, "dc", &image), RULE_QUOTA_OWN_ONLY);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_by_role_unshared),
                CASE(test_by_role_shared),
                CASE(test_refusals_name_the_recipients_to_the_owner_alone),
                CASE(test_a_refused_rename_names_no_account),
                CASE(test_names),
                CASE(test_quota),
        };

        return cmocka_run_group_tests_name("service roles", tests, NULL, NULL);
}
