/* SPDX-License-Identifier: MIT
 * What is so, and what happened: the catalog in the product's nouns. Decides nothing and moves no bytes.
 *
 * int r: 0 (or a count, where said), -errno: -ENOENT not there, -EIO, -ENOSPC, -EROFS, -ENOMEM as the machine failed,
 * -EAGAIN another process kept the catalog busy for longer than CATALOG_BUSY_MS. Text outputs belong to the caller.
 *
 * A connection is used by one thread at a time: borrowed by catalog_read for a few calls, or handed to the function
 * that catalog_write runs. Every read shows live rows only; several reads outside catalog_write are several moments. Of
 * a catalog opened as of a moment of the past they show what was live then, and that never changes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "model.h"

#define CATALOG_BUSY_MS 20000
#define CATALOG_VERSION 2
#define CATALOG_REVISION 2 /* of the tables, while the format is open: another one is to be upgraded, too */

struct catalog;
struct catalog_connection;

enum catalog_flags {
        CATALOG_READ_ONLY = 1 << 0,
        CATALOG_NOT_DURABLE = 1 << 1, /* a commit does not wait for the disk */
        CATALOG_RESERVE = 1 << 2,     /* room is kept (CONTRACT 5.9): most changes are -ENOSPC while no more is free */
};

/* Makes the file (0600, must not exist) with the built-in account `operator` and the event `init`: beside it as
 * <path>.new, on disk, then renamed; the directory's entry is on disk when the caller has synced it. Nobody else makes
 * it at the same time. */
int catalog_create(const char *path, const char *uuid, uid_t uid, enum via via);

/* -ENOENT, -EACCES, -EROFS; -EMLINK: to be written, but the file has several names; -EMEDIUMTYPE: no catalog; -EUCLEAN:
 * a damaged one; -EPROTONOSUPPORT: a newer format; -EPROTOTYPE: an older one, to be upgraded. Starts the writer's
 * thread.
 */
int catalog_open(const char *path, enum catalog_flags flags, struct catalog **ret_catalog);
/* The moment of an event (0: before the first); if event is negative, a time in ms. */
struct catalog_moment {
        int64_t event, time;
};
/* Opens a catalog as of a moment: read only, without a writer. -ERANGE: that moment has not come yet. Accounts have the
 * names of then and are there if they were then; their role, uid, quota and switches are today's. */
int catalog_open_asof(const char *path, const struct catalog_moment *moment, struct catalog **ret_catalog);
/* The last event that it shows; INT64_MAX: whatever comes. */
int64_t catalog_last(const struct catalog *catalog);
/* From now on nothing is written: -EROFS, as if it had been opened read only. */
void catalog_freeze(struct catalog *catalog);
/* Makes durable what any process has committed so far, with any flags. */
int catalog_sync(struct catalog *catalog);
/* Waits until all posted changes are written. Returns NULL. */
struct catalog *catalog_close(struct catalog *catalog);
/* The uuid that marks this catalog's stores; belongs to the catalog. */
const char *catalog_uuid(const struct catalog *catalog);

#define SETTING_RESERVE "reserve"
#define RESERVE_DEFAULT (INT64_C(64) << 20)
/* Of a file system of that size: as the setting says, an eighth of it at most. */
uint64_t catalog_reserve_of(int64_t limit, uint64_t size);

int catalog_read(struct catalog *catalog, struct catalog_connection **ret_connection);
/* Reads today's rows, whatever moment the catalog was opened as of: for facts about the caller. */
int catalog_read_today(struct catalog *catalog, struct catalog_connection **ret_connection);
/* Borrows the same connection once more. The same thread must end it once more. */
struct catalog_connection *catalog_read_again(struct catalog_connection *connection);
/* Call it right after borrowing. All reads until the last catalog_read_end then share a transaction, and rows that were
 * read before are remembered until somebody commits. A transaction holds back checkpoints: keep it to microseconds, and
 * never wait for anything in it. */
void catalog_read_together(struct catalog_connection *connection);
void catalog_read_end(struct catalog_connection **connection);
#define _cleanup_read_ _cleanup_(catalog_read_end)

/* Runs `run` in a transaction. If it returns 0 that is committed, and catalog_write waits until it is on disk; anything
 * else changes nothing. Returns what `run` returned, or -errno of the commit. Changes that wait at the same time share
 * one transaction, those of one account in the order in which they came; each is undone by itself. `run` may run in
 * another thread. Must not be called from within `run`. */
typedef int (*catalog_run)(struct catalog_connection *connection, void *context);
int catalog_write(struct catalog *catalog, catalog_run run, void *context);
/* For an account (0: none). While changes of several accounts wait, none has more than its share of a transaction. */
int catalog_write_for(struct catalog *catalog, int64_t account, catalog_run run, void *context);
/* Asynchronous variant: waits neither for its turn nor for the disk. `done` (may be NULL) is called with the result in
 * the writer's thread, and releases the context. */
int catalog_post(struct catalog *catalog, catalog_run run, void *context, void (*done)(void *context, int r));

/* What was written through this struct catalog since it was opened. */
#define CATALOG_STATS_SIZES 8
struct catalog_stats {
        uint64_t commits, changes; /* a commit serves all changes that waited for it */
        uint64_t largest;          /* changes of one commit */
        uint64_t sizes[CATALOG_STATS_SIZES]; /* commits of 1, 2 to 3, 4 to 7 … changes, the last: of more */
        uint64_t checkpoints;
        int64_t log_pages; /* in the write-ahead log after the last commit, 4 KiB each */
};
void catalog_stats(struct catalog *catalog, struct catalog_stats *ret_stats);

/* --- the log --- */

/* Operations: effects.def says what each is called in the log, and which rows it makes and ends. */
enum event_op {
        EVENT_INIT, EVENT_REGION_ADD, EVENT_REGION_RM, EVENT_ACCOUNT_ADD, EVENT_ACCOUNT_SET, EVENT_ACCOUNT_RM,
        EVENT_LIMIT, EVENT_REGION_SET, EVENT_ADOPT, EVENT_SNAPSHOT, EVENT_RESTORE, EVENT_REPAIR, EVENT_CLOCK_DOUBT,
        EVENT_CLOCK_AGREES, EVENT_CLOCK_SET,
        /* from here on: of what accounts own */
        EVENT_CREATE, EVENT_CREATE_DESCRIPTION, EVENT_CREATE_LINK, EVENT_CREATE_DISK, EVENT_AVAILABLE, EVENT_COPY_EMPTY,
        EVENT_COPY, EVENT_COPY_ALSO, EVENT_SEAL, EVENT_DIGEST, EVENT_TIMES_DISK, EVENT_TIMES_DESCRIPTION, EVENT_DESCRIBE, EVENT_RENAME,
        EVENT_REVIEW_CLEAR, EVENT_REVIEW, EVENT_DELETE_DESCRIPTION, EVENT_DELETE_LINK, EVENT_DELETE_DISK, EVENT_DELETE,
        EVENT_SHARE, EVENT_UNSHARE, EVENT_EXPIRE, EVENT_EXPIRY_CLEAR, EVENT_SET_EXPIRY, EVENT_TRUST, EVENT_UNTRUST,
        EVENT_CREATE_INSTANCE, EVENT_LAUNCH, EVENT_REINSTALL, EVENT_INSTANCE_DELETE_IMAGE, EVENT_INSTANCE_DELETE_DISK,
        EVENT_INSTANCE_DELETE, EVENT_UNDELETE, EVENT_UNDELETE_DISK, EVENT_UNDELETE_INSTANCE,
        EVENT_UNDELETE_INSTANCE_DISK, EVENT_PURGE, EVENT_PURGE_INSTANCE,
        EVENT_OPS
};

#define EVENT_DETAILS 8
#define EVENT_PLACE_NEW (-1)
struct event_detail {
        const char *key;  /* NULL: no more */
        const char *text; /* NULL: the number */
        int64_t number;
};
struct event {
        const struct caller *caller;
        enum event_op op;
        const char *object;  /* `north/web@alice` of an image or instance, a region or a limit; NULL: none */
        const char *account; /* the other account; NULL: none */
        int64_t place;       /* whose history it belongs to, 0: none, EVENT_PLACE_NEW: the place it makes */
        const char *rule;    /* of a refusal, with its errno's name; NULL: done */
        const char *error;
        struct event_detail detail[EVENT_DETAILS]; /* what tells operations of one word apart need not be given */
        const char *json; /* the details, if they are more than members with a text or number; NULL: those above */
        /* The same by id, for the rows that it makes and ends; 0: not about any. */
        struct {
                int64_t region, image, account, instance;
        } about;
};

/* Only in catalog_write: the event, unless it is a refusal with all its effects on the rows. ret_id: its number, and
 * the id of what it makes. -ENOENT: a row that it ends or changes is not there. */
int catalog_event_add(struct catalog_connection *c, const struct event *event, int64_t *ret_id);
/* When the event happened that was added last, in this transaction. */
int64_t catalog_event_time(const struct catalog_connection *c);

/* The log's clock (CONTRACT 5.4). */
int catalog_clock(struct catalog_connection *c, struct clock_state *ret_state);
/* Whether there is something to note: 1, 0 or -errno. */
int catalog_clock_stale(struct catalog_connection *c);
/* Only in catalog_write: keeps what the clock is held against, and says in the log that it is doubted, or no longer. */
int catalog_clock_note(struct catalog_connection *c, const struct caller *caller);
/* Only in catalog_write: the machine's clock is right now, as the event will say. -EALREADY: nobody doubts it. */
int catalog_clock_set(struct catalog_connection *c, struct event *event);

/* Calls each with the lines (JSON and newline) of a place's history, oldest first. account: only the events that name
 * it as actor or other account and the image's own changes that it can see; NULL: all. hashed: each with its hash,
 * which would let a reader test guesses about the events that it does not see (CONTRACT 9). */
int catalog_history(struct catalog_connection *c, int64_t place, const char *account, bool hashed,
                    int (*each)(const char *line, size_t length, void *context), void *context);

/* What of the log is asked for: all that is set must hold. */
struct log_filter {
        int64_t after, last;    /* events with after < number <= last */
        bool denied;            /* refusals */
        int64_t account;        /* actor or other account; 0: any, -1: no account that there ever was */
        const char *name;       /* of that account */
        int64_t place;          /* 0: any */
        const char *object;     /* NULL: any */
        int64_t viewer;         /* who reads its own events: did it, is named in it (from the event on that made it),
                                 * or owns the place; 0: all */
        const char *viewer_name;
};
/* An event; texts are good until `each` returns, NULL: none. */
struct log_entry {
        int64_t id, time;
        const char *actor, *op, *object, *account;
        const char *rule; /* of a refusal; if no rule made it, its errno */
        const char *line; /* its JSON and a newline; with its hash only if the viewer is 0 */
        size_t length;
};
/* Calls each with the first events, oldest first, that the filter lets through: at most a page of them. Returns how
 * many; fewer than CATALOG_PAGE: there are no more. */
#define CATALOG_PAGE 256
int catalog_log(struct catalog_connection *c, const struct log_filter *filter,
                int (*each)(const struct log_entry *entry, void *context), void *context);
/* The last event before a time, or (including) up to it; 0: there is none. */
int catalog_log_at(struct catalog_connection *c, int64_t time, bool including, int64_t *ret_id);

struct log_length {
        int64_t id, length, time;
};
/* A page of the same events' lengths, but of the filter only numbers and viewer count. */
int catalog_log_lengths(struct catalog_connection *c, const struct log_filter *filter,
                        int (*each)(const struct log_length *length, void *context), void *context);

/* A day of the log as a viewer sees it. */
struct day {
        int64_t number;      /* days since 1970, UTC */
        int64_t bytes;       /* of its lines */
        int64_t after, last; /* the last event before it, and the viewer's last one in it: what filters its events */
        int64_t time;        /* of the last one, ms */
};
/* Of the view only its viewer and last count. The viewer's events of that day are summed up, a quarter of a microsecond
 * each; with the catalog's own last, once: then only what has come since. -ENOENT: the viewer has no events that
 * day. */
int catalog_day_get(struct catalog_connection *c, const struct log_filter *view, int64_t number, struct day *ret_day);
/* Days >= from on which the viewer has events, in order, without summing them up. `each` not 0 ends it and is returned.
 */
int catalog_day_list(struct catalog_connection *c, const struct log_filter *view, int64_t from,
                     int (*each)(int64_t number, void *context), void *context);

/* What the log and the rows should be and are not (CONTRACT 8 `check --log`). */
#define EVENT_HASH_SIZE 32
struct discrepancy {
        const char *what, *object; /* `event` and its number, `share` and `north/web@alice with bob`, … */
        const char *problem;
        bool lasting; /* it is the log's own: no rows made again from it can mend that */
};
struct log_head {
        int64_t event; /* the last one's number */
        uint8_t hash[EVENT_HASH_SIZE];
};
/* Verifies the chain, up to the first event that breaks it, then all rows, past ones too, against the events. kept: a
 * hash that some event of the verified chain must have; NULL: none. `each` below 0 ends it, and is returned; else the
 * number of discrepancies, or -errno. Rows are read in one snapshot, a transaction that may last seconds. */
int catalog_verify(struct catalog *catalog, const uint8_t *kept,
                   int (*each)(const struct discrepancy *discrepancy, void *context), void *context,
                   struct log_head *ret_head);

/* --- upgrade (CONTRACT 10) --- */

struct upgrade_reader {
        int (*each)(const struct discrepancy *discrepancy, void *context);
        void (*progress)(int64_t events, void *context); /* how many have been read, now and then */
        void *context;
};
struct upgraded {
        int64_t format; /* that the catalog had */
        int64_t events; /* that it has now */
        int64_t failed; /* an event that does not follow from those before it; 0: none */
        int differences; /* rows that do not follow from the log */
};
/* Makes a catalog of an earlier format one of this format, or (plan) tries whether that can be. The old file stays as
 * <path>.format-1. Killed at any moment: it is as it was, or done. -EAGAIN: somebody has it open; -EBADMSG: its rows
 * are not as its log says, `each` is told how; -EEXIST: another file has the name that the old one would keep. Nothing
 * has changed then. Of this format already: 0. */
int catalog_upgrade(const char *path, const struct caller *caller, bool plan, const struct upgrade_reader *reader,
                    struct upgraded *ret_upgraded);

/* --- copies (CONTRACT 10, Backup) --- */

/* The last event. -ENOENT: there is none. */
int catalog_head(struct catalog_connection *c, struct log_head *ret_head);
/* Has the log that event, with that hash: 1 or 0. */
int catalog_head_is(struct catalog_connection *c, const struct log_head *head);

/* A disk: of an image, or of an instance by its launch, which is never sealed. */
struct disk_row {
        int64_t id, region;
        bool sealed;
        int64_t size; /* that was sealed; as catalog_disks_live tells it */
};
typedef int (*disk_each)(const struct disk_row *row, void *context);
/* The live disks of a region's images. */
int catalog_disks_live(struct catalog_connection *c, int64_t region, disk_each each, void *context);
/* The live disks that events after one are about: at least those that have come or were sealed since. In one statement:
 * nothing is waited for in `each`. */
int catalog_disks_since(struct catalog_connection *c, int64_t after, disk_each each, void *context);

struct copy_reader {
        void (*progress)(int64_t pages, int64_t all, void *context); /* NULL: nobody wants to know */
        void *context;
};
/* Makes the file at `path`, in place of what is there, a catalog as the connection sees it in reads together, which
 * have begun: without where its stores are and what is being made. It is one file, on disk; its directory is the
 * caller's to flush. Others can write meanwhile, to a log that grows. Nothing is left after a failure. */
int catalog_copy(struct catalog_connection *from, const char *path, const struct copy_reader *reader);
/* Adds the event `restore` to a copy that nobody has open, and makes it one that can be written. On disk. */
int catalog_restored(const char *path, const struct caller *caller);

/* --- repair (CONTRACT 10) --- */

struct repair_reader {
        /* mended: it will be, or nothing is (-errno) */
        int (*each)(const struct discrepancy *discrepancy, bool mended, void *context);
        void (*progress)(int64_t events, void *context); /* NULL, or hears now and then how many have been read */
        void *context;
};
struct repaired {
        int found;
        int64_t event; /* that says what was done; 0: nothing was to be done, or could be */
};
/* Makes the file's rows anew from its log if something else than the log is wrong (as catalog_verify finds); others may
 * use it meanwhile, and write but for the end. The log must be whole, and have the hash `kept` (NULL: any); else
 * nothing is touched. It need not be a file that catalog_open opens. Killed at any moment: it is as it was, or mended.
 * Errors of catalog_open. */
int catalog_repair(const char *path, const struct caller *caller, const uint8_t *kept,
                   const struct repair_reader *reader, struct repaired *ret_repaired);

/* --- accounts, regions, limits --- */

int catalog_account_find(struct catalog_connection *c, const char *name, struct account *ret_account);
int catalog_account_get(struct catalog_connection *c, int64_t id, struct account *ret_account);
/* Any account of that name, dead ones included: 1 yes, 0 no. */
int catalog_account_used(struct catalog_connection *c, const char *name);
/* Its id. -ENOENT: there never was one. */
int catalog_account_ever(struct catalog_connection *c, const char *name, int64_t *ret_id);
/* Live account with that uid. -ENOENT. */
int catalog_account_of_uid(struct catalog_connection *c, int64_t uid, struct account *ret_account);
/* The id that an account to be added gets. */
int catalog_account_next(struct catalog_connection *c, int64_t *ret_id);
/* Live accounts with id > after, in that order. */
int catalog_account_list(struct catalog_connection *c, int64_t after,
                         int (*each)(const struct account *account, void *context), void *context);
/* What keeps an account from being removed, or from another role. */
struct holdings {
        int64_t images, shares, instances; /* owned, received, owned */
};
int catalog_account_holdings(struct catalog_connection *c, int64_t id, struct holdings *ret_holdings);

/* region->store is allocated: free() it, or region_done(). */
int catalog_region_find(struct catalog_connection *c, const char *name, struct region *ret_region);
int catalog_region_get(struct catalog_connection *c, int64_t id, struct region *ret_region);
/* The id that a region to be added gets, and where its store is: that is the directory's own, not the log's. */
int catalog_region_next(struct catalog_connection *c, int64_t *ret_id);
int catalog_store_put(struct catalog_connection *c, int64_t region, const char *path);
/* It is in the directory itself. */
int catalog_store_forget(struct catalog_connection *c, int64_t region);
/* The number in its mark, drawn for this directory, and also not the log's; 0: none was drawn yet. */
int catalog_store_number(struct catalog_connection *c, int64_t region, uint64_t *ret_number);
int catalog_store_number_put(struct catalog_connection *c, int64_t region, uint64_t number);
/* The last event, and the last id of a launch: a blob with a higher number is none of this catalog's, as it is now. */
struct last_ids {
        int64_t event, launch;
};
int catalog_last_ids(struct catalog_connection *c, struct last_ids *ret_last);
/* Fills images and bytes, of one owner or (0) of all. */
int catalog_region_totals(struct catalog_connection *c, int64_t owner, struct region *region);
/* Regions with id > after, in that order. */
int catalog_region_list(struct catalog_connection *c, int64_t after,
                        int (*each)(const struct region *region, void *context), void *context);

int catalog_setting_get(struct catalog_connection *c, const char *name, int64_t otherwise, int64_t *ret_value);

/* --- images --- */

/* The place of a live name; -ENOENT. */
int catalog_place_find(struct catalog_connection *c, int64_t region, int64_t owner, const char *name,
                       int64_t *ret_place);
int catalog_image_get(struct catalog_connection *c, int64_t place, struct image *ret_image);
/* The same by the image's id. */
int catalog_image_of_id(struct catalog_connection *c, int64_t id, struct image *ret_image);
/* `north/web@alice` of any image that ever was, as it is called now or was called last; and whether it lives. */
int catalog_image_name(struct catalog_connection *c, int64_t id, char ret_object[static OBJECT_SIZE],
                       int64_t *ret_place);
/* May an account know of an image, live or gone: it owns or owned it, or has a live share: 1 or 0. */
int catalog_image_known(struct catalog_connection *c, int64_t account, int64_t id);
/* Images the account owns in the region, drafts included (CONTRACT 4 quota-own-only). */
int catalog_image_count(struct catalog_connection *c, int64_t region, int64_t owner, int64_t *ret_count);
/* The images and launches it was copied from, in that order; none: an import. */
int catalog_image_sources(struct catalog_connection *c, int64_t id, int (*each)(int64_t source, void *context), void *context);
int catalog_image_same(struct catalog_connection *c, int64_t id, int64_t *ret_same); /* an import's like; 0: none known */

/* What its disk was when it was sealed (model.h). -ENOENT: it is not sealed, or the log did not tell it then. */
int catalog_image_format(struct catalog_connection *c, int64_t id, char ret_text[static FORMAT_SIZE]);

typedef int (*image_each)(const struct image_entry *entry, void *context);
/* Images of one owner in a region (owner 0: of all owners), cursor > after. `each` not 0 ends it and is returned. */
int catalog_image_list(struct catalog_connection *c, int64_t region, int64_t owner, int64_t after, image_each each,
                       void *context);
/* The share by which the account received an owner's image of that name in a region, and the image's place. -ENOENT, in
 * one way, whatever is not there: owner, image or share. */
int catalog_received_find(struct catalog_connection *c, int64_t region, int64_t account, const char *name,
                          const char *owner, int64_t *ret_share, int64_t *ret_place);
/* The place of `<img>@<owner>`, if the account receives it; it may be remembered for longer than it does. -ENOENT, in
 * one way, too. */
int catalog_received_place(struct catalog_connection *c, int64_t region, int64_t account, const char *name,
                           int64_t *ret_place);
/* Images shared with the account in a region. */
int catalog_received_list(struct catalog_connection *c, int64_t region, int64_t account, int64_t after,
                          image_each each, void *context);

/* Places of an owner's unsealed images with a disk. */
int catalog_image_unsealed(struct catalog_connection *c, int64_t region, int64_t owner,
                           int (*each)(int64_t place, void *context), void *context);
/* Is there an image or a launch of that id, with a disk, in that region, live or kept: 1 or 0. */
int catalog_disk_wanted(struct catalog_connection *c, int64_t region, int64_t id);
/* Every live disk of an account in a region, of images and instances, by its blob's id. */
int catalog_disk_ids(struct catalog_connection *c, int64_t region, int64_t account,
                     int (*each)(int64_t id, void *context), void *context);
/* Every live image with a disk in a region. */
int catalog_disk_each(struct catalog_connection *c, int64_t region,
                      int (*each)(const struct image *image, void *context), void *context);

/* Text and mtime of a live description. ret_length excludes NUL. */
int catalog_description_get(struct catalog_connection *c, int64_t id, char ret_text[static TEXT_SIZE],
                            size_t *ret_length, int64_t *ret_mtime, int64_t *ret_place);
/* The same of one that may have ended, as it was last, and whose it was. */
int catalog_description_last(struct catalog_connection *c, int64_t id, char ret_text[static TEXT_SIZE],
                             size_t *ret_length, int64_t *ret_mtime, int64_t *ret_owner);
/* The place of a live `shares` link. */
int catalog_shares_link_get(struct catalog_connection *c, int64_t id, int64_t *ret_place);

/* --- what is kept (CONTRACT 5.8) --- */

/* Disks that have ended and are kept, in the order in which they ended; of one region, of one owner; 0: of all. What a
 * page has is read before its first call. `each` not 0 ends it and is returned. */
int catalog_kept_each(struct catalog_connection *c, int64_t region, int64_t owner,
                      int (*each)(const struct kept *kept, void *context), void *context);
/* -ENOENT: no such disk is kept. */
int catalog_kept_get(struct catalog_connection *c, int64_t id, struct kept *ret_kept);
/* The description that an image's place had last while the image had its disk. -ENOENT: none. */
int catalog_kept_description(struct catalog_connection *c, int64_t image, int64_t *ret_id, char ret_text[static TEXT_SIZE]);
/* The image of a place whose name is, or was last, that: which had a disk, and ended last; as of the past, until then.
 * -ENOENT. */
int catalog_image_last(struct catalog_connection *c, int64_t region, int64_t owner, const char *name, int64_t *ret_id);
/* Other disks, live or kept, that have the bytes of an image or launch, as far as copies, launches and digests tell. */
int catalog_holders(struct catalog_connection *c, int64_t id,
                    int (*each)(const char *object, bool instance, bool kept, void *context), void *context);

/* --- shares --- */

int catalog_share_find(struct catalog_connection *c, int64_t image, int64_t account, struct share *ret_share);
/* The same by the account's name. */
int catalog_share_named(struct catalog_connection *c, int64_t image, const char *account, struct share *ret_share);
int catalog_share_get(struct catalog_connection *c, int64_t id, struct share *ret_share);
/* Live shares of an image, id > after; account 0: all, else only that one. */
int catalog_share_list(struct catalog_connection *c, int64_t image, int64_t account, int64_t after,
                       int (*each)(const struct share *share, void *context), void *context);
/* How many live shares an image has; no more than `most` are counted, which is what it costs. */
int catalog_share_count(struct catalog_connection *c, int64_t image, int64_t most, int64_t *ret_count);
/* The oldest live share an account received, with the image it is for. -ENOENT: none. */
int catalog_share_received(struct catalog_connection *c, int64_t account, struct share *ret_share);
/* Whether an account has a share of an image that no event has ended, expired or not: 1, 0 or -errno. */
int catalog_share_unended(struct catalog_connection *c, int64_t image, int64_t account);
/* A share that has expired but not been ended yet: the one due first, or that of an image and account. -ENOENT. */
int catalog_share_due(struct catalog_connection *c, struct share *ret_share);
int catalog_share_due_of(struct catalog_connection *c, int64_t image, int64_t account, struct share *ret_share);
/* When the next share expires, ms. -ENOENT: none does. */
int catalog_share_next_due(struct catalog_connection *c, int64_t *ret_time);

/* Who sees what, as rows. */
struct access_row {
        int64_t share, place;
        char region[NAME_SIZE];
        char image[OBJECT_SIZE]; /* `web@alice` */
        char account[NAME_SIZE];
        int64_t expires; /* ms; 0: never */
};
/* Which live shares, and after which. With an image: its own, of one account if that is set. With a region: those that
 * an account received there, from one owner if that is set; or, without account, of the owner's images there. Else all.
 */
struct access_filter {
        int64_t image, region, account, owner;
        int64_t place, share; /* the last row's */
};
/* A page, as catalog_log. */
int catalog_access(struct catalog_connection *c, const struct access_filter *filter,
                   int (*each)(const struct access_row *row, void *context), void *context);

/* --- trust --- */

/* -ENOENT: the account does not trust the owner. */
int catalog_trust_find(struct catalog_connection *c, int64_t account, int64_t owner, struct trust *ret_trust);
int catalog_trust_get(struct catalog_connection *c, int64_t id, struct trust *ret_trust);
/* Whom the account trusts, id > after: in the order of trusting. */
int catalog_trust_list(struct catalog_connection *c, int64_t account, int64_t after,
                       int (*each)(const struct trust *trust, void *context), void *context);

/* --- instances --- */

#define LAUNCH_FIRST (INT64_C(1) << 35) /* ids of launches lie above, all others below */

/* Instances the account has in the region (CONTRACT 4 instance-quota). */
int catalog_instance_count(struct catalog_connection *c, int64_t region, int64_t owner, int64_t *ret_count);
int catalog_instance_get(struct catalog_connection *c, int64_t id, struct instance *ret_instance);
int catalog_instance_find(struct catalog_connection *c, int64_t region, int64_t owner, const char *name,
                          struct instance *ret_instance);
/* The one whose last installation this is. */
int catalog_instance_of_launch(struct catalog_connection *c, int64_t launch, struct instance *ret_instance);
/* Of one owner in a region (0: of all), id > after. */
int catalog_instance_list(struct catalog_connection *c, int64_t region, int64_t owner, int64_t after, image_each each,
                          void *context);
/* An id for a disk that is going to be made; it is forgotten once that is launched or not needed, or left by a
 * crash. */
int catalog_launch_reserve(struct catalog_connection *c, int64_t instance, int64_t image, int64_t *ret_launch);
int catalog_launch_forget(struct catalog_connection *c, int64_t launch);
/* `north/vm1@bob`, the image it ran from, whose it is. */
int catalog_launch_name(struct catalog_connection *c, int64_t launch, char ret_object[static OBJECT_SIZE],
                        int64_t *ret_image, int64_t *ret_owner);
/* Every live disk of an instance in a region, by its launch, and `north/vm1@bob`. */
int catalog_launch_each(struct catalog_connection *c, int64_t region,
                        int (*each)(int64_t launch, const char *object, void *context), void *context);
/* The same of launches that were begun and have not ended. */
int catalog_reservation_each(struct catalog_connection *c, int64_t region,
                             int (*each)(int64_t launch, const char *object, void *context), void *context);
/* Who runs how many instances from an image, since when (ms). */
int catalog_launch_usage(struct catalog_connection *c, int64_t image,
                         int (*each)(const char *account, int64_t count, int64_t since, void *context), void *context);
