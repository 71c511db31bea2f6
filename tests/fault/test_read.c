/* SPDX-License-Identifier: MIT
 * Faults in reading: an answer is complete, or it is an error; never a part, never "it does not exist".
 */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "../unit/service/scratch.h"
#include "access.h"
#include "check.h"
#include "events.h"
#include "exposure.h"
#include "feed.h"
#include "instance.h"
#include "log.h"

static int64_t place, copy, instance, bob;
static struct disk_handle *handle;
static struct feed *feed;

/* One of everything: an image with a description, shares, one of which expires, a copy, an instance, trust, and a
 * refusal. */
static void make_world(void) {
        struct instance made;
        struct account account;
        struct share share;
        struct image image;
        int64_t trust;

        place = filled(north, "web", 1000);
        copy = draft(south, "copy");
        assert_int_equal(description_write(as("alice"), place, "the text\n", 9), 0);
        assert_int_equal(share_grant(as("alice"), place, "bob", &share, NULL), 0);
        assert_int_equal(share_expire(as("alice"), share.id, "+30d"), 0);
        assert_int_equal(share_grant(as("alice"), place, "carol", &share, NULL), 0);
        assert_int_equal(image_copy(as("alice"), place, copy, &image), 0);
        assert_int_equal(trust_add(as("bob"), "alice", &trust), 0);
        assert_int_equal(instance_create(as("bob"), north, "vm1", &made), 0);
        assert_int_equal(instance_launch(as("bob"), made.id, "web@alice"), 0);
        instance = made.id;
        assert_true(share_grant(as("alice"), place, "nobody", &share, NULL) > 0);
        assert_int_equal(account_find(as("operator"), "bob", &account), 0);
        bob = account.id;
}

/* --- lists --- */

static int tell_image(const struct image_entry *entry, bool own, struct image_cursor next, void *context) {
        (void)next;
        (void)context;
        trial_told("image %s@%s %d\n", entry->name, entry->owner_name, own);
        return 0;
}

static int tell_entry(const struct image_entry *entry, void *context) {
        trial_told("%s %s@%s\n", (const char *)context, entry->name, entry->owner_name);
        return 0;
}

static int tell_share(const struct share *share, void *context) {
        (void)context;
        trial_told("share with %s until %" PRId64 "\n", share->account_name, share->expires);
        return 0;
}

static int tell_region(const struct region *region, void *context) {
        (void)context;
        trial_told("region %s: %" PRId64 " images, %" PRId64 " bytes\n", region->name, region->images, region->bytes);
        return 0;
}

static int act_images(struct request *request) {
        int r = image_region_list(request, 0, tell_region, NULL);

        if (r == 0)
                r = image_list(request, north, (struct image_cursor){ 0 }, tell_image, NULL);
        return r;
}

static int act_image(struct request *request) {
        struct image image;
        struct share share;
        int r = image_lookup(request, north, "web@alice", &image);

        if (r == 0)
                r = image_get(request, image.place, &image);
        if (r < 0)
                return r;
        trial_told("%s %d %" PRId64 " bytes, description %d\n", image.name, image.state, image.size, image.description != 0);
        r = share_list(request, &image, 0, tell_share, NULL);
        if (r == 0)
                r = share_find(request, place, "bob", &share, &image);
        if (r == 0)
                r = share_get(request, share.id, &share, &image);
        return r;
}

/* The name is free, and a fault must not feign that. */
static int act_missing(struct request *request) {
        struct image image;

        return image_lookup(request, north, "db", &image);
}

static int act_texts(struct request *request) {
        _cleanup_free_ char *lines = NULL;
        char text[TEXT_SIZE];
        struct image image;
        size_t length, size;
        int64_t mtime;
        FILE *to;
        int r = image_get(request, place, &image);
        if (r == 0)
                r = description_read(request, image.description, text, &length, &mtime, &image);
        if (r < 0)
                return r;
        trial_told("%.*s", (int)length, text);
        to = open_memstream(&lines, &size);
        if (!to)
                return -errno;
        r = image_history(request, &image, to);
        if (r == 0)
                r = image_get(request, copy, &image);
        if (r == 0)
                r = image_source(request, &image, to);
        if (fclose(to) == 0 && r == 0)
                trial_told("%s", lines);
        return r;
}

static int tell_exposure(const struct exposure *exposure, void *context) {
        (void)context;
        trial_told("%" PRId64 " %s %s %" PRId64 " %s\n", exposure->row, exposure->account, exposure->how, exposure->from,
                   exposure->object ?: "hidden");
        return 0;
}

static int tell_instances(const char *account, int64_t count, int64_t since, void *context) {
        (void)since;
        (void)context;
        trial_told("%s %" PRId64 "\n", account, count);
        return 0;
}

static int act_exposure(struct request *request) {
        int64_t found;
        int r = exposure_find(request, "north/web@alice", &found);

        if (r == 0)
                r = exposure_of(request, "north/web@alice", tell_exposure, NULL);
        if (r == 0)
                r = exposure_usage(request, found, tell_instances, NULL);
        return r;
}

static int tell_account(const struct account *account, void *context) {
        (void)context;
        trial_told("account %s\n", account->name);
        return 0;
}

static int tell_trust(const struct trust *trust, void *context) {
        (void)context;
        trial_told("trusts %s\n", trust->owner_name);
        return 0;
}

static int tell_usage(const struct usage *usage, void *context) {
        (void)context;
        trial_told("%s: %" PRId64 " of %" PRId64 ", %" PRId64 "\n", usage->region_name, usage->images, usage->quota,
                   usage->bytes);
        return 0;
}

static int act_accounts(struct request *request) {
        char received[] = "received", owned[] = "owned";
        int64_t share;
        int r = account_list(request, 0, tell_account, NULL);

        if (r == 0)
                r = received_list(request, bob, north, 0, tell_entry, received);
        if (r == 0)
                r = received_find(request, bob, north, "web@alice", &share);
        if (r == 0)
                r = owned_list(request, bob, north, 0, tell_entry, owned);
        if (r == 0)
                r = trust_list(request, bob, 0, tell_trust, NULL);
        if (r == 0)
                r = usage_list(request, bob, tell_usage, NULL);
        return r;
}

static int tell_limit(const struct limit *limit, void *context) {
        (void)context;
        trial_told("limit %s %" PRId64 "\n", limit->name, limit->value);
        return 0;
}

static int act_management(struct request *request) {
        int r = region_list(request, tell_region, NULL);

        return r == 0 ? limit_list(request, tell_limit, NULL) : r;
}

static int act_instances(struct request *request) {
        char what[] = "instance";
        struct instance found;
        struct stat st;
        int r = instance_list(request, north, 0, tell_entry, what);

        if (r == 0)
                r = instance_lookup(request, north, "vm1", &found);
        if (r == 0)
                r = instance_disk_stat(request, &found, &st);
        if (r == 0)
                trial_told("%s from %s, %lld bytes\n", found.name, found.image_name, (long long)st.st_size);
        return r;
}

static int tell_access(const struct access *access, void *context) {
        (void)context;
        trial_told("%s/%s %s %" PRId64 "\n", access->region, access->image, access->account, access->expires);
        return 0;
}

static int act_access(struct request *request) {
        static const char *const what[] = { NULL, "bob", "north/web@alice" };
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(what) && r == 0; i++) {
                struct access_query query;

                r = access_begin(request, what[i], &query);
                if (r < 0)
                        return r;
                do
                        r = access_page(request, &query, tell_access, NULL);
                while (r > 0);
        }
        return r;
}

/* --- the log --- */

static int tell_event(const struct log_event *event, void *context) {
        (void)context;
        trial_told("%s", event->line);
        return 0;
}

static int act_log(struct request *request) {
        struct log_query query = { .image = "north/web@alice" };
        int r = log_begin(request, &query);

        if (r < 0)
                return r;
        do
                r = log_page(request, &query, tell_event, NULL);
        while (r > 0);
        return r;
}

static int tell_day(int64_t number, void *context) {
        *(int64_t *)context = number;
        trial_told("day %" PRId64 "\n", number);
        return 0;
}

static int act_events(struct request *request) {
        struct events_reader *reader;
        struct events_day day;
        char data[8192];
        int64_t number = 0;
        size_t n;
        int r = events_list(request, 0, tell_day, &number);

        if (r == 0)
                r = events_day(request, number, &day);
        if (r == 0)
                r = events_open(request, number, &reader);
        if (r < 0)
                return r;
        trial_told("of %" PRId64 " bytes\n", day.bytes);
        r = events_read(request, reader, 100, sizeof(data), data, &n);
        if (r == 0)
                trial_told("%.*s", (int)n, data);
        (void)events_close(reader); /* returns NULL */
        return r;
}

static bool sound;

/* The check may find that something cannot be read, but nothing else. */
static int tell_finding(const struct finding *finding, void *context) {
        static const char *const unreadable[] = { "Input/output error", "No space left", "No locks available",
                                                  "its store is offline", "unable to get the page" };

        (void)context;
        for (size_t i = 0; i < ARRAY_SIZE(unreadable); i++)
                if (strstr(finding->problem, unreadable[i]))
                        return 0;
        print_error("%s %s: %s\n", finding->what, finding->object, finding->problem);
        sound = false;
        return 0;
}

/* If the machine fails, the answer must not be "all is well". */
static int act_check(struct request *request) {
        uint8_t hash[CHECK_HASH_SIZE];
        int64_t event;
        int r;

        sound = true;
        r = check_run(request, true, tell_finding, NULL);
        if (r == 0)
                r = check_log(request, NULL, tell_finding, NULL, &event, hash);
        return r > 0 && sound ? -EIO : r;
}

/* --- the feed --- */

static void wake(void *context) {
        (void)context;
}

static bool concerns(const struct change *change, void *context) {
        (void)change;
        (void)context;
        return true;
}

static void tell_change(const struct change *change, void *context) {
        (void)context;
        trial_told("change %d of %s to %s, with %s\n", change->kind, change->before.name, change->after.name,
                   change->account_name);
}

static int64_t began;

/* A share has expired, but the log does not say so yet. */
static void begin_feed(void) {
        struct share share;
        struct image image;

        began = fault_clock;
        assert_int_equal(service_feed(scratch_service, wake, NULL, &feed), 0);
        assert_int_equal(share_revoke(as("alice"), place, "carol", NULL, NULL), 0);
        assert_int_equal(disk_touch(as("alice"), copy, 1234567), 0);
        assert_int_equal(image_rename(as("alice"), copy, "copy", south, "db"), 0);
        assert_int_equal(share_find(as("alice"), place, "bob", &share, &image), 0);
        fault_clock = share.expires + 1;
}

static void end_feed(void) {
        feed = feed_close(feed);
        fault_clock = began;
}

static int act_feed(struct request *request) {
        int r = feed_read(feed, &(struct feed_reader){ .concerns = concerns, .each = tell_change });

        (void)request;
        return r < 0 ? r : 0;
}

static int act_feed_open(struct request *request) {
        struct feed *opened_feed;
        int r = service_feed(request->service, wake, NULL, &opened_feed);

        if (r == 0)
                (void)feed_close(opened_feed); /* returns NULL */
        return r;
}

/* --- bytes --- */

static int act_read(struct request *request) {
        char data[2000];
        size_t size = sizeof(data);
        struct image image;
        struct stat st;
        ssize_t n;
        int fd, r = disk_open(request, place, O_RDONLY, &handle);

        if (r < 0)
                return r;
        r = disk_read_begin(handle, 0, &size, &fd);
        if (r == 0) {
                n = pread(fd, data, size, 0);
                r = n < 0 ? -errno : 0;
                disk_read_end(handle);
                if (r == 0)
                        trial_told("%zd bytes\n", n);
        }
        handle = disk_close(request, handle);
        if (r == 0)
                r = image_get(request, place, &image);
        if (r == 0)
                r = disk_stat(request, &image, &st);
        if (r == 0)
                trial_told("size %lld\n", (long long)st.st_size);
        return r;
}

static int act_space(struct request *request) {
        struct statvfs space;
        int r = image_region_statvfs(request, north, &space);

        return r == 0 ? service_statvfs(request->service, &space) : r;
}

/* --- the past --- */

static int act_past(struct request *unused) {
        struct request request = { 0 };
        struct service *service;
        char why[WHY_SIZE] = "";
        int r = service_open_asof(scratch_name("dir"), "12", 0, &service, why);

        (void)unused;
        if (r < 0) {
                assert_string_not_equal(why, "");
                return r;
        }
        request.service = service;
        r = service_caller(service, "alice", 1000, VIA_CLI, &request.caller);
        if (r == 0)
                r = image_list(&request, north, (struct image_cursor){ 0 }, tell_image, NULL);
        (void)service_close(service); /* returns NULL */
        return r;
}

#define READ .prepare = make_world

static const struct operation operations[] = {
        { "images", "alice", READ, .act = act_images },
        { "images, received", "bob", READ, .act = act_images },
        { "an image", "alice", READ, .act = act_image },
        { "an image, received", "bob", READ, .act = act_image },
        { "no image", "alice", .result = -ENOENT, READ, .act = act_missing },
        { "texts", "alice", READ, .act = act_texts },
        { "exposure", "alice", READ, .act = act_exposure },
        { "accounts", "bob", READ, .act = act_accounts },
        { "regions and limits", READ, .act = act_management },
        { "instances", "bob", READ, .act = act_instances },
        { "access", READ, .act = act_access },
        { "log", "alice", READ, .act = act_log },
        { "events", "alice", READ, .act = act_events },
        { "check", READ, .act = act_check },
        { "feed", READ, .flags = OPERATION_ROUND, .begin = begin_feed, .act = act_feed,
          .end = end_feed },
        { "feed_open", READ, .act = act_feed_open },
        { "disk_read", "alice", READ, .act = act_read },
        { "space", "alice", READ, .act = act_space },
        { "the past", READ, .flags = OPERATION_ALONE, .act = act_past },
};

int main(void) {
        return trial_run("fault read", operations, ARRAY_SIZE(operations));
}
