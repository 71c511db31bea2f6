/* SPDX-License-Identifier: MIT
 * Failures of the machine, for the administrator: the caller gets an errno, the log says where and how often. At most
 * one line in ten seconds, since a full disk fails every request.
 */
#include "request/request.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "origin.h"
#include "timestamp.h"

#define EVERY_MS 10000

/* Refusals, races and wrong requests concern only the caller. */
static bool is_failure(int error) {
        switch (error) {
        case EIO:
        case EUCLEAN:
        case ENOSPC:
        case EDQUOT:
        case ENOMEM:
        case EMFILE:
        case ENFILE:
                return true;
        default:
                return false;
        }
}

/* A store was taken by another copy of the catalog while this one was served: said once. */
static void failure_foreign(struct failures *f, const struct service *service) {
        const char *why = service_foreign(service);

        if (!why || atomic_exchange(&f->foreign, true))
                return;
        if (f->background)
                syslog(LOG_DAEMON | LOG_ERR, "read-only: %s", why);
        else
                (void)fprintf(stderr, "imgsharefs: read-only: %s\n", why);
}

void failure_tell(struct call *call, int error) {
        struct failures *f = &call->mount->failures;
        char subject[OBJECT_SIZE], more[64] = "", origin[ORIGIN_SIZE];
        int64_t now = timestamp_now(), last = f->told;
        uint64_t untold;

        if (error == EROFS)
                failure_foreign(f, call->mount->service);
        if (!is_failure(error))
                return;
        if ((now >= last && now - last < EVERY_MS) || !atomic_compare_exchange_strong(&f->told, &last, now)) {
                f->untold++;
                return;
        }
        untold = atomic_exchange(&f->untold, 0);
        if (untold > 0)
                (void)snprintf(more, sizeof(more), ", after %llu more", (unsigned long long)untold);
        if (call->loaded)
                (void)snprintf(subject, sizeof(subject), "%s/%s@%s", call->image.region_name, call->image.name,
                               call->image.owner_name); /* fits */
        else
                (void)snprintf(subject, sizeof(subject), "a request of %s", call->request.caller.name);
        (void)origin_text(-error, origin); /* returns it */
        if (f->background)
                syslog(LOG_DAEMON | LOG_ERR, "%s%s: '%s'%s", strerrordesc_np(error), origin, subject, more);
        else
                (void)fprintf(stderr, "imgsharefs: %s%s: '%s'%s\n", strerrordesc_np(error), origin, subject, more);
}
