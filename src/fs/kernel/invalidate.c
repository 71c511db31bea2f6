/* SPDX-License-Identifier: MIT
 * What a change means to a view: which names and nodes the kernel must not trust any more. Names are those at the time
 * of the change. Of an `own` change the kernel itself knows the name that was asked for, and its directory. The rest is
 * told here or not cached at all (cache.c).
 */
#include "kernel/kernel.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "feed.h"
#include "tree/tree.h"

#define WAIT_MS 50 /* at most, for notices of what a request did elsewhere in its own view; enough unless they jam */

static const char *const change_words[] = {
        [CHANGE_UNKNOWN] = "something unknown",
        [CHANGE_PLACE] = "an image's name or parts",
        [CHANGE_DESCRIBED] = "a description's text",
        [CHANGE_SEALED] = "a disk sealed",
        [CHANGE_TOUCHED] = "times set by hand",
        [CHANGE_SHARED] = "a share",
        [CHANGE_UNSHARED] = "a share's end",
        [CHANGE_EXPIRY_SET] = "a share's expiry",
        [CHANGE_INSTANCE] = "an instance made or removed",
        [CHANGE_TRUST] = "trust given or ended",
        [CHANGE_REGION] = "a region added or removed",
        [CHANGE_ACCOUNT] = "an account changed",
};

/* Notices to one view. */
struct telling {
        struct mount *mount;
        const struct viewer *viewer;
        struct notices *notices;
        bool failed;
};

static struct telling telling_begin(struct mount *mount, const struct viewer *viewer, struct reason why) {
        struct notices *notices = notices_new(mount->notifier, why);

        return (struct telling){ .mount = mount, .viewer = viewer, .notices = notices, .failed = !notices };
}

/* Notices to the caller's own view. */
static struct telling telling_of_caller(struct call *call, const char *what) {
        return telling_begin(call->mount, viewer_add(call->mount, &call->request.caller),
                             (struct reason){ .what = what });
}

static void telling_end(struct telling *t, int wait_ms) {
        if (t->failed)
                t->mount->feed_blind = true; /* a notice is missing: nothing more may be cached */
        if (t->notices && wait_ms > 0)
                notices_send_wait(t->notices, wait_ms);
        else if (t->notices)
                notices_send(t->notices);
}

static void telling_add(struct telling *t, enum notice_kind notice, enum node_kind kind, int64_t id, const char *name) {
        struct node node = { .kind = kind, .viewer = view_none(t->mount, kind) ? 0 : t->viewer->account, .id = id };

        if (!t->failed)
                t->failed = notices_add(t->notices, notice, node_pack(node), name) < 0;
}

static void tell_attributes(struct telling *t, enum node_kind kind, int64_t id) {
        telling_add(t, NOTICE_ATTRIBUTES, kind, id, NULL);
}

static void tell_content(struct telling *t, enum node_kind kind, int64_t id) {
        telling_add(t, NOTICE_CONTENT, kind, id, NULL);
}

/* A name appears or disappears (gone) in a directory. */
static void tell_name(struct telling *t, bool gone, enum node_kind kind, int64_t id, const char *text) {
        telling_add(t, gone ? NOTICE_GONE : NOTICE_NEW, kind, id, text);
        tell_content(t, kind, id);
}

static bool is_privileged(const struct viewer *viewer) {
        int role = viewer->role;

        return role == ROLE_AUDITOR || role == ROLE_OPERATOR;
}

static bool is_read_only(const struct telling *t) {
        return t->mount->read_only || t->viewer->role == ROLE_AUDITOR;
}

/* What an image or instance is called in the view. */
static const char *name_in_view(const struct telling *t, const struct change *c, const char *plain,
                                char text[static 2 * NAME_SIZE]) {
        (void)snprintf(text, 2 * NAME_SIZE, t->viewer->account == c->owner ? "%s" : "%s@%s", plain,
                       c->owner_name); /* fits */
        return text;
}

/* --- images --- */

/* All that is in an image's directory, for processes that stand there. */
static void tell_all_of_image(struct telling *t, int64_t place, const struct change_state *state) {
        static const char *const parts[] = { "description", "shares", "disk", ".meta" };

        tell_content(t, NODE_IMAGE, place);
        tell_attributes(t, NODE_DESCRIPTION, state->description);
        tell_content(t, NODE_SHARES_LINK, state->shares_link);
        tell_content(t, NODE_SHARES, place);
        tell_attributes(t, NODE_DISK, state->image);
        tell_content(t, NODE_META, place);
        tell_content(t, NODE_META_SHARES, place);
        tell_content(t, NODE_META_SHARES_LINK, place);
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                telling_add(t, NOTICE_NEW, NODE_IMAGE, place, parts[i]);
        for (size_t i = 0; meta_name(i); i++)
                telling_add(t, NOTICE_NEW, NODE_META, place, meta_name(i));
}

/* Links whose text is the image's name. Their node is the place's, so it survives a rename. */
static void tell_links(struct telling *t, int64_t place) {
        tell_content(t, NODE_ALIAS, place);
        tell_content(t, NODE_OWNED_LINK, place);
}

/* A share's names, and its directory, for processes that stand there. */
static void tell_all_of_share(struct telling *t, const struct change *c, bool gone) {
        tell_name(t, gone, NODE_META_SHARES, c->place, c->account_name);
        tell_name(t, gone, NODE_SHARES, c->place, c->account_name);
        tell_attributes(t, NODE_SHARE, c->share);
        telling_add(t, NOTICE_NEW, NODE_SHARE, c->share, ".expires");
}

static void tell_part(struct telling *t, int64_t place, const char *part, enum node_kind kind, int64_t before,
                      int64_t after) {
        if (before == after)
                return;
        tell_name(t, before != 0 && after == 0, NODE_IMAGE, place, part);
        if (before != 0)
                tell_attributes(t, kind, before);
}

/* In a read-only view a draft has no `shares`, and its `.meta/shares` is the directory, not a link. */
static void tell_draft(struct telling *t, int64_t place) {
        tell_name(t, true, NODE_IMAGE, place, "shares");
        tell_name(t, true, NODE_META, place, "shares");
        tell_content(t, NODE_SHARES, place);
        tell_content(t, NODE_META_SHARES, place);
        tell_content(t, NODE_META_SHARES_LINK, place);
}

static void tell_parts(struct telling *t, const struct change *c) {
        const struct change_state *before = &c->before, *after = &c->after;

        tell_part(t, c->place, "description", NODE_DESCRIPTION, before->description, after->description);
        tell_part(t, c->place, "disk", NODE_DISK, before->disk, after->disk);
        if (!is_read_only(t))
                tell_part(t, c->place, "shares", NODE_SHARES_LINK, before->shares_link, after->shares_link);
        else if (before->draft != after->draft)
                tell_draft(t, c->place);
        if (before->image != after->image)
                tell_attributes(t, NODE_META, c->place);
}

static void tell_place(struct telling *t, const struct change *c) {
        const struct change_state *before = &c->before, *after = &c->after;
        char text[2 * NAME_SIZE];

        if (strcmp(before->name, after->name) != 0) {
                if (before->name[0])
                        tell_name(t, !c->again, NODE_IMAGES, c->region, name_in_view(t, c, before->name, text));
                if (after->name[0])
                        tell_name(t, false, NODE_IMAGES, c->region, name_in_view(t, c, after->name, text));
                tell_links(t, c->place);
        }
        if (!after->name[0])
                tell_all_of_image(t, c->place, before);
        else
                tell_parts(t, c);
}

static void tell_sealed(struct telling *t, const struct change *c) {
        bool own = c->own && c->actor == t->viewer->account;

        if (!own)
                telling_add(t, NOTICE_NEW, NODE_IMAGE, c->place, "disk");
        tell_content(t, NODE_DISK, c->after.image);
}

static void tell_touched(struct telling *t, const struct change *c) {
        telling_add(t, NOTICE_NEW, NODE_IMAGE, c->place, c->disk ? "disk" : "description");
        if (c->disk)
                tell_attributes(t, NODE_DISK, c->after.image);
        else
                tell_attributes(t, NODE_DESCRIPTION, c->after.description);
}

/* --- shares --- */

static int64_t account_region(const struct change *c) {
        return c->account << NODE_REGION_BITS | c->region;
}

static void tell_received(struct telling *t, const struct change *c, bool gone) {
        const struct change_state *state = c->after.name[0] ? &c->after : &c->before;
        char text[2 * NAME_SIZE];

        tell_name(t, gone, NODE_IMAGES, c->region, name_in_view(t, c, state->name, text));
        tell_name(t, gone, NODE_RECEIVED_REGION, account_region(c), text);
        if (c->kind == CHANGE_SHARED)
                return;
        tell_all_of_image(t, c->place, state);
        tell_content(t, NODE_RECEIVED_LINK, c->share);
}

static void tell_shared(struct telling *t, const struct change *c) {
        bool gone = c->kind == CHANGE_UNSHARED && !c->again;

        if (t->viewer->account == c->account)
                tell_received(t, c, gone);
        tell_all_of_share(t, c, gone);
}

void image_forget(struct mount *mount, const struct viewer *viewer, const struct image *image) {
        struct change_state state = {
                .description = image->description, .shares_link = image->shares_link, .image = image->id
        };
        struct telling t = telling_begin(mount, viewer, (struct reason){ .what = "the whole view is forgotten" });
        char text[2 * NAME_SIZE];

        (void)snprintf(text, sizeof(text), "%s@%s", image->name, image->owner_name); /* fits */
        tell_name(&t, false, NODE_IMAGES, image->region, text);
        tell_name(&t, false, NODE_IMAGES, image->region, image->name);
        tell_all_of_image(&t, image->place, &state);
        tell_links(&t, image->place);
        telling_end(&t, 0);
}

void share_forget(struct mount *mount, const struct viewer *viewer, int64_t place, const struct share *share) {
        struct change c = { .place = place, .share = share->id };
        struct telling t = telling_begin(mount, viewer, (struct reason){ .what = "the whole view is forgotten" });

        strcpy(c.account_name, share->account_name);
        tell_all_of_share(&t, &c, false);
        telling_end(&t, 0);
}

void unshare_tell(struct call *call, int64_t share, const char *account) {
        const struct image *image = &call->image;
        struct change c = { .kind = CHANGE_UNSHARED, .owner = image->owner, .region = image->region,
                            .place = image->place, .share = share };
        struct telling t;
        char text[2 * NAME_SIZE];

        if (!call->mount->notifier || strcmp(account, call->request.caller.name) != 0)
                return; /* somebody else's share: the view shows it only in the directory that the kernel knows */
        strcpy(c.owner_name, image->owner_name);
        c.account = call->request.caller.account;
        t = telling_of_caller(call, "its own share given up");
        /* the feed tells later what is in the directory that this request has locked */
        tell_name(&t, true, NODE_IMAGES, c.region, name_in_view(&t, &c, image->name, text));
        tell_name(&t, true, NODE_RECEIVED_REGION, account_region(&c), text);
        tell_content(&t, NODE_IMAGE, c.place);
        tell_content(&t, NODE_META, c.place);
        tell_content(&t, NODE_META_SHARES, c.place);
        tell_attributes(&t, NODE_DESCRIPTION, image->description);
        tell_content(&t, NODE_SHARES_LINK, image->shares_link);
        tell_attributes(&t, NODE_DISK, image->id);
        telling_end(&t, WAIT_MS);
}

void remove_tell(struct call *call, int64_t place) {
        static const enum node_kind below[] = { NODE_META, NODE_META_SHARES };
        const struct change_state none = { 0 };
        struct telling t;

        if (!call->mount->notifier)
                return;
        for (size_t i = 0; i < ARRAY_SIZE(below); i++)
                attributes_changed(call, below[i], place);
        t = telling_of_caller(call, "its own image removed");
        tell_all_of_image(&t, place, &none); /* no wait: the directory stays locked until this request is answered */
        telling_end(&t, 0);
}

void rename_tell(struct call *call, int64_t place) {
        struct telling t;

        if (!call->mount->notifier)
                return;
        t = telling_of_caller(call, "its own image renamed");
        tell_links(&t, place);
        telling_end(&t, WAIT_MS);
}

void attributes_changed(struct call *call, enum node_kind kind, int64_t id) {
        if (call->mount->notifier)
                notice_now(call->mount, node_pack(call_node(call, kind, id)), -1, 0, "a request about another node");
}

/* --- everything else --- */

static void tell_instance(struct telling *t, const struct change *c) {
        char text[2 * NAME_SIZE];

        tell_name(t, !c->made && !c->again, NODE_INSTANCES, c->region, name_in_view(t, c, c->name, text));
        tell_content(t, NODE_INSTANCE, c->instance);
}

static void tell_trust(struct telling *t, const struct change *c) {
        tell_name(t, !c->made, NODE_TRUSTED, c->actor, c->account_name);
}

static void tell_region(struct telling *t, const struct change *c) {
        int64_t account = t->viewer->account;

        tell_name(t, !c->made, NODE_REGIONS, 0, c->region_name);
        tell_name(t, !c->made, NODE_RECEIVED, account, c->region_name);
        tell_content(t, NODE_REGION, c->region);
        tell_content(t, NODE_IMAGES, c->region);
        tell_content(t, NODE_INSTANCES, c->region);
        tell_content(t, NODE_RECEIVED_REGION, account << NODE_REGION_BITS | c->region);
}

/* Added, changed or removed: the kernel asks. A trusted account is listed as long as it exists. */
static void tell_account(struct telling *t, const struct change *c) {
        tell_name(t, false, NODE_ACCOUNTS, 0, c->account_name);
        tell_name(t, false, NODE_TRUSTED, t->viewer->account, c->account_name);
        tell_attributes(t, NODE_ACCOUNT, c->account);
}

bool change_concerns(const struct change *c, const struct viewer *viewer) {
        bool owner = c->owner == viewer->account || c->owner == 0 || is_privileged(viewer); /* 0: not known yet */
        bool recipient = c->account == viewer->account;
        bool own = c->own && c->actor == viewer->account;

        switch (c->kind) {
        case CHANGE_PLACE:
        case CHANGE_DESCRIBED:
        case CHANGE_INSTANCE:
                return owner && !own;
        case CHANGE_SEALED: /* even if own: its bytes may be cached now */
                return owner;
        case CHANGE_SHARED:
        case CHANGE_UNSHARED: /* a recipient that gave up its share has removed only one of its names */
                return recipient || (owner && !own);
        case CHANGE_EXPIRY_SET: /* even if own: nothing may be remembered beyond that time */
                return recipient || owner;
        case CHANGE_TRUST:
                return c->actor == viewer->account && !own;
        case CHANGE_TOUCHED:
        case CHANGE_REGION:
        case CHANGE_ACCOUNT:
        case CHANGE_UNKNOWN:
                return true;
        }
        return true;
}

static void tell_by_kind(struct telling *t, const struct change *c) {
        switch (c->kind) {
        case CHANGE_PLACE:
                tell_place(t, c);
                break;
        case CHANGE_DESCRIBED:
        case CHANGE_TOUCHED:
                tell_touched(t, c);
                break;
        case CHANGE_SEALED:
                tell_sealed(t, c);
                break;
        case CHANGE_SHARED:
        case CHANGE_UNSHARED:
        case CHANGE_EXPIRY_SET:
                tell_shared(t, c);
                break;
        case CHANGE_INSTANCE:
                tell_instance(t, c);
                break;
        case CHANGE_TRUST:
                tell_trust(t, c);
                break;
        case CHANGE_REGION:
                tell_region(t, c);
                break;
        case CHANGE_ACCOUNT:
        case CHANGE_UNKNOWN:
                tell_account(t, c);
                break;
        }
}

void change_tell(struct mount *mount, const struct viewer *viewer, const struct change *c) {
        struct telling t = telling_begin(mount, viewer,
                                         (struct reason){ .what = change_words[c->kind], .event = c->event });

        if (!t.failed)
                tell_by_kind(&t, c);
        telling_end(&t, 0);
}
