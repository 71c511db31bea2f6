/* SPDX-License-Identifier: MIT
 * `imgshare init`: a new, empty catalog.
 */
#include <unistd.h>

#include "internal.h"

static enum status cmd_init(const struct call *call) {
        const char *dir = call->arguments[0];
        char why[WHY_SIZE] = "";
        int r;

        r = service_create(dir, getuid(), VIA_CLI, why);
        if (r < 0)
                return error_failed("cannot create '%s': %s", dir, why[0] ? why : error_text(r, NULL));
        return STATUS_DONE;
}

const struct verb init_verbs[] = {
        { .name = "init",
          .arguments = "DIR",
          .summary = "create an empty catalog",
          .help = "Creates DIR with an empty catalog in it. The directory above must exist, and DIR\n"
                  "must be missing or empty. DIR and all in it belong to you alone: who can read\n"
                  "it reads every disk, who can write it is the operator. -C is not looked at.\n",
          .example = "imgshare init /var/lib/imgshare",
          .least = 1,
          .most = 1,
          .run = cmd_init },
        { 0 },
};
