/* SPDX-License-Identifier: MIT
 * Turns an event into a change in the product's nouns: which image, its owner, what of it was there before and is now.
 * Decides nothing, and knows no cache.
 */
#include "effects/effects.h"
#include "log/log.h"
#include "write/write.h"

/* The operation of a logged event. Only the details that matter to caches are looked at. */
static int change_operation(const char *word, const char *part, const char *kind) {
        struct event event = { 0 };
        size_t n = 0;

        if (part)
                event.detail[n++] = (struct event_detail){ .key = "part", .text = part };
        if (kind)
                event.detail[n] = (struct event_detail){ .key = "kind", .text = kind };
        return word ? operation_find(word, &event) : -ENOENT;
}

static bool makes(int op) {
        return op == EVENT_CREATE_INSTANCE || op == EVENT_UNDELETE_INSTANCE || op == EVENT_REGION_ADD || op == EVENT_TRUST;
}

enum { /* columns */
        EVENT_ID, EVENT_WORD, EVENT_REFUSED, EVENT_ACTOR, EVENT_PLACE, EVENT_OWNER, EVENT_OBJECT,
        EVENT_ACCOUNT_NAME, EVENT_ACCOUNT, EVENT_PART, EVENT_KIND
};

int change_read(struct feed *feed, sqlite3_stmt *s, struct change *ret_change, const char **ret_object) {
        int64_t event = sqlite3_column_int64(s, EVENT_ID), place = sqlite3_column_int64(s, EVENT_PLACE);
        const char *word, *account, *part, *noun;
        int op, kind, r = column_pointer(s, EVENT_WORD, &word);

        if (r == 0)
                r = column_pointer(s, EVENT_OBJECT, ret_object);
        if (r == 0)
                r = column_pointer(s, EVENT_ACCOUNT_NAME, &account);
        if (r == 0)
                r = column_pointer(s, EVENT_PART, &part);
        if (r == 0)
                r = column_pointer(s, EVENT_KIND, &noun);
        if (r < 0)
                return r;
        op = change_operation(word, part, noun);
        kind = sqlite3_column_int(s, EVENT_REFUSED) != 0 ? UNSEEN : op < 0 ? CHANGE_UNKNOWN : operations[op].change;
        if (kind == UNSEEN)
                return 0;
        *ret_change = (struct change){
                .kind = (enum change_kind)kind,
                .event = event,
                /* expiry is nobody's request, though the event has an actor */
                .own = op != EVENT_EXPIRE && own_event(feed->c->catalog, event),
                .actor = sqlite3_column_int64(s, EVENT_ACTOR),
                /* an instance's may be another than the actor, and is looked up */
                .owner = kind == CHANGE_INSTANCE && op != EVENT_CREATE_INSTANCE ? 0 : sqlite3_column_int64(s, EVENT_OWNER),
                .account = sqlite3_column_int64(s, EVENT_ACCOUNT),
                .place = place,
                .made = makes(op),
                .disk = op == EVENT_TIMES_DISK,
        };
        if (account && strlen(account) < NAME_SIZE)
                strcpy(ret_change->account_name, account);
        return 1;
}

#define STATE_COLUMNS 6

static int state_row(sqlite3_stmt *s, int column, struct change_state *ret_state) {
        ret_state->image = sqlite3_column_int64(s, column + 1);
        ret_state->disk = sqlite3_column_int(s, column + 2) != 0 ? ret_state->image : 0;
        ret_state->draft = sqlite3_column_int(s, column + 3) == 0;
        ret_state->description = sqlite3_column_int64(s, column + 4);
        ret_state->shares_link = sqlite3_column_int64(s, column + 5);
        return column_text(s, column, ret_state->name, NAME_SIZE);
}

enum { PLACE_REGION, PLACE_REGION_NAME, PLACE_OWNER, PLACE_OWNER_NAME, PLACE_STATES }; /* columns */

static int change_find_place(struct catalog_connection *c, int64_t event, struct change *change) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_one(&s, statement_start(c, S_FEED_PLACE, &s, "ii", change->place, event));

        if (r < 0)
                return r;
        change->region = sqlite3_column_int64(s, PLACE_REGION);
        change->owner = sqlite3_column_int64(s, PLACE_OWNER);
        change->again = sqlite3_column_int(s, PLACE_STATES + 2 * STATE_COLUMNS) != 0;
        r = column_text(s, PLACE_REGION_NAME, change->region_name, NAME_SIZE);
        if (r == 0)
                r = column_text(s, PLACE_OWNER_NAME, change->owner_name, NAME_SIZE);
        if (r == 0)
                r = state_row(s, PLACE_STATES, &change->before);
        if (!change->before.name[0]) /* what has come back has rows of earlier */
                change->before = (struct change_state){ 0 };
        return r < 0 ? r : state_row(s, PLACE_STATES + STATE_COLUMNS, &change->after);
}

enum { SHARE_ID, SHARE_AGAIN, SHARE_EXPIRES }; /* columns */

static int change_find_share(struct feed *feed, struct change *change) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int64_t image = change->after.image ?: change->before.image, expires;
        int r = statement_one(&s, statement_start(feed->c, S_FEED_SHARE, &s, "iii", image, change->account,
                                                  change->event));

        if (r < 0)
                return r;
        change->share = sqlite3_column_int64(s, SHARE_ID);
        change->again = sqlite3_column_int(s, SHARE_AGAIN) != 0;
        expires = sqlite3_column_int64(s, SHARE_EXPIRES);
        /* the new expiry has passed already */
        if (change->kind == CHANGE_EXPIRY_SET && expires != 0 && expires <= feed->expired)
                change->kind = CHANGE_UNSHARED;
        return 0;
}

enum { INSTANCE_ID, INSTANCE_REGION, INSTANCE_OWNER, INSTANCE_AGAIN }; /* columns */

static int find_instance(struct catalog_connection *c, const char *object, struct change *change) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        const char *slash = object ? strchr(object, '/') : NULL;
        size_t length = slash ? (size_t)(slash - object) : 0;
        int r;

        if (!slash || length >= NAME_SIZE || instance_name_split(slash + 1, change->name, change->owner_name) < 0)
                return -ENOENT;
        memcpy(change->region_name, object, length);
        r = statement_one(&s, statement_start(c, S_FEED_INSTANCE, &s, "ttti", change->region_name, change->owner_name,
                                              change->name, change->event));
        if (r < 0)
                return r;
        change->instance = sqlite3_column_int64(s, INSTANCE_ID);
        change->region = sqlite3_column_int64(s, INSTANCE_REGION);
        change->owner = sqlite3_column_int64(s, INSTANCE_OWNER);
        change->again = sqlite3_column_int(s, INSTANCE_AGAIN) != 0;
        return 0;
}

static int find_region(struct catalog_connection *c, const char *object, struct change *change) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r;

        if (!object || strlen(object) >= NAME_SIZE)
                return -ENOENT;
        strcpy(change->region_name, object);
        r = statement_one(&s, statement_start(c, S_FEED_REGION, &s, "ti", object, change->event));
        if (r == 0)
                change->region = sqlite3_column_int64(s, 0);
        return r;
}

int change_resolve(struct feed *feed, const char *object, struct change *change) {
        int r;

        switch (change->kind) {
        case CHANGE_PLACE:
        case CHANGE_DESCRIBED:
        case CHANGE_SEALED:
        case CHANGE_TOUCHED:
                return change_find_place(feed->c, change->event ?: feed->event, change);
        case CHANGE_SHARED:
        case CHANGE_UNSHARED:
        case CHANGE_EXPIRY_SET:
                r = change_find_place(feed->c, change->event ?: feed->event, change);
                change->again = false; /* found for the place, not the share */
                return r < 0 || change->share != 0 ? r : change_find_share(feed, change);
        case CHANGE_INSTANCE:
                return find_instance(feed->c, object, change);
        case CHANGE_REGION:
                return find_region(feed->c, object, change);
        default:
                return 0; /* nothing to look up */
        }
}
