/* SPDX-License-Identifier: MIT
 * Faults in operations on images (not their bytes) and shares.
 */
#include <errno.h>

#include "../unit/service/scratch.h"
#include "apply.h"
#include "disk.h"
#include "fault.h"
#include "undelete.h"

static int64_t place, share;

static void make_draft(void) {
        place = draft(north, "web");
}

static void make_image(void) {
        place = filled(north, "web", 100);
}

static void make_sealed(void) {
        make_image();
        assert_int_equal(image_seal(as("alice"), place), 0);
}

static void make_described(void) {
        struct image image;

        make_draft();
        assert_int_equal(description_create(as("alice"), place, &image), 0);
        assert_int_equal(shares_link_create(as("alice"), place, &image), 0);
}

static void make_shared(void) {
        struct share row;

        make_image();
        assert_int_equal(share_grant(as("alice"), place, "bob", &row, NULL), 0);
        share = row.id;
}

static void make_removed(void) {
        make_sealed();
        assert_int_equal(disk_remove(as("alice"), place), 0);
}

/* With its place. */
static void make_gone(void) {
        struct image image;

        make_removed();
        assert_int_equal(image_get(as("alice"), place, &image), 0);
        assert_int_equal(description_remove(as("alice"), place), 0);
        assert_int_equal(shares_link_remove(as("alice"), place), 0);
        assert_int_equal(image_remove(as("alice"), place, "web"), 0);
}

static int act_undelete(struct request *request) {
        return undelete(request, "north/web@alice", NULL);
}

static void check_undeleted(void) {
        struct image image;

        assert_int_equal(image_get(as("alice"), place, &image), 0);
        assert_int_equal(image.state, IMAGE_SEALED);
        assert_true(image.has_disk && image.description && image.shares_link);
}

static int tell_holder(const struct holder *holder, void *context) {
        (void)holder;
        (void)context;
        return 0;
}

static int act_purge(struct request *request) {
        return image_purge(request, "north/web@alice", tell_holder, NULL);
}

static int act_create(struct request *request) {
        struct image image;

        return image_create(request, north, "db", &image);
}

static int act_remove(struct request *request) {
        return image_remove(request, place, "web");
}

static int act_rename(struct request *request) {
        return image_rename(request, place, "web", north, "db");
}

static int act_seal(struct request *request) {
        return image_seal(request, place);
}

static int act_review(struct request *request) {
        return image_review(request, place, true);
}

static int act_description_create(struct request *request) {
        struct image image;

        return description_create(request, place, &image);
}

static int act_description_write(struct request *request) {
        return description_write(request, place, "the text\n", 9);
}

static int act_description_touch(struct request *request) {
        return description_touch(request, place, 1234567);
}

static int act_description_remove(struct request *request) {
        return description_remove(request, place);
}

static int act_link_create(struct request *request) {
        struct image image;

        return shares_link_create(request, place, &image);
}

static int act_link_remove(struct request *request) {
        return shares_link_remove(request, place);
}

static int act_grant(struct request *request) {
        struct share row;

        return share_grant(request, place, "carol", &row, NULL);
}

static int act_grant_unknown(struct request *request) {
        struct share row;

        return share_grant(request, place, "nobody", &row, NULL);
}

static int act_revoke(struct request *request) {
        return share_revoke(request, place, "bob", NULL, NULL);
}

static int act_expire(struct request *request) {
        return share_expire(request, share, "+30d");
}

static int tell_step(const struct apply_step *step, void *context) {
        (void)step;
        (void)context;
        return 0;
}

static int tell_refusal(const struct apply_refusal *refusal, void *context) {
        (void)refusal;
        (void)context;
        return 0;
}

/* The image is shared with bob; the file shares it with carol, for some time, and no longer with him. */
static int act_apply(struct request *request) {
        static const struct apply_report report = { .step = tell_step, .refusal = tell_refusal };
        static const struct apply_line line = { .number = 1, .region = "north", .image = "web@alice",
                                                .account = "carol", .has_expires = true,
                                                .expires = INT64_C(4102444800000) };
        _cleanup_(apply_cleanup) struct apply *apply = NULL;
        int r = apply_new(request, false, &report, &apply);

        if (r == 0)
                r = apply_list(apply, &line);
        if (r == 0)
                r = apply_prune(apply);
        if (r == 0)
                r = apply_add(apply, &line);
        return r < 0 ? r : apply_flush(apply);
}

static void check_apply(void) {
        struct share found;
        struct image image;

        assert_int_equal(share_find(as("alice"), place, "bob", &found, &image), -ENOENT);
        assert_int_equal(share_find(as("alice"), place, "carol", &found, &image), 0);
        assert_int_equal(found.expires, INT64_C(4102444800000));
}

static const struct operation operations[] = {
        { "image_create", "alice", .act = act_create },
        { "image_remove", "alice", .prepare = make_draft, .act = act_remove },
        { "image_rename", "alice", .prepare = make_image, .act = act_rename },
        { "image_seal", "alice", .prepare = make_image, .act = act_seal },
        { "image_review", "alice", .prepare = make_image, .act = act_review },
        { "description_create", "alice", .prepare = make_draft, .act = act_description_create },
        { "description_write", "alice", .prepare = make_described, .act = act_description_write },
        { "description_touch", "alice", .prepare = make_described, .act = act_description_touch },
        { "description_remove", "alice", .prepare = make_described, .act = act_description_remove },
        { "shares_link_create", "alice", .prepare = make_draft, .act = act_link_create },
        { "shares_link_remove", "alice", .prepare = make_described, .act = act_link_remove },
        { "share_grant, sealing", "alice", .prepare = make_image, .act = act_grant },
        { "share_grant", "alice", .prepare = make_sealed, .act = act_grant },
        { "share_grant, refused", "alice", OPERATION_REFUSED, RULE_UNKNOWN_ACCOUNT, .prepare = make_sealed,
          .act = act_grant_unknown },
        { "share_revoke", "alice", .prepare = make_shared, .act = act_revoke },
        { "share_revoke, given up", "bob", .prepare = make_shared, .act = act_revoke },
        { "share_expire", "alice", .prepare = make_shared, .act = act_expire },
        { "undelete, into its place", "alice", .prepare = make_removed, .act = act_undelete, .check = check_undeleted },
        { "undelete, with its place", "alice", .prepare = make_gone, .act = act_undelete, .check = check_undeleted },
        { "image_purge", "alice", .flags = OPERATION_STEPS, .prepare = make_removed, .act = act_purge },
        { "apply", .flags = OPERATION_STEPS, .prepare = make_shared, .act = act_apply, .check = check_apply },
};

int main(void) {
        return trial_run("fault image", operations, ARRAY_SIZE(operations));
}
