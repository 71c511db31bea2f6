/* SPDX-License-Identifier: MIT
 * Who can or could get an image's bytes: the graph of its copies, launches and twins, told row by row, nearest first.
 * What is remembered is one entry an object, whatever the way to it. No read of the catalog is open between two steps.
 */
#include "exposure.h"

#include <sys/mman.h>

#include "exposure_walk.h"
#include "lineage.h"
#include "nouns.h"
#include "origin.h"

enum how { HOW_SHARE, HOW_PAST_SHARE, HOW_COPY, HOW_LAUNCH, HOW_CUSTOM, HOW_SAME, HOWS };
static const char *const hows[] = { "share", "past share", "copy", "launch", "custom", "same-content" };

/* An object that was reached, or what an account got of objects that the caller may not see. */
struct entry {
        int64_t a, b;  /* key: the object's id, OBJECT; or the row that it is behind, the account and how */
        int64_t row;   /* object: its own row, or of one that is not seen the nearest before it. Else how many there are */
        int64_t since; /* ms. Object: 1 if it is seen */
};
#define OBJECT (-1)

struct exposure_walk {
        int64_t account;
        enum role role;
        bool all; /* the caller may see every object */
        struct entry *entries;
        size_t count, room;
        uint32_t *slots; /* hash table: 1 + index, 0: free; a power of two of them, at most half used */
        size_t size;
        int64_t rows; /* told so far */
        /* where it is: which entry, its shares, then its children, then (told) what is not seen */
        size_t at;
        struct exposure_after share;
        bool children, hidden;
        int64_t child;
};

/* Entries and slots are mapped, not allocated: what is thrown away goes back to the system at once. Tables that grow in
 * the heaps of a dozen threads leave as much again there. */
struct exposure_walk *exposure_close(struct exposure_walk *walk) {
        if (!walk)
                return NULL;
        if (walk->entries)
                (void)munmap(walk->entries, walk->room * sizeof(*walk->entries)); /* mapped so */
        if (walk->slots)
                (void)munmap(walk->slots, walk->size * sizeof(*walk->slots));
        free(walk);
        return NULL;
}

/* --- entries --- */

#define TABLE_LEAST 4096 /* bytes, a page */

/* Zeros. NULL: no memory. */
static void *walk_map(size_t size) {
        /* cppcheck-suppress invalidFunctionArg ; no file */
        void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        return map == MAP_FAILED ? NULL : map;
}

static int walk_room(struct exposure_walk *w) {
        const size_t entry = sizeof(*w->entries), room = w->room ? 2 * w->room : TABLE_LEAST / entry;
        void *map = w->room ? mremap(w->entries, w->room * entry, room * entry, MREMAP_MAYMOVE)
                            : walk_map(room * entry);

        if (!map || map == MAP_FAILED)
                return -ENOMEM;
        w->entries = map;
        w->room = room;
        return 0;
}

static uint32_t *walk_slot(const struct exposure_walk *w, int64_t a, int64_t b) {
        uint64_t hash = ((uint64_t)a * UINT64_C(0x9e3779b97f4a7c15)) ^ ((uint64_t)b * UINT64_C(0xc2b2ae3d27d4eb4f));
        size_t i = (size_t)((hash ^ hash >> 32) & (w->size - 1));

        while (w->slots[i] && (w->entries[w->slots[i] - 1].a != a || w->entries[w->slots[i] - 1].b != b))
                i = (i + 1) & (w->size - 1);
        return &w->slots[i];
}

static int walk_grow(struct exposure_walk *w) {
        const size_t size = w->size ? 2 * w->size : TABLE_LEAST / sizeof(*w->slots);
        uint32_t *slots = size <= UINT32_MAX ? walk_map(size * sizeof(*slots)) : NULL;

        if (!slots)
                return -ENOMEM;
        if (w->slots)
                (void)munmap(w->slots, w->size * sizeof(*w->slots)); /* mapped so */
        w->slots = slots;
        w->size = size;
        for (size_t i = 0; i < w->count; i++)
                *walk_slot(w, w->entries[i].a, w->entries[i].b) = (uint32_t)i + 1;
        return 0;
}

/* Finds or makes an entry; it is valid until the next one is made. 1: it is new. */
static int walk_entry(struct exposure_walk *w, int64_t a, int64_t b, struct entry **ret_entry) {
        uint32_t *slot;
        int r = 2 * (w->count + 1) > w->size ? walk_grow(w) : 0;

        if (r == 0 && w->count == w->room)
                r = walk_room(w);
        if (r < 0)
                return r;
        slot = walk_slot(w, a, b);
        if (!*slot) {
                w->entries[w->count] = (struct entry){ .a = a, .b = b };
                *slot = (uint32_t)++w->count;
                r = 1;
        }
        *ret_entry = &w->entries[*slot - 1];
        return r;
}

int exposure_walk_new(const struct request *request, int64_t image, bool own, struct exposure_walk **ret_walk) {
        const bool all = request->caller.role != ROLE_ACCOUNT;
        struct exposure_walk *w = all || own ? calloc(1, sizeof(*w)) : NULL;
        struct entry *root;
        int r;

        if (!w)
                return all || own ? -ENOMEM : -EACCES;
        w->account = request->caller.account;
        w->role = request->caller.role;
        w->all = all;
        w->share = EXPOSURE_FIRST;
        r = walk_entry(w, image, OBJECT, &root);
        if (r < 0) {
                (void)exposure_close(w); /* returns NULL */
                return r;
        }
        root->since = 1;
        *ret_walk = w;
        return 0;
}

/* --- steps --- */

struct step {
        struct exposure_walk *walk;
        struct catalog_connection *c;
        struct entry from;       /* a copy: entries move */
        char object[OBJECT_SIZE]; /* its name, once it is needed */
        int (*each)(const struct exposure *exposure, void *context);
        void *context;
};

static int object_named(struct catalog_connection *c, int64_t id, char ret_name[static OBJECT_SIZE]) {
        int64_t image, owner;
        int r = is_launch(id) ? catalog_launch_name(c, id, ret_name, &image, &owner)
                              : catalog_image_name(c, id, ret_name, &image);

        return r == -ENOENT ? ORIGIN(-EIO) : r;
}

static int tell_row(const struct step *s, const char *account, enum how how, int64_t since, const char *object) {
        return s->each(&(struct exposure){ .row = ++s->walk->rows, .account = account, .how = hows[how],
                                           .from = s->from.row, .since = since, .object = object, .count = 1 }, s->context);
}

/* Counts what an account got of an object that is not seen, behind the nearest one that is. */
static int count_hidden(const struct step *s, int64_t account, enum how how, int64_t since) {
        struct entry *entry;
        int r = walk_entry(s->walk, s->from.row, account * HOWS + how, &entry);

        if (r < 0)
                return r;
        if (r > 0 || since < entry->since)
                entry->since = since;
        entry->row++;
        return 0;
}

static int step_share(const struct exposure_share *share, void *context) {
        struct step *s = context;
        const enum how how = share->live ? HOW_SHARE : HOW_PAST_SHARE;
        int r = 0;

        s->walk->share = share->next;
        if (!s->from.since)
                return count_hidden(s, share->next.account, how, share->since);
        if (!s->object[0])
                r = object_named(s->c, s->from.a, s->object);
        return r < 0 ? r : tell_row(s, share->account_name, how, share->since, s->object);
}

static enum how how_of(const char *word) {
        for (int how = HOW_COPY; how < HOW_SAME; how++)
                if (strcmp(word, hows[how]) == 0)
                        return (enum how)how;
        return HOW_SAME;
}

static int step_child(const struct exposure_child *child, void *context) {
        struct step *s = context;
        struct exposure_walk *w = s->walk;
        const bool seen = w->all || child->owner == w->account;
        char object[OBJECT_SIZE];
        struct entry *entry;
        int r;

        w->child = child->id;
        r = seen ? object_named(s->c, child->id, object)
                 : count_hidden(s, child->owner, how_of(child->how), child->since);
        if (r == 0 && seen)
                r = tell_row(s, child->owner_name, how_of(child->how), child->since, object);
        if (r == 0)
                r = walk_entry(w, child->id, OBJECT, &entry);
        if (r > 0) { /* its first row is what the next ones come from */
                entry->row = seen ? w->rows : s->from.row;
                entry->since = seen;
        }
        return r < 0 ? r : 0;
}

/* A page of the entry's shares or children. */
static int step_object(struct step *s) {
        struct exposure_walk *w = s->walk;
        int r;

        if (!w->children) {
                r = is_launch(s->from.a) ? 0 : catalog_exposure_shares(s->c, s->from.a, &w->share, step_share, s);
                if (r >= 0 && r < CATALOG_PAGE) {
                        w->children = true;
                        w->child = 0;
                }
                return r < 0 ? r : 0;
        }
        r = catalog_exposure_children(s->c, s->from.a, w->child, step_child, s);
        if (r >= 0 && r < CATALOG_PAGE) {
                w->at++;
                w->children = false;
                w->share = EXPOSURE_FIRST;
        }
        return r < 0 ? r : 0;
}

static int step_hidden(const struct step *s) {
        const struct entry *e = &s->walk->entries[s->walk->at];
        char account[NAME_SIZE];
        int r = catalog_account_name(s->c, e->b / HOWS, account);

        if (r < 0)
                return r == -ENOENT ? ORIGIN(-EIO) : r;
        s->walk->at++;
        return s->each(&(struct exposure){ .row = ++s->walk->rows, .account = account, .how = hows[e->b % HOWS],
                                           .from = e->a, .since = e->since, .object = NULL, .count = e->row }, s->context);
}

/* Finds the next entry of the kind that is being told. false: there is none. */
static bool walk_next(struct exposure_walk *w) {
        for (;; w->at++) {
                if (w->at == w->count && w->hidden)
                        return false;
                if (w->at == w->count) {
                        w->at = 0;
                        w->hidden = true;
                }
                if (w->hidden == (w->entries[w->at].b != OBJECT))
                        return true;
        }
}

#define PAGES_AT_ONCE 64 /* most are of an object or two: what a step costs anyway is shared */

int exposure_next(struct request *request, struct exposure_walk *walk,
                  int (*each)(const struct exposure *exposure, void *context), void *context) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        const int64_t before = walk->rows;
        int r = service_caller_refresh(request->service, &request->caller);

        if (r < 0 || request->caller.role != walk->role)
                return r < 0 && r != -ENOENT ? r : -EACCES;
        r = catalog_read(request->service->catalog, &c);
        for (int i = 0; r == 0 && i < PAGES_AT_ONCE && walk->rows < before + CATALOG_PAGE; i++) {
                struct step step = { .walk = walk, .c = c, .each = each, .context = context };

                if (!walk_next(walk))
                        return 0;
                step.from = walk->entries[walk->at];
                r = walk->hidden ? step_hidden(&step) : step_object(&step);
        }
        return r < 0 ? r : 1;
}

int exposure_walk_all(struct request *request, struct exposure_walk *walk,
                      int (*each)(const struct exposure *exposure, void *context), void *context) {
        int r;

        do
                r = exposure_next(request, walk, each, context);
        while (r > 0);
        return r;
}
