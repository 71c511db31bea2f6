/* SPDX-License-Identifier: MIT
 * A backup, in the order that keeps it whole at every instant: the disks, the catalog beside its place, its name, and
 * only then is removed what just the old catalog needed.
 */
#include "upkeep/target.h"

#include <sys/stat.h>

#include "directory.h"
#include "backup_mark.h"
#include "upkeep/wing.h"

_Static_assert(CHECK_HASH_SIZE == EVENT_HASH_SIZE, "one hash");

/* The catalog that is there must be the beginning of this one. */
static int check_beginning(struct service *service, const struct target *target, char why[static WHY_SIZE]) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct catalog_connection *old_c = NULL;
        struct catalog *old = NULL;
        struct log_head head;
        bool same = false;
        int r = catalog_open(target->path, CATALOG_READ_ONLY, &old);

        if (r == 0) {
                same = strcmp(catalog_uuid(old), catalog_uuid(service->catalog)) == 0;
                r = catalog_read(old, &old_c);
        }
        if (r == 0)
                r = catalog_head(old_c, &head);
        catalog_read_end(&old_c);
        (void)catalog_close(old); /* returns NULL */
        if (r < 0) {
                service_explain(r, why);
                return r;
        }
        if (same) {
                r = catalog_read(service->catalog, &c);
                if (r == 0)
                        r = catalog_head_is(c, &head);
                same = r > 0;
        }
        if (r >= 0 && !same)
                say_why(why, "it is a backup of another catalog, or of events that this one does not have: its last "
                        "one is %lld; name another directory", (long long)head.event);
        return r < 0 ? r : same ? 0 : -ESTALE;
}

static int backup_check_kind(const struct target *target, const char *mark, char why[static WHY_SIZE]) {
        char text[BACKUP_MARK_SIZE];
        int r = backup_mark_read(target->mark_fd, text);

        if (r < 0 || strcmp(text, mark) == 0)
                return r;
        say_why(why, "it is a backup %s disks; name another directory",
                strcmp(text, BACKUP_WITHOUT_DISKS) == 0 ? "without" : "with");
        return -EEXIST;
}

static int backup_prepare(struct request *request, const struct backup *backup, const struct target *target,
                          char why[static WHY_SIZE]) {
        const char *mark = backup->without_disks ? BACKUP_WITHOUT_DISKS : BACKUP_WITH_DISKS;
        int r;

        if (!target->whole)
                return target_mark(target, mark);
        r = backup_check_kind(target, mark, why);
        return r < 0 ? r : check_beginning(request->service, target, why);
}

static void copy_progress(int64_t pages, int64_t all, void *context) {
        struct backup *backup = context;

        backup->pages = pages;
        backup->all_pages = all;
        if (backup->progress)
                backup->progress(backup, backup->context);
}

int taking_catalog(struct taking *t) {
        const struct copy_reader reader = { .progress = copy_progress, .context = t->backup };
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct log_head head;
        int r = catalog_read(t->from->catalog, &c);

        if (r == 0)
                r = catalog_head(c, &head);
        catalog_read_end(&c);
        if (r == 0 && !t->backup->without_disks)
                r = taking_all(t);
        if (r == 0)
                r = taking_moment(t, head.event, &c, &head);
        if (r < 0)
                return r;
        t->backup->event = head.event;
        memcpy(t->backup->hash, head.hash, sizeof(t->backup->hash));
        r = catalog_copy(c, t->target->unfinished, &reader);
        catalog_read_end(&c);
        /* what a copy has must not be lost by the catalog itself: then it would not be its beginning */
        return r < 0 ? r : catalog_sync(t->from->catalog);
}

int taking_end(struct taking *t) {
        struct catalog_connection *c = NULL;
        struct catalog *catalog = NULL;
        int r = taking_held(t);

        if (r == 0)
                r = catalog_open(t->target->unfinished, CATALOG_READ_ONLY, &catalog);
        if (r == 0)
                r = catalog_read(catalog, &c);
        if (r == 0)
                r = taking_verify(t, c);
        catalog_read_end(&c);
        (void)catalog_close(catalog); /* returns NULL */
        return r;
}

static int backup_run(struct request *request, const struct target *target, struct backup *backup,
                      char why[static WHY_SIZE]) {
        _cleanup_taking_ struct taking t = { .from = request->service, .target = target, .backup = backup, .why = why };
        int r = backup_prepare(request, backup, target, why);

        if (r == 0)
                r = taking_catalog(&t);
        if (r == 0 && !backup->without_disks)
                r = taking_end(&t);
        if (r == 0)
                r = target_take(target);
        if (r == -EBUSY)
                say_why(why, "somebody has it open; unmount it, and run this again");
        if (r == 0)
                r = target_commit(target);
        return r < 0 ? r : target_prune(target);
}

int service_backup(struct request *request, const char *dir, struct backup *backup, char ret_why[static WHY_SIZE]) {
        _cleanup_target_ struct target target = TARGET_NONE;
        int r;

        ret_why[0] = '\0';
        if (request->caller.role != ROLE_OPERATOR)
                return -EACCES;
        if (request->service->past && !backup->without_disks) {
                say_why(ret_why, "this is itself a backup without disks; only --without-disks can be made of it");
                return -ENOENT;
        }
        r = target_open(dir, request->service->dir, BACKUP_MARK, "backup", &target, ret_why);
        if (r == 0)
                r = backup_run(request, &target, backup, ret_why);
        if (r < 0 && !ret_why[0])
                say_why(ret_why, "%s", strerror(-r));
        return r;
}
