/* SPDX-License-Identifier: MIT
 * The tree: one file for each directory, with the rows of the kinds of nodes in it, and one table of all kinds. Nodes
 * are found, listed and described here; what the services say of them becomes attributes and texts. Nothing is changed.
 */
#pragma once

#include "tree/kind.h"

struct events_reader;
struct exposure_text;

/* --- entry.c --- */

/* An entry for the kernel, of a node that has just been found. */
int node_entry(struct call *call, struct node node, struct fuse_entry_param *ret_entry);
/* For a node that has just been made. If it cannot be read, the entry makes the kernel ask again. */
void node_entry_made(struct call *call, struct node node, struct fuse_entry_param *ret_entry);

/* Offsets of a listing: 0 is before `.`, 1 before `..`; the directory's own offsets are shifted by these two. */
#define LISTER_DOTS 2
struct lister {
        struct call *call;
        char *buffer;
        size_t size, used;
        bool plus;
};
/* Adds an entry, with its attributes if `plus`. 1: it does not fit. */
int lister_put(struct lister *lister, const char *name, const struct stat *st, const struct fuse_entry_param *entry,
               off_t next);
/* 1: the reply is full, else 0. next: the offset where the listing goes on after this entry. */
int lister_add(struct lister *lister, const char *name, struct node node, uint64_t next);

/* Children that are always there. */
struct fixed_entry {
        const char *name;
        enum node_kind kind;
        bool hidden; /* found, but not listed */
};
int fixed_lookup(struct call *call, const struct fixed_entry *entries, size_t count, const char *name,
                 struct node *ret_node);
int fixed_list(struct call *call, const struct fixed_entry *entries, size_t count, uint64_t offset,
               struct lister *lister);

/* --- kinds, by file --- */

extern const struct kind *const kinds_all[NODE_KINDS]; /* tree.c: by number, NULL where there is none */
/* accounts.c */
extern const struct kind kind_accounts, kind_account, kind_trusted, kind_trust, kind_usage;
/* control.c */
extern const struct kind kind_control, kind_whoami, kind_last_denial, kind_rules, kind_version, kind_stats;
/* events.c */
extern const struct kind kind_events, kind_events_day;
/* image.c */
extern const struct kind kind_image, kind_alias, kind_description, kind_shares_link, kind_disk;
/* For directories and links that are as old as their image; their id is its place. */
int image_attributes(struct call *call, struct stat *st);
/* images.c */
extern const struct kind kind_images;
/* instances.c */
extern const struct kind kind_instances, kind_instance, kind_instance_image, kind_instance_disk;
/* meta.c */
extern const struct kind kind_meta, kind_meta_id, kind_meta_owner, kind_meta_state, kind_meta_size, kind_meta_digest,
        kind_meta_format, kind_meta_created, kind_meta_source, kind_meta_shares_tsv, kind_meta_history;
/* meta_risk.c */
extern const struct kind kind_meta_trust, kind_meta_reviewed, kind_meta_usage;
/* exposure.c */
extern const struct kind kind_meta_exposure;
/* regions.c */
extern const struct kind kind_regions, kind_region;
/* reverse.c */
extern const struct kind kind_received, kind_owned, kind_received_region, kind_owned_region, kind_received_link,
        kind_owned_link;
/* root.c */
extern const struct kind kind_root, kind_views, kind_view, kind_view_link;
/* shares.c */
extern const struct kind kind_shares, kind_share, kind_expires, kind_meta_shares_link;

/* Attributes that nodes of several files have. */
int region_attributes(struct call *call, struct stat *st);
int meta_attributes(struct call *call, struct stat *st);
int account_attributes(struct call *call, struct stat *st);
/* The names that `.meta` may have, NULL at the end. */
const char *meta_name(size_t i);

/* events.c: opens a day of the log, read-only; day_judge_write() refuses to write it. */
int day_open(struct call *call, int flags, struct events_reader **ret_reader);
int day_judge_write(struct call *call);

/* exposure.c: the same of exposure.tsv. ret_size is less than size only at the end. */
int exposure_text_open(struct call *call, int flags, struct exposure_text **ret_text);
int exposure_text_read(struct call *call, struct exposure_text *text, uint64_t offset, size_t size, char *ret_data,
                       size_t *ret_size);
void exposure_text_close(struct exposure_text *text);
