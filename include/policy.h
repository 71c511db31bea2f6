/* SPDX-License-Identifier: MIT
 * The policy core: may it be done? Facts in, verdict out; pure, no clock, no I/O, no state, any thread.
 *
 * Every function returns 0 (it may), the id of the rule that refuses (> 0, enum rule), or -ENOENT, -EINVAL or -EBUSY
 * where CONTRACT 4's order puts these between the rules. Comments list the checks in CONTRACT 4's order.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model.h"
#include "verdict.h"

/* Sharing an image with an account (CONTRACT 4 *share*). */
struct share_facts {
        enum role role;    /* of the caller */
        bool visible;      /* the caller may know that the image exists */
        bool owner;        /* the caller owns it */
        bool name_valid;   /* the account's name is valid */
        bool known;        /* the catalog has that account */
        bool self;         /* the account is the owner */
        enum role account_role;
        bool exists;       /* a live share with it exists */
        bool available;    /* state available or sealed, disk not empty */
        bool needs_files;  /* its disk names other files; not known of one that is being written */
        bool busy;         /* its disk is open or mapped for writing */
        bool review_required, reviewed;
        int64_t shares, shares_limit;
};
int policy_share_grant(const struct share_facts *facts);

/* Ending a share: read-only-role, ENOENT (image), no-reshare, ENOENT (share). */
struct revoke_facts {
        enum role role;
        bool visible, owner;
        bool recipient; /* the caller is the share's recipient: giving up one's own share is allowed */
        bool exists;    /* the share is live */
};
int policy_share_revoke(const struct revoke_facts *facts);

/* Making an image (mkdir): read-only-role, role, ENOENT (region), EINVAL, quota-own-only, name-taken. */
struct create_facts {
        enum role role;
        bool region_known, name_valid, name_taken;
        int64_t images, quota; /* the caller's, in that region */
};
int policy_image_create(const struct create_facts *facts);

/* Deleting an image, its disk or another part of it (CONTRACT 4 *delete*); EBUSY last: it is being copied. */
struct delete_facts {
        enum role role;
        bool visible, owner;
        int64_t shares;
        bool busy;
};
int policy_image_delete(const struct delete_facts *facts);

/* Renaming and describing (CONTRACT 4): read-only-role, ENOENT, shared-frozen, EINVAL, name-taken. */
struct edit_facts {
        enum role role;
        bool visible, owner;
        int64_t shares;
        bool valid;      /* the new name or text is acceptable */
        bool name_taken; /* false when describing */
};
int policy_image_edit(const struct edit_facts *facts);

/* The room that an account's disks take in a region once it has what it asks for, and may take; both 0 if it asks for
 * none. */
struct room_facts {
        int64_t bytes, limit;
};

/* Bringing back what was deleted: read-only-role, ENOENT, EINVAL, quota-own-only, instance-quota, byte-quota,
 * name-taken. Of what it is not, an image or an instance, there are 0 of at most 1. */
struct undelete_facts {
        enum role role;
        bool visible, name_valid, name_taken;
        int64_t images, quota;             /* its owner has, may have, in that region */
        int64_t instances, instances_limit; /* likewise */
        struct room_facts room;
};
int policy_undelete(const struct undelete_facts *facts);

/* Reading a disk's bytes, or copying it: ENOENT, no-copy-of-shared, EBUSY, quota-own-only, byte-quota, name-taken.
 * For a mere read the last four are 0 / false. */
struct copy_facts {
        bool visible, owner;
        bool busy; /* the source is open or mapped for writing */
        int64_t images, quota; /* quota is judged as images >= quota: 0 and 1 (or more) for a mere read */
        struct room_facts room;
        bool name_taken;
};
int policy_image_copy(const struct copy_facts *facts);

/* Opening a disk for writing, truncating it, making it: read-only-role, ENOENT, role (an operator), sealed, EBUSY
 * (it is the source of a copy under way, or being sealed). */
struct write_facts {
        enum role role;
        bool visible, owner, sealed, busy;
};
int policy_disk_write(const struct write_facts *facts);

/* Writing to a disk that is open where it has no bytes yet: byte-quota. */
int policy_disk_grow(const struct room_facts *facts);

/* Sealing by hand: read-only-role, ENOENT, shared-frozen (the caller is not the owner), image-available, EBUSY. */
struct seal_facts {
        enum role role;
        bool visible, owner, available, busy;
};
int policy_image_seal(const struct seal_facts *facts);

/* Managing regions, accounts and limits: read-only-role for an auditor, role for an ordinary account. */
int policy_manage(enum role role);

/* Changing an account's role, asked by an operator: role, if the account owns an image or instance or receives a share
 * and would no longer be an ordinary account. */
struct role_facts {
        enum role role; /* of the caller */
        enum role from, to;
        int64_t images, shares, instances; /* owned, received, owned */
};
int policy_role_change(const struct role_facts *facts);

/* Setting a share's expiry: read-only-role, ENOENT (image), no-reshare (only the owner does), ENOENT (share), EINVAL.
 */
struct expiry_facts {
        enum role role;
        bool visible, owner;
        bool exists; /* the share is live */
        bool valid;  /* the text is a time, and not a past one */
};
int policy_share_expire(const struct expiry_facts *facts);

/* Making an instance (mkdir): read-only-role, role, ENOENT (region), EINVAL, EEXIST, instance-quota. */
struct instance_facts {
        enum role role;
        bool region_known, name_valid, exists;
        int64_t instances, limit; /* the caller's, in that region */
};
int policy_instance_create(const struct instance_facts *facts);

/* Launching or reinstalling (CONTRACT 4 *launch*). */
struct launch_facts {
        enum role role;
        bool instance_own; /* the caller owns the instance, and may know of it */
        bool visible;      /* the caller owns the image or has a live share */
        bool same_region;
        bool available;    /* state available or sealed, disk not empty */
        bool needs_files;  /* as above */
        bool busy;         /* the image's disk is open for writing, or the instance's own is open */
        bool trust_required, trusted; /* require-trust; the owner is trusted, or the caller itself */
        struct room_facts room;
};
int policy_instance_launch(const struct launch_facts *facts);

/* Anything else with an instance, its disk's bytes included: read-only-role for a change by an auditor, ENOENT if the
 * caller must not know it, role for staff who sees it. */
struct instance_use_facts {
        enum role role;
        bool visible, owner;
        bool change;
};
int policy_instance_use(const struct instance_use_facts *facts);

/* Trusting an owner, or no longer: read-only-role, role (staff launches nothing), unknown-account, no-self-share. */
struct trust_facts {
        enum role role;
        bool known, self;
};
int policy_trust(const struct trust_facts *facts);
