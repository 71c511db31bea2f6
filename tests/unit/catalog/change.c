/* SPDX-License-Identifier: MIT
 * The tests' changes of the catalog: complete events as the services make them, so that the log can be replayed. Their
 * subjects are looked up by id even if they have ended: the catalog itself must notice that.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>

#include "connection.h"
#include "said.h"

const struct caller scratch_operator = { .account = OPERATOR, .name = "operator", .role = ROLE_OPERATOR, .uid = 1000,
                                         .via = VIA_CLI };

struct wish {
        enum fact what;
        int64_t a, b;
        const char *text;
        int64_t event;
        int count; /* for several changes */
        bool step;
};

/* --- what each event says --- */

static int say_account(struct catalog_connection *c, const struct wish *w, struct said *said) {
        int64_t id;
        int r = catalog_account_next(c, &id);

        said->event.account = w->text;
        with_text(said, "role", "account");
        with_number(said, "id", id);
        return r;
}

static int say_region(struct catalog_connection *c, const struct wish *w, struct said *said) {
        int64_t id;
        int r = catalog_region_next(c, &id);

        said->event.object = w->text;
        with_number(said, "id", id);
        return r;
}

static int say_region_end(struct catalog_connection *c, const struct wish *w, struct said *said) {
        return said_look(c, "SELECT 'operator', name FROM region WHERE id = ?1", w->a, 0, said);
}

/* Says that an image is a copy of an image or launch. */
static int say_copy(struct catalog_connection *c, int64_t source, int64_t size, struct said *said) {
        char instance[OBJECT_SIZE], image[OBJECT_SIZE];
        int64_t id = source, number;
        int r = source < LAUNCH_FIRST ? 0 : catalog_launch_name(c, source, instance, &id, &number);

        if (r == 0)
                r = catalog_image_name(c, id, image, &number);
        if (r < 0)
                return r;
        if (source < LAUNCH_FIRST)
                strcpy(said->source, image);
        else
                (void)snprintf(said->source, sizeof(said->source), "instance %s from %s", instance, image); /* fits */
        with_text(said, "source", said->source);
        with_number(said, size < 0 ? "also" : "size", size < 0 ? 1 : size);
        with_number(said, "from", source);
        return 0;
}

static int say_launch(struct catalog_connection *c, const struct wish *w, struct said *said) {
        struct said instance = { 0 };
        int64_t launch;
        int r = of_image(c, "i.id", w->b, said);

        if (r == 0)
                r = of_instance(c, w->a, &instance);
        if (r == 0)
                r = catalog_launch_reserve(c, w->a, w->b, &launch);
        if (r == 0)
                r = catalog_launch_forget(c, launch);
        if (r < 0)
                return r;
        said->caller = instance.caller;
        said->event.about.instance = w->a;
        strcpy(said->source, instance.object);
        with_text(said, "instance", said->source);
        with_number(said, "launch", launch);
        r = said_look(c, "SELECT '', '' FROM launch WHERE instance = ?1 LIMIT 1", w->a, 0, &instance);
        said->event.op = r == 0 ? EVENT_REINSTALL : EVENT_LAUNCH;
        return r == -ENOENT ? 0 : r;
}

static int say_expiry(struct catalog_connection *c, const struct wish *w, struct said *said) {
        int r = of_share(c, w->a, said);

        if (w->b == 0)
                said->event.op = EVENT_EXPIRY_CLEAR;
        else
                with_text(said, "expires", timestamp_format(w->b, said->time));
        with_number(said, "share", w->a);
        return r;
}

/* The operator's account stands for the clock. */
static int say_expires(struct catalog_connection *c, const struct wish *w, struct said *said) {
        int r = said_look(c, "SELECT '', '', expires FROM share_expiry WHERE share = ?1 ORDER BY until_event DESC LIMIT 1",
                     w->a, 0, said);

        with_text(said, "expired", timestamp_format(said->numbers[0], said->time));
        with_number(said, "share", w->a);
        if (r == 0)
                r = of_share(c, w->a, said);
        said->caller = scratch_operator;
        return r;
}

static void with_mtime(struct said *said, int64_t mtime) {
        if (mtime != 0)
                with_text(said, "mtime", timestamp_format_ns(mtime, said->time));
}

static const enum event_op operations_of[] = {
        [ACCOUNT_PUT] = EVENT_ACCOUNT_ADD,
        [ACCOUNT_QUOTA] = EVENT_ACCOUNT_SET,
        [ACCOUNT_END] = EVENT_ACCOUNT_RM,
        [REGION_PUT] = EVENT_REGION_ADD,
        [REGION_END] = EVENT_REGION_RM,
        [SETTING_PUT] = EVENT_LIMIT,
        [CLOCK_DOUBT] = EVENT_CLOCK_DOUBT,
        [CLOCK_SET] = EVENT_CLOCK_SET,
        [PLACE_PUT] = EVENT_CREATE,
        [PLACE_RENAME] = EVENT_RENAME,
        [PLACE_END] = EVENT_DELETE,
        [IMAGE_RENEW] = EVENT_DELETE_DISK,
        [IMAGE_KEEP] = EVENT_DELETE_DISK,
        [IMAGE_RETURN] = EVENT_UNDELETE,
        [IMAGE_PURGE] = EVENT_PURGE,
        [IMAGE_DISK] = EVENT_CREATE_DISK,
        [IMAGE_COPY] = EVENT_COPY,
        [IMAGE_COPY_ALSO] = EVENT_COPY_ALSO,
        [IMAGE_FILL] = EVENT_AVAILABLE,
        [IMAGE_SEAL] = EVENT_SEAL,
        [IMAGE_REVIEW] = EVENT_REVIEW,
        [IMAGE_DIGEST] = EVENT_DIGEST,
        [IMAGE_TOUCH] = EVENT_TIMES_DISK,
        [DESCRIPTION_PUT] = EVENT_CREATE_DESCRIPTION,
        [DESCRIPTION_WRITE] = EVENT_DESCRIBE,
        [DESCRIPTION_TOUCH] = EVENT_TIMES_DESCRIPTION,
        [DESCRIPTION_END] = EVENT_DELETE_DESCRIPTION,
        [LINK_PUT] = EVENT_CREATE_LINK,
        [LINK_END] = EVENT_DELETE_LINK,
        [SHARE_PUT] = EVENT_SHARE,
        [SHARE_END] = EVENT_UNSHARE,
        [SHARE_EXPIRES] = EVENT_EXPIRE,
        [EXPIRY_PUT] = EVENT_SET_EXPIRY,
        [TRUST_PUT] = EVENT_TRUST,
        [TRUST_END] = EVENT_UNTRUST,
        [INSTANCE_PUT] = EVENT_CREATE_INSTANCE,
        [INSTANCE_END] = EVENT_INSTANCE_DELETE,
        [LAUNCH] = EVENT_LAUNCH,
        [LAUNCH_IMAGE_END] = EVENT_INSTANCE_DELETE_IMAGE,
        [LAUNCH_DISK_END] = EVENT_INSTANCE_DELETE_DISK,
        [LAUNCH_KEEP] = EVENT_INSTANCE_DELETE_DISK,
        [LAUNCH_RETURN] = EVENT_UNDELETE_INSTANCE,
        [LAUNCH_PURGE] = EVENT_PURGE_INSTANCE,
};

/* Into its place, where that is there, else together with it. */
static int say_return(struct catalog_connection *c, const struct wish *w, struct said *said) {
        struct said place = { 0 };
        char object[OBJECT_SIZE];
        const char *at = strchr(said->object, '@'), *slash = strchr(said->object, '/');
        int64_t description;
        int r = said_look(c, "SELECT '', '' FROM place WHERE id = ?1 AND until_event = 140737488355327", said->event.place, 0,
                     &place);

        if (r == 0)
                said->event.op = EVENT_UNDELETE_DISK;
        else if (r == -ENOENT && w->text && at && slash) {
                (void)snprintf(object, sizeof(object), "%.*s/%.60s%.65s", (int)(slash - said->object), said->object, w->text,
                               at); /* fits */
                strcpy(said->object, object);
        }
        with_number(said, "image", w->a);
        r = catalog_kept_description(c, w->a, &description, said->text);
        if (r == 0) {
                with_number(said, "description", description);
                with_text(said, "text", said->text);
        }
        return r == -ENOENT ? 0 : r;
}

static int say_of_image(struct catalog_connection *c, const struct wish *w, struct said *said) {
        int r = of_image(c, "i.id", w->what == IMAGE_FILL ? w->b : w->a, said);

        if (r < 0)
                return r;
        switch (w->what) {
        case IMAGE_DISK:
                said->event.op = w->b ? EVENT_COPY_EMPTY : EVENT_CREATE_DISK;
                return w->b ? say_copy(c, w->b, 0, said) : 0;
        case IMAGE_COPY:
                return say_copy(c, w->b, 1, said);
        case IMAGE_COPY_ALSO:
                return say_copy(c, w->b, -1, said);
        case IMAGE_SEAL:
                with_number(said, "size", w->b);
                with_mtime(said, 5000);
                if (w->text)
                        with_text(said, "format", w->text);
                return 0;
        case IMAGE_REVIEW:
                said->event.op = w->b ? EVENT_REVIEW : EVENT_REVIEW_CLEAR;
                with_number(said, "reviewed", w->b);
                return 0;
        case IMAGE_DIGEST:
                said->caller = scratch_operator;
                with_text(said, "digest", w->text);
                with_number(said, "image", w->a);
                if (w->b)
                        with_number(said, "same", w->b);
                return 0;
        case IMAGE_TOUCH:
                with_mtime(said, w->b);
                return 0;
        case IMAGE_RETURN:
                return say_return(c, w, said);
        case IMAGE_PURGE:
                with_number(said, "image", w->a);
                return 0;
        default:
                return w->what == SHARE_PUT ? of_account(c, w->b, said) : 0;
        }
}

static int say_of_place(struct catalog_connection *c, const struct wish *w, struct said *said) {
        int r = of_image(c, "p.id", w->a, said);

        if (w->what == IMAGE_KEEP)
                with_number(said, "kept", 4096);
        if (w->what == PLACE_RENAME)
                with_text(said, "to", w->text);
        if (w->what == DESCRIPTION_WRITE)
                with_text(said, "text", w->text);
        if (w->what == DESCRIPTION_TOUCH)
                with_mtime(said, w->b);
        return r;
}

static int say_of_instance(struct catalog_connection *c, const struct wish *w, struct said *said) {
        struct instance instance;
        int r = of_instance(c, w->a, said);

        if (w->what == LAUNCH_KEEP)
                with_number(said, "kept", 0);
        if (r < 0 || w->what != LAUNCH_IMAGE_END)
                return r;
        r = catalog_instance_get(c, w->a, &instance);
        with_number(said, "launch", r == 0 ? instance.launch : 0);
        return r;
}

static int say_of_launch(struct catalog_connection *c, const struct wish *w, struct said *said) {
        int r = said_look(c, "SELECT '', '', l.instance, v.until_event = 140737488355327 FROM launch l"
                        " JOIN instance v ON v.id = l.instance WHERE l.id = ?1", w->a, 0, said);

        with_number(said, "launch", w->a);
        if (r == 0 && w->what == LAUNCH_RETURN && said->numbers[1])
                said->event.op = EVENT_UNDELETE_INSTANCE_DISK;
        return r < 0 ? r : of_instance(c, said->numbers[0], said);
}

static int say(struct catalog_connection *c, const struct wish *w, struct said *said) {
        int r;

        switch (w->what) {
        case ACCOUNT_PUT:
                return say_account(c, w, said);
        case ACCOUNT_QUOTA:
                with_number(said, "quota", w->b);
                return of_account(c, w->a, said);
        case ACCOUNT_END:
                return of_account(c, w->a, said);
        case REGION_PUT:
                return say_region(c, w, said);
        case REGION_END:
                return say_region_end(c, w, said);
        case SETTING_PUT:
                said->event.object = w->text;
                with_number(said, "value", w->a);
                return 0;
        case CLOCK_DOUBT:
                said->event.op = w->a ? EVENT_CLOCK_DOUBT : EVENT_CLOCK_AGREES;
                if (w->a)
                        with_number(said, "ahead", w->a);
                return 0;
        case CLOCK_SET:
                with_text(said, "to", timestamp_format(w->a, said->time));
                return 0;
        case PLACE_PUT:
                said->event.place = EVENT_PLACE_NEW;
                return of_new(c, w->a, w->b, w->text, said);
        case INSTANCE_PUT:
                return of_new(c, w->a, w->b, w->text, said);
        case PLACE_RENAME:
        case PLACE_END:
        case IMAGE_RENEW:
        case IMAGE_KEEP:
        case DESCRIPTION_WRITE:
        case DESCRIPTION_TOUCH:
        case DESCRIPTION_END:
        case LINK_PUT:
        case LINK_END:
                return say_of_place(c, w, said);
        case TRUST_PUT:
        case TRUST_END:
                r = of_actor(c, w->a, said);
                return r < 0 ? r : of_account(c, w->b, said);
        case SHARE_END:
                with_number(said, "share", w->a);
                return of_share(c, w->a, said);
        case SHARE_EXPIRES:
                return say_expires(c, w, said);
        case EXPIRY_PUT:
                return say_expiry(c, w, said);
        case LAUNCH:
                return say_launch(c, w, said);
        case LAUNCH_RETURN:
        case LAUNCH_PURGE:
                return say_of_launch(c, w, said);
        case INSTANCE_END:
        case LAUNCH_IMAGE_END:
        case LAUNCH_DISK_END:
        case LAUNCH_KEEP:
                return say_of_instance(c, w, said);
        default:
                return say_of_image(c, w, said);
        }
}

/* --- making the changes --- */

static int run(struct catalog_connection *c, struct wish *w) {
        struct said said = { .event = { .op = operations_of[w->what] }, .caller = scratch_operator };
        int r = say(c, w, &said);

        said.event.caller = &said.caller;
        if (said.object[0] != '\0')
                said.event.object = said.object;
        return r < 0 ? r : catalog_event_add(c, &said.event, &w->event);
}

/* Writes a description and sets its time, as a client does: up to three events. */
static int run_description(struct catalog_connection *c, struct wish *w) {
        struct said said;
        struct wish writing = { .what = DESCRIPTION_WRITE, .a = w->a, .text = w->text };
        struct wish times = { .what = DESCRIPTION_TOUCH, .a = w->a, .b = w->b };
        bool writes = true;
        int r = said_look(c, "SELECT '', '' FROM description WHERE place = ?1 AND until_event = 140737488355327", w->a, 0,
                     &said);

        if (r == -ENOENT) {
                r = run(c, w);
                writes = w->text[0] != '\0';
        }
        if (r == 0 && writes)
                r = run(c, &writing);
        w->event = w->event ?: writing.event; /* the first event */
        return r < 0 || w->b == 0 ? r : run(c, &times);
}

static int run_one(struct catalog_connection *c, void *context) {
        struct wish *w = context;

        return w->what == DESCRIPTION_PUT ? run_description(c, w) : run(c, w);
}

int change_in(struct catalog_connection *c, enum fact what, int64_t a, int64_t b, const char *text,
              int64_t *ret_event) {
        struct wish w = { .what = what, .a = a, .b = b, .text = text };
        int r = run_one(c, &w);

        *ret_event = w.event;
        return r;
}

int64_t change(enum fact what, int64_t a, int64_t b, const char *text) {
        struct wish w = { .what = what, .a = a, .b = b, .text = text };
        int r = catalog_write(scratch_catalog, run_one, &w);

        assert_true(r <= 0);
        return r < 0 ? r : w.event;
}

int64_t must(enum fact what, int64_t a, int64_t b, const char *text) {
        int64_t event = change(what, a, b, text);

        assert_true(event > 0);
        return event;
}

static int run_many(struct catalog_connection *c, void *context) {
        const struct wish *all = context;
        char name[NAME_SIZE];

        for (int i = 0; i < all->count; i++) {
                struct wish w = *all;
                int r;

                (void)snprintf(name, sizeof(name), "%.32s%d", all->text, i);
                w.text = name;
                w.b += all->step ? i : 0;
                r = run_one(c, &w);
                if (r < 0)
                        return r;
        }
        return 0;
}

void many(enum fact what, int n, int64_t a, int64_t b, bool step, const char *prefix) {
        struct wish w = { .what = what, .a = a, .b = b, .text = prefix, .count = n, .step = step };

        assert_int_equal(catalog_write(scratch_catalog, run_many, &w), 0);
}

struct entry {
        const struct event *event;
        int64_t id;
};

static int run_log(struct catalog_connection *c, void *context) {
        struct entry *e = context;

        return catalog_event_add(c, e->event, &e->id);
}

int64_t log_event(const struct event *event) {
        struct entry e = { .event = event };

        assert_int_equal(catalog_write(scratch_catalog, run_log, &e), 0);
        return e.id;
}
