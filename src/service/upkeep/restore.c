/* SPDX-License-Identifier: MIT
 * A catalog made from a backup: its disks are files of its own, and its log goes on behind the backup's last event.
 */
#include "upkeep/target.h"

#include <fcntl.h>

#include "directory.h"
#include "hex.h"
#include "backup_mark.h"

/* What is restored: another backup, or a later state of it, must not be mixed with it. */
static int restore_mark(struct service *service, char ret_mark[static BACKUP_MARK_SIZE]) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        char hash[2 * EVENT_HASH_SIZE + 1];
        struct log_head head;
        int r = catalog_read(service->catalog, &c);

        if (r == 0)
                r = catalog_head(c, &head);
        if (r < 0)
                return r;
        (void)snprintf(ret_mark, BACKUP_MARK_SIZE, "restore %s %lld %s\n", catalog_uuid(service->catalog),
                       (long long)head.event, hex_format(head.hash, EVENT_HASH_SIZE, hash)); /* fits */
        return 0;
}

static int check_mark(const struct target *target, const char *mark, char why[static WHY_SIZE]) {
        char text[BACKUP_MARK_SIZE];
        int r = backup_mark_read(target->mark_fd, text);

        if (r < 0 || strcmp(text, mark) == 0)
                return r;
        if (strchr(text, '\n') || target->whole) {
                say_why(why, "a restore of another backup into it was interrupted; name another directory");
                return -EEXIST;
        }
        return target_mark(target, mark); /* not written yet */
}

static int restore_run(struct service *service, uid_t uid, const struct target *target, struct backup *restore,
                       char why[static WHY_SIZE]) {
        const struct caller caller = {
                .account = 1, .name = "operator", .role = ROLE_OPERATOR, .uid = uid, .via = VIA_CLI
        };
        _cleanup_taking_ struct taking t = { .from = service, .target = target, .own = true, .backup = restore,
                                             .why = why };
        char mark[BACKUP_MARK_SIZE];
        int r = restore_mark(service, mark);

        if (r == 0)
                r = check_mark(target, mark, why);
        if (r < 0 || target->whole)
                return r;
        r = taking_catalog(&t);
        if (r == 0)
                r = taking_end(&t);
        if (r == 0)
                r = catalog_restored(target->unfinished, &caller);
        return r < 0 ? r : target_commit(target);
}

int service_restore(const char *from, const char *dir, uid_t uid, struct backup *restore,
                    char ret_why[static WHY_SIZE]) {
        _cleanup_service_ struct service *service = NULL;
        _cleanup_target_ struct target target = TARGET_NONE;
        char why[WHY_SIZE];
        int r = service_open(from, SERVICE_READ_ONLY, &service, why);

        if (r < 0) {
                say_why(ret_why, "cannot open '%.100s': %.380s", from, why);
                return r;
        }
        if (service->backup_fd < 0 || service->past) {
                say_why(ret_why, service->past ? "'%s' is a backup without disks"
                                               : "'%s' is no backup; imgshare backup makes one", from);
                return -EINVAL;
        }
        r = target_open(dir, from, RESTORE_MARK, "interrupted restore", &target, ret_why);
        if (r == 0)
                r = restore_run(service, uid, &target, restore, ret_why);
        if (r == 0)
                (void)unlinkat(target.fd, RESTORE_MARK, 0); /* beside a catalog it says nothing, if it stays */
        if (r < 0 && !ret_why[0])
                say_why(ret_why, "%s", strerror(-r));
        return r;
}
