/* SPDX-License-Identifier: MIT
 * An image's life: draft, disk, available, sealed, renewed; its source, times and digest.
 */
#include "content.h"
#include "scratch.h"

#include <errno.h>
#include <string.h>

static int64_t north, place;

static int setup(void **state) {
        (void)scratch_setup(state); /* 0 */
        (void)must(REGION_PUT, 0, 0, "north");
        north = region_id("north");
        place = must(PLACE_PUT, north, OPERATOR, "web");
        return 0;
}

static struct image get(void) {
        struct image image;

        assert_int_equal(catalog_image_get(scratch_reader, place, &image), 0);
        return image;
}

static void test_life(void **state) {
        int64_t description, link;

        (void)state;
        assert_int_equal(catalog_disk_wanted(scratch_reader, north, place), 0);
        (void)must(IMAGE_DISK, place, 0, NULL);
        assert_true(get().has_disk);
        assert_int_equal(get().state, IMAGE_DRAFT);
        assert_int_equal(catalog_disk_wanted(scratch_reader, north, place), 1);
        assert_int_equal(catalog_disk_wanted(scratch_reader, north + 1, place), 0);
        description = link = must(IMAGE_FILL, place, place, NULL);
        assert_int_equal(get().state, IMAGE_AVAILABLE);
        assert_int_equal(get().description, description); /* made together with the content */
        assert_int_equal(get().shares_link, link);
        assert_int_equal(get().size, 0);
        (void)must(IMAGE_SEAL, place, 4096, NULL);
        assert_int_equal(get().state, IMAGE_SEALED);
        assert_int_equal(get().size, 4096);
        assert_int_equal(get().mtime, 5000);
        assert_true(get().has_disk);
}

static void test_what_a_disk_is_once_it_is_sealed(void **state) {
        static const struct {
                const char *format;
                enum whole whole;
        } cases[] = {
                { NULL, WHOLE_UNKNOWN }, /* a log that did not tell it */
                { "raw", WHOLE_YES },
                { "qcow2\nneeds a\nneeds /b", WHOLE_NO },
        };
        char format[FORMAT_SIZE];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                place = must(PLACE_PUT, north, OPERATOR, (char[]){ 'a' + (char)i, '\0' });
                (void)must(IMAGE_DISK, place, 0, NULL);
                (void)must(IMAGE_FILL, place, place, NULL);
                assert_int_equal(get().whole, WHOLE_UNKNOWN);
                assert_int_equal(catalog_image_format(scratch_reader, get().id, format), -ENOENT);
                (void)must(IMAGE_SEAL, place, 4096, cases[i].format);
                assert_int_equal(get().whole, cases[i].whole);
                assert_int_equal(catalog_image_format(scratch_reader, get().id, format), cases[i].format ? 0 : -ENOENT);
                if (cases[i].format)
                        assert_string_equal(format, cases[i].format);
        }
        assert_int_equal(catalog_image_format(scratch_reader, 1000000, format), -ENOENT);
}

static void test_becoming_available_keeps_the_parts_it_has(void **state) {
        int64_t description = must(DESCRIPTION_PUT, place, 7, "text"), link = must(LINK_PUT, place, 0, NULL), of, mtime;
        char text[TEXT_SIZE];
        size_t length;

        (void)state;
        (void)must(IMAGE_DISK, place, 0, NULL);
        (void)must(IMAGE_FILL, place, place, NULL);
        assert_int_equal(get().description, description);
        assert_int_equal(get().shares_link, link);
        assert_int_equal(catalog_description_get(scratch_reader, description, text, &length, &mtime, &of), 0);
        assert_string_equal(text, "text");
        assert_int_equal(mtime, 7);
}

static void test_renewal_keeps_the_place_and_ends_the_image(void **state) {
        int64_t old = place, id, description;
        struct image image;

        (void)state;
        description = must(DESCRIPTION_PUT, place, 7, "text");
        (void)must(IMAGE_DISK, place, 0, NULL);
        (void)must(IMAGE_FILL, place, place, NULL);
        (void)must(IMAGE_SEAL, place, 4096, NULL);
        id = must(IMAGE_RENEW, place, 0, NULL);
        image = get();
        assert_int_equal(image.id, id);
        assert_int_equal(image.place, place);
        assert_int_equal(image.state, IMAGE_DRAFT);
        assert_false(image.has_disk);
        assert_int_equal(image.size, 0);
        assert_int_equal(image.description, description); /* directory, name and description stay (CONTRACT 5.2) */
        assert_true(image.shares_link > 0);
        assert_true(image.created >= image.place_created);
        assert_int_equal(image.created, sql_number("SELECT time FROM event ORDER BY id DESC LIMIT 1"));
        assert_int_equal(catalog_image_of_id(scratch_reader, old, &image), -ENOENT);
        assert_int_equal(catalog_image_of_id(scratch_reader, id, &image), 0);
        assert_int_equal(image.place, place);
        assert_int_equal(catalog_disk_wanted(scratch_reader, north, old), 0);
        /* an ended image cannot change */
        assert_int_equal(change(IMAGE_SEAL, old, 1, NULL), -ENOENT);
        assert_int_equal(change(IMAGE_DISK, old, 0, NULL), -ENOENT);
        assert_int_equal(change(IMAGE_FILL, place, old, NULL), -ENOENT);
        assert_int_equal(sql_number("SELECT size FROM image WHERE until_event < 140737488355327"), 4096);
}

static void test_source(void **state) {
        int64_t other = must(PLACE_PUT, north, OPERATOR, "copy"), source = -1, same;

        (void)state;
        (void)must(IMAGE_DISK, place, 0, NULL);
        (void)must(IMAGE_DISK, other, place, NULL);
        assert_int_equal(scratch_image_source(scratch_reader, place, &source, &same), 0);
        assert_int_equal(source, 0);
        assert_int_equal(scratch_image_source(scratch_reader, other, &source, &same), 0);
        assert_int_equal(source, place);
        (void)must(PLACE_END, place, 0, NULL); /* a removed source is still recorded */
        assert_int_equal(scratch_image_source(scratch_reader, other, &source, &same), 0);
        assert_int_equal(source, place);
        assert_int_equal(scratch_image_source(scratch_reader, 999, &source, &same), -ENOENT);
}

static void test_times_are_set_by_events_of_their_own(void **state) {
        int64_t events = chain_check();

        (void)state;
        (void)must(IMAGE_DISK, place, 0, NULL);
        (void)must(IMAGE_TOUCH, place, 1234567890123456789, NULL);
        assert_int_equal(get().mtime, 1234567890123456789);
        (void)must(IMAGE_TOUCH, place, -5, NULL); /* before 1970 */
        assert_int_equal(get().mtime, -5);
        (void)must(IMAGE_TOUCH, place, 0, NULL); /* the blob's own time again */
        assert_int_equal(get().mtime, 0);
        assert_int_equal(sql_number("SELECT mtime IS NULL FROM image"), 1);
        assert_int_equal(change(IMAGE_TOUCH, 999, 1, NULL), -ENOENT);
        assert_int_equal(chain_check(), events + 4);
}

static void test_a_source_may_change(void **state) {
        int64_t sources[4], source, same;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
                char name[8];

                (void)snprintf(name, sizeof(name), "s%zu", i); /* fits */
                sources[i] = must(PLACE_PUT, north, OPERATOR, name);
                (void)must(IMAGE_COPY, place, sources[i], NULL);
                assert_int_equal(scratch_image_source(scratch_reader, place, &source, &same), 0);
                assert_int_equal(source, sources[i]);
        }
        assert_int_equal(sql_number("SELECT count(*) FROM lineage"), 4); /* earlier sources are kept */
}

static void test_digests_are_of_sealed_images(void **state) {
        static const uint8_t digest[DIGEST_SIZE] = { 1, 0, 255, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0, 16, [31] = 7 };
        int64_t other = must(PLACE_PUT, north, OPERATOR, "b"), third = must(PLACE_PUT, north, OPERATOR, "c"), owner = -1;
        struct undigested disk;

        (void)state;
        assert_int_equal(catalog_undigested_owner(scratch_reader, 0, &owner), -ENOENT);
        assert_int_equal(owner, -1); /* set only on success */
        (void)must(IMAGE_SEAL, other, 9, NULL);
        (void)must(IMAGE_SEAL, place, 5, NULL);
        (void)must(IMAGE_SEAL, third, 1, NULL);
        (void)must(PLACE_END, third, 0, NULL);
        assert_int_equal(catalog_undigested_owner(scratch_reader, 0, &owner), 0);
        assert_int_equal(owner, OPERATOR);
        assert_int_equal(catalog_undigested_owner(scratch_reader, OPERATOR, &owner), -ENOENT);
        assert_int_equal(catalog_undigested_smallest(scratch_reader, OPERATOR, -1, 0, &disk), 0);
        assert_int_equal(disk.id, place);
        assert_int_equal(disk.region, north);
        assert_int_equal(disk.size, 5);
        assert_int_equal(catalog_undigested_smallest(scratch_reader, OPERATOR, 5, place, &disk), 0);
        assert_int_equal(disk.id, other);
        assert_int_equal(catalog_undigested_smallest(scratch_reader, OPERATOR, 9, other, &disk), -ENOENT);
        assert_int_equal(catalog_undigested_oldest(scratch_reader, 0, &disk), 0);
        assert_int_equal(disk.id, other);
        assert_int_equal(catalog_undigested_oldest(scratch_reader, disk.sealed, &disk), 0);
        assert_int_equal(disk.id, place);
        assert_false(get().digested);
        (void)must(IMAGE_DIGEST, place, 0, "0100ff0405060708090a0b0c0d0e0010"); /* as before there was SHA-256 */
        assert_false(get().digested);
        (void)must(IMAGE_DIGEST, place, 0, "sha256:0100ff0405060708090a0b0c0d0e001000000000000000000000000000000007");
        assert_true(get().digested);
        assert_memory_equal(get().digest, digest, DIGEST_SIZE);
        assert_int_equal(catalog_undigested_smallest(scratch_reader, OPERATOR, -1, 0, &disk), 0);
        assert_int_equal(disk.id, other);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_life),
                CASE(test_what_a_disk_is_once_it_is_sealed),
                CASE(test_becoming_available_keeps_the_parts_it_has),
                CASE(test_renewal_keeps_the_place_and_ends_the_image),
                CASE(test_source),
                CASE(test_times_are_set_by_events_of_their_own),
                CASE(test_a_source_may_change),
                CASE(test_digests_are_of_sealed_images),
        };

        return cmocka_run_group_tests_name("catalog image", tests, NULL, NULL);
}
