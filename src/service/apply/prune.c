/* SPDX-License-Identifier: MIT
 * Pruning: notes which images and shares are listed, then revokes the other shares of these images.
 */
#include "apply/wing.h"
#include "array.h"
#include "nouns.h"

static int add_place(struct apply *a, int64_t place) {
        if (ARRAY_ROOM(a->places, &a->places_room, a->places_count) < 0)
                return -ENOMEM;
        a->places[a->places_count++] = place;
        return 0;
}

int apply_list(struct apply *apply, const struct apply_line *line) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct account account;
        int r = catalog_read(apply->request->service->catalog, &c);

        if (r == 0)
                r = apply_find(c, apply, line->region, line->image);
        if (r == 0)
                r = numbers_add(&apply->named, (uint64_t)apply->decision.place, 1);
        if (r > 0)
                r = add_place(apply, apply->decision.place);
        if (r < 0 || !line->account)
                return r == -ENOENT ? 0 : r; /* a missing image is reported when the line is done */
        r = catalog_account_find(c, line->account, &account);
        if (r == 0)
                r = numbers_add(&apply->listed, apply_pair(apply->decision.place, account.id), 1);
        return r < 0 && r != -ENOENT ? r : 0;
}

struct pruning {
        struct apply *apply;
        const struct image *image;
        struct apply_line *lines; /* to revoke; accounts are owned */
        size_t count, room;
};

static int prune_collect(const struct share *share, void *context) {
        struct pruning *p = context;

        if (numbers_get(&p->apply->listed, apply_pair(p->image->place, share->account)) > 0)
                return 0;
        if (ARRAY_ROOM(p->lines, &p->room, p->count) < 0)
                return -ENOMEM;
        p->lines[p->count] = (struct apply_line){ .account = strdup(share->account_name) };
        return p->lines[p->count].account ? (p->count++, 0) : -ENOMEM;
}

/* Collects first, then changes: no read is open during a change. */
static int prune_place(struct apply *a, int64_t place) {
        char name[OBJECT_SIZE];
        struct image image;
        struct pruning p = { .apply = a, .image = &image };
        int r = image_get(a->request, place, &image);

        if (r == 0 && (a->request->caller.role == ROLE_OPERATOR || image_is_own(a->request, &image)))
                r = share_list(a->request, &image, 0, prune_collect, &p);
        if (r == 0)
                (void)snprintf(name, sizeof(name), "%s@%s", image.name, image.owner_name); /* fits */
        for (size_t i = 0; i < p.count; i++) {
                p.lines[i].region = image.region_name;
                p.lines[i].image = name;
                if (r == 0)
                        r = apply_take(a, &p.lines[i], place);
                free((char *)p.lines[i].account);
        }
        free(p.lines);
        return r == -ENOENT ? 0 : r; /* the image has gone meanwhile */
}

int apply_prune(struct apply *apply) {
        int r = 0;

        for (size_t i = 0; i < apply->places_count && r == 0; i++)
                r = prune_place(apply, apply->places[i]);
        return r == 0 ? apply_flush(apply) : r;
}
