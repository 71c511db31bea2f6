/* SPDX-License-Identifier: MIT
 * Mending what a check finds (CONTRACT 10 *Repair*): rows by the log, before anything else looks at them; then what
 * lies in the stores. Each thing done there is an event, in the transaction that does it, and asks the catalog once
 * more in it. No byte of a disk is written or removed.
 */
#include <sys/stat.h>

#include "blob.h"
#include "check.h"
#include "directory.h"
#include "disk/stores.h"
#include "request.h"
#include "upkeep/wing.h"

/* --- the catalog --- */

struct mending {
        int (*each)(const struct finding *finding, void *context);
        void *context;
        int left;
};

static int mend_tell(const struct discrepancy *d, bool mended, void *context) {
        struct mending *m = context;

        m->left += !mended;
        return m->each(&(struct finding){ .what = d->what, .object = d->object, .problem = d->problem,
                                          .repair = mended ? "made anew from the log" : check_remedy(true) },
                       m->context);
}

static void explain_repair(int r, char why[static WHY_SIZE]) {
        switch (r) {
        case -EAGAIN:
                say_why(why, "others write to it all the time; unmount it, and try again");
                break;
        case -ENOSPC:
                say_why(why, "no space left: what is made anew takes as much again as the catalog, in its directory and in"
                             " that for temporary files; nothing was changed");
                break;
        case -EMEDIUMTYPE:
        case -EUCLEAN:
        case -EIO:
                say_why(why, "its catalog.db cannot be read as a catalog; nothing was changed; imgshare restore makes one"
                             " from a backup");
                break;
        default:
                service_explain(r, why);
        }
}

/* A backup is not repaired, nor what cannot be written. That it is damaged is no reason not to, nor that its stores
 * seem to be another's, which may come of that. */
static int check_writable(const char *dir, char why[static WHY_SIZE]) {
        _cleanup_service_ struct service *service = NULL;
        int r = service_open(dir, SERVICE_AS_FOUND, &service, why);

        return r == -EUCLEAN || r == -EMEDIUMTYPE || r == -EIO ? 0 : r;
}

int check_repair(const char *dir, uid_t uid, const uint8_t *kept,
                 int (*each)(const struct finding *finding, void *context), void *context,
                 char ret_why[static WHY_SIZE]) {
        const struct caller caller = {
                .account = 1, .name = "operator", .role = ROLE_OPERATOR, .uid = uid, .via = VIA_CLI
        };
        struct mending m = { .each = each, .context = context };
        const struct repair_reader reader = { .each = mend_tell, .context = &m };
        _cleanup_free_ char *path = NULL;
        struct repaired done;
        int r = check_writable(dir, ret_why);

        if (r < 0)
                return r;
        if (asprintf(&path, "%s/catalog.db", dir) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = catalog_repair(path, &caller, kept, &reader, &done);
        if (r < 0)
                explain_repair(r, ret_why);
        return r < 0 ? r : m.left;
}

/* --- the stores --- */

struct store_repair {
        struct request *request;
        const struct region *region;
        struct blob_store *store;
        const char *member; /* of the event's detail */
        int64_t id;         /* its value, */
        const char *text;   /* or this */
        int (*act)(struct catalog_connection *c, const struct store_repair *n);
};

static int run_store_repair(struct catalog_connection *c, void *context) {
        const struct store_repair *n = context;
        int64_t event;
        int r = n->act(c, n);

        if (r != 0)
                return r;
        return catalog_event_add(c, &(struct event){ .caller = &n->request->caller, .op = EVENT_REPAIR,
                                                     .object = n->region->name,
                                                     .detail[0] = { .key = n->member, .number = n->id, .text = n->text } },
                                 &event);
}

static int store_repair(struct store_repair *n) {
        return request_write(n->request, run_store_repair, n);
}

static int act_set_aside(struct catalog_connection *c, const struct store_repair *n) {
        int r = catalog_disk_wanted(c, n->region->id, n->id);

        return r < 0 ? r : r > 0 ? -EBUSY : blob_set_aside(n->store, n->id);
}

int repair_blob(struct request *request, const struct region *region, struct blob_store *store, int64_t id) {
        return store_repair(&(struct store_repair){ .request = request, .region = region, .store = store, .member = "blob",
                                                    .id = id, .act = act_set_aside });
}

struct wanted {
        struct catalog_connection *c;
        int64_t region;
};

static int mark_wanted(int64_t id, void *context) {
        const struct wanted *wanted = context;

        return catalog_disk_wanted(wanted->c, wanted->region, id);
}

static int act_mark(struct catalog_connection *c, const struct store_repair *n) {
        struct service *service = n->request->service;
        struct wanted wanted = { c, n->region->id };
        _cleanup_free_ char *path = NULL;
        struct blob_owner owner;
        struct last_ids last;
        int r = claim_owner(service, c, n->region->id, &owner);

        if (r == 0)
                r = service_store_path(service, n->region, &path);
        if (r == 0)
                r = catalog_last_ids(c, &last);
        return r < 0 ? r : blob_store_remark(path, &owner, last.event, mark_wanted, &wanted);
}

int repair_mark(struct request *request, const struct region *region) {
        return store_repair(&(struct store_repair){ .request = request, .region = region, .member = "mark",
                                                    .text = "written", .act = act_mark });
}

static int act_forget(struct catalog_connection *c, const struct store_repair *n) {
        return catalog_launch_forget(c, n->id);
}

int repair_reservation(struct request *request, const struct region *region, int64_t id) {
        return store_repair(&(struct store_repair){ .request = request, .region = region, .member = "reservation",
                                                    .id = id, .act = act_forget });
}
