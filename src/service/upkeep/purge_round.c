/* SPDX-License-Identifier: MIT
 * Kept bytes go by themselves: by age, and, oldest first, ahead of need where room gets short.
 */
#include "keep.h"
#include "request.h"
#include "room.h"
#include "upkeep/wing.h"

struct round {
        struct service *service;
        struct caller caller;
        int64_t before; /* ms: what was deleted before that is too old */
        int64_t roomy;  /* the region that was asked last, and has room; 0: none */
};

/* Does this one have to go? NULL: no. */
static const char *purge_reason(struct round *round, const struct kept *kept) {
        struct blob_store *store;
        struct statvfs space;

        if (kept->time <= round->before)
                return "age";
        if (kept->region == round->roomy || service_store(round->service, kept->region, &store) < 0 ||
            blob_store_statvfs(store, &space) < 0)
                return NULL;
        if (room_is_short(round->service, &space))
                return "room";
        round->roomy = kept->region;
        return NULL;
}

static int purge_if_due(const struct kept *kept, void *context) {
        struct round *round = context;
        const char *reason = purge_reason(round, kept);

        if (reason)
                (void)purge_kept(round->service, &round->caller, kept, reason); /* else in the next round */
        return service_stopping(round->service) ? -ECANCELED : 0;
}

void purge_round(struct service *service) {
        struct round round = { .service = service, .caller = service_itself() };
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct clock_state clock;
        int64_t keep;

        if (catalog_read(service->catalog, &c) < 0 || catalog_setting_get(c, LIMIT_KEEP, LIMIT_KEEP_DEFAULT, &keep) < 0 ||
            catalog_clock(c, &clock) < 0)
                return;
        round.before = clock.doubted || keep > clock.log / 1000 ? 0 : clock.log - 1000 * keep;
        (void)catalog_kept_each(c, 0, 0, purge_if_due, &round); /* as above */
}
