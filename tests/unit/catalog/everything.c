/* SPDX-License-Identifier: MIT */
#include "everything.h"

#include "lineage.h"
#include "scratch.h"

struct reading {
        struct catalog_connection *c;
        FILE *to;
        int64_t region;
        uint64_t shares, sum; /* of an image: their order is that of their ends, which were not known then */
};

static int print_share(const struct share *s, void *context) {
        const struct reading *r = context;

        (void)fprintf(r->to, "  share %ld of %ld with %s by %s at %ld until %ld\n", s->id, s->image, s->account_name,
                      s->granted_by, s->granted, s->expires);
        return 0;
}

static int print_child(const struct exposure_child *n, void *context) {
        const struct reading *r = context;

        (void)fprintf(r->to, "  exposure %ld by %s: %s since %ld\n", n->id, n->how, n->owner_name, n->since);
        return 0;
}

static int print_exposed(const struct exposure_share *share, void *context) {
        struct reading *r = context;
        char line[NAME_SIZE + 64];
        uint64_t hash = 5381;
        int n = snprintf(line, sizeof(line), "%s since %ld%s", share->account_name, share->since, share->live ? " live" : "");

        assert_in_range(n, 1, sizeof(line) - 1);
        r->shares++;
        for (const char *at = line; *at; at++)
                hash = 33 * hash + (unsigned char)*at;
        r->sum += hash;
        return 0;
}

static int print_usage(const char *account, int64_t count, int64_t since, void *context) {
        const struct reading *r = context;

        (void)fprintf(r->to, "  %ld run by %s since %ld\n", count, account, since);
        return 0;
}

static int print_line(const char *line, size_t length, void *context) {
        const struct reading *r = context;

        (void)fwrite(line, 1, length, r->to);
        return 0;
}

static int print_image(const struct image_entry *entry, void *context) {
        struct reading *r = context;
        char text[TEXT_SIZE], object[OBJECT_SIZE];
        int64_t mtime, place, source, same, shares;
        struct image i;
        size_t length;

        assert_int_equal(catalog_image_get(r->c, entry->place, &i), 0);
        assert_int_equal(scratch_image_source(r->c, i.id, &source, &same), 0);
        assert_int_equal(catalog_image_name(r->c, i.id, object, &place), 0);
        assert_int_equal(catalog_share_count(r->c, i.id, INT64_MAX, &shares), 0);
        (void)fprintf(r->to, " image %ld %ld %s/%s@%s (%s) state %d disk %d parts %ld %ld at %ld %ld size %ld",
                      i.place, i.id, i.region_name, i.name, i.owner_name, object, (int)i.state, i.has_disk,
                      i.description, i.shares_link, i.created, i.place_created, i.size);
        (void)fprintf(r->to, " shares %ld reviewed %d source %ld\n", shares, i.reviewed, source);
        if (i.description) {
                assert_int_equal(catalog_description_get(r->c, i.description, text, &length, &mtime, &place), 0);
                (void)fprintf(r->to, "  text %s\n", text);
        }
        assert_int_equal(catalog_share_list(r->c, i.id, 0, 0, print_share, context), 0);
        assert_in_range(catalog_exposure_children(r->c, i.id, 0, print_child, context), 0, CATALOG_PAGE - 1);
        r->shares = r->sum = 0;
        assert_in_range(catalog_exposure_shares(r->c, i.id, &EXPOSURE_FIRST, print_exposed, context), 0, CATALOG_PAGE - 1);
        (void)fprintf(r->to, "  shared %lu times: %lx\n", r->shares, r->sum);
        assert_int_equal(catalog_launch_usage(r->c, i.id, print_usage, context), 0);
        return catalog_history(r->c, i.place, NULL, true, print_line, context);
}

static int print_entry(const struct image_entry *entry, void *context) {
        const struct reading *r = context;

        (void)fprintf(r->to, "  sees %ld %ld %s@%s\n", entry->place, entry->cursor, entry->name, entry->owner_name);
        return 0;
}

static int print_instance(const struct image_entry *entry, void *context) {
        const struct reading *r = context;
        struct instance v;

        assert_int_equal(catalog_instance_get(r->c, entry->place, &v), 0);
        (void)fprintf(r->to, " instance %ld %s/%s@%s at %ld launch %ld of %ld %s image %d disk %d\n", v.id,
                      v.region_name, v.name, v.owner_name, v.created, v.launch, v.image, v.image_name, v.has_image,
                      v.has_disk);
        if (v.launch)
                assert_in_range(catalog_exposure_children(r->c, v.launch, 0, print_child, context), 0, CATALOG_PAGE - 1);
        return 0;
}

static int print_region(const struct region *region, void *context) {
        struct reading *r = context;
        struct region totals = *region;

        r->region = region->id;
        assert_int_equal(catalog_region_totals(r->c, 0, &totals), 0);
        (void)fprintf(r->to, "region %ld %s at %ld: %ld images, %ld bytes, %ld instances\n", region->id, region->name,
                      region->created, totals.images, totals.bytes, totals.instances);
        assert_int_equal(catalog_image_list(r->c, region->id, 0, 0, print_image, r), 0);
        return catalog_instance_list(r->c, region->id, 0, 0, print_instance, r);
}

static int print_trust(const struct trust *trust, void *context) {
        const struct reading *r = context;

        (void)fprintf(r->to, "  trusts %ld %s since %ld\n", trust->owner, trust->owner_name, trust->since);
        return 0;
}

static int print_account(const struct account *account, void *context) {
        const struct reading *r = context;

        (void)fprintf(r->to, "account %ld %s\n", account->id, account->name);
        for (int64_t region = 1; region <= 2; region++) {
                assert_int_equal(catalog_image_list(r->c, region, account->id, 0, print_entry, context), 0);
                assert_int_equal(catalog_received_list(r->c, region, account->id, 0, print_entry, context), 0);
                assert_int_equal(catalog_instance_list(r->c, region, account->id, 0, print_entry, context), 0);
        }
        return catalog_trust_list(r->c, account->id, 0, print_trust, context);
}

static int print_log(const struct log_entry *entry, void *context) {
        const struct reading *r = context;

        (void)fprintf(r->to, "%s", entry->line);
        return 0;
}

char *everything(struct catalog *catalog) {
        struct reading r = { 0 };
        struct log_filter filter = { .last = INT64_MAX };
        char *text = NULL;
        size_t size;
        int64_t limit;
        int rows;

        r.to = open_memstream(&text, &size);
        assert_non_null(r.to);
        assert_int_equal(catalog_read(catalog, &r.c), 0);
        assert_int_equal(catalog_region_list(r.c, 0, print_region, &r), 0);
        assert_int_equal(catalog_account_list(r.c, 0, print_account, &r), 0);
        assert_int_equal(catalog_setting_get(r.c, SHARE_LIMIT, -1, &limit), 0);
        (void)fprintf(r.to, "limit %ld\n", limit);
        rows = catalog_log(r.c, &filter, print_log, &r);
        assert_true(rows >= 0);
        assert_int_equal(catalog_log_at(r.c, INT64_MAX, true, &limit), 0);
        (void)fprintf(r.to, "last %ld\n", limit);
        catalog_read_end(&r.c);
        assert_int_equal(fclose(r.to), 0);
        return text;
}
