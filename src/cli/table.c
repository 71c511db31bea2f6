/* SPDX-License-Identifier: MIT
 * One table, printed in three ways. Rows are kept until the session is closed, or at least until their page has been
 * read. So a slow reader of the output never keeps a read of the catalog open.
 */
#include <errno.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "cleanup.h"
#include "internal.h"
#include "utf8.h"

#define NUMBER_SIZE 21 /* of an int64_t in decimal */

int table_add(struct table *table, const struct cell *cells) {
        struct cell *row;

        if (array_room(&table->cells, &table->allocated, table->count, table->width * sizeof(*table->cells)) < 0)
                return -ENOMEM;
        row = table->cells + table->count * table->width;
        for (size_t i = 0; i < table->width; i++) {
                row[i] = cells[i];
                if (!cells[i].text)
                        continue;
                row[i].text = strdup(cells[i].text);
                if (!row[i].text) {
                        while (i-- > 0)
                                free((char *)row[i].text);
                        return -ENOMEM;
                }
        }
        table->count++;
        return 0;
}

int table_add_below(struct table *table, const struct cell *cells, size_t parent) {
        int r = ARRAY_ROOM(table->parents, &table->parents_allocated, table->count);

        if (r < 0)
                return r;
        table->parents[table->count] = parent;
        return table_add(table, cells);
}

void table_clear(struct table *table) {
        for (size_t i = 0; i < table->count * table->width; i++)
                free((char *)table->cells[i].text);
        free(table->cells);
        free(table->parents);
        table->cells = NULL;
        table->parents = NULL;
        table->count = table->allocated = table->parents_allocated = 0;
}

/* The cell as text; buffer is for numbers. */
static const char *words(const struct cell *cell, char buffer[static NUMBER_SIZE]) {
        switch (cell->kind) {
        case CELL_TEXT:
                return cell->text ? cell->text : "";
        case CELL_NUMBER:
                (void)snprintf(buffer, NUMBER_SIZE, "%" PRId64, cell->number);
                return buffer;
        case CELL_SWITCH:
                return cell->number ? "on" : "off";
        case CELL_NONE:
                break;
        }
        return "-";
}

/* Control characters become blanks, so that cells and lines stay separate. */
static void print_plain(const struct table *table) {
        char buffer[NUMBER_SIZE];

        for (size_t i = 0; i < table->count * table->width; i++) {
                const size_t column = i % table->width;

                if (table->columns[column].omit && table->cells[i].kind == CELL_NONE) {
                        (void)putchar('\n');
                        continue;
                }
                if (column > 0)
                        (void)putchar('\t');
                for (const char *c = words(&table->cells[i], buffer); *c; c++)
                        (void)putchar((unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c);
                if (column + 1 == table->width)
                        (void)putchar('\n');
        }
}

static void print_json_text(const char *text) {
        (void)putchar('"');
        for (size_t left = strlen(text), whole; left > 0; text += whole, left -= whole) {
                bool valid = utf8_check(text, left, &whole) >= 0;

                for (size_t i = 0; i < whole; i++)
                        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
                                (void)printf("\\u%04x", (unsigned)text[i]);
                        else
                                (void)printf(strchr("\"\\", text[i]) ? "\\%c" : "%c", text[i]);
                if (valid)
                        continue;
                (void)fputs("\\ufffd", stdout); /* replaces one byte that is not UTF-8 */
                whole++;
        }
        (void)putchar('"');
}

static void print_json_cell(const struct cell *cell) {
        char buffer[NUMBER_SIZE];

        switch (cell->kind) {
        case CELL_TEXT:
                print_json_text(words(cell, buffer));
                break;
        case CELL_NUMBER:
                (void)fputs(words(cell, buffer), stdout);
                break;
        case CELL_SWITCH:
                (void)fputs(cell->number ? "true" : "false", stdout);
                break;
        case CELL_NONE:
                (void)fputs("null", stdout);
                break;
        }
}

static void print_json(const struct table *table) {
        (void)putchar('[');
        for (size_t row = 0; row < table->count; row++) {
                (void)fputs(row ? ",\n {" : "\n {", stdout);
                for (size_t i = 0; i < table->width; i++) {
                        if (i > 0)
                                (void)fputs(", ", stdout);
                        print_json_text(table->columns[i].name);
                        (void)fputs(": ", stdout);
                        print_json_cell(&table->cells[row * table->width + i]);
                }
                (void)putchar('}');
        }
        (void)puts(table->count ? "\n]" : "]");
}

static void cleanup_scols(struct libscols_table **scols) {
        scols_unref_table(*scols);
}

/* The part of the terminal's width that a wrapped column gets, in characters. */
static size_t wrap_width(const struct table *table, size_t terminal) {
        const size_t readable = 20;
        size_t taken = 0, wrapped = 0;

        for (size_t i = 0; i < table->width; i++) {
                char buffer[NUMBER_SIZE];
                size_t widest = strlen(table->columns[i].name);

                for (size_t row = 0; row < table->count && !table->columns[i].wrap; row++) {
                        size_t n = strlen(words(&table->cells[row * table->width + i], buffer));

                        widest = n > widest ? n : widest;
                }
                taken += 1 + (table->columns[i].wrap ? 0 : widest);
                wrapped += table->columns[i].wrap;
        }
        return wrapped > 0 && terminal > taken + wrapped * readable ? (terminal - taken) / wrapped : readable;
}

/* Breaks lines between words; smartcols itself breaks within them. NULL: no memory. */
static char *table_fold(const char *text, size_t width) {
        char *folded = strdup(text), *line = folded, *space = NULL;

        for (char *c = folded; c && *c; c++) {
                if (*c == ' ')
                        space = c;
                if ((size_t)(c - line) >= width && space) {
                        *space = '\n';
                        line = space + 1;
                        space = NULL;
                }
        }
        return folded;
}

static int add_columns(const struct table *table, struct libscols_table *scols) {
        for (size_t i = 0; i < table->width; i++) {
                const struct column *column = &table->columns[i];
                int flags = (column->right ? SCOLS_FL_RIGHT : 0) | (column->wrap ? SCOLS_FL_WRAP : 0) |
                            (column->tree ? SCOLS_FL_TREE : 0);
                struct libscols_column *added = scols_table_new_column(scols, column->name, 0, flags);

                if (!added)
                        return -ENOMEM;
                if (column->wrap &&
                    (scols_column_set_safechars(added, "\n") < 0 ||
                     scols_column_set_wrapfunc(added, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL) < 0))
                        return -ENOMEM;
        }
        return 0;
}

static int table_add_line(const struct table *table, const struct cell *cells, size_t width, struct libscols_table *scols,
                          struct libscols_line *parent, struct libscols_line **ret_line) {
        struct libscols_line *line = scols_table_new_line(scols, parent);
        char buffer[NUMBER_SIZE];

        if (!line)
                return -ENOMEM;
        for (size_t i = 0; i < table->width; i++) {
                _cleanup_free_ char *text = table_fold(words(&cells[i], buffer), table->columns[i].wrap ? width : SIZE_MAX);

                if (!text || scols_line_set_data(line, i, text) < 0)
                        return -ENOMEM;
        }
        *ret_line = line;
        return 0;
}

/* smartcols knows the terminal, and prints unprintable bytes as \xNN. */
static int print_terminal(const struct table *table) {
        _cleanup_(cleanup_scols) struct libscols_table *scols = scols_new_table();
        _cleanup_free_ struct libscols_line **lines = calloc(table->count + 1, sizeof(struct libscols_line *));
        size_t width;
        int r;

        if (!scols || !lines) /* lines[0] is NULL */
                return -ENOMEM;
        width = wrap_width(table, scols_table_get_termwidth(scols));
        r = add_columns(table, scols);
        for (size_t row = 0; r == 0 && row < table->count; row++)
                r = table_add_line(table, table->cells + row * table->width, width, scols,
                                   lines[table->parents ? table->parents[row] : 0], &lines[row + 1]);
        return r < 0 ? r : scols_print_table(scols);
}

void table_print_lines(struct table *table) {
        print_plain(table);
        table_clear(table);
}

int table_flush(struct table *table, const struct call *call) {
        if (!call->option[OPTION_JSON] && !isatty(STDOUT_FILENO))
                table_print_lines(table);
        return ferror(stdout) ? -EIO : 0;
}

enum status table_print(const struct table *table, const struct call *call) {
        int r;

        if (call->option[OPTION_JSON])
                print_json(table);
        else if (!isatty(STDOUT_FILENO))
                print_plain(table);
        else {
                r = print_terminal(table);
                if (r < 0)
                        return error_failed("cannot print: %s", error_text(r, NULL));
        }
        return STATUS_DONE;
}
