/* SPDX-License-Identifier: MIT
 * What is kept: found by name, listed, summed up.
 */
#include "keep.h"

#define DIGITS "0123456789"

int kept_name_split(const char *what, struct kept_name *ret_name) {
        const char *slash = strchr(what, '/'), *number = strchr(what, '#');
        const size_t region = slash ? (size_t)(slash - what) : 0, length = number ? (size_t)(number - what) : strlen(what);
        char name[OBJECT_SIZE];

        *ret_name = (struct kept_name){ 0 };
        if (!slash || slash >= what + length || region >= NAME_SIZE || length >= sizeof(name))
                return -ENOENT;
        memcpy(ret_name->region, what, region);
        memcpy(name, what, length);
        name[length] = '\0';
        if (number) {
                if (!number[1] || strlen(number + 1) > 18 || number[1 + strspn(number + 1, DIGITS)])
                        return -ENOENT;
                ret_name->id = strtoll(number + 1, NULL, 10);
                if (ret_name->id == 0)
                        return -ENOENT;
        }
        return instance_name_split(name + region + 1, ret_name->name, ret_name->owner);
}

struct search {
        const struct kept_name *name;
        char object[OBJECT_SIZE];
        struct kept_found *found;
};

static int search_each(const struct kept *kept, void *context) {
        struct search *s = context;

        if (s->name->id ? kept->id != s->name->id : strcmp(kept->object, s->object) != 0)
                return 0;
        s->found->kept = *kept;
        if (kept->place)
                s->found->images++;
        else
                s->found->instances++;
        return 0;
}

int kept_find(struct catalog_connection *c, const struct caller *caller, const char *what, struct kept_found *ret_found) {
        _cleanup_region_ struct region region = { 0 };
        struct kept_name name;
        struct search search = { .name = &name, .found = ret_found };
        struct account owner;
        int r = kept_name_split(what, &name);

        *ret_found = (struct kept_found){ 0 };
        if (r == 0 && caller->role == ROLE_ACCOUNT && strcmp(name.owner, caller->name) != 0)
                r = -ENOENT;
        if (r < 0)
                return r;
        (void)snprintf(search.object, OBJECT_SIZE, "%s/%s@%s", name.region, name.name, name.owner); /* fits */
        r = catalog_region_find(c, name.region, &region);
        if (r == 0)
                r = catalog_account_find(c, name.owner, &owner);
        if (r < 0)
                return r == -ENOENT ? -ENXIO : r;
        r = catalog_kept_each(c, region.id, owner.id, search_each, &search);
        return r < 0 ? r : ret_found->kept.id ? 0 : -ENOENT;
}

int kept_refuse(const struct kept *kept, void *context) {
        (void)kept;
        (void)context;
        return -EAGAIN;
}

struct listing {
        int64_t keep;
        int (*each)(const struct kept *kept, int64_t until, void *context);
        void *context;
};

static int list_each(const struct kept *kept, void *context) {
        const struct listing *l = context;

        return l->each(kept, l->keep > INT64_MAX / 1000 - kept->time ? INT64_MAX : kept->time + 1000 * l->keep, l->context);
}

int kept_list(struct request *request, int (*each)(const struct kept *kept, int64_t until, void *context), void *context) {
        const struct caller *caller = &request->caller;
        struct listing l = { .each = each, .context = context };
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(request->service->catalog, &c);

        if (r == 0)
                r = catalog_setting_get(c, LIMIT_KEEP, LIMIT_KEEP_DEFAULT, &l.keep);
        return r < 0 ? r : catalog_kept_each(c, 0, caller->role == ROLE_ACCOUNT ? caller->account : 0, list_each, &l);
}

static int sum_each(const struct kept *kept, void *context) {
        struct kept_sum *sum = context;

        sum->count++;
        sum->bytes += kept->bytes;
        return 0;
}

int kept_sum(struct request *request, const char *region, const char *account, struct kept_sum *ret_sum) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        _cleanup_region_ struct region of = { 0 };
        struct holdings holdings = { 0 };
        struct account owner = { 0 };
        int r = catalog_read(request->service->catalog, &c);

        *ret_sum = (struct kept_sum){ 0 };
        if (r == 0)
                r = region ? catalog_region_find(c, region, &of) : catalog_account_find(c, account, &owner);
        if (r == 0)
                r = region ? catalog_region_totals(c, 0, &of) : catalog_account_holdings(c, owner.id, &holdings);
        if (r == 0 && of.images + of.instances + holdings.images + holdings.instances > 0)
                r = -ENOTEMPTY;
        return r < 0 ? r : catalog_kept_each(c, of.id, owner.id, sum_each, ret_sum);
}
