/* SPDX-License-Identifier: MIT
 * Shared inside the policy layer: ordered tables of rules, and the renderer of the templates.
 */
#pragma once

#include <stddef.h>

#include "cleanup.h"
#include "policy.h"

/* Declares a table of rules over struct `facts`. The first row that refuses decides the outcome. */
#define RULES(facts) \
        static const struct { \
                bool (*refuses)(const struct facts *f); \
                int outcome; /* enum rule, or -errno */ \
        }

/* The outcome of the first row that refuses, 0 if none does. */
#define FIRST_REFUSAL(rows, facts) \
        ({ \
                int _r = 0; \
                for (size_t _i = 0; _i < ARRAY_SIZE(rows) && _r == 0; _i++) \
                        if ((rows)[_i].refuses(facts)) \
                                _r = (rows)[_i].outcome; \
                _r; \
        })

/* byte-quota, which ends several tables. */
static inline bool room_is_over(const struct room_facts *room) {
        return room->bytes > room->limit;
}

/* Writes a template of verdicts.def, filled in, as one line of at most size - 1 bytes. An error in a template is a
 * bug (assert). */
void template_render(const char *template, const struct refusal_context *context, char *ret_text, size_t size);
