/* SPDX-License-Identifier: MIT
 * The rules' rows, from verdicts.def.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "verdict.h"

/* The columns are the members of struct rule_row, in their order. */
#define VERDICT(symbol, ...) [RULE_##symbol] = { RULE_##symbol, __VA_ARGS__ },
static const struct rule_row rows[RULE_COUNT] = {
#include "verdicts.def"
};
#undef VERDICT

const struct rule_row *rule_row(enum rule rule) {
        assert(rule > RULE_NONE && rule < RULE_COUNT);
        return &rows[rule];
}

const struct rule_row *rule_find(const char *id) {
        for (enum rule rule = RULE_NONE + 1; rule < RULE_COUNT; rule++)
                if (strcmp(rows[rule].id, id) == 0)
                        return &rows[rule];
        return NULL;
}
