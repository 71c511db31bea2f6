/* SPDX-License-Identifier: MIT
 * What is in an image besides its disk: the description's text and the `shares` link.
 */
#include "nouns.h"
#include "timestamp.h"
#include "utf8.h"

/* A change of a part. The text is NUL-terminated; length and validity are checked before. */
struct editing {
        struct decision decision;
        const char *text; /* NULL: makes or removes the part */
        bool valid;
        bool link; /* the `shares` link, else the description */
        bool removing;
        struct image image;
};

static int judge_edit(struct catalog_connection *c, struct editing *e) {
        struct decision *d = &e->decision;
        enum role role = d->request->caller.role;
        int r = decision_read(c, d);

        if (r < 0)
                return r;
        if (e->removing)
                r = policy_image_delete(&(struct delete_facts){
                        .role = role, .visible = d->visible, .owner = d->owner, .shares = d->shares });
        else
                r = policy_image_edit(&(struct edit_facts){
                        .role = role,
                        .visible = d->visible,
                        .owner = d->owner,
                        .shares = e->link ? 0 : d->shares, /* the link has no content: it may be made at any time */
                        .valid = e->valid,
                });
        return r > 0 ? decision_judged(c, d, r) : r;
}

static enum event_op edit_operation(const struct editing *e) {
        if (e->removing)
                return e->link ? EVENT_DELETE_LINK : EVENT_DELETE_DESCRIPTION;
        return e->text ? EVENT_DESCRIBE : e->link ? EVENT_CREATE_LINK : EVENT_CREATE_DESCRIPTION;
}

static int run_edit(struct catalog_connection *c, void *context) {
        struct editing *e = context;
        struct decision *d = &e->decision;
        const bool creating = !e->removing && !e->text;
        struct event event;
        bool exists;
        int64_t id;
        int r = judge_edit(c, e);

        if (r != 0)
                return r;
        exists = (e->link ? d->image.shares_link : d->image.description) != 0;
        if (exists == creating)
                return exists ? -EEXIST : -ENOENT;
        event = decision_event(d, edit_operation(e));
        if (e->text)
                event.detail[0] = (struct event_detail){ .key = "text", .text = e->text };
        r = catalog_event_add(c, &event, &id);
        return r < 0 ? r : catalog_image_get(c, d->place, &e->image);
}

static int edit_part(struct editing *e, struct request *request, int64_t place) {
        e->decision.request = request;
        e->decision.place = place;
        e->decision.op = e->removing ? EVENT_DELETE : EVENT_DESCRIBE;
        if (!e->decision.asked)
                e->decision.asked = e->link ? "make the link shares in {object}" : "describe {object}";
        return decision_end(&e->decision, request_write(request, run_edit, e));
}

int description_create(struct request *request, int64_t place, struct image *ret_image) {
        struct editing e = { .valid = true };
        int r = edit_part(&e, request, place);

        if (r == 0)
                *ret_image = e.image;
        return r;
}

int description_remove(struct request *request, int64_t place) {
        struct editing e = { .removing = true, .decision = { .asked = "remove the description of {object}" } };

        return edit_part(&e, request, place);
}

int shares_link_create(struct request *request, int64_t place, struct image *ret_image) {
        struct editing e = { .link = true, .valid = true };
        int r = edit_part(&e, request, place);

        if (r == 0)
                *ret_image = e.image;
        return r;
}

int shares_link_remove(struct request *request, int64_t place) {
        struct editing e = { .link = true,
                             .removing = true,
                             .decision = { .asked = "remove the link shares of {object}" } };

        return edit_part(&e, request, place);
}

int description_judge(struct request *request, int64_t place) {
        struct editing e = { .valid = true, .decision = { .request = request, .op = EVENT_DESCRIBE,
                                                          .asked = "describe {object}", .place = place } };
        int r = service_writable(request->service);

        if (r == 0) {
                _cleanup_read_ struct catalog_connection *c = NULL;

                r = catalog_read(request->service->catalog, &c);
                if (r == 0)
                        r = judge_edit(c, &e);
        }
        return decision_end(&e.decision, r);
}

static bool text_valid(const char *text, size_t length) {
        size_t whole;
        int characters;

        if (length > 0 && text[length - 1] == '\n')
                length--;
        characters = utf8_check(text, length, &whole);
        return characters >= 0 && characters <= TEXT_MAX_CHARACTERS;
}

int description_write(struct request *request, int64_t place, const char *text, size_t length) {
        char copy[TEXT_SIZE];
        struct editing e = { .text = copy, .valid = length < sizeof(copy) && text_valid(text, length) };

        length = length < sizeof(copy) ? length : 0; /* too long: refused, as it is not valid */
        memcpy(copy, text, length);
        copy[length] = '\0';
        return edit_part(&e, request, place);
}

int description_read(struct request *request, int64_t id, char ret_text[static TEXT_SIZE], size_t *ret_length,
                     int64_t *ret_mtime, struct image *ret_image) {
        int64_t place;
        int r;

        {
                _cleanup_read_ struct catalog_connection *c = NULL;

                r = request_read(request, &c);
                if (r == 0)
                        r = catalog_description_get(c, id, ret_text, ret_length, ret_mtime, &place);
        }
        return r < 0 ? r : image_get(request, place, ret_image);
}

int description_read_removed(struct request *request, int64_t id, char ret_text[static TEXT_SIZE], size_t *ret_length,
                             int64_t *ret_mtime) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int64_t owner;
        int r = request_read(request, &c);

        if (r == 0)
                r = catalog_description_last(c, id, ret_text, ret_length, ret_mtime, &owner);
        return r < 0 ? r : account_seen(request, owner) ? 0 : -ENOENT;
}

int shares_link_get(struct request *request, int64_t id, struct image *ret_image) {
        int64_t place;
        int r;

        {
                _cleanup_read_ struct catalog_connection *c = NULL;

                r = request_read(request, &c);
                if (r == 0)
                        r = catalog_shares_link_get(c, id, &place);
        }
        return r < 0 ? r : image_get(request, place, ret_image);
}

int times_commit(struct catalog_connection *c, struct decision *d, enum event_op op, int64_t mtime) {
        struct event event = decision_event(d, op);
        char text[TIMESTAMP_SIZE];
        int64_t id;

        if (mtime != 0)
                event.detail[0] = (struct event_detail){ .key = "mtime", .text = timestamp_format_ns(mtime, text) };
        return catalog_event_add(c, &event, &id);
}

struct touching {
        struct decision decision;
        int64_t mtime;
};

static int run_description_touch(struct catalog_connection *c, void *context) {
        struct touching *t = context;
        struct decision *d = &t->decision;
        int r = decision_read(c, d);

        if (r < 0)
                return r;
        if (!d->owner || d->image.description == 0)
                return -ENOENT;
        return times_commit(c, d, EVENT_TIMES_DESCRIPTION, t->mtime);
}

int description_touch(struct request *request, int64_t place, int64_t mtime) {
        struct touching t = { .decision = { .request = request, .place = place }, .mtime = mtime };

        return request_write(request, run_description_touch, &t);
}
