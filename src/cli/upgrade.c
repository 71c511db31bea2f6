/* SPDX-License-Identifier: MIT
 * `imgshare upgrade`: upgrades a catalog of an earlier format to this version's.
 */
#include "upgrade.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "timestamp.h"

struct run {
        int64_t looked; /* time in ms of the last progress line; 0: none shown */
};

static void upgrade_hide_progress(struct run *run) {
        if (run->looked != 0)
                (void)fputs("\r\033[K", stderr);
        run->looked = 0;
}

static int upgrade_found(const struct finding *finding, void *context) {
        upgrade_hide_progress(context);
        (void)fprintf(stderr, "imgshare: %s '%s': %s\n", finding->what, finding->object, finding->problem);
        return 0;
}

static void upgrade_show_progress(int64_t events, void *context) {
        const int64_t now = timestamp_now();
        struct run *run = context;

        if (now - run->looked < 200)
                return;
        run->looked = now;
        (void)fprintf(stderr, "\r%lld events\033[K", (long long)events);
}

static enum status cmd_upgrade(const struct call *call) {
        struct run run = { 0 };
        struct upgrade upgrade = { .plan = call->option[OPTION_PLAN], .each = upgrade_found,
                                   .progress = isatty(STDERR_FILENO) ? upgrade_show_progress : NULL, .context = &run };
        char why[WHY_SIZE] = "";
        int r;

        if (strcmp(call->as, "operator") != 0)
                return error_failed("cannot upgrade '%s': only the operator may", call->dir);
        r = service_upgrade(call->dir, getuid(), &upgrade, why);
        upgrade_hide_progress(&run);
        if (r < 0)
                return error_failed("cannot upgrade '%s': %s", call->dir, why[0] ? why : error_text(r, NULL));
        if (upgrade.events == 0)
                (void)printf("'%s' is of this version's format already\n", call->dir);
        else if (upgrade.plan)
                (void)printf("'%s' can be upgraded: all its rows follow from its log\n", call->dir);
        else
                (void)printf("'%s' is upgraded, with %lld events; its old file is catalog.db.format-%lld\n", call->dir,
                             (long long)upgrade.events, (long long)upgrade.format);
        return STATUS_DONE;
}

const struct verb upgrade_verbs[] = {
        { .name = "upgrade",
          .arguments = "[-n]",
          .summary = "bring a catalog of an earlier version to this version's format",
          .help = "Makes the catalog's rows again from its log, in the format of this version, and\n"
                  "compares them with those there are; then the new file takes the old one's place,\n"
                  "which stays beside it as catalog.db.format-N. Nobody may have the catalog open.\n"
                  "The log goes on where it was, with an event that says what earlier ones did not.\n"
                  "Interrupted at any moment it has either happened or not; run it again.\n"
                  "  -n  only try whether it can be done; nothing is changed\n",
          .example = "imgshare -C /var/lib/imgshare upgrade",
          .least = 0,
          .most = 0,
          .options = WITH(PLAN),
          .run = cmd_upgrade },
        { 0 },
};
