/* SPDX-License-Identifier: MIT
 * From a request to a decision: reads the facts in the transaction, and gives a refusal its words and its log line.
 */
#include "log/decision.h"
#include "log/wing.h"
#include "origin.h"
#include "policy.h"
#include "upkeep/wing.h"
#include "utf8.h"

void object_name(const struct image *image, char ret_object[static OBJECT_SIZE]) {
        (void)snprintf(ret_object, OBJECT_SIZE, "%s/%s@%s", image->region_name, image->name,
                       image->owner_name); /* fits */
}

int image_visible(struct catalog_connection *c, const struct caller *caller, struct image *image) {
        struct share share;
        int r;

        if (image->owner == caller->account || caller->role != ROLE_ACCOUNT)
                return 1;
        r = catalog_share_find(c, image->id, caller->account, &share);
        if (r == 0)
                image->expires = share.expires;
        return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

/* The caller's account as it is now: its role may have changed, it may be gone. */
static int read_caller(struct catalog_connection *c, struct caller *caller) {
        struct account account;
        int r = catalog_account_get(c, caller->account, &account);

        if (r == 0)
                caller->role = account.role;
        return r == -ENOENT ? -EACCES : r;
}

int decision_caller(struct catalog_connection *c, struct decision *d) {
        return read_caller(c, &d->request->caller);
}

int decision_manage(struct catalog_connection *c, struct decision *d) {
        int r = read_caller(c, &d->request->caller);

        return r < 0 ? r : policy_manage(d->request->caller.role);
}

int decision_read(struct catalog_connection *c, struct decision *d) {
        struct caller *caller = &d->request->caller;
        int r = read_caller(c, caller);

        if (r < 0)
                return r;
        d->visible = d->owner = false;
        d->image = (struct image){ 0 };
        d->shares = 0;
        d->counted = false;
        r = catalog_image_get(c, d->place, &d->image);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = image_visible(c, caller, &d->image);
        if (r < 0)
                return r;
        d->visible = r > 0;
        d->owner = image_is_own(d->request, &d->image);
        object_name(&d->image, d->object);
        return catalog_share_count(c, d->image.id, 1, &d->shares);
}

int decision_shares(struct catalog_connection *c, struct decision *d) {
        d->counted = true;
        return catalog_share_count(c, d->image.id, INT64_MAX, &d->shares);
}

#define NAMED 8 /* recipients a sentence names; the rest are counted */

static int name_share(const struct share *share, void *context) {
        struct decision *d = context;
        size_t names = strlen(d->names), paths = strlen(d->paths);

        if (d->count++ < NAMED) {
                (void)snprintf(d->names + names, sizeof(d->names) - names, "%s%s", names ? ", " : "",
                               share->account_name);
                (void)snprintf(d->paths + paths, sizeof(d->paths) - paths, "%sshares/%s", paths ? " " : "",
                               share->account_name); /* a long list is cut */
        }
        return 0;
}

int decision_judged(struct catalog_connection *c, struct decision *d, int r) {
        size_t names;
        int e;

        if (r != RULE_UNSHARE_BEFORE_DELETE && !(r == RULE_SHARED_FROZEN && d->owner))
                return r;
        d->count = 0;
        e = catalog_share_list(c, d->image.id, 0, 0, name_share, d);
        if (e < 0)
                return e;
        names = strlen(d->names);
        if (d->count > NAMED)
                (void)snprintf(d->names + names, sizeof(d->names) - names, " and %d more", (int)(d->count - NAMED));
        return r;
}

int decision_files(struct catalog_connection *c, struct decision *d, const char *format, int r) {
        char text[FORMAT_SIZE], *rest = text, *line;
        int e = 0;

        if (r != RULE_SELF_CONTAINED)
                return r;
        (void)snprintf(text, sizeof(text), "%s", format); /* fits */
        if (!*text)
                e = catalog_image_format(c, d->image.id, text);
        if (e < 0)
                return e == -ENOENT ? ORIGIN(-EIO) : e;
        d->files[0] = '\0';
        (void)strsep(&rest, "\n"); /* what it is */
        while ((line = strsep(&rest, "\n"))) {
                const size_t n = strlen(d->files);

                (void)snprintf(d->files + n, sizeof(d->files) - n, "%s%s", n ? ", " : "",
                               line + strlen("needs ")); /* a long list is cut */
        }
        return r;
}

int decision_room(struct decision *d, const struct room_facts *room, int64_t asked) {
        d->count = room->bytes - asked;
        d->limit = room->limit;
        return policy_disk_grow(room);
}

/* Renders d->asked: replaces {object}, {account} and {name}. */
static void render_asked(const struct decision *d, char *ret_text, size_t size) {
        const char *p = d->asked;
        size_t n = 0;

        while (*p && n + 1 < size) {
                const char *value = NULL;

                if (strncmp(p, "{object}", 8) == 0)
                        value = d->object;
                else if (strncmp(p, "{account}", 9) == 0)
                        value = d->account ?: "";
                else if (strncmp(p, "{name}", 6) == 0)
                        value = d->name ?: "";
                if (value) {
                        n += (size_t)snprintf(ret_text + n, size - n, "%s", value);
                        n = n < size ? n : size - 1;
                        p = strchr(p, '}') + 1;
                } else {
                        ret_text[n++] = *p++;
                }
        }
        ret_text[n] = '\0';
        utf8_clean(ret_text); /* names come as they were typed */
}

void decision_explain(const struct decision *d, enum rule rule, struct refusal *ret_refusal) {
        refusal_explain(rule,
                        &(struct refusal_context){
                                .object = d->op >= EVENT_CREATE ? d->object : NULL, /* the ops before: about no image */
                                .region = d->region ?: d->image.region_name,
                                .image = d->image.name,
                                .owner = d->image.owner_name,
                                .account = d->account,
                                .names = d->names,
                                .paths = d->paths,
                                .files = d->files,
                                .count = d->count,
                                .limit = d->limit,
                        },
                        ret_refusal);
        render_asked(d, ret_refusal->asked, sizeof(ret_refusal->asked));
}

/* Only a disk is ever busy; what it is called may be known only to who decided. */
static void explain_busy(const struct decision *d) {
        struct refusal *refusal = &d->request->refusal;
        char who[WRITER_SIZE];

        disk_writer(d->request->service, d->busy ?: d->image.id, who);
        refusal_answer(EBUSY, &(struct refusal_context){ .object = d->object, .who = who }, refusal);
}

int decision_end(struct decision *d, int r) {
        if (r == -ENOSPC) /* what is kept makes room */
                purge_wake(d->request->service);
        if (r == -EBUSY)
                explain_busy(d);
        if (r < 0 && d->asked) /* what else is told of it, who has asked knows better */
                render_asked(d, d->request->refusal.asked, sizeof(d->request->refusal.asked));
        if (r <= 0)
                return r;
        decision_explain(d, (enum rule)r, &d->request->refusal);
        denial_log(d->request->service, &d->request->caller, d->op, d->object, d->account, d->image.place, r);
        return r;
}

int decision_unseen(struct decision *d, const char *region, const char *name) {
        const struct caller *caller = &d->request->caller;
        struct refusal *refusal = &d->request->refusal;

        (void)snprintf(d->object, OBJECT_SIZE, "%s/%s%s%s", region, name, strchr(name, '@') ? "" : "@",
                       strchr(name, '@') ? "" : caller->name); /* a long one is cut */
        refusal_answer(ENOENT, &(struct refusal_context){ .account = caller->name, .region = region, .image = name },
                       refusal);
        render_asked(d, refusal->asked, sizeof(refusal->asked));
        denial_log(d->request->service, caller, d->op, d->object, NULL, 0, -ENOENT);
        return -ENOENT;
}

int decision_auditor(struct decision *d, const char *what) {
        (void)snprintf(d->object, OBJECT_SIZE, "%s", what); /* a long one is cut */
        return decision_end(d, RULE_READ_ONLY_ROLE);
}

struct event decision_event(const struct decision *d, enum event_op op) {
        return (struct event){ .caller = &d->request->caller, .op = op, .object = d->object, .place = d->image.place,
                               .about = { .region = d->image.region, .image = d->image.id } };
}

struct event decision_copied(const struct decision *d, const char *source, int64_t from, uint64_t size) {
        struct event event = decision_event(d, size > 0 ? EVENT_COPY : EVENT_COPY_EMPTY);

        event.detail[0] = (struct event_detail){ .key = "source", .text = source };
        event.detail[1] = (struct event_detail){ .key = "size", .number = (int64_t)size };
        event.detail[2] = (struct event_detail){ .key = "from", .number = from };
        return event;
}

struct event decision_copied_also(const struct decision *d, const char *source, int64_t from) {
        struct event event = decision_event(d, EVENT_COPY_ALSO);

        event.detail[0] = (struct event_detail){ .key = "source", .text = source };
        event.detail[1] = (struct event_detail){ .key = "also", .number = 1 };
        event.detail[2] = (struct event_detail){ .key = "from", .number = from };
        return event;
}
