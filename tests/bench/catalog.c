/* SPDX-License-Identifier: MIT
 * bench-catalog: makes a catalog with many images and shares quickly, with the events, chain and rows that the services
 * would make, but in transactions of thousands of events that wait for no disk.
 *   bench-catalog DIR [images=N] [filled=N] [shared=N] [shares=N] [accounts=N]
 * The first `filled` of alice's images in the region north have a disk and are sealed; the first `shared` of these are
 * shared with `shares` accounts each. Prints the seconds it took, the catalog's bytes before and after the shares, and
 * the bytes per share.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "blob.h"
#include "catalog.h"
#include "registry.h"
#include "hex.h"
#include "timestamp.h"

#define BATCH 20000          /* events per transaction */
#define LINKS 50000          /* links to one file: ext4 allows 65000 */
#define DISK_SIZE 4096
#define FIRST_UID 100000     /* the accounts' uids, for a mount of many users */

struct plan {
        int64_t images, filled, shared, shares, accounts;
};

struct builder {
        const char *dir;
        struct plan plan;
        struct catalog *catalog;
        struct caller caller;
        int64_t region;
        int64_t *accounts, *images; /* ids */
        char base[600];              /* path of the file that the blobs are links to */
        uint8_t digest[DIGEST_SIZE];
        int64_t image, share; /* where the next transaction starts: image, and its share */
};

static _Noreturn void fail(const char *what, int r) {
        errno = r < 0 ? -r : EPERM;
        die(what);
}

static void must(const char *what, int r) {
        if (r != 0)
                fail(what, r);
}

/* --- the catalog itself, regions, accounts and limits: made by the services --- */

static void add_accounts(struct request *request, const struct plan *plan) {
        char name[BENCH_NAME];

        must("alice", account_add(request, "alice", ROLE_ACCOUNT, FIRST_UID - 1, plan->images + 1000));
        must("auditor", account_add(request, "audit", ROLE_AUDITOR, -1, -1));
        for (int64_t i = 0; i < plan->accounts; i++) {
                account_name(i, name);
                must(name, account_add(request, name, ROLE_ACCOUNT, FIRST_UID + i, -1));
        }
}

static void set_up(const char *dir, const struct plan *plan) {
        struct request request = { 0 };
        char why[WHY_SIZE];
        int r = service_create(dir, getuid(), VIA_CLI, why);

        if (r == 0)
                r = service_open(dir, SERVICE_NOT_DURABLE, &request.service, why);
        if (r < 0)
                fail(why, r);
        must("operator", service_caller(request.service, "operator", getuid(), VIA_CLI, &request.caller));
        must("north", region_add(&request, "north", NULL));
        must("south", region_add(&request, "south", NULL));
        add_accounts(&request, plan);
        must(LIMIT_SHARES, limit_set(&request, LIMIT_SHARES, 1000000));
        request.service = service_close(request.service);
}

/* --- images and shares --- */

/* Makes the blob of an image's id: a link to the base, or now and then a new base. */
static int blob_put(struct builder *b, int64_t id, int64_t number) {
        char path[600], bytes[DISK_SIZE];

        (void)snprintf(path, sizeof(path), "%s/store/north/%lld", b->dir, (long long)id); /* too long: fails below */
        if (number % LINKS != 0)
                return link(b->base, path) < 0 ? -errno : 0;
        memset(bytes, (int)(number / LINKS) + 1, sizeof(bytes));
        {
                _cleanup_fd_ int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

                if (fd < 0 || write(fd, bytes, sizeof(bytes)) != DISK_SIZE)
                        return -errno;
                memcpy(b->base, path, sizeof(path));
                return blob_digest(fd, NULL, NULL, b->digest);
        }
}

/* Leaves what creating, closing, sealing and digesting a disk leaves. */
static int image_fill(struct builder *b, struct catalog_connection *c, struct event *event, int64_t number) {
        char mtime[TIMESTAMP_SIZE], digest[DIGEST_TEXT_SIZE];
        int64_t id;
        int r = blob_put(b, event->place, number);

        event->op = EVENT_CREATE_DISK;
        if (r == 0)
                r = catalog_event_add(c, event, &id);
        event->op = EVENT_AVAILABLE;
        if (r == 0)
                r = catalog_event_add(c, event, &id);
        event->op = EVENT_SEAL;
        event->detail[0] = (struct event_detail){ .key = "size", .number = DISK_SIZE };
        event->detail[1] = (struct event_detail){ .key = "mtime", .text = timestamp_format_ns(timestamp_now_ns(), mtime) };
        event->detail[2] = (struct event_detail){ .key = "format", .text = "raw" };
        if (r == 0)
                r = catalog_event_add(c, event, &id);
        event->detail[2] = (struct event_detail){ 0 };
        event->op = EVENT_DIGEST;
        event->detail[0] = (struct event_detail){ .key = "digest", .text = digest_format(b->digest, digest) };
        event->detail[1] = (struct event_detail){ .key = "image", .number = event->place };
        return r < 0 ? r : catalog_event_add(c, event, &id);
}

static void object_of(int64_t image, char ret_object[static OBJECT_SIZE]) {
        char name[BENCH_NAME];

        image_name(image, name);
        (void)snprintf(ret_object, OBJECT_SIZE, "north/%s@alice", name); /* fits */
}

static int run_images(struct catalog_connection *c, void *context) {
        struct builder *b = context;
        char object[OBJECT_SIZE];
        int64_t end = b->image + BATCH / 4;

        for (; b->image < end && b->image < b->plan.images; b->image++) {
                struct event event = { .caller = &b->caller, .op = EVENT_CREATE, .object = object,
                                       .place = EVENT_PLACE_NEW, .about.region = b->region };
                int64_t id;
                int r;

                object_of(b->image, object);
                r = catalog_event_add(c, &event, &id);
                event.place = event.about.image = b->images[b->image] = id;
                if (r == 0 && b->image < b->plan.filled)
                        r = image_fill(b, c, &event, b->image);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int run_shares(struct catalog_connection *c, void *context) {
        struct builder *b = context;
        struct shape shape = { .images = b->plan.shared, .shares = b->plan.shares, .accounts = b->plan.accounts };
        char object[OBJECT_SIZE], name[BENCH_NAME];

        for (int n = 0; n < BATCH && b->image < b->plan.shared; n++) {
                int64_t account = shape_account(&shape, b->image, b->share), id, image = b->images[b->image];
                struct event event = { .caller = &b->caller, .op = EVENT_SHARE, .object = object, .place = image,
                                       .account = name,
                                       .about = { .region = b->region, .image = image, .account = b->accounts[account] } };
                int r;

                object_of(b->image, object);
                account_name(account, name);
                r = catalog_event_add(c, &event, &id);
                if (r < 0)
                        return r;
                if (++b->share == b->plan.shares) {
                        b->image++;
                        b->share = 0;
                }
        }
        return 0;
}

/* --- the file --- */

static void catalog_path(const struct builder *b, char *ret_path, size_t size) {
        (void)snprintf(ret_path, size, "%s/catalog.db", b->dir); /* if too long, it fails where it is used */
}

/* Opens the catalog and looks up the ids needed. */
static void open_catalog(struct builder *b) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        _cleanup_region_ struct region region = { 0 };
        struct account account;
        char path[512], name[BENCH_NAME];

        catalog_path(b, path, sizeof(path));
        must(path, catalog_open(path, CATALOG_NOT_DURABLE, &b->catalog));
        must(path, catalog_read(b->catalog, &c));
        must("north", catalog_region_find(c, "north", &region));
        must("alice", catalog_account_find(c, "alice", &account));
        b->region = region.id;
        b->caller = (struct caller){ .account = account.id, .name = "alice", .role = ROLE_ACCOUNT, .uid = getuid(),
                                     .via = VIA_MOUNT };
        for (int64_t i = 0; i < b->plan.accounts; i++) {
                account_name(i, name);
                must(name, catalog_account_find(c, name, &account));
                b->accounts[i] = account.id;
        }
}

/* Closing it copies the log back into one file. */
static off_t close_catalog(struct builder *b) {
        char path[512];
        struct stat st;

        b->catalog = catalog_close(b->catalog);
        catalog_path(b, path, sizeof(path));
        if (stat(path, &st) < 0)
                die(path);
        return st.st_size;
}

static void read_plan(struct plan *plan, int count, char **words) {
        const struct {
                const char *name;
                int64_t *value;
        } members[] = { { "images=", &plan->images }, { "filled=", &plan->filled }, { "shared=", &plan->shared },
                        { "shares=", &plan->shares }, { "accounts=", &plan->accounts } };

        for (int i = 0; i < count; i++) {
                size_t j = 0;

                while (j < ARRAY_SIZE(members) && strncmp(words[i], members[j].name, strlen(members[j].name)) != 0)
                        j++;
                if (j == ARRAY_SIZE(members))
                        fail(words[i], -EINVAL);
                *members[j].value = number(words[i] + strlen(members[j].name));
        }
        if (plan->filled > plan->images || plan->shared > plan->filled || plan->shares > plan->accounts)
                fail("plan", -EINVAL);
}

int main(int argc, char **argv) {
        struct builder b = { .plan = { .images = 100, .filled = 10, .shared = 10, .shares = 5, .accounts = 100 } };
        double start = seconds_now();
        int64_t shares;
        off_t before, after;

        if (argc < 2) {
                (void)fputs("usage: bench-catalog DIR [images=N] [filled=N] [shared=N] [shares=N] [accounts=N]\n",
                            stderr);
                return 2;
        }
        b.dir = argv[1];
        read_plan(&b.plan, argc - 2, argv + 2);
        b.accounts = calloc((size_t)b.plan.accounts + 1, sizeof(*b.accounts));
        b.images = calloc((size_t)b.plan.images + 1, sizeof(*b.images));
        if (!b.accounts || !b.images)
                die("memory");
        (void)umask(077);
        set_up(b.dir, &b.plan);
        open_catalog(&b);
        while (b.image < b.plan.images)
                must("images", catalog_write(b.catalog, run_images, &b));
        before = close_catalog(&b);
        open_catalog(&b);
        for (b.image = 0; b.image < b.plan.shared;)
                must("shares", catalog_write(b.catalog, run_shares, &b));
        after = close_catalog(&b);
        shares = b.plan.shared * b.plan.shares;
        (void)printf("%.3f\t%lld\t%lld\t%.1f\n", seconds_now() - start, (long long)before, (long long)after,
                     shares > 0 ? (double)(after - before) / (double)shares : 0);
        free(b.accounts);
        free(b.images);
        return 0;
}
