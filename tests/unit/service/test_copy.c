/* SPDX-License-Identifier: MIT
 * Copying a whole disk at once (LINK): by reference, sealed, with its lineage; by whom, and onto what.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static struct image image;
static struct share share;

static void test_a_copy_is_a_link_to_the_sealed_source(void **state) {
        int64_t a = filled(north, "a", MIB), b = draft(south, "b");

        (void)state;
        assert_int_equal(image_copy(as("alice"), a, b, &image), 0);
        assert_int_equal(image.place, b);
        assert_int_equal(image.state, IMAGE_AVAILABLE);
        assert_int_equal(row(a).state, IMAGE_SEALED);
        assert_int_equal(row(a).size, MIB);
        assert_int_equal(blob_of(a).st_ino, blob_of(b).st_ino);
        assert_int_equal(events("op = 'seal' AND object = 'north/a@alice'"), 1);
        assert_int_equal(events("op = 'copy' AND object = 'south/b@alice' AND json_extract(detail, '$.source') = 'north/a@alice'"), 1);
        assert_int_equal(image_copy(as("alice"), a, b, &image), -EEXIST);
        assert_int_equal(blob_of(a).st_nlink, 2);
}

static void test_a_shared_image_is_copied_by_its_owner_alone(void **state) {
        int64_t a = filled(north, "a", 1000), b = draft(south, "b"), mine;
        struct request *request;

        (void)state;
        assert_int_equal(share_grant(as("alice"), a, "bob", &share, NULL), 0);
        assert_int_equal(image_create(as("bob"), north, "mine", &image), 0);
        mine = image.place;
        assert_int_equal(image_copy(request = as("bob"), a, mine, &image), RULE_NO_COPY_OF_SHARED);
        assert_string_equal(request->refusal.asked, "copy north/a@alice");
        assert_string_equal(request->refusal.fact, "only its owner alice reads or copies the disk of north/a@alice");
        assert_non_null(strstr(request->refusal.remedy, "a@alice"));
        assert_int_equal(image_copy(as("carol"), a, mine, &image), -ENOENT);
        assert_int_equal(image_copy(as("operator"), a, b, &image), RULE_NO_COPY_OF_SHARED);
        assert_int_equal(image_copy(as("eve"), a, b, &image), RULE_NO_COPY_OF_SHARED);
        assert_int_equal(image_copy(as("alice"), a, mine, &image), -ENOENT); /* bob's draft */
        assert_int_equal(blob_of(mine).st_nlink, 0);
        assert_int_equal(blob_of(b).st_nlink, 0);
        assert_int_equal(image_copy(as("alice"), a, b, &image), 0);
        assert_int_equal(live_shares(b), 0); /* never the shares */
        scratch_reopen(0);
        assert_int_equal(events("op = 'copy' AND rule = 'no-copy-of-shared' AND object = 'north/a@alice' AND errno = 'EPERM'"), 3);
}

static void test_drafts(void **state) {
        int64_t a = draft(north, "a"), b = draft(south, "b");

        (void)state;
        assert_int_equal(image_copy(as("alice"), a, b, &image), -ENOENT);
        finish(created(a));
        assert_int_equal(image_copy(as("alice"), a, b, &image), 0); /* ln of an empty file is an empty file */
        assert_true(row(b).has_disk);
        assert_int_equal(row(b).state, IMAGE_DRAFT);
        assert_int_equal(blob_of(b).st_size, 0);
        assert_int_equal(blob_of(a).st_nlink, 1);
}

static void test_writing_the_copy_keeps_the_sources_bytes(void **state) {
        int64_t a = filled(north, "a", MIB), b = draft(north, "b");
        struct disk_handle *from, *to;

        (void)state;
        assert_int_equal(image_copy(as("alice"), a, b, &image), 0);
        to = opened(b, O_RDWR);
        from = opened(a, O_RDONLY);
        scratch_put(to, 5, "CHANGED");
        scratch_same(from, 0, MIB);
        finish(to);
        finish(from);
        assert_int_equal(image_seal(as("alice"), b), 0);
        assert_int_equal(disk_open(as("alice"), b, O_RDWR, &to), RULE_SEALED);
}

static void test_deleted_sources_are_still_named(void **state) {
        int64_t a = filled(north, "a", MIB), b = draft(north, "b");
        char source[SOURCE_SIZE];

        (void)state;
        assert_int_equal(image_copy(as("alice"), a, b, &image), 0);
        assert_int_equal(disk_remove(as("alice"), a), 0);
        assert_int_equal(image_source_text(as("alice"), &image, source), 0);
        assert_string_equal(source, "copy of north/a@alice");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_a_copy_is_a_link_to_the_sealed_source),
                CASE(test_a_shared_image_is_copied_by_its_owner_alone),
                CASE(test_drafts),
                CASE(test_writing_the_copy_keeps_the_sources_bytes),
                CASE(test_deleted_sources_are_still_named),
        };

        return cmocka_run_group_tests_name("service copy", tests, NULL, NULL);
}
