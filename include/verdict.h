/* SPDX-License-Identifier: MIT
 * Verdicts: the ids of the rules, and what is said of each of them (verdicts.def has the rows). Pure.
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
        int error;        /* errno of its refusal, positive: EPERM, EEXIST or EROFS */
        const char *id;   /* as in CONTRACT 4, `share-limit` */
        const char *text; /* the rule, one sentence */
        const char *from; /* `FAQ 1`; "" where the product itself is the source */
        const char *fact; /* templates, see verdicts.def; "" for the two rules that only allow */
        const char *remedy;
};

/* The row of a rule, RULE_NONE < rule < RULE_COUNT. Rows are in CONTRACT 4's order. */
const struct rule_row *rule_row(enum rule rule);

/* The row with this id, NULL if there is none. */
const struct rule_row *rule_find(const char *id);

/* The facts that a refusal's sentence names. Strings may be NULL or "": the sentence is whole without them. */
struct refusal_context {
        const char *object;  /* `north/web@alice`; empty where no image is concerned (managing) */
        const char *region;  /* where the request wants something: a copy's destination, an instance's region */
        const char *image, *owner;
        const char *account; /* whom the request names */
        const char *names;   /* those who have a share now, "bob, carol"; only if who asks is the owner */
        const char *paths;   /* their share directories, "shares/bob shares/carol"; with names only */
        int64_t count, limit;
};

/* Fills rule, fact and remedy, one line each (control characters become '?'); `asked` is the caller's. Texts that do
 * not fit end in "..."; a long list leaves room for what follows it. */
void refusal_explain(enum rule rule, const struct refusal_context *context, struct refusal *ret_refusal);
