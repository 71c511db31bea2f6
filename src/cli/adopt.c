/* SPDX-License-Identifier: MIT
 * `imgshare adopt`: stores that another copy of this catalog has are taken over.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "internal.h"

static enum status adopt_one(struct session *session, const char *name, bool named) {
        static const struct meaning meanings[] = {
                { ENOENT, "no such region" },
                { EIO, "its store is offline: mount it where region list shows it, or say where it is with region set" },
                { 0 },
        };
        char why[WHY_SIZE] = "";
        int r = region_adopt(&session->request, name, why);

        if (r == -EALREADY) {
                if (named)
                        (void)printf("the store of '%s' is this catalog's already\n", name);
                return STATUS_DONE;
        }
        if (r == -EPERM && why[0])
                return error_failed("region '%s': %s", name, why);
        if (r == 0)
                (void)printf("the store of '%s' is this catalog's from now on\n", name);
        return error_result(&session->request, r, meanings, "region", name);
}

struct names {
        char **names;
        size_t count;
};

static int note_name(const struct region *region, void *context) {
        struct names *names = context;
        char **more = reallocarray(names->names, names->count + 1, sizeof(*more));

        if (!more)
                return -ENOMEM;
        names->names = more;
        more[names->count] = strdup(region->name);
        return more[names->count] ? (names->count++, 0) : -ENOMEM;
}

static void names_clear(struct names *names) {
        for (size_t i = 0; i < names->count; i++)
                free(names->names[i]);
        free(names->names);
}

static enum status adopt_all(struct session *session) {
        _cleanup_(names_clear) struct names names = { 0 };
        enum status status = error_result(&session->request, region_list(&session->request, note_name, &names), NULL,
                                          "regions", NULL);

        for (size_t i = 0; i < names.count; i++) {
                enum status one = adopt_one(session, names.names[i], false);

                status = status ? status : one;
        }
        return status;
}

static enum status cmd_adopt(const struct call *call) {
        _cleanup_(session_close) struct session session = { 0 };
        enum status status = session_open(call, SERVICE_ANY_STORE, &session);

        if (status)
                return status;
        if (call->count == 0)
                return adopt_all(&session);
        for (int i = 0; i < call->count; i++) {
                enum status one = adopt_one(&session, call->arguments[i], true);

                status = status ? status : one;
        }
        return status;
}

const struct verb adopt_verbs[] = {
        { .name = "adopt",
          .arguments = "[REGION...]",
          .summary = "take over the stores of another copy of the catalog",
          .help = "Takes over stores that another copy of this catalog has, or that a newer state\n"
                  "of it wrote to. Without REGION: all that are not this catalog's. From then on\n"
                  "the other copy can only be read. Disks that this catalog does not know go to\n"
                  "lost+found in the store, and are removed after a week.\n",
          .example = "imgshare -C /srv/restored adopt north",
          .most = -1,
          .run = cmd_adopt },
        { 0 },
};
