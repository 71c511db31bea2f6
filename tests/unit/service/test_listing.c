/* SPDX-License-Identifier: MIT
 * Who sees which images: own ones first, then received ones, all for staff; and continuing a listing.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct seen {
        char names[512];
        int count, stop_at;
        struct image_cursor next;
};

static int see(const struct image_entry *entry, bool own, struct image_cursor next, void *context) {
        struct seen *seen = context;
        size_t n = strlen(seen->names);

        (void)snprintf(seen->names + n, sizeof(seen->names) - n, "%s%s%s ", entry->name, own ? "" : "@", own ? "" : entry->owner_name);
        seen->next = next;
        return ++seen->count == seen->stop_at ? 17 : 0;
}

static void lists(const char *who, int64_t region, const char *expected) {
        struct seen seen = { .count = 0 };
        char pieces[512] = "";

        assert_int_equal(image_list(as(who), region, (struct image_cursor){ 0 }, see, &seen), 0);
        assert_string_equal(seen.names, expected);
        /* one at a time, as readdir with a small buffer does */
        for (struct seen one = { .stop_at = 1 };; one = (struct seen){ .stop_at = 1, .next = one.next }) {
                int r = image_list(as(who), region, one.next, see, &one);

                strcat(pieces, one.names);
                if (r == 0)
                        break;
                assert_int_equal(r, 17);
        }
        assert_string_equal(pieces, expected);
}

static int64_t of(const char *who, const char *name) {
        struct disk_handle *handle = NULL;
        struct image image;

        assert_int_equal(image_create(as(who), north, name, &image), 0);
        assert_int_equal(disk_create(as(who), image.place, O_WRONLY, &image, &handle), 0);
        scratch_put(handle, 0, "x");
        assert_int_equal(disk_flush(as(who), handle), 0);
        assert_null(disk_close(as(who), handle));
        return image.place;
}

static void test_listings(void **state) {
        int64_t a, b, c;
        struct share share;

        (void)state;
        a = of("alice", "web");
        b = of("bob", "web");
        c = of("carol", "db");
        (void)of("bob", "zoo");
        lists("alice", north, "web ");
        lists("bob", north, "web zoo ");
        lists("operator", north, "web@alice web@bob db@carol zoo@bob ");
        lists("eve", north, "web@alice web@bob db@carol zoo@bob ");
        lists("bob", south, "");
        assert_int_equal(share_grant(as("carol"), c, "bob", &share, NULL), 0);
        assert_int_equal(share_grant(as("alice"), a, "bob", &share, NULL), 0);
        assert_int_equal(share_grant(as("bob"), b, "alice", &share, NULL), 0);
        lists("bob", north, "web zoo db@carol web@alice ");
        lists("alice", north, "web web@bob ");
        lists("carol", north, "db ");
        assert_int_equal(share_revoke(as("carol"), c, "bob", NULL, NULL), 0);
        lists("bob", north, "web zoo web@alice ");
        lists("eve", north, "web@alice web@bob db@carol zoo@bob ");
}

static void test_lookups(void **state) {
        static const struct {
                const char *who, *name;
                bool found;
        } cases[] = {
                { "alice", "web", true },       { "alice", "web@alice", true },  { "alice", "web@bob", false },
                { "bob", "web", false },        { "bob", "web@alice", true },    { "bob", "web@bob", false },
                { "carol", "web@alice", false }, { "operator", "web@alice", true }, { "eve", "web@alice", true },
                { "operator", "web", false },   { "alice", "@alice", false },    { "alice", "web@", false },
                { "alice", "web@alice@alice", false }, { "bob", "web@Alice", false }, { "alice", "", false },
        };
        int64_t place = of("alice", "web");
        struct share share;

        (void)state;
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct image image = { .place = -1 };

                assert_int_equal(image_lookup(as(cases[i].who), north, cases[i].name, &image), cases[i].found ? 0 : -ENOENT);
                if (cases[i].found)
                        assert_int_equal(image.place, place);
                assert_int_equal(image_lookup(as(cases[i].who), south, cases[i].name, &image), -ENOENT);
        }
}

static int count_images(const struct region *region, void *context) {
        if (strcmp(region->name, "north") == 0)
                *(int64_t *)context = region->images * 1000 + region->bytes;
        assert_non_null(region->store);
        return 0;
}

static void test_an_account_counts_its_own(void **state) {
        int64_t a = of("alice", "web"), n = 0;
        struct share share;

        (void)state;
        (void)of("bob", "web");
        assert_int_equal(share_grant(as("alice"), a, "bob", &share, NULL), 0);
        assert_int_equal(region_list(as("operator"), count_images, &n), 0);
        assert_int_equal(n, 2001);
        assert_int_equal(region_list(as("bob"), count_images, &n), 0);
        assert_int_equal(n, 1000);
        assert_int_equal(region_list(as("alice"), count_images, &n), 0);
        assert_int_equal(n, 1001);
}

static int count_accounts(const struct account *account, void *context) {
        ++*(int *)context;
        return account->id > 0 ? 0 : 1;
}

static void test_an_account_finds_only_itself_among_accounts(void **state) {
        int n = 0;

        (void)state;
        assert_int_equal(account_list(as("bob"), 0, count_accounts, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(account_list(as("eve"), 0, count_accounts, &n), 0);
        assert_int_equal(n, 1 + 5);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_listings),
                CASE(test_lookups),
                CASE(test_an_account_counts_its_own),
                CASE(test_an_account_finds_only_itself_among_accounts),
        };

        return cmocka_run_group_tests_name("service listing", tests, NULL, NULL);
}
