/* SPDX-License-Identifier: MIT
 * The log's clock: what it is, and an operator who says that the machine's is right.
 */
#include "log/decision.h"
#include "registry.h"
#include "request.h"

int clock_get(struct request *request, struct clock_state *ret_state) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = request_read(request, &c);

        return r < 0 ? r : catalog_clock(c, ret_state);
}

static int run_set(struct catalog_connection *c, void *context) {
        struct decision *d = context;
        struct event event;
        int r = decision_manage(c, d);

        if (r != 0)
                return r;
        event = decision_event(d, EVENT_CLOCK_SET);
        return catalog_clock_set(c, &event);
}

int clock_set(struct request *request) {
        struct decision d = { .request = request, .op = EVENT_CLOCK_SET, .asked = "set the clock" };

        return decision_end(&d, request_write(request, run_set, &d));
}
