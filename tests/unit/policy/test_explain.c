/* SPDX-License-Identifier: MIT
 * What a refused caller reads: every template with every set of facts, the sentences of CONTRACT 4, and truncation.
 */
#include <ctype.h>
#include <string.h>

#include "../../../src/policy/internal.h"
#include "order.h"

static const struct refusal_context full = {
        .object = "north/web@alice",
        .region = "north",
        .image = "web",
        .owner = "alice",
        .account = "zoe",
        .names = "bob, carol",
        .paths = "shares/bob shares/carol",
        .files = "../base/disk, /data.raw",
        .count = 50,
        .limit = 50,
};

/* The context with only the strings of these bits known; the others are `unknown`, NULL or "". */
static struct refusal_context some(unsigned known, const char *unknown) {
        return (struct refusal_context){
                .object = known & 1 ? full.object : unknown,
                .region = known & 2 ? full.region : unknown,
                .image = known & 4 ? full.image : unknown,
                .owner = known & 8 ? full.owner : unknown,
                .account = known & 16 ? full.account : unknown,
                .names = known & 32 ? full.names : unknown,
                .paths = known & 64 ? full.paths : unknown,
                .files = known & 64 ? full.files : unknown,
        };
}

/* A complete sentence: no signs of the template language, nothing that refers to a missing fact. */
static void check_sentence(const char *text) {
        static const char *const never[] = { "{", "}", "[", "|", "  ", "\n", "\t", " ,", " ;", " :", " )", "( ",
                                             "()", ",,", "@ ", " @", "//", "..." };
        size_t n = strlen(text);

        assert_in_range(n, 10, sizeof(((struct refusal *)NULL)->fact) - 1);
        assert_true(islower((unsigned char)text[0]) || isdigit((unsigned char)text[0]));
        assert_null(strchr(" ,;:.@-/", text[n - 1]));
        for (size_t i = 0; i < ARRAY_SIZE(never); i++)
                if (strstr(text, never[i]))
                        fail_msg("'%s' in '%s'", never[i], text);
}

static void every_rule_is_explained_with_whatever_is_known(void **state) {
        (void)state;
        for (enum rule rule = RULE_NONE + 1; rule < RULE_COUNT; rule++)
                for (unsigned i = 0; i < 256; i++) {
                        struct refusal_context context = some(i & 127, i & 128 ? "" : NULL);
                        struct refusal refusal = { .asked = "as it was" };

                        refusal_explain(rule, &context, &refusal);
                        assert_int_equal(refusal.rule, rule);
                        assert_string_equal(refusal.asked, "as it was");
                        if (rule == RULE_OWNER_USES || rule == RULE_COPY_THEN_SHARE) { /* these never refuse */
                                assert_string_equal(refusal.fact, "");
                                assert_string_equal(refusal.remedy, "");
                                continue;
                        }
                        check_sentence(refusal.fact);
                        check_sentence(refusal.remedy);
                }
}

/* known: see some(). Comments name the reader. */
static const struct {
        enum rule rule;
        unsigned known;
        const char *fact, *remedy; /* beginnings */
} sentences[] = {
        { RULE_SHARE_LIMIT, 127, "50 of 50 shares are live", "unshare it from somebody" },
        /* the owner */
        { RULE_SHARED_FROZEN, 127, "north/web@alice is shared with bob, carol",
          "unshare it from bob, carol first: rmdir shares/bob shares/carol" },
        /* a recipient, or an operator */
        { RULE_SHARED_FROZEN, 31, "north/web@alice is not yours: only its owner changes it", "ask its owner alice" },
        { RULE_UNSHARE_BEFORE_DELETE, 127, "north/web@alice is shared with bob, carol",
          "unshare it from bob, carol first: rmdir shares/bob shares/carol" },
        { RULE_UNSHARE_BEFORE_DELETE, 0, "the image is still shared", "unshare it first (ls shares/" },
        { RULE_QUOTA_OWN_ONLY, 2, "you have 50 of at most 50 images in region north",
          "delete one: rm -r regions/north/images/NAME;" },
        { RULE_QUOTA_OWN_ONLY, 0, "you have 50 of at most 50 images", "delete one: rm -r regions/REGION/images/NAME;" },
        { RULE_INSTANCE_QUOTA, 2, "you have 50 of at most 50 instances in region north",
          "delete one: rm -r regions/north/instances/NAME;" },
        { RULE_BYTE_QUOTA, 2, "your disks take 50 of at most 50 bytes in region north, and this needs more",
          "delete what you do not need: rm -r regions/north/instances/NAME (du tells how much it takes);" },
        { RULE_SAME_REGION, 127, "north/web@alice is neither yours nor shared with you in region north",
          "launch from an image of that region: ls regions/north/images;" },
        { RULE_NO_COPY_OF_SHARED, 127, "only its owner alice reads or copies the disk of north/web@alice",
          "a recipient launches from it instead, in its region: mkdir instances/VM && echo web@alice > instances/" },
        { RULE_UNKNOWN_ACCOUNT, 127, "the catalog has no account zoe",
          "check the spelling, or ask an operator to add it: imgshare account add zoe" },
        { RULE_SHARE_EXISTS, 127, "zoe already has a live share of north/web@alice",
          "nothing need be done; mkdir -p shares/zoe takes a share that exists as done" },
        { RULE_SELF_CONTAINED, 127, "the disk of north/web@alice needs ../base/disk, /data.raw", "its owner makes a disk" },
        { RULE_SELF_CONTAINED, 0, "the disk of the image needs files that are not in it", "its owner makes a disk" },
        /* sharing with an auditor */
        { RULE_ROLE, 127, "zoe is an operator or auditor, and receives no share of north/web@alice",
          "share north/web@alice with an ordinary account instead of zoe" },
        /* an operator makes an image */
        { RULE_ROLE, 1, "an operator has no images or instances and writes no disk, so not north/web@alice",
          "act as an ordinary account for north/web@alice" },
        /* an ordinary account manages; or zoe's role cannot be changed */
        { RULE_ROLE, 0, "only an operator manages", "leave it to an operator" },
        { RULE_ROLE, 16, "only an operator manages", "leave it to an operator" },
};

static void each_reader_reads_what_helps_him(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
                struct refusal_context context = some(sentences[i].known, NULL);
                struct refusal refusal;

                context.count = context.limit = 50;
                refusal_explain(sentences[i].rule, &context, &refusal);
                assert_int_equal(strncmp(refusal.fact, sentences[i].fact, strlen(sentences[i].fact)), 0);
                assert_int_equal(strncmp(refusal.remedy, sentences[i].remedy, strlen(sentences[i].remedy)), 0);
        }
}

static void templates_choose_and_fill(void **state) {
        static const struct {
                const char *template, *expected;
        } cases[] = {
                { "", "" },
                { "plain", "plain" },
                { "{region}/{image}@{owner}", "north/web@alice" },
                { "{count} of {limit}", "-7 of 9223372036854775807" },
                { "{account}", "" },
                { "a[ b {account}] c", "a c" },
                { "a[ b {owner}] c", "a b alice c" },
                { "[{account}|{image}|never]", "web" },
                { "[{account} and {image}|both {image} and {account}|else]", "else" },
                { "[{account}|]x", "x" },
                { "[{account}][{account}|y]", "y" },
                { "[{count}]", "-7" },
        };
        const struct refusal_context context = { .region = "north", .image = "web", .owner = "alice",
                                                 .count = -7, .limit = INT64_MAX };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[64];

                template_render(cases[i].template, &context, text, sizeof(text));
                assert_string_equal(text, cases[i].expected);
        }
}

static void values_are_no_templates_and_stay_on_one_line(void **state) {
        const struct refusal_context context = { .object = "{owner}[a|b]\n\x01\x1f\x7f \xc3\xa9", .owner = "alice" };
        char text[64];

        (void)state;
        template_render("<{object}>", &context, text, sizeof(text));
        assert_string_equal(text, "<{owner}[a|b]???? \xc3\xa9>");
}

static void what_does_not_fit_ends_in_dots(void **state) {
        static const struct {
                const char *object, *expected; /* in 12 bytes */
        } cases[] = {
                { "12345678901", "12345678901" },
                { "123456789012", "12345678..." },
                { "1234 56 8901", "1234 56 ..." },
                { "1234567 9012", "1234567 ..." },
                { "12345678 012", "12345678..." },
                { " 23456789012", " ..." },
                { "1234567\xc3\xa9" "012", "1234567..." },        /* never half a character */
                { "12345\xe2\x82\xac" "9012", "12345\xe2\x82\xac..." },
                { "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", "..." }, /* not text at all */
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct refusal_context context = { .object = cases[i].object };
                char text[12];

                template_render("{object}", &context, text, sizeof(text));
                assert_string_equal(text, cases[i].expected);
        }
}

/* Fifty names of 14 characters are more than a refusal holds. */
static void a_long_list_leaves_the_command_in_sight(void **state) {
        char names[50 * 16 + 1], paths[50 * 22 + 1];
        struct refusal_context context = full;
        struct refusal refusal;
        size_t n;

        (void)state;
        for (int i = 0; i < 50; i++) {
                (void)snprintf(names + (size_t)i * 16, 17, "account-%06d, ", i);
                (void)snprintf(paths + (size_t)i * 22, 23, "shares/account-%06d ", i);
        }
        context.names = names;
        context.paths = paths;
        refusal_explain(RULE_UNSHARE_BEFORE_DELETE, &context, &refusal);
        assert_non_null(strstr(refusal.fact, "account-000018, ..."));
        assert_non_null(strstr(refusal.remedy, ", ... first: rmdir shares/account-000000 "));
        n = strlen(refusal.remedy);
        assert_string_equal(refusal.remedy + n - 4, " ...");
        assert_in_range(n, sizeof(refusal.remedy) - 32, sizeof(refusal.remedy) - 1);
}

static void one_value_has_room_for_320_bytes(void **state) {
        char value[322], text[512];
        const struct refusal_context context = { .object = value };

        (void)state;
        memset(value, 'x', sizeof(value));
        value[320] = '\0';
        template_render("{object}", &context, text, sizeof(text));
        assert_string_equal(text, value);
        value[320] = 'x';
        value[321] = '\0';
        template_render("{object}", &context, text, sizeof(text));
        assert_int_equal(strlen(text), 320);
        assert_string_equal(text + 316, "x...");
}

/* An answer without a rule: complete with nothing known, and with the word where there is one. */
static void answers_are_complete(void **state) {
        static const struct {
                int error;
                struct refusal_context context;
                const char *fact;
        } cases[] = {
                { EBUSY, { .object = "north/web@alice", .who = "process 42 of uid 7" },
                  "the disk of north/web@alice is open for writing by process 42 of uid 7" },
                { EBUSY, { 0 }, "somebody is using it" },
                { EINVAL, { .word = "Bob", .what = "an account's name", .form = "bob" }, "Bob is not an account's name" },
                { ENOENT, { .account = "bob", .image = "web", .region = "north" }, "bob sees no image web in north" },
                { ENOENT, { .word = "x" }, "there is no x here that you see" },
                { EROFS, { .what = "its store is another's" }, "its store is another's" },
                { EROFS, { 0 }, "nothing can be changed in this mount" },
                { ENOTEMPTY, { .word = "web" }, "web is not empty" },
                { ENOSPC, { 0 }, "there is no room left but what is kept for ending shares and deleting" },
                { EDQUOT, { 0 }, "a quota of the file system that the store is on is used up" },
                { ENOTTY, { 0 }, "Inappropriate ioctl for device" }, /* no row */
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct refusal refusal;

                refusal_answer(cases[i].error, &cases[i].context, &refusal);
                assert_int_equal(refusal.rule, RULE_NONE);
                assert_int_equal(refusal.error, cases[i].error);
                assert_string_equal(refusal.fact, cases[i].fact);
                assert_null(strpbrk(refusal.remedy, "{}[]|"));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_rule_is_explained_with_whatever_is_known),
                cmocka_unit_test(each_reader_reads_what_helps_him),
                cmocka_unit_test(templates_choose_and_fill),
                cmocka_unit_test(values_are_no_templates_and_stay_on_one_line),
                cmocka_unit_test(what_does_not_fit_ends_in_dots),
                cmocka_unit_test(a_long_list_leaves_the_command_in_sight),
                cmocka_unit_test(one_value_has_room_for_320_bytes),
                cmocka_unit_test(answers_are_complete),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
