/* SPDX-License-Identifier: MIT
 * From the log to changes in the product's nouns: which image, whose, what of it was there before and is now. Decides
 * nothing, and knows nobody who caches.
 */
#include "feed.h"

#include "internal.h"
#include "timestamp.h"

struct feed {
        struct service *service;
        struct catalog_connection *c; /* one for all the time: its version tells of others' writes */
        int64_t version, event, touch;
        int64_t expired; /* shares whose time came until then have been told */
        int64_t due;
};

struct feed *feed_close(struct feed *feed) {
        if (!feed)
                return NULL;
        catalog_watch(feed->service->catalog, NULL, NULL);
        catalog_read_end(&feed->c);
        free(feed);
        return NULL;
}

static void cleanup_feed(struct feed **feed) {
        *feed = feed_close(*feed);
}

static int find_due(struct feed *feed) {
        int64_t due = 0;
        int r = catalog_feed_next(feed->c, feed->expired, &due);

        feed->due = due;
        return r == -ENOENT ? 0 : r;
}

int feed_open(struct service *service, void (*wake)(void *context), void *context, struct feed **ret_feed) {
        _cleanup_(cleanup_feed) struct feed *feed = calloc(1, sizeof(*feed));
        int r;

        if (!feed)
                return -ENOMEM;
        feed->service = service;
        r = catalog_read(service->catalog, &feed->c);
        if (r == 0)
                r = catalog_version(feed->c, &feed->version);
        if (r == 0)
                r = catalog_clock(feed->c, &feed->expired);
        if (r == 0)
                r = catalog_feed_last(feed->c, &feed->event, &feed->touch);
        if (r == 0)
                r = find_due(feed);
        if (r < 0)
                return r;
        catalog_watch(service->catalog, wake, context);
        *ret_feed = TAKE_PTR(feed);
        return 0;
}

int64_t feed_last(const struct feed *feed) {
        return feed->event;
}

int64_t feed_due(const struct feed *feed) {
        return feed->due;
}

/* --- an event --- */

struct reading {
        struct feed *feed;
        const struct feed_reader *reader;
};

static struct change_state state_of(const struct place_state *s) {
        struct change_state state = { .disk = s->disk ? s->image : 0,
                                      .description = s->description,
                                      .shares_link = s->shares_link,
                                      .image = s->image,
                                      .draft = s->draft };

        strcpy(state.name, s->name);
        return state;
}

static int resolve_place(struct feed *feed, int64_t event, struct change *change) {
        struct place_change place;
        int r = catalog_feed_place(feed->c, change->place, event, &place);

        if (r < 0)
                return r;
        change->region = place.region;
        change->owner = place.owner;
        strcpy(change->region_name, place.region_name);
        strcpy(change->owner_name, place.owner_name);
        change->before = state_of(&place.before);
        change->after = state_of(&place.after);
        change->again = place.again;
        return 0;
}

static int resolve_share(struct feed *feed, struct change *change) {
        int64_t expires, image;
        int r = resolve_place(feed, change->event, change);

        if (r < 0)
                return r;
        image = change->after.image ?: change->before.image;
        r = catalog_feed_share(feed->c, image, change->account, change->event, &change->share, &change->again,
                               &expires);
        /* set to a time that the catalog's clock has passed already */
        if (r == 0 && change->kind == CHANGE_EXPIRY_SET && expires != 0 && expires <= feed->expired)
                change->kind = CHANGE_UNSHARED;
        return r;
}

static int resolve_instance(struct feed *feed, const struct feed_event *event, struct change *change) {
        const char *slash = event->object ? strchr(event->object, '/') : NULL;
        size_t length = slash ? (size_t)(slash - event->object) : 0;
        int r = catalog_feed_is_instance(feed->c, event->id);

        if (r <= 0)
                return r < 0 ? r : -ENOENT; /* a part of one: nobody caches those */
        if (!slash || length >= NAME_SIZE || instance_name_split(slash + 1, change->name, change->owner_name) < 0)
                return -ENOENT;
        memcpy(change->region_name, event->object, length);
        change->made = event->op == EVENT_CREATE;
        return catalog_feed_instance(feed->c, change->region_name, change->owner_name, change->name, event->id,
                                     &change->instance, &change->region, &change->owner, &change->again);
}

static int resolve_region(struct feed *feed, const struct feed_event *event, struct change *change) {
        if (!event->object || strlen(event->object) >= NAME_SIZE)
                return -ENOENT;
        strcpy(change->region_name, event->object);
        change->made = event->op == EVENT_REGION_ADD;
        return catalog_feed_region(feed->c, event->object, event->id, &change->region);
}

static int resolve(struct feed *feed, const struct feed_event *event, struct change *change) {
        switch (change->kind) {
        case CHANGE_PLACE:
        case CHANGE_DESCRIBED:
        case CHANGE_SEALED:
        case CHANGE_TOUCHED:
                return resolve_place(feed, event->id, change);
        case CHANGE_SHARED:
        case CHANGE_UNSHARED:
        case CHANGE_EXPIRY_SET:
                return resolve_share(feed, change);
        case CHANGE_INSTANCE:
                return resolve_instance(feed, event, change);
        case CHANGE_REGION:
                return resolve_region(feed, event, change);
        case CHANGE_TRUST:
                change->made = event->op == EVENT_TRUST;
                return 0;
        default:
                return 0;
        }
}

/* What kind of change an operation is; -1: none that anybody can see. */
static int kind_of_event(const struct feed_event *event) {
        if (event->op < 0)
                return CHANGE_UNKNOWN;
        switch ((enum event_op)event->op) {
        case EVENT_REGION_ADD:
        case EVENT_REGION_RM:
                return CHANGE_REGION;
        case EVENT_ACCOUNT_ADD:
        case EVENT_ACCOUNT_SET:
        case EVENT_ACCOUNT_RM:
                return CHANGE_ACCOUNT;
        case EVENT_CREATE:
                return event->place ? CHANGE_PLACE : CHANGE_INSTANCE;
        case EVENT_AVAILABLE:
        case EVENT_RENAME:
        case EVENT_DELETE:
        case EVENT_COPY:
                return CHANGE_PLACE;
        case EVENT_SEAL:
                return CHANGE_SEALED;
        case EVENT_DESCRIBE:
                return CHANGE_DESCRIBED;
        case EVENT_SHARE:
                return CHANGE_SHARED;
        case EVENT_UNSHARE:
        case EVENT_EXPIRE:
                return CHANGE_UNSHARED;
        case EVENT_SET_EXPIRY:
                return CHANGE_EXPIRY_SET;
        case EVENT_INSTANCE_DELETE:
                return CHANGE_INSTANCE;
        case EVENT_TRUST:
        case EVENT_UNTRUST:
                return CHANGE_TRUST;
        case EVENT_INIT:
        case EVENT_LIMIT:
        case EVENT_REVIEW:
        case EVENT_LAUNCH:
        case EVENT_REINSTALL:
                return -1; /* texts that nobody caches, and instances' parts, neither */
        }
        return CHANGE_UNKNOWN;
}

static int read_event(const struct feed_event *event, void *context) {
        const struct reading *n = context;
        struct feed *feed = n->feed;
        struct change change = { .event = event->id,
                                 .actor = event->actor,
                                 .owner = event->owner,
                                 .place = event->place,
                                 .account = event->account };
        int kind = event->refused ? -1 : kind_of_event(event), r;

        if (kind < 0) {
                feed->event = event->id;
                return 0;
        }
        change.kind = (enum change_kind)kind;
        /* that a share expired is nobody's doing, though it has an actor */
        change.own = event->op != EVENT_EXPIRE && catalog_event_own(feed->service->catalog, event->id);
        if (event->account_name && strlen(event->account_name) < NAME_SIZE)
                strcpy(change.account_name, event->account_name);
        r = n->reader->concerns(&change, n->reader->context) ? resolve(feed, event, &change) : -ENOENT;
        if (r == 0)
                n->reader->each(&change, n->reader->context);
        if (r == 0 || r == -ENOENT)
                feed->event = event->id; /* only now: what failed is read again */
        return r == -ENOENT ? 0 : r;
}

/* --- what has no event --- */

static int read_touch(int64_t id, int64_t place, int64_t node, bool disk, void *context) {
        const struct reading *n = context;
        struct change change = { .kind = CHANGE_TOUCHED, .place = place, .disk = disk };
        int r = resolve_place(n->feed, n->feed->event, &change);

        (void)node; /* if another one has taken its place meanwhile, an event says so */
        if (r == 0 && n->reader->concerns(&change, n->reader->context))
                n->reader->each(&change, n->reader->context);
        if (r == 0 || r == -ENOENT)
                n->feed->touch = id;
        return r == -ENOENT ? 0 : r;
}

static int read_due(const struct feed_due *due, void *context) {
        const struct reading *n = context;
        struct change change = {
                .kind = CHANGE_UNSHARED, .place = due->place, .account = due->account, .share = due->share
        };
        int r = resolve_place(n->feed, n->feed->event, &change);

        strcpy(change.account_name, due->account_name);
        change.again = false;
        if (r == 0 && n->reader->concerns(&change, n->reader->context))
                n->reader->each(&change, n->reader->context);
        return r == -ENOENT ? 0 : r;
}

static int read_expired(struct feed *feed, struct reading *n) {
        int64_t now;
        int r = catalog_clock(feed->c, &now);

        if (r == 0)
                r = find_due(feed);
        if (r < 0 || feed->due == 0 || feed->due > now)
                return r;
        r = catalog_feed_due(feed->c, feed->expired, now, read_due, n);
        if (r < 0)
                return r;
        feed->expired = now;
        return find_due(feed);
}

int feed_read(struct feed *feed, const struct feed_reader *reader) {
        struct reading n = { .feed = feed, .reader = reader };
        int64_t version, now = timestamp_now();
        int r = catalog_version(feed->c, &version);

        if (r < 0 || (version == feed->version && (feed->due == 0 || feed->due > now)))
                return r;
        do
                r = catalog_feed(feed->c, feed->event, read_event, &n);
        while (r == CATALOG_PAGE);
        if (r >= 0)
                do
                        r = catalog_feed_touch(feed->c, feed->touch, read_touch, &n);
                while (r == CATALOG_PAGE);
        if (r >= 0)
                r = read_expired(feed, &n);
        if (r < 0)
                return r;
        feed->version = version;
        return 1;
}
