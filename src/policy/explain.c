/* SPDX-License-Identifier: MIT
 * Says why a rule refused: fills the facts into its templates. Values are copied, never read as templates.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "internal.h"
#include "utf8.h"

#define VALUE_MAX 320 /* bytes of one value, so that a list of names does not push the remedy's command out */
#define NUMBER_SIZE 24

struct line {
        char *text;
        size_t size, used;
        bool full;
};

static void explain_put(struct line *line, const char *text, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (line->used + 1 == line->size) {
                        line->full = true;
                        return;
                }
                line->text[line->used++] = text[i];
        }
}

/* Returns where to cut a text so that at most n bytes are left: after a space, else between two characters. */
static size_t explain_cut(const char *text, size_t n) {
        size_t at = n;

        while (at > 0 && text[at - 1] != ' ')
                at--;
        if (at > 0)
                return at;
        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
                n--;
        return n;
}

static void put_value(struct line *line, const char *value) {
        size_t n = strlen(value);

        if (n <= VALUE_MAX) {
                explain_put(line, value, n);
                return;
        }
        explain_put(line, value, explain_cut(value, VALUE_MAX - 3));
        explain_put(line, "...", 3);
}

/* The value of the member with this name (n bytes of a template); `number` is a buffer for those that are numbers. */
static const char *value(const struct refusal_context *context, const char *name, size_t n,
                         char number[static NUMBER_SIZE]) {
        const struct {
                const char *name, *text;
        } members[] = {
                { "object", context->object },   { "region", context->region }, { "image", context->image },
                { "owner", context->owner },     { "account", context->account }, { "names", context->names },
                { "paths", context->paths },     { "files", context->files },   { "who", context->who },
                { "word", context->word },       { "what", context->what },     { "form", context->form },
        };

        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
                if (strlen(members[i].name) == n && memcmp(members[i].name, name, n) == 0)
                        return members[i].text ? members[i].text : "";
        assert(n == 5 && (memcmp(name, "count", n) == 0 || memcmp(name, "limit", n) == 0));
        (void)snprintf(number, NUMBER_SIZE, "%" PRId64, name[0] == 'c' ? context->count : context->limit);
        return number;
}

/* Returns the value of the member at *at, its `{`, and moves *at behind its `}`. */
static const char *next_value(const struct refusal_context *context, const char **at,
                              char number[static NUMBER_SIZE]) {
        const char *name = *at + 1, *end = strchr(name, '}');

        assert(end);
        *at = end + 1;
        return value(context, name, (size_t)(end - name), number);
}

/* Whether every member from `at` to `end` has a value. */
static bool complete(const struct refusal_context *context, const char *at, const char *end) {
        char number[NUMBER_SIZE];

        while (at < end)
                if (*at != '{')
                        at++;
                else if (!*next_value(context, &at, number))
                        return false;
        return true;
}

static void put_span(struct line *line, const struct refusal_context *context, const char *at, const char *end) {
        char number[NUMBER_SIZE];

        while (at < end)
                if (*at != '{')
                        explain_put(line, at++, 1);
                else
                        put_value(line, next_value(context, &at, number));
}

/* Writes the first complete alternative of a choice; `at` is behind its `[`. Returns what follows its `]`. */
static const char *put_choice(struct line *line, const struct refusal_context *context, const char *at) {
        bool chosen = false;

        for (;;) {
                const char *end = at + strcspn(at, "|]");

                assert(*end);
                if (!chosen && complete(context, at, end)) {
                        put_span(line, context, at, end);
                        chosen = true;
                }
                if (*end == ']')
                        return end + 1;
                at = end + 1;
        }
}

void template_render(const char *template, const struct refusal_context *context, char *ret_text, size_t size) {
        struct line line = { .text = ret_text, .size = size };

        while (*template) {
                const char *end = template + strcspn(template, "[");

                put_span(&line, context, template, end);
                template = *end ? put_choice(&line, context, end + 1) : end;
        }
        if (line.full) {
                line.used = explain_cut(line.text, size - sizeof("..."));
                explain_put(&line, "...", 3);
        }
        line.text[line.used] = '\0';
        utf8_clean(line.text);
}

void refusal_answer(int error, const struct refusal_context *context, struct refusal *ret_refusal) {
        static const struct {
                int error;
                const char *fact, *remedy;
        } answers[] = {
#define ANSWER(error, fact, remedy) { error, fact, remedy },
#include "answers.def"
#undef ANSWER
        };
        const char *fact = NULL, *remedy = "";

        for (size_t i = 0; i < ARRAY_SIZE(answers) && !fact; i++)
                if (answers[i].error == error) {
                        fact = answers[i].fact;
                        remedy = answers[i].remedy;
                }
        ret_refusal->rule = RULE_NONE;
        ret_refusal->error = error;
        template_render(fact ?: strerrordesc_np(error) ?: "", context, ret_refusal->fact, sizeof(ret_refusal->fact));
        template_render(remedy, context, ret_refusal->remedy, sizeof(ret_refusal->remedy));
}

void refusal_explain(enum rule rule, const struct refusal_context *context, struct refusal *ret_refusal) {
        const struct rule_row *row = rule_row(rule);

        ret_refusal->rule = (int)rule;
        ret_refusal->error = 0;
        template_render(row->fact, context, ret_refusal->fact, sizeof(ret_refusal->fact));
        template_render(row->remedy, context, ret_refusal->remedy, sizeof(ret_refusal->remedy));
}
