/* SPDX-License-Identifier: MIT
 * The rows of verdicts.def against a copy of CONTRACT 4's table.
 */
#include <ctype.h>
#include <string.h>

#include "order.h"

static const struct {
        const char *id;
        int error;
        const char *from;
} spec[] = {
        { "share-limit", EPERM, "FAQ 1" },
        { "shared-frozen", EPERM, "FAQ 2" },
        { "quota-own-only", EPERM, "FAQ 3" },
        { "same-region", EPERM, "FAQ 4" },
        { "no-copy-of-shared", EPERM, "FAQ 5" },
        { "unshare-before-delete", EPERM, "FAQ 6" },
        { "owner-deletes", EPERM, "FAQ 7" },
        { "trust", EPERM, "FAQ 8" },
        { "no-reshare", EPERM, "FAQ 9" },
        { "review-before-share", EPERM, "FAQ 10" },
        { "owner-uses", EPERM, "FAQ 11" },
        { "copy-then-share", EPERM, "FAQ 12" },
        { "share-exists", EEXIST, "" },
        { "name-taken", EEXIST, "" },
        { "no-self-share", EPERM, "" },
        { "unknown-account", EPERM, "" },
        { "image-available", EPERM, "" },
        { "self-contained", EPERM, "" },
        { "instance-quota", EPERM, "" },
        { "byte-quota", EDQUOT, "" },
        { "sealed", EPERM, "" },
        { "read-only-role", EROFS, "" },
        { "role", EPERM, "" },
        { "fixed-tree", EPERM, "" },
};

static void the_rows_are_those_of_the_contract_in_its_order(void **state) {
        (void)state;
        assert_int_equal(RULE_COUNT - 1, ARRAY_SIZE(spec));
        for (size_t i = 0; i < ARRAY_SIZE(spec); i++) {
                const struct rule_row *row = rule_row((enum rule)(i + 1));

                assert_int_equal(row->rule, i + 1);
                assert_string_equal(row->id, spec[i].id);
                assert_int_equal(row->error, spec[i].error);
                assert_string_equal(row->from, spec[i].from);
        }
}

static void symbols_and_ids_are_the_same_words(void **state) {
        static const char *const symbols[] = {
#define VERDICT(symbol, ...) #symbol,
#include "verdicts.def"
#undef VERDICT
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
                const char *id = rule_row((enum rule)(i + 1))->id;

                assert_int_equal(strlen(symbols[i]), strlen(id));
                for (size_t k = 0; id[k]; k++)
                        assert_int_equal(symbols[i][k], id[k] == '-' ? '_' : toupper((unsigned char)id[k]));
        }
}

static void a_rule_is_found_by_its_id_alone(void **state) {
        static const char *const strangers[] = { "", "share", "share-limit ", "SHARE-LIMIT", "share_limit", "nothing" };

        (void)state;
        for (enum rule rule = RULE_NONE + 1; rule < RULE_COUNT; rule++)
                assert_ptr_equal(rule_find(rule_row(rule)->id), rule_row(rule)); /* so ids are unique, too */
        for (size_t i = 0; i < ARRAY_SIZE(strangers); i++)
                assert_null(rule_find(strangers[i]));
}

static void every_rule_is_one_plain_sentence(void **state) {
        (void)state;
        for (enum rule rule = RULE_NONE + 1; rule < RULE_COUNT; rule++) {
                const char *text = rule_row(rule)->text;
                size_t n = strlen(text);

                assert_in_range(n, 10, 250);
                assert_null(strpbrk(text, "`*{}[]|\n\t"));
                assert_null(strstr(text, "  "));
                assert_true(islower((unsigned char)text[0]) || text[0] == '(');
                assert_null(strchr("., ", text[n - 1]));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_rows_are_those_of_the_contract_in_its_order),
                cmocka_unit_test(symbols_and_ids_are_the_same_words),
                cmocka_unit_test(a_rule_is_found_by_its_id_alone),
                cmocka_unit_test(every_rule_is_one_plain_sentence),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
