/* SPDX-License-Identifier: MIT
 * `imgshare backup` and `imgshare restore`: what they brought, and what of it is not as it was at one moment.
 */
#include "backup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "hex.h"
#include "internal.h"
#include "timestamp.h"

static const struct column columns[] = { { "what" }, { "object" }, { "problem", .wrap = true } };

struct run {
        struct table table;
        int64_t looked; /* ms, when the progress was shown last; 0: it is not */
};

static void backup_close(struct run *run) {
        table_clear(&run->table);
}

static void backup_hide_progress(struct run *run) {
        if (run->looked != 0)
                (void)fputs("\r\033[K", stderr);
        run->looked = 0;
}

static void backup_show_progress(const struct backup *backup, void *context) {
        const int64_t now = timestamp_now();
        struct run *run = context;

        if (now - run->looked < 200)
                return;
        run->looked = now;
        (void)fprintf(stderr, "\r%" PRId64 " disks, %" PRIu64 " MiB copied", backup->disks, backup->bytes >> 20);
        if (backup->all_pages > 0)
                (void)fprintf(stderr, ", %" PRId64 " %% of the catalog", 100 * backup->pages / backup->all_pages);
        (void)fputs("\033[K", stderr);
}

static int backup_found(const struct finding *finding, void *context) {
        const struct cell cells[] = { cell_text(finding->what), cell_text(finding->object),
                                      cell_text(finding->problem) };
        struct run *run = context;

        return table_add(&run->table, cells);
}

/* The event and its hash: a row like the others, but on a terminal a sentence below them. */
static enum status backup_print(const struct call *call, struct run *run, const struct backup *backup) {
        const bool sentence = isatty(STDOUT_FILENO) && !call->option[OPTION_JSON];
        char hash[2 * CHECK_HASH_SIZE + 1], number[24];
        const struct cell cells[] = { cell_text("head"), cell_text(number), cell_text(hash) };
        enum status status = STATUS_DONE;

        (void)hex_format(backup->hash, CHECK_HASH_SIZE, hash);      /* returns the text */
        (void)snprintf(number, sizeof(number), "%" PRId64, backup->event); /* fits */
        if (!sentence && table_add(&run->table, cells) < 0)
                return error_failed("%s: %s", call->verb->name, error_text(-ENOMEM, NULL));
        if (run->table.count > 0)
                status = table_print(&run->table, call);
        if (sentence)
                (void)printf("The last event in it is %s:\n%s\n", number, hash);
        return status ? status : backup->missing > 0 ? STATUS_REFUSED : STATUS_DONE;
}

static struct backup backup_asked(const struct call *call, struct run *run) {
        return (struct backup){ .without_disks = call->option[OPTION_WITHOUT_DISKS], .each = backup_found,
                                .progress = isatty(STDERR_FILENO) ? backup_show_progress : NULL, .context = run };
}

static enum status cmd_backup(const struct call *call) {
        _cleanup_(session_close) struct session session = { 0 };
        _cleanup_(backup_close) struct run run = { .table = TABLE(columns) };
        struct backup backup = backup_asked(call, &run);
        const char *dir = call->arguments[0];
        char why[WHY_SIZE] = "";
        enum status status = session_open(call, SERVICE_READ_ONLY, &session);
        int r;

        if (status)
                return status;
        r = service_backup(&session.request, dir, &backup, why);
        backup_hide_progress(&run);
        if (r == -EACCES && !why[0])
                return error_failed("cannot back up '%s': only the operator may", call->dir);
        if (r < 0)
                return error_failed("cannot back up to '%s': %s", dir, why);
        return backup_print(call, &run, &backup);
}

static enum status cmd_restore(const struct call *call) {
        _cleanup_(backup_close) struct run run = { .table = TABLE(columns) };
        struct backup restore = backup_asked(call, &run);
        const char *dir = call->arguments[1];
        char why[WHY_SIZE] = "";
        int r;

        if (strcmp(call->as, "operator") != 0)
                return error_failed("cannot restore '%s': only the operator may", dir);
        r = service_restore(call->arguments[0], dir, getuid(), &restore, why);
        backup_hide_progress(&run);
        if (r < 0)
                return error_failed("cannot restore '%s': %s", dir, why);
        return backup_print(call, &run, &restore);
}

const struct verb backup_verbs[] = {
        { .name = "backup",
          .arguments = "[--without-disks] [--json] DEST",
          .summary = "copy the catalog and its disks as of one event",
          .help = "Makes the directory DEST a backup: the catalog and its sealed disks as of one\n"
                  "event, which is printed with its hash. The catalog may be in use. A disk that\n"
                  "can still be written is copied as found, and listed. Sealed disks are linked\n"
                  "where DEST is on the same filesystem. Into the same DEST again only what is\n"
                  "new is copied. Interrupted at any moment DEST is what it was, or not yet a\n"
                  "backup; run it again. Exit status 1 if a disk was missing.\n"
                  "  --without-disks  only the catalog, for an auditor\n"
                  "  --json           an array of objects\n",
          .example = "imgshare -C /srv/images backup /mnt/backup/images",
          .least = 1,
          .most = 1,
          .options = WITH(WITHOUT_DISKS) | WITH(JSON),
          .run = cmd_backup },
        { 0 },
};

const struct verb restore_verbs[] = {
        { .name = "restore",
          .arguments = "[--json] SRC DIR",
          .summary = "make a catalog from a backup",
          .help = "Makes DIR, which must be missing or empty, a catalog of its own from the backup\n"
                  "in SRC. Its disks are its own files, in DIR/store, and its log goes on with an\n"
                  "event that says what was restored. -C is not looked at. Interrupted at any\n"
                  "moment DIR is not yet a catalog; run it again. Exit status 1 if a disk was\n"
                  "missing.\n"
                  "  --json  an array of objects\n",
          .example = "imgshare restore /mnt/backup/images /srv/images",
          .least = 2,
          .most = 2,
          .options = WITH(JSON),
          .run = cmd_restore },
        { 0 },
};
