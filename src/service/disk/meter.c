/* SPDX-License-Identifier: MIT
 * The meters of accounts that use disks now. What they count: count.c.
 */
#include "disk/meter.h"

int meter_get(struct service *service, int64_t region, int64_t account, struct meter **ret_meter) {
        struct meter *meter;

        (void)pthread_mutex_lock(&service->meters_lock);
        for (meter = service->meters; meter && (meter->region != region || meter->account != account);)
                meter = meter->next;
        if (!meter && (meter = calloc(1, sizeof(*meter)))) {
                meter->service = service;
                meter->region = region;
                meter->account = account;
                (void)pthread_mutex_init(&meter->lock, NULL); /* cannot fail with default attributes */
                meter->next = service->meters;
                service->meters = meter;
        }
        if (meter)
                meter->users++;
        (void)pthread_mutex_unlock(&service->meters_lock);
        *ret_meter = meter;
        return meter ? 0 : -ENOMEM;
}

struct meter *meter_put(struct meter *meter) {
        struct meter **link;

        if (!meter)
                return NULL;
        struct service *service = meter->service;

        (void)pthread_mutex_lock(&service->meters_lock);
        if (--meter->users == 0) {
                for (link = &service->meters; *link != meter;)
                        link = &(*link)->next;
                *link = meter->next;
        } else {
                meter = NULL;
        }
        (void)pthread_mutex_unlock(&service->meters_lock);
        if (meter)
                (void)pthread_mutex_destroy(&meter->lock); /* nobody uses it any more */
        free(meter);
        return NULL;
}
