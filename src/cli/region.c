/* SPDX-License-Identifier: MIT
 * `imgshare region`: where images live, and in which store.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "internal.h"

static int region_add_row(const struct region *region, void *context) {
        const struct cell cells[] = {
                cell_text(region->name),
                cell_text(region->store),
                cell_number(region->images),
                cell_number(region->bytes),
        };

        return table_add(context, cells);
}

static enum status cmd_region_list(const struct call *call) {
        static const struct column columns[] = {
                { "name" }, { "store" }, { "images", .right = true }, { "bytes", .right = true },
        };
        _cleanup_(table_clear) struct table table = TABLE(columns);
        _cleanup_(session_close) struct session session = { 0 };
        enum status status;

        status = session_open(call, SERVICE_READ_ONLY, &session);
        if (status)
                return status;
        status = error_result(&session.request, region_list(&session.request, region_add_row, &table), NULL, "regions", NULL);
        session_close(&session);
        return status ? status : table_print(&table, call);
}

static int region_is_named(const struct region *region, void *context) {
        return strcmp(region->name, context) == 0;
}

/* With --store, some errors are about the store. */
static enum status region_report_added(struct request *request, int r, const char *name, const char *store) {
        static const struct meaning of_store[] = {
                { EEXIST, "is the store of another region or catalog" },
                { ENOTEMPTY, "has other files in it" },
                { ENOENT, "the directory above it does not exist" },
                { EIO, "the machine failed" },
                { ELOOP, "is in another store" },
                { 0 },
        };
        bool named = r >= 0 || r == -EINVAL || r == -ENAMETOOLONG || !store;

        if (!named && r == -EEXIST)
                named = region_list(request, region_is_named, (void *)name) > 0;
        return named ? error_result(request, r, meanings_of_names, "region", name)
                     : error_result(request, r, of_store, "store", store);
}

static enum status cmd_region_add(const struct call *call) {
        _cleanup_(session_close) struct session session = { 0 };
        const char *name = call->arguments[0], *store = call->option[OPTION_STORE];
        enum status status;

        if (store && !*store)
                return error_usage("store '': not a path");
        status = session_open(call, 0, &session);
        if (status)
                return status;
        return region_report_added(&session.request, region_add(&session.request, name, store), name, store);
}

static void tell_set_aside(int files, int64_t bytes, void *context) {
        (void)fprintf(stderr, "imgshare: region '%s': %d files in its store's lost+found, %lld bytes, go with it\n",
                      (const char *)context, files, (long long)bytes);
}

static enum status cmd_region_rm(const struct call *call) {
        static const struct meaning meanings[] = {
                { ENOENT, "no such region" },
                { ENOTEMPTY, "has images or instances" },
                { 0 },
        };
        _cleanup_(session_close) struct session session = { 0 };
        const char *name = call->arguments[0];
        enum status status;

        status = session_open(call, 0, &session);
        if (status)
                return status;
        say_kept(&session.request, name, NULL);
        return error_result(&session.request, region_remove(&session.request, name, tell_set_aside, (void *)name), meanings,
                            "region", name);
}

static enum status cmd_region_set(const struct call *call) {
        static const struct meaning meanings[] = {
                { ENOENT, "no such region" },
                { EIO, "no store of this catalog is there" },
                { 0 },
        };
        _cleanup_(session_close) struct session session = { 0 };
        const char *name = call->arguments[0], *path = call->arguments[1];
        char why[WHY_SIZE] = "";
        enum status status;
        int r;

        if (strncmp(path, "store=", strlen("store=")) != 0 || path[strlen("store=")] == '\0')
                return error_usage("region '%s': '%s' is not store=PATH", name, path);
        status = session_open(call, SERVICE_ANY_STORE, &session);
        if (status)
                return status;
        r = region_set_store(&session.request, name, path + strlen("store="), why);
        if (r < 0 && why[0])
                return error_failed("region '%s': %s", name, why);
        return error_result(&session.request, r, meanings, "region", name);
}

const struct verb region_verbs[] = {
        { .name = "region add",
          .arguments = "NAME [--store PATH]",
          .summary = "add a region",
          .help = "Adds a region. NAME is lower-case letters, digits, '.', '_' and '-', at most 64.\n"
                  "\n"
                  "  --store PATH   where its disks are kept, an empty directory or one to be\n"
                  "                 made; default: store/NAME in the catalog\n",
          .example = "imgshare region add north --store /srv/images/north",
          .least = 1,
          .most = 1,
          .options = WITH(STORE),
          .run = cmd_region_add },
        { .name = "region list",
          .arguments = "[--json]",
          .summary = "list the regions",
          .help = "Lists the regions: name, store, images of all accounts, bytes of their sealed\n"
                  "disks.\n"
                  "\n"
                  "  --json   an array of objects\n",
          .example = "imgshare region list --json",
          .options = WITH(JSON),
          .run = cmd_region_list },
        { .name = "region set",
          .arguments = "NAME store=PATH",
          .summary = "say where a region's store is now",
          .help = "Says where the store of a region is, after it was moved. Its mark must say that\n"
                  "it is this region's, of this catalog.\n",
          .example = "imgshare region set north store=/srv/new/north",
          .least = 2,
          .most = 2,
          .run = cmd_region_set },
        { .name = "region rm",
          .arguments = "NAME",
          .summary = "remove a region without images and instances",
          .help = "Removes a region and its store, with what is kept there of deleted images and\n"
                  "instances, and what lies in the store's lost+found. Refused while it has images\n"
                  "or instances.\n",
          .example = "imgshare region rm north",
          .least = 1,
          .most = 1,
          .run = cmd_region_rm },
        { 0 },
};
