/* SPDX-License-Identifier: MIT
 * Managing, and changing a role, CONTRACT 2 and 4 `role`.
 */
#include "order.h"

static void an_operator_manages_and_nobody_else(void **state) {
        (void)state;
        assert_int_equal(policy_manage(ROLE_OPERATOR), 0);
        assert_int_equal(policy_manage(ROLE_ACCOUNT), RULE_ROLE);
        assert_int_equal(policy_manage(ROLE_AUDITOR), RULE_READ_ONLY_ROLE);
}

/* The answer to an operator who changes the role `from` (row) to `to` (column), by what the account has. */
static const int idle[ROLE_COUNT][ROLE_COUNT] = { { 0, 0, 0 }, { 0, 0, 0 }, { 0, 0, 0 } };
static const int in_use[ROLE_COUNT][ROLE_COUNT] = {
        [ROLE_ACCOUNT] = { [ROLE_ACCOUNT] = 0, [ROLE_AUDITOR] = RULE_ROLE, [ROLE_OPERATOR] = RULE_ROLE },
        [ROLE_AUDITOR] = { [ROLE_ACCOUNT] = 0, [ROLE_AUDITOR] = 0, [ROLE_OPERATOR] = RULE_ROLE },
        [ROLE_OPERATOR] = { [ROLE_ACCOUNT] = 0, [ROLE_AUDITOR] = RULE_ROLE, [ROLE_OPERATOR] = 0 },
};

static int expected_change(const struct role_facts *f) {
        if (f->role == ROLE_AUDITOR)
                return RULE_READ_ONLY_ROLE;
        if (f->role == ROLE_ACCOUNT)
                return RULE_ROLE;
        return (f->images + f->shares + f->instances == 0 ? idle : in_use)[f->from][f->to];
}

static void every_change_of_a_role(void **state) {
        unsigned tried = 0;

        (void)state;
        for (enum role role = 0; role < ROLE_COUNT; role++)
                for (enum role from = 0; from < ROLE_COUNT; from++)
                        for (enum role to = 0; to < ROLE_COUNT; to++)
                                for (int64_t has = 0; has < 27; has++, tried++) {
                                        const struct role_facts f = { .role = role, .from = from, .to = to,
                                                                      .images = has % 3,
                                                                      .shares = has / 3 % 3,
                                                                      .instances = has / 9 };

                                        assert_int_equal(policy_role_change(&f), expected_change(&f));
                                }
        assert_int_equal(tried, 27 * 27);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_operator_manages_and_nobody_else),
                cmocka_unit_test(every_change_of_a_role),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
