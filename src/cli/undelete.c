/* SPDX-License-Identifier: MIT
 * `imgshare undelete`: what was deleted and is kept, listed and brought back.
 */
#include "undelete.h"

#include <errno.h>

#include "cleanup.h"
#include "internal.h"
#include "timestamp.h"

static int kept_add(const struct kept *kept, int64_t until, void *context) {
        char deleted[TIMESTAMP_SIZE], end[TIMESTAMP_SIZE];
        const struct cell cells[] = {
                cell_number(kept->id),
                cell_text(kept->object),
                cell_text(!kept->place ? "instance" : kept->sealed ? "sealed" : "available"),
                cell_number(kept->sealed ? kept->size : kept->bytes),
                cell_text(timestamp_format(kept->time, deleted)),
                cell_text(timestamp_format(until, end)),
        };

        return table_add(context, cells);
}

static enum status list(const struct call *call) {
        static const struct column columns[] = { { "id", .right = true }, { "object" }, { "state" },
                                                 { "size", .right = true }, { "deleted" }, { "until" } };
        _cleanup_(table_clear) struct table table = TABLE(columns);
        _cleanup_(session_close) struct session session = { 0 };
        enum status status = session_open(call, SERVICE_READ_ONLY, &session);

        if (status)
                return status;
        status = error_result(&session.request, kept_list(&session.request, kept_add, &table), NULL, "undelete", NULL);
        session_close(&session);
        return status ? status : table_print(&table, call);
}

static enum status cmd_undelete(const struct call *call) {
        static const struct meaning meanings[] = {
                { ENOENT, "nothing of that name is kept, see 'imgshare undelete --list'" },
                { ENXIO, "its region or owner was removed, and what was kept with it" },
                { ENOTUNIQ, "an image and an instance of that name are kept, name one as NAME#ID, see 'imgshare undelete --list'" },
                { EEXIST, "its directory, or an instance of that name, has another disk now; remove that first, it is kept, too" },
                { EOPNOTSUPP, "an instance keeps its name, leave out '--as'" },
                { ENODATA, "its bytes are not in the store any more" },
                { EINVAL, "the new name is not valid: letters, digits, '.', '_' and '-', the first a letter or digit" },
                { ENAMETOOLONG, "the new name is too long: 60 characters at most" },
                { 0 },
        };
        _cleanup_(session_close) struct session session = { 0 };
        const char *what = call->count > 0 ? call->arguments[0] : NULL;
        enum status status;

        if (!what == !call->option[OPTION_LIST])
                return error_usage("undelete: an image, an instance or '--list', see 'imgshare undelete --help'");
        if (!what)
                return list(call);
        status = session_open(call, 0, &session);
        if (status)
                return status;
        return error_result(&session.request, undelete(&session.request, what, call->option[OPTION_NEW_NAME]), meanings,
                            "image or instance", what);
}

const struct verb undelete_verbs[] = {
        { .name = "undelete",
          .arguments = "IMAGE[#ID] [--as NAME] | --list [--json]",
          .summary = "bring back an image or instance that was deleted",
          .help = "Brings back the disk of IMAGE (REGION/IMG@OWNER, also of an instance) that was\n"
                  "deleted last, as long as its bytes are kept (limit keep-deleted), with its\n"
                  "description; unshared, not reviewed. #ID names another one. An empty draft of\n"
                  "that name gives way. Of its shares: 'imgshare access IMAGE --asof T', a time\n"
                  "when it had them, into 'imgshare apply'.\n"
                  "\n"
                  "  --as NAME   the image gets this name; before the command it says who acts\n"
                  "  --list      what is kept: id, object, state, size, deleted, kept until\n"
                  "  --json      an array of objects\n",
          .example = "imgshare undelete north/web@alice",
          .most = 1,
          .options = WITH(NEW_NAME) | WITH(LIST) | WITH(JSON),
          .run = cmd_undelete },
        { 0 },
};
