/* SPDX-License-Identifier: MIT
 * Verdicts: the ids of the rules, and their texts (rows in verdicts.def). Pure.
 */
#pragma once

#include <stdint.h>

#include "model.h"

enum rule {
        RULE_NONE,
#define VERDICT(symbol, ...) RULE_##symbol,
#include "verdicts.def"
#undef VERDICT
        RULE_COUNT
};

struct rule_row {
        enum rule rule;
        int error;        /* errno of a refusal, positive: EPERM, EEXIST, EROFS or EDQUOT */
        const char *id;   /* as in CONTRACT 4, such as `share-limit` */
        const char *text; /* the rule, one sentence */
        const char *from; /* `FAQ 1`; "" if the product itself is the source */
        const char *fact; /* templates, see verdicts.def; "" for the two rules that only allow */
        const char *remedy;
};

/* The row of a rule, RULE_NONE < rule < RULE_COUNT. Rows are in CONTRACT 4's order. */
const struct rule_row *rule_row(enum rule rule);

/* The row with this id, NULL if there is none. */
const struct rule_row *rule_find(const char *id);

/* Facts for a refusal's sentence. Strings may be NULL or "": the sentence is complete without them. */
struct refusal_context {
        const char *object;  /* `north/web@alice`; empty if no image is concerned (managing) */
        const char *region;  /* the wanted region: a copy's destination, an instance's region */
        const char *image, *owner;
        const char *account; /* that the request names */
        const char *names;   /* accounts with a share now, "bob, carol"; only if the caller is the owner */
        const char *paths;   /* their share directories, "shares/bob shares/carol"; only together with names */
        const char *files;   /* that a disk names */
        /* of an answer that no rule gave */
        const char *who;     /* has something open: "process 42 (qemu) of uid 1000" */
        const char *word;    /* that is wrong, or was looked for */
        const char *what, *form; /* what it should be, "an account's name", and how that is written */
        int64_t count, limit;
};

/* Of an event: the rule of a refusal that no rule made (ENOENT of a launch). */
#define RULE_NONE_ID "-"

/* Fills rule, fact and remedy, one line each (control characters become '?'); the caller fills `asked`. Texts that do
 * not fit end in "..."; a long list leaves room for what follows it. */
void refusal_explain(enum rule rule, const struct refusal_context *context, struct refusal *ret_refusal);
/* The same for an errno (positive) that no rule gave. */
void refusal_answer(int error, const struct refusal_context *context, struct refusal *ret_refusal);
