/* SPDX-License-Identifier: MIT
 * Sharing and unsharing: who may, what is sealed, what the log and the refused caller are told.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

static struct share share;

static void test_sharing_seals(void **state) {
        int64_t place = filled(north, "web", 12345);
        struct image image;

        (void)state;
        assert_int_equal(row(place).state, IMAGE_AVAILABLE);
        assert_int_equal(row(place).size, 0);
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_string_equal(share.account_name, "bob");
        assert_string_equal(share.granted_by, "alice");
        image = row(place);
        assert_int_equal(image.state, IMAGE_SEALED);
        assert_int_equal(image.size, 12345);
        assert_int_equal(live_shares(place), 1);
        assert_true(image.mtime != 0);
        assert_int_equal(events("op = 'seal' AND object = 'north/web@alice' AND json_extract(detail, '$.size') = 12345"), 1);
        assert_int_equal(events("op = 'share' AND object = 'north/web@alice' AND account = 'bob' AND rule IS NULL"), 1);
        assert_int_equal(share_grant(as("alice"), place, "carol", &share, NULL), 0);
        assert_int_equal(events("op = 'seal'"), 1); /* only once */
}

/* share_grant returns the same as a later lookup. */
static void test_a_share_is_told_as_it_is_kept(void **state) {
        int64_t place = filled(north, "web", 100);
        struct image image;
        struct share kept;

        (void)state;
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_int_equal(share_get(as("alice"), share.id, &kept, &image), 0);
        assert_int_equal(share.image, kept.image);
        assert_int_equal(share.account, kept.account);
        assert_string_equal(share.account_name, kept.account_name);
        assert_string_equal(share.granted_by, kept.granted_by);
        assert_int_equal(share.granted, kept.granted);
        assert_int_equal(share.expires, 0);
}

static void test_a_refused_share_seals_nothing(void **state) {
        static const struct {
                const char *who, *with;
                int result;
        } cases[] = {
                { "bob", "carol", -ENOENT },   { "operator", "bob", RULE_NO_RESHARE }, { "eve", "bob", RULE_READ_ONLY_ROLE },
                { "alice", "alice", RULE_NO_SELF_SHARE }, { "alice", "nobody", RULE_UNKNOWN_ACCOUNT },
                { "alice", "eve", RULE_ROLE }, { "alice", "operator", RULE_ROLE }, { "alice", "Bad Name", -EINVAL },
                { "alice", "a234567890a234567890a234567890a234567890a234567890a234567890a2345", -ENAMETOOLONG },
        };
        int64_t place = filled(north, "web", 100);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_int_equal(share_grant(as(cases[i].who), place, cases[i].with, &share, NULL), cases[i].result);
                assert_int_equal(row(place).state, IMAGE_AVAILABLE);
                assert_int_equal(live_shares(place), 0);
        }
        assert_int_equal(events("op IN ('share', 'seal') AND rule IS NULL"), 0);
}

/* The sentence names account and image; the log has one line with rule and errno (CONTRACT 4 Explaining). */
static void test_refusals_are_told_and_logged(void **state) {
        int64_t place = filled(north, "web", 100);
        struct request *request;

        (void)state;
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_int_equal(share_grant(request = as("alice"), place, "bob", &share, NULL), RULE_SHARE_EXISTS);
        assert_int_equal(request->refusal.rule, RULE_SHARE_EXISTS);
        assert_string_equal(request->refusal.asked, "share north/web@alice with bob");
        assert_string_equal(request->refusal.fact, "bob already has a live share of north/web@alice");
        assert_non_null(strstr(request->refusal.remedy, "shares/bob"));
        assert_int_equal(share_grant(request = as("bob"), place, "carol", &share, NULL), RULE_NO_RESHARE);
        assert_string_equal(request->refusal.asked, "share north/web@alice with carol");
        assert_string_equal(request->refusal.fact, "north/web@alice belongs to alice");
        assert_non_null(strstr(request->refusal.remedy, "ask its owner alice"));
        assert_int_equal(share_grant(request = as("alice"), place, "nobody", &share, NULL), RULE_UNKNOWN_ACCOUNT);
        assert_string_equal(request->refusal.fact, "the catalog has no account nobody");
        scratch_reopen(0);
        assert_int_equal(events("op = 'share' AND rule = 'share-exists' AND errno = 'EEXIST' AND account = 'bob'"), 1);
        assert_int_equal(events("op = 'share' AND rule = 'no-reshare' AND errno = 'EPERM' AND account = 'carol' AND"
                                " object = 'north/web@alice' AND actor = (SELECT id FROM account WHERE name = 'bob')"), 1);
        assert_int_equal(events("op = 'share' AND rule = 'unknown-account' AND account = 'nobody'"), 1);
        assert_int_equal(events("rule IS NOT NULL"), 3);
}

static void test_limit(void **state) {
        int64_t place = filled(north, "web", 100);
        struct request *request;

        (void)state;
        assert_int_equal(limit_set(as("operator"), LIMIT_SHARES, 1), 0);
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_int_equal(share_grant(request = as("alice"), place, "carol", &share, NULL), RULE_SHARE_LIMIT);
        assert_string_equal(request->refusal.fact, "1 of 1 shares are live");
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), RULE_SHARE_EXISTS); /* even when full */
        assert_int_equal(limit_set(as("operator"), LIMIT_SHARES, 0), 0);
        assert_int_equal(live_shares(place), 1); /* existing shares stay */
        assert_int_equal(share_revoke(as("alice"), place, "bob", NULL, NULL), 0);
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), RULE_SHARE_LIMIT);
}

static void test_drafts_and_empty_disks_are_not_shared(void **state) {
        int64_t empty = draft(north, "a"), cut = filled(north, "b", 10);
        struct disk_handle *handle;

        (void)state;
        assert_int_equal(share_grant(as("alice"), empty, "bob", &share, NULL), RULE_IMAGE_AVAILABLE);
        finish(created(empty));
        assert_int_equal(share_grant(as("alice"), empty, "bob", &share, NULL), RULE_IMAGE_AVAILABLE);
        handle = opened(cut, O_WRONLY | O_TRUNC);
        finish(handle);
        assert_int_equal(share_grant(as("alice"), cut, "bob", &share, NULL), RULE_IMAGE_AVAILABLE);
        assert_int_equal(image_seal(as("alice"), cut), RULE_IMAGE_AVAILABLE);
        assert_int_equal(row(cut).state, IMAGE_AVAILABLE);
}

static void test_busy_while_open_for_writing(void **state) {
        int64_t place = filled(north, "web", 100), b = draft(south, "copy");
        struct disk_handle *handle = opened(place, O_WRONLY), *reader = opened(place, O_RDONLY);
        struct image image;

        (void)state;
        for (int flushed = 0; flushed < 2; flushed++) {
                assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), -EBUSY);
                assert_int_equal(image_seal(as("alice"), place), -EBUSY);
                assert_int_equal(image_copy(as("alice"), place, b, &image), -EBUSY);
                assert_int_equal(row(place).state, IMAGE_AVAILABLE);
                assert_int_equal(disk_flush(as("alice"), handle), 0); /* after that, requests wait a second in vain */
        }
        assert_null(disk_close(as("alice"), handle));
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0); /* readers do not prevent it */
        finish(reader);
        assert_int_equal(disk_open(as("alice"), place, O_WRONLY, &handle), RULE_SEALED);
        assert_int_equal(disk_truncate_path(as("alice"), place, 5), RULE_SEALED);
        assert_int_equal(blob_of(place).st_size, 100);
}

static void test_revoke_by_role(void **state) {
        static const struct {
                const char *who, *whose;
                int result;
        } cases[] = {
                { "eve", "bob", RULE_READ_ONLY_ROLE }, { "bob", "carol", RULE_NO_RESHARE }, { "bob", "nobody", RULE_NO_RESHARE },
                { "alice", "nobody", -ENOENT },        { "alice", "eve", -ENOENT },         { "bob", "bob", 0 },
                { "bob", "bob", -ENOENT },             { "operator", "carol", 0 },          { "alice", "carol", -ENOENT },
        };
        int64_t place = filled(north, "web", 100);

        (void)state;
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_int_equal(share_grant(as("alice"), place, "carol", &share, NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(share_revoke(as(cases[i].who), place, cases[i].whose, NULL, NULL), cases[i].result);
        assert_int_equal(live_shares(place), 0);
        assert_int_equal(row(place).state, IMAGE_SEALED); /* for good */
        assert_int_equal(events("op = 'unshare' AND rule IS NULL AND object = 'north/web@alice'"), 2);
        assert_int_equal(events("op = 'unshare' AND rule IS NULL AND account = 'carol' AND actor = 1"), 1);
}

static int count(const struct share *s, void *context) {
        *(int *)context += s->account > 0;
        return 0;
}

static void test_who_sees_which_shares(void **state) {
        static const struct {
                const char *who;
                int sees;
        } cases[] = { { "alice", 2 }, { "bob", 1 }, { "carol", 1 }, { "operator", 2 }, { "eve", 2 } };
        int64_t place = filled(north, "web", 100);
        struct image image;

        (void)state;
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_int_equal(share_grant(as("alice"), place, "carol", &share, NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                int n = 0;

                assert_int_equal(image_get(as(cases[i].who), place, &image), 0);
                assert_int_equal(share_list(as(cases[i].who), &image, 0, count, &n), 0);
                assert_int_equal(n, cases[i].sees);
                assert_int_equal(share_find(as(cases[i].who), place, "carol", &share, &image), strcmp(cases[i].who, "bob") ? 0 : -ENOENT);
                assert_int_equal(share_find(as(cases[i].who), place, "nobody", &share, &image), -ENOENT);
        }
        assert_int_equal(share_find(as("alice"), place, "carol", &share, &image), 0);
        assert_int_equal(share_get(as("bob"), share.id, &share, &image), -ENOENT);
        assert_int_equal(share_revoke(as("alice"), place, "bob", NULL, NULL), 0);
        assert_int_equal(image_get(as("bob"), place, &image), -ENOENT); /* at once */
        assert_int_equal(image_lookup(as("bob"), north, "web@alice", &image), -ENOENT);
        assert_int_equal(image_lookup(as("carol"), north, "web@alice", &image), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_sharing_seals),
                CASE(test_a_share_is_told_as_it_is_kept),
                CASE(test_a_refused_share_seals_nothing),
                CASE(test_refusals_are_told_and_logged),
                CASE(test_limit),
                CASE(test_drafts_and_empty_disks_are_not_shared),
                CASE(test_busy_while_open_for_writing),
                CASE(test_revoke_by_role),
                CASE(test_who_sees_which_shares),
        };

        return cmocka_run_group_tests_name("service share", tests, NULL, NULL);
}
