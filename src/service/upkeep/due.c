/* SPDX-License-Identifier: MIT
 * What is due by the clock, and waits for no disk: shares that have expired, refusals that were counted for a minute.
 */
#include "log/wing.h"
#include "nouns.h"
#include "upkeep/wing.h"

#define AGAIN_MS 100 /* a share became due just now; or its end could not be written, and is not tried without a pause */

static int run_due(struct catalog_connection *c, void *context) {
        const struct caller *caller = context;
        struct share share;
        int r = catalog_share_due(c, &share);

        return r < 0 ? r : expiry_commit(c, caller, &share);
}

static int run_clock(struct catalog_connection *c, void *context) {
        return catalog_clock_note(c, context);
}

int64_t expiry_round(struct service *service) {
        struct caller caller = service_itself();
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct clock_state clock;
        struct share share;
        int64_t next;

        if (catalog_read(service->catalog, &c) < 0)
                return -1;
        if (catalog_clock_stale(c) > 0)
                (void)catalog_write(service->catalog, run_clock, &caller); /* else the next round does */
        while (catalog_share_due(c, &share) == 0)
                if (catalog_write(service->catalog, run_due, &caller) < 0)
                        break; /* another process did it, or the next round does */
        if (catalog_share_next_due(c, &next) < 0 || catalog_clock(c, &clock) < 0 || clock.doubted)
                return -1;
        return next > clock.due ? next - clock.due : AGAIN_MS;
}

int64_t due_round(struct service *service) {
        denials_flush(service, false);
        return expiry_round(service);
}
