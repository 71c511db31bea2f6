/* SPDX-License-Identifier: MIT */
#include "history.h"

#include "everything.h"
#include "scratch.h"
#include "timestamp.h"

#define ACCOUNTS 4

int64_t history_below(struct history *h, int64_t n) {
        h->seed = h->seed * 6364136223846793005U + 1442695040888963407U;
        return (int64_t)(h->seed >> 33) % n;
}

/* A random id from the rows of a query; 0: none. */
static int64_t any(struct history *h, const char *rows) {
        char sql[512];
        int64_t id;

        (void)snprintf(sql, sizeof(sql), "SELECT id FROM %s ORDER BY (id * 2654435761 + %ld) %% 1000003 LIMIT 1", rows,
                       history_below(h, 1000003));
        id = sql_number(sql);
        return id < 0 ? 0 : id;
}

/* A number found by a query with the id between its two parts; 0: none. */
static int64_t of(const char *before, int64_t id, const char *after) {
        char sql[512];
        int64_t number;

        (void)snprintf(sql, sizeof(sql), "SELECT %s%ld%s", before, id, after); /* fits */
        number = sql_number(sql);
        return number < 0 ? 0 : number;
}

#define LIVES "until_event = 140737488355327"

struct doing {
        struct history *h;
        int64_t place, image, share, instance, account, other, region, number;
        char name[16];
};

/* Right after sealing: the past shows what was sealed with its digest, whenever that came. */
static int64_t digest(const struct doing *d) {
        char text[DIGEST_TEXT_SIZE];
        const int64_t same = d->number % 2 ? any(d->h, "image WHERE digest IS NOT NULL") : 0;

        (void)snprintf(text, sizeof(text), "sha256:%064lx", d->number % 5);
        return change(IMAGE_DIGEST, d->image, same, text);
}

/* The next step of a disk: made, filled and sealed once each; sometimes a source of its copy is recorded. */
static int64_t disk(const struct doing *d) {
        int64_t event, source = d->number % 2 ? any(d->h, d->number % 3 ? "image" : "launch") : 0;

        if (of("disk_event IS NULL FROM image WHERE id = ", d->image, ""))
                return change(d->number % 5 ? IMAGE_DISK : source ? IMAGE_COPY : IMAGE_DISK, d->image, source, NULL);
        if (of("available_event IS NULL FROM image WHERE id = ", d->image, ""))
                return change(IMAGE_FILL, d->place, d->image, NULL);
        if (source && d->number % 5 == 0)
                return change(IMAGE_COPY, d->image, source, NULL);
        event = change(IMAGE_SEAL, d->image, 1 + d->number, NULL);
        return event < 0 || d->number % 3 == 0 ? event : digest(d);
}

/* It has expired. */
static bool is_dead(int64_t share) {
        return of("1 FROM share_expiry WHERE " LIVES " AND share = ", share, "") &&
               of("min(expires) FROM share_expiry WHERE " LIVES " AND share = ", share, "") <= timestamp_now();
}

static bool is_shared(int64_t image) {
        char rest[256];

        (void)snprintf(rest, sizeof(rest),
                       " AND " LIVES " AND NOT EXISTS (SELECT 1 FROM share_expiry x WHERE x.share = id"
                       " AND x." LIVES " AND expires <= %ld)",
                       timestamp_now()); /* fits */
        return of("1 FROM share WHERE image = ", image, rest);
}

static int64_t renew(const struct doing *d) {
        return is_shared(d->image) ? -1 : change(d->number % 3 ? IMAGE_KEEP : IMAGE_RENEW, d->place, 0, NULL);
}

/* One more step towards the place's end: only an empty one is removed. */
static int64_t place_end(const struct doing *d) {
        if (is_shared(d->image))
                return -1;
        if (of("1 FROM description WHERE place = ", d->place, " AND " LIVES))
                return change(DESCRIPTION_END, d->place, 0, NULL);
        if (of("1 FROM shares_link WHERE place = ", d->place, " AND " LIVES))
                return change(LINK_END, d->place, 0, NULL);
        return change(of("1 FROM image WHERE disk_event IS NOT NULL AND place = ", d->place, " AND " LIVES)
                              ? d->number % 3 ? IMAGE_KEEP : IMAGE_RENEW : PLACE_END, d->place, 0, NULL);
}

static int64_t instance_end(const struct doing *d) {
        int64_t launch = of("id FROM launch WHERE " LIVES " AND instance = ", d->instance, "")
                         ?: of("max(id) FROM launch WHERE instance = ", d->instance, "");

        if (of("1 FROM launch WHERE id = ", launch, " AND image_until = 140737488355327"))
                return change(LAUNCH_IMAGE_END, d->instance, 0, NULL);
        if (of("1 FROM launch WHERE id = ", launch, " AND " LIVES))
                return change(d->number % 3 ? LAUNCH_KEEP : LAUNCH_DISK_END, d->instance, 0, NULL);
        return change(INSTANCE_END, d->instance, 0, NULL);
}

#define KEPT "until_event <> 140737488355327 AND purge_event IS NULL"

/* What is kept comes back, if its place, or its name, has nobody else's disk. */
static int64_t come_back(const struct doing *d) {
        const int64_t image = any(d->h, "image t WHERE " KEPT " AND NOT EXISTS (SELECT 1 FROM image o WHERE o.place = t.place"
                                        " AND o.disk_event IS NOT NULL AND o." LIVES ")");
        const int64_t launch = any(d->h, "launch t WHERE " KEPT " AND NOT EXISTS (SELECT 1 FROM launch o WHERE o.instance"
                                         " = t.instance AND o." LIVES ")");

        if (d->number % 8 == 0)
                return d->number % 16 ? change(IMAGE_PURGE, image, 0, NULL) : change(LAUNCH_PURGE, launch, 0, NULL);
        return d->number % 3 && image ? change(IMAGE_RETURN, image, 0, d->number % 5 ? NULL : d->name)
                                      : change(LAUNCH_RETURN, launch, 0, NULL);
}

/* An expired share can only be closed. */
static int64_t share_end(const struct doing *d) {
        return change(is_dead(d->share) ? SHARE_EXPIRES : SHARE_END, d->share, 0, NULL);
}

static int64_t expiry(const struct doing *d) {
        int64_t expires =
                d->number % 4 ? timestamp_now() + d->number % 90 : 0; /* some expire before the next change */

        if (is_dead(d->share))
                return change(SHARE_EXPIRES, d->share, 0, NULL);
        if (expires == 0 && !of("1 FROM share_expiry WHERE share = ", d->share, " AND " LIVES))
                return -1; /* it would change nothing */
        return change(EXPIRY_PUT, d->share, expires, NULL);
}

static int64_t region(const struct doing *d) {
        int64_t id;

        if (d->number % 2)
                return change(REGION_PUT, 0, 0, d->number % 3 ? "east" : "west");
        id = any(d->h,
                 "region r WHERE " LIVES " AND id > 2 AND NOT EXISTS (SELECT 1 FROM place x WHERE region = r.id"
                 " AND x." LIVES ") AND NOT EXISTS (SELECT 1 FROM instance x WHERE region = r.id AND x." LIVES ")");
        return change(REGION_END, id, 0, NULL);
}

static int64_t account(const struct doing *d) {
        char name[NAME_SIZE];

        if (d->number % 4 == 0)
                return change(ACCOUNT_QUOTA, d->account, d->number % 3 - 1, NULL);
        if (d->number % 4 == 1)
                return d->account > ACCOUNTS ? change(ACCOUNT_END, d->account, 0, NULL) : -1;
        (void)snprintf(name, sizeof(name), "a%ld", sql_number("SELECT max(id) FROM event"));
        return change(ACCOUNT_PUT, 0, 0, name);
}

static int64_t mtime(const struct doing *d) {
        const int64_t ns = d->number % 3 ? (d->number - 500) * 1234567890123 : 0;

        if (d->number % 2 && of("1 FROM description WHERE place = ", d->place, " AND " LIVES))
                return change(DESCRIPTION_TOUCH, d->place, ns, NULL);
        return change(IMAGE_TOUCH, d->image, ns, NULL);
}

static int64_t trust(const struct doing *d) {
        int64_t event = change(TRUST_PUT, d->account, d->other, NULL);

        return event < 0 ? change(TRUST_END, d->account, d->other, NULL) : event;
}

static int run_reserve(struct catalog_connection *c, void *context) {
        const struct doing *d = context;
        int64_t launch;

        return catalog_launch_reserve(c, d->instance, d->image, &launch);
}

static int64_t launch(struct doing *d) {
        if (of("region FROM place WHERE id = ", d->place, "") !=
            of("region FROM instance WHERE id = ", d->instance, ""))
                return -1;
        if (d->number % 4 == 0) /* a launch that never starts: no event */
                assert_int_equal(catalog_write(scratch_catalog, run_reserve, d), 0);
        return change(LAUNCH, d->instance, d->image, NULL);
}

static int64_t try(struct doing *d) {
        switch (history_below(d->h, 38)) {
        case 0:
        case 1:
        case 2:
                return change(PLACE_PUT, d->region, d->account, d->name);
        case 3:
                return change(PLACE_RENAME, d->place, 0, d->name);
        case 4:
        case 5:
                return place_end(d);
        case 6:
                return renew(d);
        case 7:
        case 8:
        case 9:
        case 10:
                return disk(d);
        case 11:
                return change(IMAGE_REVIEW, d->image, d->number % 2, NULL);
        case 12:
        case 13:
                return mtime(d);
        case 14:
        case 15:
                return change(DESCRIPTION_PUT, d->place, 0, d->number % 3 ? d->name : "");
        case 16:
                return change(LINK_PUT, d->place, 0, NULL);
        case 17:
        case 18:
        case 19:
                return change(SHARE_PUT, d->image, d->account, NULL);
        case 20:
        case 21:
                return share_end(d);
        case 22:
        case 23:
                return expiry(d);
        case 24:
                return change(INSTANCE_PUT, d->region, d->account, d->name);
        case 25:
        case 26:
                return launch(d);
        case 27:
        case 28:
                return instance_end(d);
        case 29:
                return trust(d);
        case 30:
                return change(SETTING_PUT, d->number, 0, SHARE_LIMIT);
        case 31:
                return region(d);
        case 32:
        case 33:
        case 34:
        case 35:
                return come_back(d);
        default:
                return account(d);
        }
}

int64_t history_change(struct history *h) {
        for (;;) {
                struct doing d = {
                        .h = h, .place = any(h, "place WHERE " LIVES), .share = any(h, "share WHERE " LIVES),
                        .instance = any(h, "instance WHERE " LIVES), .account = any(h, "account WHERE " LIVES),
                        .other = 1 + history_below(h, ACCOUNTS), .region = any(h, "region WHERE " LIVES),
                        .number = history_below(h, 1000),
                };
                int64_t event;

                (void)snprintf(d.name, sizeof(d.name), "n%ld", d.number % 7);
                d.image = of("id FROM image WHERE place = ", d.place, " AND " LIVES);
                event = try(&d);
                if (event > 0) /* the first of several: returns the last */
                        return sql_number("SELECT max(id) FROM event");
        }
}

void history_begin(void) {
        (void)must(REGION_PUT, 0, 0, "north");
        (void)must(REGION_PUT, 0, 0, "south");
        (void)must(ACCOUNT_PUT, 0, 0, "alice");
        (void)must(ACCOUNT_PUT, 0, 0, "bob");
        (void)must(ACCOUNT_PUT, 0, 0, "carol");
}

void history_example(void) {
        int64_t alice, bob, web, share, vm;

        history_begin();
        alice = account_id("alice");
        bob = account_id("bob");
        (void)must(SETTING_PUT, 5, 0, "x");
        web = must(PLACE_PUT, 1, alice, "web");
        (void)must(IMAGE_DISK, web, 0, NULL);
        (void)must(IMAGE_FILL, web, web, NULL);
        (void)must(IMAGE_COPY, web, web, NULL);
        (void)must(IMAGE_SEAL, web, 100, NULL);
        (void)must(IMAGE_DIGEST, web, 0, "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
        (void)must(IMAGE_REVIEW, web, 1, NULL);
        share = must(SHARE_PUT, web, bob, NULL);
        (void)must(EXPIRY_PUT, share, 4000000000000, NULL);
        (void)must(TRUST_PUT, bob, alice, NULL);
        vm = must(INSTANCE_PUT, 1, bob, "vm");
        assert_int_equal(must(LAUNCH, vm, web, NULL), 19);
}
