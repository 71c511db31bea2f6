/* SPDX-License-Identifier: MIT
 * The digest: against the published vector, and the same in any steps, with holes and without.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <nettle/sha2.h>

static void expect(int fd, const char *hex) {
        uint8_t digest[DIGEST_SIZE];
        char text[2 * DIGEST_SIZE + 1];

        assert_int_equal(blob_digest(fd, NULL, NULL, digest), 0);
        for (int i = 0; i < DIGEST_SIZE; i++)
                (void)snprintf(text + (size_t)2 * i, 3, "%02x", digest[i]);
        assert_string_equal(text, hex);
}

static void test_of_nothing(void **state) {
        _cleanup_fd_ int fd = -1;

        (void)state;
        assert_int_equal(blob_create(scratch_store, 5, &fd), 0);
        expect(fd, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_of_any_length_as_in_one_go(void **state) {
        static const uint64_t sizes[] = { 1, 16, 17, 240, 241, 4096, MIB - 1, MIB, MIB + 1, 3 * MIB + 17 };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                _cleanup_free_ char *bytes = malloc(sizes[i]);
                _cleanup_fd_ int fd = -1;
                uint8_t digest[DIGEST_SIZE], whole[DIGEST_SIZE];
                struct sha256_ctx sha256;

                assert_non_null(bytes);
                assert_int_equal(blob_create(scratch_store, 10 + (int64_t)i, &fd), 0);
                scratch_fill(fd, 0, sizes[i]);
                assert_int_equal(pread(fd, bytes, sizes[i], 0), sizes[i]);
                sha256_init(&sha256);
                sha256_update(&sha256, sizes[i], (uint8_t *)bytes);
                sha256_digest(&sha256, DIGEST_SIZE, whole);
                assert_int_equal(blob_digest(fd, NULL, NULL, digest), 0);
                assert_memory_equal(digest, whole, DIGEST_SIZE);
        }
}

static void test_of_a_hole_as_of_zeros(void **state) {
        _cleanup_fd_ int hole = -1, zeros = -1;
        _cleanup_free_ char *bytes = calloc(1, 2 * MIB);
        uint8_t one[DIGEST_SIZE], two[DIGEST_SIZE];

        (void)state;
        assert_int_equal(blob_create(scratch_store, 5, &hole), 0);
        assert_int_equal(blob_create(scratch_store, 6, &zeros), 0);
        assert_int_equal(ftruncate(hole, (off_t)(2 * MIB)), 0);
        assert_int_equal(write(zeros, bytes, 2 * MIB), 2 * MIB);
        assert_int_equal(blob_digest(hole, NULL, NULL, one), 0);
        assert_int_equal(blob_digest(zeros, NULL, NULL, two), 0);
        assert_memory_equal(one, two, DIGEST_SIZE);
}

/* Data, hole, data, hole, in steps that end anywhere; nothing of it is on a boundary. */
static void test_in_steps_with_holes(void **state) {
        static const uint64_t steps[] = { 1, 4095, 100000, MIB + 3 };
        _cleanup_fd_ int holes = -1, dense = -1;
        _cleanup_free_ char *bytes = malloc(5 * MIB + 77);
        uint8_t one[DIGEST_SIZE], two[DIGEST_SIZE];

        (void)state;
        assert_non_null(bytes);
        assert_int_equal(blob_create(scratch_store, 5, &holes), 0);
        assert_int_equal(blob_create(scratch_store, 6, &dense), 0);
        scratch_fill(holes, 17, 5000);
        scratch_fill(holes, 3 * MIB + 1, 100000);
        assert_int_equal(ftruncate(holes, (off_t)(5 * MIB + 77)), 0);
        assert_int_equal(pread(holes, bytes, 5 * MIB + 77, 0), 5 * MIB + 77);
        assert_int_equal(write(dense, bytes, 5 * MIB + 77), 5 * MIB + 77);
        assert_int_equal(blob_digest(dense, NULL, NULL, one), 0);
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                struct blob_hash *hash;
                int r;

                assert_int_equal(blob_hash_new(&hash), 0);
                while ((r = blob_hash_step(hash, holes, steps[i] * (steps[i] == 1 ? 40001 : 1))) > 0)
                        ;
                assert_int_equal(r, 0);
                blob_hash_end(hash, two);
                (void)blob_hash_free(hash);
                assert_memory_equal(one, two, DIGEST_SIZE);
        }
}

static bool stop_after(void *context) {
        int *left = context;

        return (*left)-- == 0;
}

static void test_stops_when_told(void **state) {
        uint8_t digest[DIGEST_SIZE] = "unchanged";
        _cleanup_fd_ int fd = -1;

        (void)state;
        assert_int_equal(blob_create(scratch_store, 5, &fd), 0);
        scratch_fill(fd, 0, 5 * MIB);
        for (int asked = 0; asked < 5; asked++) {
                int left = asked;

                assert_int_equal(blob_digest(fd, stop_after, &left, digest), -ECANCELED);
                assert_int_equal(left, -1); /* not asked again */
        }
        assert_string_equal((char *)digest, "unchanged");
        assert_int_equal(blob_digest(fd, stop_after, &(int){ 100 }, digest), 0);
}

static void test_of_what_cannot_be_read(void **state) {
        _cleanup_fd_ int dir = open(scratch_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        uint8_t digest[DIGEST_SIZE];

        (void)state;
        assert_int_equal(blob_digest(dir, NULL, NULL, digest), -EISDIR);
        assert_int_equal(blob_digest(-1, NULL, NULL, digest), -EBADF);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_of_nothing),
                CASE(test_of_any_length_as_in_one_go),
                CASE(test_of_a_hole_as_of_zeros),
                CASE(test_in_steps_with_holes),
                CASE(test_stops_when_told),
                CASE(test_of_what_cannot_be_read),
        };

        return cmocka_run_group_tests_name("blob digest", tests, NULL, NULL);
}
