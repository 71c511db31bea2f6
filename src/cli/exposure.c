/* SPDX-License-Identifier: MIT
 * `imgshare exposure`: who can or could get an image's bytes, as rows that name the row they come from; made from
 * these, a tree on a terminal, or a graph for Graphviz.
 */
#include "exposure.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "cleanup.h"
#include "internal.h"
#include "timestamp.h"

#define HIDDEN "hidden" /* objects that the caller may not see */

enum { ROW, ACCOUNT, HOW, FROM, SINCE, COUNT, OBJECT }; /* columns */
static const struct column columns[] = { { "row", .right = true }, { "account" }, { "how" }, { "from", .right = true },
                                         { "since" }, { "count", .right = true }, { "object" } };

static int exposure_add_row(const struct exposure *exposure, void *context) {
        char since[TIMESTAMP_SIZE];
        const struct cell cells[] = {
                cell_number(exposure->row),
                cell_text(exposure->account),
                cell_text(exposure->how),
                exposure->from ? cell_number(exposure->from) : cell_none(),
                cell_text(timestamp_format(exposure->since, since)),
                cell_number(exposure->count),
                cell_text(exposure->object ?: HIDDEN),
        };

        return table_add(context, cells);
}

/* --- a tree, on a terminal --- */

#define FOLD 12 /* rows below this depth are only counted */

static const struct column tree_columns[] = { { "object", .tree = true }, { "account" }, { "how" }, { "since" } };

/* A row in the tree; 0: the image itself. */
struct branch {
        size_t shown;  /* the row itself, or, folded, the last one above it that is shown */
        size_t line;   /* of that one in the tree, from 1 */
        size_t folded; /* rows below that are not shown */
        unsigned depth;
};

static size_t row_from(const struct cell *row) {
        return row[FROM].kind == CELL_NONE ? 0 : (size_t)row[FROM].number;
}

static int tree_add(struct table *tree, const struct cell *row, struct branch *branch, const struct branch *above) {
        char object[OBJECT_SIZE + 32];
        const struct cell cells[] = { cell_text(object), row[ACCOUNT], row[HOW], row[SINCE] };
        int r;

        (void)snprintf(object, sizeof(object), row[COUNT].number > 1 ? "%s (%" PRId64 ")" : "%s", row[OBJECT].text,
                       row[COUNT].number); /* fits */
        r = table_add_below(tree, cells, above->line);
        branch->line = tree->count;
        return r;
}

static int tree_add_folded(struct table *tree, const struct branch *branch) {
        char text[64];
        const struct cell cells[] = { cell_text(text), cell_text(""), cell_text(""), cell_text("") };

        (void)snprintf(text, sizeof(text), "… %zu more rows", branch->folded); /* fits */
        return table_add_below(tree, cells, branch->line);
}

static enum status exposure_print_tree(const struct table *table, const struct call *call) {
        _cleanup_free_ struct branch *branches = calloc(table->count + 1, sizeof(*branches));
        _cleanup_(table_clear) struct table tree = TABLE(tree_columns);
        int r = branches ? 0 : -ENOMEM;

        for (size_t i = 1; i <= table->count && r == 0; i++) {
                const struct cell *row = table->cells + (i - 1) * table->width;
                const struct branch *above = &branches[row_from(row)];

                branches[i] = (struct branch){ .shown = above->shown, .line = above->line, .depth = above->depth + 1 };
                if (branches[i].depth > FOLD) {
                        branches[above->shown].folded++;
                        continue;
                }
                branches[i].shown = i;
                r = tree_add(&tree, row, &branches[i], above);
        }
        for (size_t i = 1; i <= table->count && r == 0; i++)
                if (branches[i].folded > 0)
                        r = tree_add_folded(&tree, &branches[i]);
        return r < 0 ? error_failed("cannot print: %s", error_text(r, NULL)) : table_print(&tree, call);
}

/* --- a graph, for Graphviz --- */

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

/* Adds a node for the object of a row; 0: of the image itself. Hidden ones have the row's number as their id. */
static int add_object(struct graph *graph, const struct table *table, size_t number, const char *image, char **ret_id) {
        const struct cell *row = number > 0 ? table->cells + (number - 1) * table->width : NULL;
        const char *object = row ? row[OBJECT].text : image;
        const bool hidden = row && strcmp(object, HIDDEN) == 0;
        _cleanup_free_ char *id = hidden ? text_of("\"" HIDDEN " %zu\"", number) : quote(object, strlen(object));
        int r;

        if (!id)
                return -ENOMEM;
        r = exposure_add_line(graph, false, NULL,
                              !hidden ? strdup(id)
                              : row[COUNT].number > 1
                                      ? text_of("%s [label=\"%" PRId64 " " HIDDEN "\", style=dashed]", id, row[COUNT].number)
                                      : text_of("%s [label=\"" HIDDEN "\", style=dashed]", id));
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

/* Adds a row: an edge from the object it comes from to its own one, and from that to the account. A share of an object
 * that is seen has none of its own. */
static int draw_row(struct graph *graph, const struct table *table, size_t number, const char *image) {
        const struct cell *row = table->cells + (number - 1) * table->width;
        const bool share = is_share(row[HOW].text) && strcmp(row[OBJECT].text, HIDDEN) != 0;
        _cleanup_free_ char *above = NULL, *object = NULL, *account = NULL;
        int r = add_object(graph, table, row_from(row), image, &above);

        if (r == 0 && !share)
                r = add_object(graph, table, number, image, &object);
        if (r == 0)
                r = add_account(graph, row[ACCOUNT].text, &account);
        if (r == 0 && !share)
                r = exposure_add_line(graph, true, row[HOW].text, text_of("%s -> %s", above, object));
        if (r == 0)
                r = exposure_add_line(graph, true, share ? row[HOW].text : NULL,
                                      text_of("%s -> %s", share ? above : object, account));
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
        int r = add_object(&graph, table, 0, object, &id);

        for (size_t i = 1; i <= table->count && r == 0; i++)
                r = draw_row(&graph, table, i, object);
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
        if (call->option[OPTION_DOT])
                return draw(&table, object);
        return call->option[OPTION_JSON] || !isatty(STDOUT_FILENO) ? table_print(&table, call)
                                                                   : exposure_print_tree(&table, call);
}

const struct verb exposure_verbs[] = {
        { .name = "exposure",
          .arguments = "IMAGE [--json|--dot] [--asof T]",
          .summary = "print who can or could get an image's bytes",
          .help = "Prints every account that can get the bytes of IMAGE (REGION/IMG@OWNER), or\n"
                  "could: by a share, live or past, a copy, a launch, an image made from an\n"
                  "instance, an image of the same content, and what was done with those; in\n"
                  "which object, and since when. A row names the row whose object it comes from,\n"
                  "'-' is IMAGE itself; on a terminal this is a tree. For its owner, auditors and\n"
                  "operators; of other accounts' objects an owner sees how many there are.\n"
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
