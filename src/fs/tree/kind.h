/* SPDX-License-Identifier: MIT
 * A kind of node: one row describes it. To add one, see docs/CONTRIBUTING.md.
 */
#pragma once

#include <stdio.h>
#include <sys/stat.h>

#include "mount.h"
#include "tree/node.h"

struct call;
struct lister;

/* Whether the kernel may remember something of a node: its attributes, the name it was found by (entry), that a
 * directory has no child of that name (missing; for the others name is NULL), or its listing. cache.c says for how
 * long, and what must hold besides. */
typedef bool (*remember_rule)(struct call *call, struct node node, const char *name);

/* Requests that need only the catalog, so that the thread that reads requests may answer them itself (loop.c). Others
 * ask a store, which may hang, or make a long text only for its size. */
enum quick {
        QUICK_NEVER,
        QUICK_ITSELF, /* requests about the node itself */
        QUICK_ALL,    /* also lookups in it, and its listing */
};

/* How names are written; a number follows (CONTRACT 2). */
#define FORM_NAME "letters, digits, '.', '_' and '-', first a letter or digit, at most "

struct kind {
        mode_t mode;
        /* Directories: the child of that name, -ENOENT; and the listed children after an offset. */
        int (*lookup)(struct call *call, const char *name, struct node *ret_node);
        int (*list)(struct call *call, uint64_t offset, struct lister *lister);
        /* Checks existence; fills in size and times. NULL: always there, with the mount's times. */
        int (*attributes)(struct call *call, struct stat *st);
        /* Text files: the content; symlinks: the target. */
        int (*text)(struct call *call, FILE *to);
        bool costly; /* its attributes take long and are not remembered: a listing omits them */
        enum quick quick;
        struct {
                remember_rule attributes, entry, missing, listing; /* NULL: never, the kernel asks each time */
        } remember;
        struct { /* for who is told why a request failed */
                const char *called;      /* "shares", "the state" */
                const char *what, *form; /* of a name in it, or its text: "an account's name", how it is written */
        } words;
        bool lasting; /* its name lasts as long as its viewer, and is remembered whatever changes */
};

/* NULL: no such kind. */
static inline const struct kind *kind_of(const struct mount *mount, enum node_kind kind) {
        return (unsigned)kind < NODE_KINDS ? mount->kinds[kind] : NULL;
}
/* Attributes of call->node. */
int node_attributes(struct call *call, struct stat *ret_stat);
/* Content of a text file or symlink, allocated. */
int node_text(struct call *call, char **ret_text, size_t *ret_size);

void set_times(struct stat *st, int64_t ms);
void set_times_ns(struct stat *st, int64_t ns);
void set_blob(struct stat *st, const struct stat *blob);
