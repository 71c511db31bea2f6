/* SPDX-License-Identifier: MIT
 * `imgshare exposure`: who can or could get an image's bytes, as a table, or as a graph for Graphviz made from the
 * table's rows.
 */
#include "exposure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "internal.h"
#include "timestamp.h"

#define ARROW " > "     /* between the elements of a path */
#define HIDDEN "hidden" /* an element that the caller may not see */

static const struct column columns[] = { { "account" }, { "how" }, { "path", .wrap = true }, { "since" } };

static int exposure_add_row(const struct exposure *exposure, void *context) {
        char since[TIMESTAMP_SIZE];
        const struct cell cells[] = {
                cell_text(exposure->account),
                cell_text(exposure->how),
                cell_text(exposure->path),
                cell_text(timestamp_format(exposure->since, since)),
        };

        return table_add(context, cells);
}

/* A line of the graph: a node, or an edge. */
struct line {
        char *text;
        const char *how; /* label of an edge, one of the words of include/exposure.h; NULL: none; not owned */
        bool edge;
};
struct graph {
        struct line *lines;
        size_t count, allocated;
};

static void graph_clear(struct graph *graph) {
        for (size_t i = 0; i < graph->count; i++)
                free(graph->lines[i].text);
        free(graph->lines);
        *graph = (struct graph){ 0 };
}

static int exposure_add_line(struct graph *graph, bool edge, const char *how, char *text /* takes ownership */) {
        if (!text || ARRAY_ROOM(graph->lines, &graph->allocated, graph->count) < 0) {
                free(text);
                return -ENOMEM;
        }
        graph->lines[graph->count++] = (struct line){ .text = text, .how = how, .edge = edge };
        return 0;
}

/* Quotes n bytes for DOT; a backslash would be an escape in a label. */
static char *quote(const char *text, size_t n) {
        char *quoted = malloc(2 * n + 3), *to = quoted;

        if (!quoted)
                return NULL;
        *to++ = '"';
        for (size_t i = 0; i < n; i++) {
                if (text[i] == '"' || text[i] == '\\')
                        *to++ = '\\';
                *to++ = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
        }
        strcpy(to, "\"");
        return quoted;
}

/* asprintf as an expression; NULL: no memory. */
__attribute__((format(printf, 1, 2))) static char *text_of(const char *format, ...) {
        char *text = NULL;
        va_list arguments;
        int n;

        va_start(arguments, format);
        n = vasprintf(&text, format, arguments);
        va_end(arguments);
        return n < 0 ? NULL : text;
}

/* Adds a node for the path element from `at` to `end`. A hidden element's id is its whole path. */
static int add_object(struct graph *graph, const char *path, const char *at, const char *end, char **ret_id) {
        const bool hidden = (size_t)(end - at) == strlen(HIDDEN) && strncmp(at, HIDDEN, strlen(HIDDEN)) == 0;
        _cleanup_free_ char *id = hidden ? quote(path, (size_t)(end - path)) : quote(at, (size_t)(end - at));
        int r;

        if (!id)
                return -ENOMEM;
        r = exposure_add_line(graph, false, NULL,
                     hidden ? text_of("%s [label=\"" HIDDEN "\", style=dashed]", id) : strdup(id));
        if (r == 0)
                *ret_id = TAKE_PTR(id);
        return r;
}

/* A prefix distinguishes accounts' ids from objects'. */
static int add_account(struct graph *graph, const char *name, char **ret_id) {
        _cleanup_free_ char *label = quote(name, strlen(name)), *id = NULL;
        int r;

        if (label)
                id = text_of("\"account %s", label + 1);
        if (!id)
                return -ENOMEM;
        r = exposure_add_line(graph, false, NULL, text_of("%s [label=%s, shape=ellipse]", id, label));
        if (r == 0)
                *ret_id = TAKE_PTR(id);
        return r;
}

static bool is_share(const char *how) {
        return strcmp(how, "share") == 0 || strcmp(how, "past share") == 0;
}

/* Adds a row: its path's elements, then the account. `how` labels the last edge (to the account) of a share, else the
 * edge to the last object. */
static int add_path(struct graph *graph, const struct cell *row) {
        const char *account = row[0].text, *how = row[1].text, *path = row[2].text;
        _cleanup_free_ char *above = NULL, *id = NULL;
        int r = 0;

        for (const char *at = path, *end; at && r == 0; at = *end ? end + strlen(ARROW) : NULL) {
                end = strstr(at, ARROW);
                if (!end)
                        end = at + strlen(at);
                r = add_object(graph, path, at, end, &id);
                if (r == 0 && above)
                        r = exposure_add_line(graph, true, *end || is_share(how) ? NULL : how, text_of("%s -> %s", above, id));
                free(above);
                above = TAKE_PTR(id);
        }
        if (r == 0)
                r = add_account(graph, account, &id);
        if (r == 0)
                r = exposure_add_line(graph, true, is_share(how) ? how : NULL, text_of("%s -> %s", above, id));
        return r;
}

static int by_text(const void *a, const void *b) {
        const struct line *x = a, *y = b;
        int order = x->edge - y->edge;

        if (order == 0)
                order = strcmp(x->text, y->text);
        return order ? order : strcmp(x->how ? x->how : "", y->how ? y->how : "");
}

/* Prints nodes, then edges, each once; an edge without label only if there is none with a label. */
static void print_graph(struct graph *graph) {
        qsort(graph->lines, graph->count, sizeof(*graph->lines), by_text);
        (void)puts("digraph exposure {\n        rankdir=LR;\n        node [shape=box];");
        for (size_t i = 0; i < graph->count; i++) {
                const struct line *line = &graph->lines[i], *next = i + 1 < graph->count ? line + 1 : NULL;

                if (next && line->edge == next->edge && strcmp(line->text, next->text) == 0 &&
                    (!line->how || strcmp(line->how, next->how) == 0))
                        continue;
                (void)printf("        %s", line->text);
                if (line->how)
                        (void)printf(" [label=\"%s\"]", line->how);
                (void)puts(";");
        }
        (void)puts("}");
}

static enum status draw(const struct table *table, const char *object) {
        _cleanup_(graph_clear) struct graph graph = { 0 };
        _cleanup_free_ char *id = NULL;
        int r = add_object(&graph, object, object, object + strlen(object), &id);

        for (size_t i = 0; i < table->count && r == 0; i++)
                r = add_path(&graph, table->cells + i * table->width);
        if (r < 0)
                return error_failed("cannot print: %s", error_text(r, NULL));
        print_graph(&graph);
        return STATUS_DONE;
}

static enum status cmd_exposure(const struct call *call) {
        static const struct meaning meanings[] = {
                { ENOENT, "no such image" },
                { EACCES, "only its owner, an auditor or an operator sees that" },
                { 0 },
        };
        _cleanup_(table_clear) struct table table = TABLE(columns);
        _cleanup_(session_close) struct session session = { 0 };
        const char *object = call->arguments[0];
        enum status status;
        int r;

        if (call->option[OPTION_DOT] && call->option[OPTION_JSON])
                return error_usage("option '--dot': not with '--json'");
        status = session_open(call, SERVICE_READ_ONLY, &session);
        if (status)
                return status;
        r = exposure_of(&session.request, object, exposure_add_row, &table);
        if (r)
                return error_result(&session.request, r, meanings, "image", object);
        session_close(&session);
        return call->option[OPTION_DOT] ? draw(&table, object) : table_print(&table, call);
}

const struct verb exposure_verbs[] = {
        { .name = "exposure",
          .arguments = "IMAGE [--json|--dot] [--asof T]",
          .summary = "print who can or could get an image's bytes",
          .help = "Prints every account that can get the bytes of IMAGE (REGION/IMG@OWNER), or\n"
                  "could: by a share, live or past, a copy, a launch, an image made from an\n"
                  "instance, an image of the same content, and what was done with those; by\n"
                  "which path, and since when. For its owner, auditors and operators; an owner\n"
                  "sees other accounts' objects in a path as 'hidden'.\n"
                  "\n"
                  "A deleted image has the name it had last, IMAGE#ID is another one of its place.\n"
                  "\n"
                  "  --asof T  as it was then: an RFC 3339 time, a date or the number of an event\n"
                  "  --json    an array of objects\n"
                  "  --dot     a graph for Graphviz\n",
          .example = "imgshare exposure north/web@alice --dot | dot -Tsvg >web.svg",
          .least = 1,
          .most = 1,
          .options = WITH(ASOF) | WITH(DOT) | WITH(JSON),
          .run = cmd_exposure },
        { 0 },
};
