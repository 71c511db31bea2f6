/* SPDX-License-Identifier: MIT
 * Sharing and unsharing, CONTRACT 4 *share* and 3.2, and expiry, CONTRACT 5.4: which answer comes first.
 */
#include "order.h"

enum { G_READ_ONLY, G_HIDDEN, G_NO_RESHARE, G_NAME, G_UNKNOWN, G_SELF, G_ROLE, G_EXISTS, G_AVAILABLE, G_WHOLE, G_BUSY,
       G_REVIEW, G_LIMIT };

static union facts grant_blameless(enum role role, bool visible, bool owner) {
        return (union facts){ .share = { .role = role, .visible = visible, .owner = owner, .name_valid = true,
                                         .known = true, .available = true, .shares = 49, .shares_limit = 50 } };
}

static int grant(const union facts *f) { return policy_share_grant(&f->share); }

static void bad_name(union facts *f) { f->share.name_valid = false; }
static void unknown(union facts *f) { f->share.known = false; }
static void self(union facts *f) { f->share.self = true; }
static void to_auditor(union facts *f) { f->share.account_role = ROLE_AUDITOR; }
static void to_operator(union facts *f) { f->share.account_role = ROLE_OPERATOR; }
static void exists(union facts *f) { f->share.exists = true; }
static void draft(union facts *f) { f->share.available = false; }
static void of_part(union facts *f) { f->share.needs_files = true; }
static void busy(union facts *f) { f->share.busy = true; }
static void unreviewed(union facts *f) { f->share.review_required = true; }
static void full(union facts *f) { f->share.shares = 50; }

static void every_combination_of_refusals_to_share(void **state) {
        static const struct order order = {
                .outcomes = { RULE_READ_ONLY_ROLE, -ENOENT, RULE_NO_RESHARE, -EINVAL, RULE_UNKNOWN_ACCOUNT,
                              RULE_NO_SELF_SHARE, RULE_ROLE, RULE_SHARE_EXISTS, RULE_IMAGE_AVAILABLE,
                              RULE_SELF_CONTAINED, -EBUSY, RULE_REVIEW_BEFORE_SHARE, RULE_SHARE_LIMIT },
                .faults = { { G_NAME, bad_name }, { G_UNKNOWN, unknown }, { G_SELF, self }, { G_ROLE, to_auditor },
                            { G_ROLE, to_operator }, { G_EXISTS, exists }, { G_AVAILABLE, draft }, { G_WHOLE, of_part },
                            { G_BUSY, busy }, { G_REVIEW, unreviewed }, { G_LIMIT, full } },
                .blameless = grant_blameless,
                .judge = grant,
                .by_role = { [ROLE_AUDITOR] = BIT(G_READ_ONLY) },
                .by_relation = { [RECIPIENT] = BIT(G_NO_RESHARE),
                                 [STRANGER] = BIT(G_HIDDEN) | BIT(G_NO_RESHARE),
                                 [HIDDEN_OWNER] = BIT(G_HIDDEN) },
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4 * 2048);
}

static void the_limit_counts_live_shares(void **state) {
        static const struct {
                int64_t shares, limit;
                int expected;
        } cases[] = {
                { 0, 50, 0 },
                { 49, 50, 0 },
                { 50, 50, RULE_SHARE_LIMIT },
                { 51, 50, RULE_SHARE_LIMIT },
                { 50, 51, 0 },                /* raised */
                { 50, 10, RULE_SHARE_LIMIT }, /* lowered below the existing shares */
                { 9, 10, 0 },
                { 0, 1, 0 },
                { 1, 1, RULE_SHARE_LIMIT },
                { 0, 0, RULE_SHARE_LIMIT },
                { 50, 5000000000, 0 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                union facts f = grant_blameless(ROLE_ACCOUNT, true, true);

                f.share.shares = cases[i].shares;
                f.share.shares_limit = cases[i].limit;
                assert_int_equal(grant(&f), cases[i].expected);
        }
}

static void review_is_asked_for_only_if_required(void **state) {
        (void)state;
        for (int i = 0; i < 4; i++) {
                union facts f = grant_blameless(ROLE_ACCOUNT, true, true);

                f.share.review_required = i & 1;
                f.share.reviewed = i & 2;
                assert_int_equal(grant(&f), i == 1 ? RULE_REVIEW_BEFORE_SHARE : 0);
        }
}

static void sharing_twice_is_said_of_a_full_image_too(void **state) {
        union facts f = grant_blameless(ROLE_ACCOUNT, true, true);

        (void)state;
        exists(&f);
        full(&f);
        assert_int_equal(grant(&f), RULE_SHARE_EXISTS);
}

enum { R_READ_ONLY, R_HIDDEN, R_NO_RESHARE, R_GONE };

static union facts revoke_blameless(enum role role, bool visible, bool owner) {
        return (union facts){ .revoke = { .role = role, .visible = visible, .owner = owner, .exists = true } };
}

static union facts giving_up(enum role role, bool visible, bool owner) {
        union facts f = revoke_blameless(role, visible, owner);

        f.revoke.recipient = true;
        return f;
}

static int end_share(const union facts *f) { return policy_share_revoke(&f->revoke); }
static void gone(union facts *f) { f->revoke.exists = false; }

static void every_combination_of_refusals_to_unshare(void **state) {
        static const struct order order = {
                .outcomes = { RULE_READ_ONLY_ROLE, -ENOENT, RULE_NO_RESHARE, -ENOENT },
                .faults = { { R_GONE, gone } },
                .blameless = revoke_blameless,
                .judge = end_share,
                .by_role = { [ROLE_AUDITOR] = BIT(R_READ_ONLY) },
                .by_relation = { [RECIPIENT] = BIT(R_NO_RESHARE),
                                 [STRANGER] = BIT(R_HIDDEN) | BIT(R_NO_RESHARE),
                                 [HIDDEN_OWNER] = BIT(R_HIDDEN) },
                .spared = { [ROLE_OPERATOR] = BIT(R_NO_RESHARE) },
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4 * 2);
}

static void every_combination_of_refusals_to_give_up_a_share(void **state) {
        static const struct order order = {
                .outcomes = { RULE_READ_ONLY_ROLE, -ENOENT, RULE_NO_RESHARE, -ENOENT },
                .faults = { { R_GONE, gone } },
                .blameless = giving_up,
                .judge = end_share,
                .by_role = { [ROLE_AUDITOR] = BIT(R_READ_ONLY) },
                .by_relation = { [STRANGER] = BIT(R_HIDDEN), [HIDDEN_OWNER] = BIT(R_HIDDEN) },
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4 * 2);
}

static void a_recipient_cannot_learn_who_else_has_a_share(void **state) {
        union facts f = revoke_blameless(ROLE_ACCOUNT, true, false);

        (void)state;
        assert_int_equal(end_share(&f), RULE_NO_RESHARE);
        gone(&f);
        assert_int_equal(end_share(&f), RULE_NO_RESHARE);
}

enum { X_READ_ONLY, X_HIDDEN, X_NO_RESHARE, X_GONE, X_TIME };

static union facts expire_blameless(enum role role, bool visible, bool owner) {
        return (union facts){ .expiry = { .role = role, .visible = visible, .owner = owner, .exists = true,
                                          .valid = true } };
}

static int expire(const union facts *f) { return policy_share_expire(&f->expiry); }
static void ended(union facts *f) { f->expiry.exists = false; }
static void past(union facts *f) { f->expiry.valid = false; }

static void every_combination_of_refusals_to_set_an_expiry(void **state) {
        static const struct order order = {
                .outcomes = { RULE_READ_ONLY_ROLE, -ENOENT, RULE_NO_RESHARE, -ENOENT, -EINVAL },
                .faults = { { X_GONE, ended }, { X_TIME, past } },
                .blameless = expire_blameless,
                .judge = expire,
                .by_role = { [ROLE_AUDITOR] = BIT(X_READ_ONLY) },
                .by_relation = { [RECIPIENT] = BIT(X_NO_RESHARE),
                                 [STRANGER] = BIT(X_HIDDEN) | BIT(X_NO_RESHARE),
                                 [HIDDEN_OWNER] = BIT(X_HIDDEN) },
        };

        (void)state;
        assert_int_equal(order_check(&order), 3 * 4 * 4);
}

/* An operator may end any share, but not set its expiry. */
static void an_operator_sets_no_expiry(void **state) {
        union facts f = expire_blameless(ROLE_OPERATOR, true, false);

        (void)state;
        assert_int_equal(expire(&f), RULE_NO_RESHARE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_combination_of_refusals_to_share),
                cmocka_unit_test(the_limit_counts_live_shares),
                cmocka_unit_test(review_is_asked_for_only_if_required),
                cmocka_unit_test(sharing_twice_is_said_of_a_full_image_too),
                cmocka_unit_test(every_combination_of_refusals_to_unshare),
                cmocka_unit_test(every_combination_of_refusals_to_give_up_a_share),
                cmocka_unit_test(a_recipient_cannot_learn_who_else_has_a_share),
                cmocka_unit_test(every_combination_of_refusals_to_set_an_expiry),
                cmocka_unit_test(an_operator_sets_no_expiry),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
