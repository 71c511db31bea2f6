/* SPDX-License-Identifier: MIT
 * What the nodes are: one table of kinds, and what all of them have in common. Regions live here, being little else.
 */
#include "internal.h"

#define ARRAY_AND_SIZE(a) (a), ARRAY_SIZE(a)

int fixed_lookup(struct call *call, const struct fixed_entry *entries, size_t count, const char *name,
                 struct node *ret_node) {
        for (size_t i = 0; i < count; i++)
                if (strcmp(entries[i].name, name) == 0) {
                        *ret_node = call_node(call, entries[i].kind, call->node.id);
                        return 0;
                }
        return -ENOENT;
}

int fixed_list(struct call *call, const struct fixed_entry *entries, size_t count, uint64_t offset,
               struct lister *lister) {
        int r = 0;

        for (size_t i = offset; i < count && r == 0; i++)
                if (!entries[i].hidden)
                        r = lister_add(lister, entries[i].name, call_node(call, entries[i].kind, call->node.id), i + 1);
        return r;
}

/* --- root, regions --- */

static const struct fixed_entry root_entries[] = {
        { "regions", NODE_REGIONS, false },
        { "accounts", NODE_ACCOUNTS, false },
        { "events", NODE_EVENTS, false },
        { ".imgshare", NODE_CONTROL, true },
};
static const struct fixed_entry region_entries[] = { { "images", NODE_IMAGES, false },
                                                     { "instances", NODE_INSTANCES, false } };

const struct fixed_entry *root_entries_all(size_t *ret_count) {
        *ret_count = ARRAY_SIZE(root_entries);
        return root_entries;
}

static int root_lookup(struct call *call, const char *name, struct node *ret_node) {
        if (call->mount->multiuser)
                return views_top_lookup(call, name, ret_node);
        return fixed_lookup(call, ARRAY_AND_SIZE(root_entries), name, ret_node);
}

static int root_list(struct call *call, uint64_t offset, struct lister *lister) {
        if (call->mount->multiuser)
                return views_top_list(call, offset, lister);
        return fixed_list(call, ARRAY_AND_SIZE(root_entries), offset, lister);
}

static int regions_lookup(struct call *call, const char *name, struct node *ret_node) {
        _cleanup_region_ struct region region = { 0 };
        int r = image_region_find(&call->request, name, &region);

        if (r == 0)
                *ret_node = call_node(call, NODE_REGION, region.id);
        return r;
}

struct region_listing {
        struct call *call;
        struct lister *lister;
};

static int list_region(const struct region *region, void *context) {
        const struct region_listing *l = context;

        return lister_add(l->lister, region->name, call_node(l->call, NODE_REGION, region->id), (uint64_t)region->id);
}

static int regions_list(struct call *call, uint64_t offset, struct lister *lister) {
        return image_region_list(&call->request, (int64_t)offset, list_region,
                                 &(struct region_listing){ .call = call, .lister = lister });
}

int region_attributes(struct call *call, struct stat *st) {
        _cleanup_region_ struct region region = { 0 };
        int r = image_region_get(&call->request, call->node.id, &region);

        if (r == 0)
                set_times(st, region.created);
        return r;
}

static int region_lookup(struct call *call, const char *name, struct node *ret_node) {
        return fixed_lookup(call, ARRAY_AND_SIZE(region_entries), name, ret_node);
}

static int region_list(struct call *call, uint64_t offset, struct lister *lister) {
        return fixed_list(call, ARRAY_AND_SIZE(region_entries), offset, lister);
}

static const struct kind kind_root = {
        .mode = S_IFDIR | 0755, .lookup = root_lookup, .list = root_list,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_unless_many, .entry = remember_always,
                      .missing = remember_unless_many },
};
static const struct kind kind_regions = {
        .mode = S_IFDIR | 0755, .lookup = regions_lookup, .list = regions_list,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_always, .entry = remember_always,
                      .missing = remember_always, .listing = remember_always },
};
static const struct kind kind_region = {
        .mode = S_IFDIR | 0755, .lookup = region_lookup, .list = region_list, .attributes = region_attributes,
        .quick = QUICK_ALL,
        .remember = { .attributes = remember_always, .entry = remember_always,
                      .missing = remember_always, .listing = remember_always },
};

/* --- all of them --- */

static const struct kind *const kinds[NODE_KINDS] = {
        [NODE_ROOT] = &kind_root,
        [NODE_REGIONS] = &kind_regions,
        [NODE_REGION] = &kind_region,
        [NODE_IMAGES] = &kind_images,
        [NODE_IMAGE] = &kind_image,
        [NODE_ALIAS] = &kind_alias,
        [NODE_ACCOUNTS] = &kind_accounts,
        [NODE_ACCOUNT] = &kind_account,
        [NODE_TRUSTED] = &kind_trusted,
        [NODE_TRUST] = &kind_trust,
        [NODE_USAGE] = &kind_usage,
        [NODE_RECEIVED] = &kind_received,
        [NODE_OWNED] = &kind_owned,
        [NODE_RECEIVED_REGION] = &kind_received_region,
        [NODE_OWNED_REGION] = &kind_owned_region,
        [NODE_RECEIVED_LINK] = &kind_received_link,
        [NODE_OWNED_LINK] = &kind_owned_link,
        [NODE_INSTANCES] = &kind_instances,
        [NODE_INSTANCE] = &kind_instance,
        [NODE_INSTANCE_IMAGE] = &kind_instance_image,
        [NODE_INSTANCE_DISK] = &kind_instance_disk,
        [NODE_DESCRIPTION] = &kind_description,
        [NODE_SHARES_LINK] = &kind_shares_link,
        [NODE_SHARES] = &kind_shares,
        [NODE_DISK] = &kind_disk,
        [NODE_EVENTS] = &kind_events,
        [NODE_EVENTS_DAY] = &kind_events_day,
        [NODE_VIEWS] = &kind_views,
        [NODE_VIEW] = &kind_view,
        [NODE_VIEW_LINK] = &kind_view_link,
        [NODE_META] = &kind_meta,
        [NODE_META_SHARES] = &kind_shares,
        [NODE_META_SHARES_LINK] = &kind_meta_shares_link,
        [NODE_META_ID] = &kind_meta_id,
        [NODE_META_OWNER] = &kind_meta_owner,
        [NODE_META_STATE] = &kind_meta_state,
        [NODE_META_SIZE] = &kind_meta_size,
        [NODE_META_DIGEST] = &kind_meta_digest,
        [NODE_META_CREATED] = &kind_meta_created,
        [NODE_META_SOURCE] = &kind_meta_source,
        [NODE_META_SHARES_TSV] = &kind_meta_shares_tsv,
        [NODE_META_HISTORY] = &kind_meta_history,
        [NODE_META_TRUST] = &kind_meta_trust,
        [NODE_META_REVIEWED] = &kind_meta_reviewed,
        [NODE_META_USAGE] = &kind_meta_usage,
        [NODE_META_EXPOSURE] = &kind_meta_exposure,
        [NODE_SHARE] = &kind_share,
        [NODE_EXPIRES] = &kind_expires,
        [NODE_CONTROL] = &kind_control,
        [NODE_WHOAMI] = &kind_whoami,
        [NODE_LAST_DENIAL] = &kind_last_denial,
        [NODE_RULES] = &kind_rules,
        [NODE_VERSION] = &kind_version,
        [NODE_STATS] = &kind_stats,
};

const struct kind *kind_of(enum node_kind kind) {
        return (unsigned)kind < NODE_KINDS ? kinds[kind] : NULL;
}

void set_times(struct stat *st, int64_t ms) {
        st->st_mtim = timestamp_split(ms % 1000 * 1000000);
        st->st_mtim.tv_sec += ms / 1000;
        st->st_atim = st->st_ctim = st->st_mtim;
}

void set_times_ns(struct stat *st, int64_t ns) {
        st->st_mtim = timestamp_split(ns);
        st->st_atim = st->st_ctim = st->st_mtim;
}

void set_blob(struct stat *st, const struct stat *blob) {
        st->st_size = blob->st_size;
        st->st_blocks = blob->st_blocks;
        st->st_blksize = 1 << 17; /* what tools like to read at once: each read is a request */
        st->st_atim = st->st_ctim = st->st_mtim = blob->st_mtim;
}

int node_text(struct call *call, char **ret_text, size_t *ret_size) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        const struct kind *kind = kind_of(call->node.kind);
        struct stat st = { 0 };
        int r = kind->attributes && !call->loaded ? kind->attributes(call, &st) : 0; /* may it be seen? */
        FILE *to;

        if (r != 0)
                return r;
        request_done(&call->request); /* it may be long */
        to = open_memstream(&text, &size);
        if (!to)
                return -ENOMEM;
        r = kind->text(call, to);
        if (fclose(to) != 0 && r == 0)
                r = -ENOMEM;
        if (r != 0)
                return r;
        *ret_text = TAKE_PTR(text);
        *ret_size = size;
        return 0;
}

int node_attributes(struct call *call, struct stat *ret_stat) {
        const struct kind *kind = kind_of(call->node.kind);
        int r = 0;

        *ret_stat = (struct stat){ .st_ino = node_pack(call->node), .st_mode = kind->mode, .st_nlink = 1,
                                   .st_blksize = 4096 };
        view_own(call, call->node.kind, ret_stat);
        set_times(ret_stat, call->mount->started);
        if (kind->attributes)
                r = kind->attributes(call, ret_stat);
        if (r == 0 && kind->text && !S_ISDIR(kind->mode)) {
                _cleanup_free_ char *text = NULL;
                size_t size;

                r = node_text(call, &text, &size);
                if (r == 0)
                        ret_stat->st_size = (off_t)size;
        }
        return r;
}

int node_entry(struct call *call, struct node node, struct fuse_entry_param *ret_entry) {
        struct node before = call->node;
        int r;

        *ret_entry = (struct fuse_entry_param){ 0 };
        call->node = node;
        r = node_attributes(call, &ret_entry->attr);
        call->node = before;
        if (r == 0) {
                ret_entry->attr_timeout = cache_attributes(call, node);
                ret_entry->entry_timeout = cache_entry(call, node);
        }
        ret_entry->ino = ret_entry->attr.st_ino;
        return r;
}

void node_entry_made(struct call *call, struct node node, struct fuse_entry_param *ret_entry) {
        (void)node_entry(call, node, ret_entry); /* what it gives on failure has no time to live */
}
