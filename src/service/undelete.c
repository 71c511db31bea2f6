/* SPDX-License-Identifier: MIT
 * What was deleted brought back, with its old numbers, as long as its bytes are kept (CONTRACT 5.8).
 */
#include "disk/meter.h"
#include "keep.h"
#include "nouns.h"

struct undeleting {
        struct decision decision; /* name: the one it is to get; NULL: the old one */
        struct kept kept;
        struct kept_name old;
        char name[NAME_SIZE]; /* as it is going to be called */
        struct image home; /* what is in its place now; place 0: that is gone, too */
        int64_t bytes; /* of its disk */
        struct room_facts room; /* with these */
        struct image other; /* an empty draft elsewhere that has the name; place 0: there is none */
};

/* --- an image --- */

static bool is_empty(const struct image *image) {
        return !image->has_disk && !image->description && !image->shares_link;
}

/* Who has the name: what an image fills is no hindrance. */
static int read_name(struct catalog_connection *c, struct undeleting *n, bool *ret_taken) {
        int64_t place;
        int r = catalog_place_find(c, n->kept.region, n->kept.owner, n->name, &place);

        *ret_taken = n->home.has_disk;
        n->other = (struct image){ 0 };
        if (r == 0 && place != n->kept.place) {
                r = catalog_image_get(c, place, &n->other);
                if (r == 0 && !is_empty(&n->other)) {
                        n->other = (struct image){ 0 };
                        *ret_taken = true;
                }
        }
        return r == -ENOENT ? 0 : r;
}

static int image_facts(struct catalog_connection *c, struct undeleting *n, struct undelete_facts *ret_facts) {
        struct decision *d = &n->decision;
        struct account owner;
        int r = catalog_image_get(c, n->kept.place, &n->home);

        *ret_facts = (struct undelete_facts){
                .role = d->request->caller.role, .visible = true, .name_valid = name_check(NAME_IMAGE, n->name) == 0,
                .instances_limit = 1, .room = n->room,
        };
        if (r == -ENOENT) {
                n->home = (struct image){ 0 };
                r = 0;
        }
        if (r == 0)
                r = catalog_account_get(c, n->kept.owner, &owner);
        if (r == 0)
                r = read_name(c, n, &ret_facts->name_taken);
        if (r == 0)
                r = catalog_image_count(c, n->kept.region, n->kept.owner, &ret_facts->images);
        if (r == 0)
                r = catalog_setting_get(c, LIMIT_IMAGES, LIMIT_IMAGES_DEFAULT, &ret_facts->quota);
        if (r < 0)
                return r;
        if (owner.quota >= 0)
                ret_facts->quota = owner.quota;
        ret_facts->images -= (n->home.place != 0) + (n->other.place != 0); /* drafts, which it takes the place of */
        d->count = ret_facts->images;
        d->limit = ret_facts->quota;
        return 0;
}

/* An event of another image on the way. */
static int add_event(struct catalog_connection *c, const struct undeleting *n, enum event_op op, const struct image *image,
                     const char *to) {
        char object[OBJECT_SIZE];
        struct event event = {
                .caller = &n->decision.request->caller,
                .op = op,
                .object = object,
                .place = image->place,
                .about = { .region = image->region, .image = image->id },
                .detail[0] = { .key = to ? "to" : NULL, .text = to },
        };
        int64_t id;

        object_name(image, object);
        return catalog_event_add(c, &event, &id);
}

static int image_commit(struct catalog_connection *c, struct undeleting *n) {
        struct decision *d = &n->decision;
        struct event event = decision_event(d, n->home.place ? EVENT_UNDELETE_DISK : EVENT_UNDELETE);
        char text[TEXT_SIZE];
        int64_t description, id;
        int r = 0;

        if (n->other.place)
                r = add_event(c, n, EVENT_DELETE, &n->other, NULL);
        if (r == 0 && n->home.place && strcmp(n->home.name, n->name) != 0)
                r = add_event(c, n, EVENT_RENAME, &n->home, n->name);
        if (r < 0)
                return r;
        (void)snprintf(d->object, OBJECT_SIZE, "%s/%s@%s", n->old.region, n->name, n->old.owner); /* fits */
        event.detail[0] = (struct event_detail){ .key = "image", .number = n->kept.id };
        r = catalog_kept_description(c, n->kept.id, &description, text);
        if (r == 0) {
                event.detail[1] = (struct event_detail){ .key = "description", .number = description };
                event.detail[2] = (struct event_detail){ .key = "text", .text = text };
        }
        return r < 0 && r != -ENOENT ? r : catalog_event_add(c, &event, &id);
}

static int undelete_image(struct catalog_connection *c, struct undeleting *n) {
        struct undelete_facts facts;
        int r = image_facts(c, n, &facts);

        if (r == 0)
                r = policy_undelete(&facts);
        if (r == RULE_NAME_TAKEN && n->home.has_disk && n->decision.name)
                r = -EEXIST; /* no other name helps */
        return r != 0 ? r : image_commit(c, n);
}

/* --- an instance --- */

static int instance_commit(struct catalog_connection *c, struct undeleting *n, bool whole) {
        struct event event = decision_event(&n->decision, whole ? EVENT_UNDELETE_INSTANCE : EVENT_UNDELETE_INSTANCE_DISK);
        int64_t id;

        event.about.instance = n->kept.instance;
        event.detail[0] = (struct event_detail){ .key = "launch", .number = n->kept.id };
        return catalog_event_add(c, &event, &id);
}

/* An empty directory that was made anew under the name goes. */
static int clear_name(struct catalog_connection *c, struct undeleting *n, const struct instance *other) {
        struct event event = decision_event(&n->decision, EVENT_INSTANCE_DELETE);
        int64_t id;

        if (other->has_disk || other->has_image)
                return -EEXIST;
        event.about.instance = other->id;
        return catalog_event_add(c, &event, &id);
}

/* other: who has the name now, if its directory is gone; id 0: nobody. */
static int instance_facts(struct catalog_connection *c, struct undeleting *n, struct instance *ret_home,
                          struct instance *ret_other, struct undelete_facts *ret_facts) {
        struct decision *d = &n->decision;
        int r = catalog_instance_get(c, n->kept.instance, ret_home);

        *ret_facts = (struct undelete_facts){ .role = d->request->caller.role, .visible = true, .name_valid = true,
                                              .quota = 1, .instances_limit = 1, .room = n->room };
        ret_other->id = 0;
        if (r != -ENOENT)
                return r;
        ret_home->id = 0;
        r = catalog_instance_find(c, n->kept.region, n->kept.owner, n->name, ret_other);
        if (r == 0 || r == -ENOENT)
                r = instance_count_in(c, d, n->kept.region, n->kept.owner);
        if (r < 0)
                return r;
        d->count -= ret_other->id != 0 && !ret_other->has_disk && !ret_other->has_image; /* which it takes the place of */
        ret_facts->instances = d->count;
        ret_facts->instances_limit = d->limit;
        return 0;
}

static int undelete_instance(struct catalog_connection *c, struct undeleting *n) {
        struct undelete_facts facts;
        struct instance home, other;
        int r = instance_facts(c, n, &home, &other, &facts);

        if (r == 0)
                r = policy_undelete(&facts);
        if (r == 0 && n->decision.name)
                r = -EOPNOTSUPP;
        if (r != 0)
                return r;
        if (home.id)
                return home.has_disk ? -EEXIST : instance_commit(c, n, false);
        if (other.id)
                r = clear_name(c, n, &other);
        return r < 0 ? r : instance_commit(c, n, true);
}

/* --- together --- */

static int run_undelete(struct catalog_connection *c, void *context) {
        struct undeleting *n = context;
        struct decision *d = &n->decision;
        int r = decision_caller(c, d);

        if (r == 0)
                r = catalog_kept_get(c, n->kept.id, &n->kept); /* or it has just been purged */
        if (r == 0)
                r = kept_name_split(n->kept.object, &n->old);
        if (r < 0)
                return r;
        if (d->request->caller.role == ROLE_ACCOUNT && d->request->caller.account != n->kept.owner)
                return -ENOENT;
        (void)snprintf(n->name, sizeof(n->name), "%s", d->name ?: n->old.name); /* a long one is refused, cut or not */
        strcpy(d->object, n->kept.object); /* a refusal is about what has no other name yet */
        d->image = (struct image){ .place = n->kept.place, .id = n->kept.place ? n->kept.id : 0, .region = n->kept.region };
        strcpy(d->image.region_name, n->old.region);
        r = n->kept.place ? undelete_image(c, n) : undelete_instance(c, n);
        return r == RULE_BYTE_QUOTA ? decision_room(d, &n->room, n->bytes) : r; /* other rules have counts, too */
}

static int find_kept(struct request *request, const char *what, struct kept *ret_kept) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct kept_found found;
        int r = catalog_read(request->service->catalog, &c);

        if (r == 0)
                r = kept_find(c, &request->caller, what, &found);
        if (r == 0 && found.images && found.instances)
                r = -ENOTUNIQ;
        if (r == 0)
                *ret_kept = found.kept;
        return r;
}

int undelete(struct request *request, const char *what, const char *name) {
        struct undeleting n = { .decision = { .request = request, .op = EVENT_UNDELETE, .name = name,
                                              .asked = name ? "bring back {object} as {name}" : "bring back {object}" } };
        _cleanup_promise_ struct promise promise = { 0 };
        struct blob_store *store;
        int r = service_writable(request->service);

        if (r < 0)
                return r;
        r = find_kept(request, what, &n.kept);
        if (r == 0 && name && n.kept.place)
                r = name_check(NAME_IMAGE, name);
        if (r < 0 && request->caller.role == ROLE_AUDITOR)
                return decision_auditor(&n.decision, what);
        if (r == 0)
                r = service_store(request->service, n.kept.region, &store);
        if (r < 0)
                return r;
        r = meter_blob(store, n.kept.id, &n.bytes);
        if (r == 0)
                r = promise_begin(request->service, n.kept.region, n.kept.owner, n.bytes, &promise, &n.room);
        if (r < 0)
                return r == -ENOENT ? -ENODATA : r;
        return decision_end(&n.decision, request_write(request, run_undelete, &n));
}
