/* SPDX-License-Identifier: MIT
 * Reading the log, as far as the caller may see it, page by page.
 */
#include "log.h"

#include "exposure.h"
#include "log/wing.h"

struct reading {
        struct log_query *query;
        int (*each)(const struct log_event *event, void *context);
        void *context;
};

static int read_entry(const struct log_entry *entry, void *context) {
        const struct reading *reading = context;

        reading->query->after = entry->id;
        return reading->each(&(struct log_event){ .id = entry->id, .time = entry->time, .actor = entry->actor,
                                                  .op = entry->op, .object = entry->object,
                                                  .account = entry->account, .rule = entry->rule,
                                                  .line = entry->line },
                             reading->context);
}

/* Refusals may name an account that never existed: its number is -1. */
static int account_number(struct catalog_connection *c, struct log_query *query) {
        int r = catalog_account_ever(c, query->account, &query->number);

        if (r == -ENOENT)
                query->number = -1;
        return r == -ENOENT ? 0 : r;
}

int log_view(struct request *request, struct log_filter *ret_view) {
        int r = service_caller_refresh(request->service, &request->caller);

        if (r < 0)
                return r;
        ret_view->last = catalog_last(request->service->catalog);
        ret_view->viewer = request->caller.role == ROLE_ACCOUNT ? request->caller.account : 0;
        ret_view->viewer_name = ret_view->viewer ? request->caller.name : NULL;
        return 0;
}

int log_begin(struct request *request, struct log_query *query) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = 0;

        query->place = query->number = query->after = 0;
        if (query->image)
                r = exposure_find(request, query->image, &query->place);
        if (r == 0 || r == -ENOENT)
                r = catalog_read(request->service->catalog, &c);
        if (r == 0 && query->account)
                r = account_number(c, query);
        return r;
}

int log_page(struct request *request, struct log_query *query,
             int (*each)(const struct log_event *event, void *context), void *context) {
        struct reading reading = { .query = query, .each = each, .context = context };
        struct log_filter filter = { .denied = query->denied, .account = query->number,
                                     .name = query->account, .place = query->place,
                                     .object = query->place == 0 ? query->image : NULL };
        _cleanup_read_ struct catalog_connection *c = NULL;
        int64_t since = 0;
        int r = log_view(request, &filter);

        if (r == 0)
                r = catalog_read(request->service->catalog, &c);
        if (r == 0 && query->has_since) /* for each page: that time may not have come yet */
                r = catalog_log_at(c, query->since, false, &since);
        if (r == 0 && query->has_until)
                r = catalog_log_at(c, query->until, true, &filter.last);
        if (r < 0)
                return r;
        filter.after = since > query->after ? since : query->after;
        r = catalog_log(c, &filter, read_entry, &reading);
        return r < 0 ? r : r == CATALOG_PAGE;
}
