/* SPDX-License-Identifier: MIT
 * `imgshare image`: what an operator does to images.
 */
#include <errno.h>

#include "cleanup.h"
#include "internal.h"
#include "undelete.h"

static int holder_add(const struct holder *holder, void *context) {
        const struct cell cells[] = {
                cell_text(holder->object),
                cell_text(holder->instance ? "instance" : "image"),
                cell_text(holder->kept ? "kept" : "live"),
        };

        return table_add(context, cells);
}

static enum status cmd_image_purge(const struct call *call) {
        static const struct column columns[] = { { "object" }, { "what" }, { "state" } };
        static const struct meaning meanings[] = {
                { ENOENT, "nothing of that name is kept, see 'imgshare undelete --list'" },
                { ENXIO, "its region or owner was removed, and what was kept with it" },
                { EBUSY, "it is not deleted; a deleted one of that name is IMAGE#ID, see 'imgshare undelete --list'" },
                { ENOTUNIQ, "several of that name are kept, name one as IMAGE#ID, see 'imgshare undelete --list'" },
                { 0 },
        };
        _cleanup_(table_clear) struct table table = TABLE(columns);
        _cleanup_(session_close) struct session session = { 0 };
        const char *what = call->arguments[0];
        enum status status = session_open(call, 0, &session);

        if (status)
                return status;
        status = error_result(&session.request, image_purge(&session.request, what, holder_add, &table), meanings, "image",
                              what);
        session_close(&session);
        return status ? status : table_print(&table, call);
}

const struct verb image_verbs[] = {
        { .name = "image purge",
          .arguments = "IMAGE[#ID] [--json]",
          .summary = "destroy the bytes of a deleted image or instance now",
          .help = "Destroys what is kept of IMAGE (REGION/IMG@OWNER, also of an instance), and\n"
                  "prints the disks that have the same bytes, as far as copies, launches and\n"
                  "digests tell: object, image or instance, live or kept. If several of that name\n"
                  "are kept, or one lives, #ID names one ('imgshare undelete --list').\n"
                  "\n"
                  "  --json   an array of objects\n",
          .example = "imgshare image purge north/web@alice",
          .least = 1,
          .most = 1,
          .options = WITH(JSON),
          .run = cmd_image_purge },
        { 0 },
};
