/* SPDX-License-Identifier: MIT
 * What the nouns do for each other and for the wings: mostly halves of a request, for callers that are in a transaction
 * already. A `_judge` returns 0, the rule that refuses or -errno; its `_commit` then writes the event.
 */
#pragma once

#include "account.h"
#include "disk/seal.h"
#include "image.h"
#include "instance.h"
#include "log/decision.h"
#include "policy.h"
#include "request.h"
#include "share.h"

/* --- listing.c --- */

/* The place called `<img>` (of the account) or `<img>@<owner>` in a region. Does not check who may see it. */
int place_by_name(struct catalog_connection *c, int64_t region, int64_t account, const char *name, int64_t *ret_place);
/* The same, of what the caller sees, or saw a moment ago: who has it asks again. -ENOENT, in one way for what it does
 * not see and for what is not there: the same statements, so that neither their number nor the time tells them
 * apart. */
int place_seen_by_name(struct catalog_connection *c, const struct request *request, int64_t region, const char *name,
                       int64_t *ret_place);
/* `north/web@alice`, or for a launch `instance north/vm1@bob from north/web@alice`; `hidden` for what the caller (NULL:
 * the log) may not know of. */
int source_name(struct catalog_connection *c, const struct caller *caller, int64_t id,
                char ret_text[static SOURCE_SIZE]);

/* --- description.c --- */

/* Logs an mtime set by hand, ns; 0: the blob's own counts again. op: EVENT_TIMES_DISK or _DESCRIPTION. */
int times_commit(struct catalog_connection *c, struct decision *d, enum event_op op, int64_t mtime);

/* --- review.c --- */

/* Clears `reviewed`, before a disk is opened for writing: so it is of no bytes that came later, whatever then happens.
 * The caller holds BLOB_LOCK_WRITE. */
int review_reset(struct request *request, const struct image *image);
/* Sets `reviewed`. */
int review_commit(struct catalog_connection *c, struct decision *d, bool reviewed);

/* --- account.c --- */

/* May the caller look into an account (CONTRACT 3.2)? */
bool account_seen(const struct request *request, int64_t account);
/* Asks the catalog nothing, and so does not tell whether there is such an account. */
bool account_seen_by_name(const struct request *request, const char *name);

/* --- instance.c --- */

/* Whether an id is an instance's disk, which is never sealed and never a link. */
static inline bool is_launch(int64_t id) {
        return id >= LAUNCH_FIRST;
}
/* How many instances the owner has in the region, and may have, to d->count and d->limit. */
int instance_count_in(struct catalog_connection *c, struct decision *d, int64_t region, int64_t owner);
/* Reads an instance and judges its use. Sets d->object to its name. */
int instance_judge_in(struct catalog_connection *c, struct decision *d, int64_t id, bool change,
                      struct instance *ret_instance);

/* --- share.c: for a decision that has been read in this transaction --- */

/* ret_account is set unless < 0 or the account is unknown. */
int share_grant_judge(struct catalog_connection *c, struct decision *d, const struct seal *seal,
                      struct account *ret_account);
/* Seals the image, too. */
int share_grant_commit(struct catalog_connection *c, struct decision *d, const struct seal *seal,
                       const struct account *account, int64_t *ret_share);
int share_revoke_judge(struct catalog_connection *c, struct decision *d, struct share *ret_share);
/* How many instances and derived images remain at an account. Counting costs more than the event, so it is done
 * before. */
struct remains {
        int64_t image, account; /* 0: nothing was counted */
        int64_t instances, derived;
};
/* Before the transaction: judges as in it, and counts. Also 0 if the share is not to be ended: the transaction says
 * why. */
int share_remains(struct request *request, struct decision *d, struct remains *ret_remains);
int share_revoke_commit(struct catalog_connection *c, struct decision *d, const struct share *share,
                        const struct remains *remains);
/* Fills in an unshare's event: the share, and what remains. NULL, or of another share: only what is near is counted. */
int unshare_details(struct catalog_connection *c, const struct share *share, const struct remains *remains,
                    struct event *event);

/* --- expiry.c --- */

/* As in share.c. valid: the time is well-formed and in the future. */
int share_expire_judge(struct decision *d, bool exists, bool valid);
int share_expire_commit(struct catalog_connection *c, struct decision *d, int64_t share, const char *account,
                        int64_t expires);
/* Ends a share that has expired, so that another can take its place. */
int expiry_commit(struct catalog_connection *c, const struct caller *caller, const struct share *share);
