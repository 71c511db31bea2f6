/* SPDX-License-Identifier: MIT
 * Reads events back from the log: their operation, details, and the ids of what they are about. Names are looked up as
 * of just before the event, so a replay, which has no later rows, and a check, which has all, find the same.
 */
#include "effects/effects.h"

int logged_row(sqlite3_stmt *s, struct logged *logged) {
        struct event *e = &logged->event;
        const char *actor;
        int r;

        *logged = (struct logged){ .id = sqlite3_column_int64(s, LOGGED_ID), .time = sqlite3_column_int64(s, LOGGED_TIME) };
        logged->caller.account = sqlite3_column_int64(s, LOGGED_ACTOR);
        logged->caller.uid = (uid_t)sqlite3_column_int64(s, LOGGED_UID);
        logged->place = sqlite3_column_int64(s, LOGGED_PLACE);
        logged->owner = sqlite3_column_int64(s, LOGGED_OWNER);
        e->caller = &logged->caller;
        r = column_pointer(s, LOGGED_VIA, &logged->via);
        if (r == 0)
                r = column_pointer(s, LOGGED_OP, &logged->op);
        if (r == 0)
                r = column_pointer(s, LOGGED_OBJECT, &e->object);
        if (r == 0)
                r = column_pointer(s, LOGGED_ACCOUNT, &e->account);
        if (r == 0)
                r = column_pointer(s, LOGGED_RULE, &e->rule);
        if (r == 0)
                r = column_pointer(s, LOGGED_ERRNO, &e->error);
        if (r == 0)
                r = column_pointer(s, LOGGED_DETAIL, &e->json);
        if (r == 0)
                r = column_pointer(s, LOGGED_ACTOR_NAME, &actor);
        if (r == 0 && actor && strlen(actor) < sizeof(logged->caller.name))
                strcpy(logged->caller.name, actor);
        return r;
}

/* --- details --- */

/* A copy that lasts as long as the event; NULL: there is no text, or no room, which our own events never lack. */
static const char *logged_keep(struct logged *logged, const char *text) {
        const size_t size = text ? strlen(text) + 1 : 0;
        char *copy = logged->texts + logged->used;

        if (!text || size > sizeof(logged->texts) - logged->used)
                return NULL;
        memcpy(copy, text, size);
        logged->used += size;
        return copy;
}

static int read_member(sqlite3_stmt *s, struct logged *logged, size_t *n) {
        struct event_detail *d = &logged->event.detail[*n];
        const char *key, *text;
        int r = column_pointer(s, 0, &key);

        if (r < 0)
                return r;
        *d = (struct event_detail){ .key = logged_keep(logged, key) };
        if (sqlite3_column_type(s, 1) == SQLITE_INTEGER) {
                d->number = sqlite3_column_int64(s, 1);
        } else {
                r = column_pointer(s, 1, &text);
                if (r < 0)
                        return r;
                d->text = sqlite3_column_type(s, 1) == SQLITE_TEXT ? logged_keep(logged, text) : NULL;
                if (!d->text)
                        d->key = NULL;
        }
        *n += d->key != NULL;
        return 0;
}

/* Reads the members of JSON texts, which may be NULL. */
static int read_details(struct catalog_connection *c, struct logged *logged, const char *detail, const char *added) {
        const char *const sources[] = { detail, added };
        size_t n = 0;
        int r = 0;

        logged->used = 0;
        for (size_t i = 0; i < ARRAY_SIZE(sources) && r == 0; i++) {
                _cleanup_statement_ sqlite3_stmt *s = NULL;

                if (!sources[i])
                        continue;
                r = statement_start(c, S_LOGGED_MEMBERS, &s, "t", sources[i]);
                while (r == 0 && n < EVENT_DETAILS && (r = statement_row(s)) > 0)
                        r = read_member(s, logged, &n);
                r = r > 0 ? 0 : r;
        }
        if (n < EVENT_DETAILS)
                logged->event.detail[n].key = NULL;
        return r;
}

int logged_read(struct catalog_connection *c, struct logged *logged) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        const char *added = NULL;
        int r = 0;

        if (c->has_earlier) {
                r = statement_start(c, S_EARLIER_GET, &s, "i", logged->id);
                if (r == 0)
                        r = statement_row(s);
                if (r > 0)
                        r = column_pointer(s, 0, &added);
        }
        if (r == 0)
                r = read_details(c, logged, logged->event.json, added);
        if (r < 0)
                return r;
        r = logged->op ? operation_find(logged->op, &logged->event) : -ENOENT;
        if (r >= 0)
                logged->event.op = (enum event_op)r;
        return r < 0 ? r : 0;
}

/* --- what it is about --- */

struct object {
        char region[NAME_SIZE], name[NAME_SIZE], owner[NAME_SIZE];
};

static bool part(const char *from, const char *to, char ret_part[static NAME_SIZE]) {
        if (!from || !to || (size_t)(to - from) >= NAME_SIZE)
                return false;
        memcpy(ret_part, from, (size_t)(to - from));
        ret_part[to - from] = '\0';
        return true;
}

/* `north/web@alice` */
static bool object_split(const char *text, struct object *ret_object) {
        const char *slash = text ? strchr(text, '/') : NULL, *at = slash ? strchr(slash, '@') : NULL;

        return at && part(text, slash, ret_object->region) && part(slash + 1, at, ret_object->name) &&
               part(at + 1, text + strlen(text), ret_object->owner);
}

/* Copies the first columns of the first row, if there is one. */
static int numbers(sqlite3_stmt **s, int r, int64_t *const ret_numbers[], int count) {
        if (r == 0)
                r = statement_row(*s);
        for (int i = 0; i < count && r > 0; i++)
                *ret_numbers[i] = sqlite3_column_int64(*s, i);
        return r < 0 ? r : 0;
}

static int resolve_image(struct catalog_connection *c, struct logged *logged) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        struct event *e = &logged->event;
        int64_t *const found[] = { &e->place, &e->about.image, &e->about.region, &logged->place_owner };
        struct object o;

        if (!object_split(e->object, &o))
                return 0;
        return numbers(&s, statement_start(c, S_RESOLVE_IMAGE, &s, "ttti", o.region, o.name, o.owner, logged->id), found,
                       ARRAY_SIZE(found));
}

static int resolve_instance(struct catalog_connection *c, struct logged *logged, const char *object) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int64_t *const found[] = { &logged->event.about.instance };
        struct object o;

        if (!object_split(object, &o))
                return 0;
        return numbers(&s, statement_start(c, S_RESOLVE_INSTANCE, &s, "ttti", o.region, o.name, o.owner, logged->id),
                       found, ARRAY_SIZE(found));
}

static int resolve_region(struct catalog_connection *c, struct logged *logged) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int64_t *const found[] = { &logged->event.about.region };
        struct object o;

        if (!object_split(logged->event.object, &o))
                return 0;
        return numbers(&s, statement_start(c, S_RESOLVE_REGION, &s, "ti", o.region, logged->id), found, ARRAY_SIZE(found));
}

static int resolve_account(struct catalog_connection *c, struct logged *logged) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int64_t *const found[] = { &logged->event.about.account };

        if (!logged->event.account)
                return 0;
        return numbers(&s, statement_start(c, S_RESOLVE_ACCOUNT, &s, "t", logged->event.account), found, ARRAY_SIZE(found));
}

static int resolve_by_id(struct catalog_connection *c, struct logged *logged) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        struct event *e = &logged->event;
        int64_t *const found[] = { &e->place, &e->about.image, &logged->place_owner };
        const struct event_detail *image = event_detail_find(e, "image");

        if (!image)
                return 0;
        return numbers(&s, statement_start(c, S_RESOLVE_BY_ID, &s, "i", image->number), found, ARRAY_SIZE(found));
}

static int resolve_share(struct catalog_connection *c, struct logged *logged) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        struct event *e = &logged->event;
        int64_t *const found[] = { &e->place, &e->about.image, &e->about.account, &logged->place_owner };
        const struct event_detail *share = event_detail_find(e, "share");

        if (!share)
                return 0;
        return numbers(&s, statement_start(c, S_RESOLVE_SHARE, &s, "i", share->number), found, ARRAY_SIZE(found));
}

int logged_resolve(struct catalog_connection *c, struct logged *logged) {
        const unsigned about = operations[logged->event.op].about;
        const struct event_detail *instance;
        int r = 0;

        if (about & ABOUT_NEW) {
                r = resolve_region(c, logged);
                if (logged->event.op == EVENT_CREATE) {
                        logged->event.place = logged->id;
                        logged->place_owner = logged->caller.account;
                }
        }
        if (r == 0 && about & ABOUT_IMAGE)
                r = resolve_image(c, logged);
        if (r == 0 && about & ABOUT_ACCOUNT)
                r = resolve_account(c, logged);
        if (r == 0 && about & ABOUT_SHARE)
                r = resolve_share(c, logged);
        if (r == 0 && about & ABOUT_IMAGE_ID)
                r = resolve_by_id(c, logged);
        if (r == 0 && about & ABOUT_INSTANCE)
                r = resolve_instance(c, logged, logged->event.object);
        instance = about & ABOUT_INSTALLED ? event_detail_find(&logged->event, "instance") : NULL;
        return r == 0 && instance ? resolve_instance(c, logged, instance->text) : r;
}
