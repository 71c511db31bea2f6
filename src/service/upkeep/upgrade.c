/* SPDX-License-Identifier: MIT
 * Upgrades a catalog's directory to this version's format, and says in a sentence why it cannot.
 */
#include "upgrade.h"

#include <fcntl.h>
#include <sys/file.h>

#include "directory.h"
#include "state.h"

static int upgrade_discrepancy(const struct discrepancy *d, void *context) {
        const struct upgrade *u = context;

        return u->each(&(struct finding){ .what = d->what, .object = d->object, .problem = d->problem,
                                          .repair = "compare with a backup of the catalog" }, u->context);
}

static void upgrade_progress(int64_t events, void *context) {
        const struct upgrade *u = context;

        if (u->progress)
                u->progress(events, u->context);
}

static void explain_upgrade(int r, const struct upgraded *done, char why[static WHY_SIZE]) {
        switch (r) {
        case -EAGAIN:
                say_why(why, "it is in use; unmount it, and end what else has it open");
                break;
        case -EBADMSG:
                if (done->failed != 0)
                        say_why(why, "event %lld of its log does not follow from those before it; nothing was changed",
                                (long long)done->failed);
                else
                        say_why(why, "%d of its rows %s not follow from its log; nothing was changed", done->differences,
                                done->differences == 1 ? "does" : "do");
                break;
        case -EEXIST:
                say_why(why, "catalog.db.format-%lld is there already: the old file would have that name; move it away",
                        (long long)done->format);
                break;
        case -EUCLEAN:
                say_why(why, "its catalog.db is damaged; nothing was changed; use a backup");
                break;
        case -ENOENT:
        case -EMEDIUMTYPE:
        case -EPROTONOSUPPORT:
                service_explain(r, why);
                break;
        default:
                say_why(why, "%s", strerror(-r));
        }
}

/* One upgrade at a time: two would each find the catalog in use, by the other. */
static int upgrade_lock(const char *dir, int *ret_fd) {
        _cleanup_fd_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EAGAIN : -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int service_upgrade(const char *dir, uid_t uid, struct upgrade *upgrade, char ret_why[static WHY_SIZE]) {
        const struct caller caller = {
                .account = 1, .name = "operator", .role = ROLE_OPERATOR, .uid = uid, .via = VIA_CLI
        };
        const struct upgrade_reader reader = { .each = upgrade_discrepancy, .progress = upgrade_progress,
                                               .context = upgrade };
        _cleanup_free_ char *path = NULL;
        _cleanup_fd_ int lock_fd = -1;
        struct upgraded done = { 0 };
        bool unwritable;
        int r = service_check_directory(dir, 0, &unwritable, ret_why);

        if (r < 0)
                return r;
        if (asprintf(&path, "%s/catalog.db", dir) < 0) {
                path = NULL;
                r = -ENOMEM;
        }
        if (r == 0)
                r = upgrade_lock(dir, &lock_fd);
        if (r == 0)
                r = catalog_upgrade(path, &caller, upgrade->plan, &reader, &done);
        upgrade->format = done.format;
        upgrade->events = done.events;
        upgrade->differences = done.differences;
        if (r < 0)
                explain_upgrade(r, &done, ret_why);
        return r;
}
