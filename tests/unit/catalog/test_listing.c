/* SPDX-License-Identifier: MIT
 * Listings longer than a page: complete, in order, from any cursor, stopped by the caller, and while rows come and go.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

#define N 600
#define PAGE 256

static int64_t north, alice, bob;

static int setup(void **state) {
        (void)scratch_setup(state); /* 0 */
        (void)must(REGION_PUT, 0, 0, "north");
        (void)must(REGION_PUT, 0, 0, "south");
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        north = region_id("north");
        alice = account_id("alice");
        bob = account_id("bob");
        return 0;
}

struct seen {
        int64_t ids[2 * N];
        int count;
        int64_t last;
        bool named; /* i0, i1 … in this order */
        int stop_at; /* returns 17 there */
        enum fact what; /* at the 100th row, this is done to the doomed one */
        int64_t doomed;
};

static int see(struct seen *seen, int64_t id) {
        assert_true(id > seen->last); /* in order, no duplicates */
        assert_true(seen->count < 2 * N);
        seen->ids[seen->count++] = seen->last = id;
        if (seen->doomed && seen->count == 100)
                (void)must(seen->what, seen->doomed, 0, NULL);
        return seen->count == seen->stop_at ? 17 : 0;
}

static int see_entry(const struct image_entry *entry, void *context) {
        struct seen *seen = context;
        char name[NAME_SIZE];

        (void)snprintf(name, sizeof(name), "i%d", seen->count);
        if (seen->named)
                assert_string_equal(entry->name, name);
        assert_string_equal(entry->owner_name, "alice");
        return see(seen, entry->cursor);
}

static int list_own(int64_t after, struct seen *seen) {
        return catalog_image_list(scratch_reader, north, alice, after, see_entry, seen);
}

static int list_all(int64_t after, struct seen *seen) {
        return catalog_image_list(scratch_reader, north, 0, after, see_entry, seen);
}

static int list_received(int64_t after, struct seen *seen) {
        return catalog_received_list(scratch_reader, north, bob, after, see_entry, seen);
}

static int see_share(const struct share *share, void *context) {
        return see(context, share->id);
}

static int64_t shared; /* the image whose shares list_shares lists */

static int list_shares(int64_t after, struct seen *seen) {
        return catalog_share_list(scratch_reader, shared, 0, after, see_share, seen);
}

static const struct {
        int (*list)(int64_t after, struct seen *seen);
        enum fact end;
} listings[] = { { list_own, PLACE_END }, { list_all, PLACE_END }, { list_received, SHARE_END }, { list_shares, SHARE_END } };

/* Shares all images with bob. */
static int run_shares(struct catalog_connection *c, void *context) {
        int64_t event;
        int r = 0;

        (void)context;
        for (int i = 0; i < N && r == 0; i++)
                r = change_in(c, SHARE_PUT, shared + i, bob, NULL, &event);
        return r;
}

/* Makes N images of alice's, all shared with bob; the first one is shared with N more accounts. */
static void fill(void) {
        int64_t account;

        many(PLACE_PUT, N, north, alice, false, "i");
        shared = sql_number("SELECT min(id) FROM place");
        many(ACCOUNT_PUT, N, 0, 0, false, "n");
        account = account_id("n0");
        many(SHARE_PUT, N, shared, account, true, "");
        assert_int_equal(catalog_write(scratch_catalog, run_shares, NULL), 0);
}

static void test_whole_and_from_any_cursor(void **state) {
        static const int cursors[] = { 0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE - 1, 2 * PAGE, N - 2 };
        static struct seen all, rest;

        (void)state;
        fill();
        for (size_t k = 0; k < ARRAY_SIZE(listings); k++) {
                int total = N + (listings[k].list == list_shares); /* and bob */

                all = (struct seen){ .named = true };
                assert_int_equal(listings[k].list(0, &all), 0);
                assert_int_equal(all.count, total);
                for (size_t i = 0; i < ARRAY_SIZE(cursors); i++) {
                        rest = (struct seen){ .last = all.ids[cursors[i]] };
                        assert_int_equal(listings[k].list(all.ids[cursors[i]], &rest), 0);
                        assert_int_equal(rest.count, total - cursors[i] - 1);
                        assert_memory_equal(rest.ids, all.ids + cursors[i] + 1, (size_t)rest.count * sizeof(rest.ids[0]));
                }
                rest = (struct seen){ .count = 0 };
                assert_int_equal(listings[k].list(all.last, &rest), 0);
                assert_int_equal(rest.count, 0);
        }
}

static void test_ended_by_who_reads(void **state) {
        static const int stops[] = { 1, PAGE - 1, PAGE, PAGE + 1, N };
        static struct seen seen;

        (void)state;
        fill();
        for (size_t k = 0; k < ARRAY_SIZE(listings); k++)
                for (size_t i = 0; i < ARRAY_SIZE(stops); i++) {
                        seen = (struct seen){ .stop_at = stops[i] };
                        assert_int_equal(listings[k].list(0, &seen), 17);
                        assert_int_equal(seen.count, stops[i]);
                }
}

static void test_rows_removed_meanwhile(void **state) {
        static struct seen all, seen;

        (void)state;
        fill();
        for (size_t k = ARRAY_SIZE(listings); k-- > 0;) {
                all = (struct seen){ .count = 0 };
                assert_int_equal(listings[k].list(0, &all), 0);
                seen = (struct seen){ .what = listings[k].end, .doomed = all.ids[400] };
                assert_int_equal(listings[k].list(0, &seen), 0);
                assert_int_equal(seen.count, all.count - 1); /* missing on the next page; all others once */
                assert_int_equal(seen.ids[399], all.ids[399]);
                assert_int_equal(seen.ids[400], all.ids[401]);
                /* from a cursor whose row has ended */
                seen = (struct seen){ .count = 0 };
                assert_int_equal(listings[k].list(all.ids[400], &seen), 0);
                assert_int_equal(seen.ids[0], all.ids[401]);
        }
}

/* Shares live at that moment, including those that have ended since, without those granted since. */
static void test_an_images_shares_as_of_a_moment(void **state) {
        static const int cursors[] = { 0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, N - 1 };
        struct catalog *past = NULL;
        struct catalog_connection *c = NULL;
        struct catalog_moment moment;
        static struct seen all, then;

        (void)state;
        fill();
        assert_int_equal(list_shares(0, &all), 0);
        assert_int_equal(all.count, N + 1);
        moment = (struct catalog_moment){ .event = sql_number("SELECT max(id) FROM event") };
        for (int i = 0; i < all.count; i += 2) {
                char sql[64];

                (void)snprintf(sql, sizeof(sql), "SELECT account FROM share WHERE id = %ld", all.ids[i]); /* fits */
                (void)must(SHARE_END, all.ids[i], 0, NULL);
                if (i % 4 == 0)
                        (void)must(SHARE_PUT, shared, sql_number(sql), NULL);
        }
        assert_int_equal(catalog_open_asof(scratch_path, &moment, &past), 0);
        assert_int_equal(catalog_read(past, &c), 0);
        then = (struct seen){ .count = 0 };
        assert_int_equal(catalog_share_list(c, shared, 0, 0, see_share, &then), 0);
        assert_int_equal(then.count, all.count);
        assert_memory_equal(then.ids, all.ids, sizeof(all.ids));
        for (size_t i = 0; i < ARRAY_SIZE(cursors); i++) {
                then = (struct seen){ .last = all.ids[cursors[i]] };
                assert_int_equal(catalog_share_list(c, shared, 0, then.last, see_share, &then), 0);
                assert_int_equal(then.count, all.count - cursors[i] - 1);
                assert_memory_equal(then.ids, all.ids + cursors[i] + 1, (size_t)then.count * sizeof(then.ids[0]));
        }
        catalog_read_end(&c);
        past = catalog_close(past);
}

static void test_listings_are_of_one_region_and_owner(void **state) {
        int64_t south = region_id("south"), a = must(PLACE_PUT, north, alice, "i0"), b = must(PLACE_PUT, south, alice, "i0");
        static struct seen seen;

        (void)state;
        (void)must(PLACE_PUT, south, bob, "i0");
        (void)must(SHARE_PUT, b, bob, NULL);
        seen = (struct seen){ .count = 0 };
        assert_int_equal(list_own(0, &seen), 0);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.ids[0], a);
        seen = (struct seen){ .count = 0 };
        assert_int_equal(catalog_image_list(scratch_reader, south, alice, 0, see_entry, &seen), 0);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.ids[0], b);
        seen = (struct seen){ .count = 0 };
        assert_int_equal(list_received(0, &seen), 0);
        assert_int_equal(seen.count, 0);
        assert_int_equal(catalog_received_list(scratch_reader, south, bob, 0, see_entry, &seen), 0);
        assert_int_equal(seen.count, 1);
        seen = (struct seen){ .count = 0 };
        assert_int_equal(catalog_received_list(scratch_reader, north, alice, 0, see_entry, &seen), 0);
        assert_int_equal(seen.count, 0);
}

static int see_account(const struct account *account, void *context) {
        return see(context, account->id);
}

static int see_region(const struct region *region, void *context) {
        return see(context, region->id);
}

static int see_disk(const struct image *image, void *context) {
        assert_true(image->has_disk);
        return see(context, image->id);
}

/* Nine of ten images have a disk. */
static int run_disks(struct catalog_connection *c, void *context) {
        int64_t event, first = sql_number("SELECT min(id) FROM image");
        int r = 0;

        (void)context;
        for (int64_t id = first; id < first + N && r == 0; id++)
                if (id % 10 != 0)
                        r = change_in(c, IMAGE_DISK, id, 0, NULL, &event);
        return r;
}

static void test_accounts_regions_and_disks_are_whole(void **state) {
        static struct seen seen;

        (void)state;
        many(ACCOUNT_PUT, N, 0, 0, false, "n");
        many(REGION_PUT, N, 0, 0, false, "r");
        many(PLACE_PUT, N, north, alice, false, "i");
        assert_int_equal(catalog_write(scratch_catalog, run_disks, NULL), 0);
        assert_int_equal(catalog_account_list(scratch_reader, 0, see_account, &seen), 0);
        assert_int_equal(seen.count, N + 3);
        seen = (struct seen){ .last = 300 };
        assert_int_equal(catalog_account_list(scratch_reader, 300, see_account, &seen), 0);
        assert_int_equal(seen.count, N + 3 - 300);
        seen = (struct seen){ .count = 0 };
        assert_int_equal(catalog_region_list(scratch_reader, 0, see_region, &seen), 0);
        assert_int_equal(seen.count, N + 2);
        seen = (struct seen){ .last = 300 };
        assert_int_equal(catalog_region_list(scratch_reader, 300, see_region, &seen), 0);
        assert_int_equal(seen.count, N + 2 - 300);
        seen = (struct seen){ .count = 0 };
        assert_int_equal(catalog_disk_each(scratch_reader, north, see_disk, &seen), 0);
        assert_int_equal(seen.count, N - N / 10);
        seen = (struct seen){ .stop_at = 300 };
        assert_int_equal(catalog_disk_each(scratch_reader, north, see_disk, &seen), 17);
        seen = (struct seen){ .count = 0 };
        assert_int_equal(catalog_disk_each(scratch_reader, region_id("south"), see_disk, &seen), 0);
        assert_int_equal(seen.count, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_whole_and_from_any_cursor),
                CASE(test_ended_by_who_reads),
                CASE(test_rows_removed_meanwhile),
                CASE(test_an_images_shares_as_of_a_moment),
                CASE(test_listings_are_of_one_region_and_owner),
                CASE(test_accounts_regions_and_disks_are_whole),
        };

        return cmocka_run_group_tests_name("catalog listing", tests, NULL, NULL);
}
