/* SPDX-License-Identifier: MIT
 * Making, naming and removing images.
 */
#include "log/decision.h"
#include "policy.h"
#include "registry.h"

struct creation {
        struct decision decision;
        int64_t region;
        char region_name[NAME_SIZE];
        struct image image;
};

static int create_facts(struct catalog_connection *c, struct creation *n, struct create_facts *ret_facts) {
        struct decision *d = &n->decision;
        const struct caller *caller = &d->request->caller;
        _cleanup_region_ struct region region = { 0 };
        struct account account;
        int64_t place;
        int r = catalog_account_get(c, caller->account, &account);

        if (r < 0)
                return r == -ENOENT ? -EACCES : r;
        *ret_facts = (struct create_facts){ .role = account.role, .name_valid = name_check(NAME_IMAGE, d->name) == 0 };
        r = catalog_region_get(c, n->region, &region);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;
        ret_facts->region_known = true;
        (void)snprintf(d->object, OBJECT_SIZE, "%s/%s@%s", region.name, d->name, caller->name); /* a long one is cut */
        strcpy(n->region_name, region.name);
        d->region = n->region_name;
        r = catalog_place_find(c, n->region, caller->account, d->name, &place);
        ret_facts->name_taken = r == 0;
        if (r == 0 || r == -ENOENT)
                r = catalog_image_count(c, n->region, caller->account, &ret_facts->images);
        if (r == 0)
                r = catalog_setting_get(c, LIMIT_IMAGES, LIMIT_IMAGES_DEFAULT, &ret_facts->quota);
        if (account.quota >= 0)
                ret_facts->quota = account.quota;
        d->count = ret_facts->images;
        d->limit = ret_facts->quota;
        return r;
}

static int run_image_create(struct catalog_connection *c, void *context) {
        struct creation *n = context;
        struct decision *d = &n->decision;
        struct create_facts facts;
        struct event event;
        int64_t id;
        int r = create_facts(c, n, &facts);

        if (r == 0)
                r = policy_image_create(&facts);
        if (r != 0)
                return r;
        event = decision_event(d, EVENT_CREATE);
        event.place = EVENT_PLACE_NEW;
        event.about.region = n->region;
        r = catalog_event_add(c, &event, &id);
        return r < 0 ? r : catalog_image_get(c, id, &n->image);
}

int image_create(struct request *request, int64_t region, const char *name, struct image *ret_image) {
        struct creation n = {
                .decision = { .request = request, .op = EVENT_CREATE, .asked = "create {object}", .name = name },
                .region = region,
        };
        int r = request_write(request, run_image_create, &n);

        r = decision_end(&n.decision, r);
        if (r == -EINVAL)
                return name_check(NAME_IMAGE, name);
        if (r == 0)
                *ret_image = n.image;
        return r;
}

/* Reads the facts of a place that was found by a name. -ENOENT: it has another one by now. */
static int read_named(struct catalog_connection *c, struct decision *d, const char *name) {
        int r = decision_read(c, d);

        return r == 0 && d->visible && strcmp(d->image.name, name) != 0 ? -ENOENT : r;
}

struct removal {
        struct decision decision;
        const char *name;
};

static int run_image_remove(struct catalog_connection *c, void *context) {
        struct removal *n = context;
        struct decision *d = &n->decision;
        struct event event;
        int64_t id;
        int r = read_named(c, d, n->name);

        if (r < 0)
                return r;
        r = policy_image_delete(&(struct delete_facts){
                .role = d->request->caller.role, .visible = d->visible, .owner = d->owner, .shares = d->shares });
        if (r != 0)
                return decision_judged(c, d, r);
        if (d->image.has_disk || d->image.description || d->image.shares_link)
                return -ENOTEMPTY;
        event = decision_event(d, EVENT_DELETE);
        return catalog_event_add(c, &event, &id);
}

int image_remove(struct request *request, int64_t place, const char *name) {
        struct removal n = {
                .decision = { .request = request, .op = EVENT_DELETE, .asked = "delete {object}", .place = place },
                .name = name,
        };

        return decision_end(&n.decision, request_write(request, run_image_remove, &n));
}

struct renaming {
        struct decision decision; /* name: the new one */
        const char *name;
        int64_t to_region;
};

static int rename_facts(struct catalog_connection *c, struct renaming *n, struct edit_facts *ret_facts) {
        struct decision *d = &n->decision;
        int64_t place;
        int r;

        *ret_facts = (struct edit_facts){
                .role = d->request->caller.role,
                .visible = d->visible,
                .owner = d->owner,
                .shares = d->shares,
                .valid = name_check(NAME_IMAGE, d->name) == 0,
        };
        if (!ret_facts->valid)
                return 0;
        r = catalog_place_find(c, n->to_region, d->image.owner, d->name, &place);
        ret_facts->name_taken = r == 0 && place != d->place;
        return r == -ENOENT ? 0 : r;
}

static int run_rename(struct catalog_connection *c, void *context) {
        struct renaming *n = context;
        struct decision *d = &n->decision;
        struct edit_facts facts;
        struct event event;
        int64_t id;
        int r = read_named(c, d, n->name);

        if (r == 0)
                r = rename_facts(c, n, &facts);
        if (r == 0)
                r = policy_image_edit(&facts);
        if (r != 0)
                return r > 0 ? decision_judged(c, d, r) : r;
        if (n->to_region != d->image.region)
                return -EXDEV;
        event = decision_event(d, EVENT_RENAME);
        event.detail[0] = (struct event_detail){ .key = "to", .text = d->name };
        return catalog_event_add(c, &event, &id);
}

int image_rename(struct request *request, int64_t place, const char *name, int64_t to_region, const char *to_name) {
        struct renaming n = {
                .decision = { .request = request, .op = EVENT_RENAME, .asked = "rename {object} to {name}",
                              .place = place, .name = to_name },
                .name = name,
                .to_region = to_region,
        };
        int r = decision_end(&n.decision, request_write(request, run_rename, &n));

        return r == -EINVAL ? -EPERM : r;
}

static int run_rename_part(struct catalog_connection *c, void *context) {
        struct decision *d = context;
        int r = decision_read(c, d);

        if (r < 0)
                return r;
        r = policy_image_delete(&(struct delete_facts){
                .role = d->request->caller.role, .visible = d->visible, .owner = d->owner, .shares = d->shares });
        return r != 0 ? decision_judged(c, d, r) : -EXDEV; /* nothing is written: mv copies and removes */
}

int image_rename_part(struct request *request, int64_t place, int64_t to_place) {
        struct decision d = {
                .request = request, .op = EVENT_RENAME, .asked = "move a part of {object}", .place = place
        };
        int r;

        if (place == to_place)
                return -EPERM;
        r = decision_end(&d, request_write(request, run_rename_part, &d));
        if (r != -EXDEV)
                return r;
        d = (struct decision){ .request = request, .op = EVENT_RENAME, .asked = "move something into {object}",
                               .place = to_place };
        return decision_end(&d, request_write(request, run_rename_part, &d));
}

static int run_attributes(struct catalog_connection *c, void *context) {
        struct decision *d = context;
        int r = decision_read(c, d);

        if (r < 0)
                return r;
        r = policy_image_edit(&(struct edit_facts){
                .role = d->request->caller.role, .visible = d->visible, .owner = d->owner, .valid = true });
        return r != 0 ? r : -ECANCELED; /* nothing to write */
}

int image_judge_attributes(struct request *request, int64_t place) {
        struct decision d = { .request = request, .op = EVENT_DESCRIBE, .asked = "change attributes of {object}",
                              .place = place };
        int r = service_writable(request->service);

        if (r == 0) {
                _cleanup_read_ struct catalog_connection *c = NULL;

                r = catalog_read(request->service->catalog, &c);
                if (r == 0)
                        r = run_attributes(c, &d);
        }
        r = decision_end(&d, r);
        return r == -ECANCELED ? 0 : r;
}

int fixed_tree(struct request *request, bool removing, const char *object, bool quiet) {
        struct decision d = { .request = request, .op = removing ? EVENT_DELETE : EVENT_CREATE,
                              .asked = removing ? "remove {object}" : "make {object}" };

        (void)snprintf(d.object, sizeof(d.object), "%s", object); /* a long one is cut */
        if (quiet)
                return RULE_FIXED_TREE;
        return decision_end(&d, request->caller.role == ROLE_AUDITOR ? RULE_READ_ONLY_ROLE : RULE_FIXED_TREE);
}
