/* SPDX-License-Identifier: MIT
 * Signals to the background threads: there is something to do, or they are to end. Knows none of them.
 */
#include "state.h"
#include "upkeep/wing.h"

bool service_stopping(struct service *service) {
        return service->stopping;
}

void digest_wake(struct service *service) {
        int posted;

        if (sem_getvalue(&service->digest_work, &posted) == 0 && posted == 0)
                (void)sem_post(&service->digest_work);
}

void purge_wake(struct service *service) {
        (void)pthread_mutex_lock(&service->work_lock);
        service->purge_wanted = true;
        (void)pthread_cond_signal(&service->purge_work);
        (void)pthread_mutex_unlock(&service->work_lock);
}

void background_stop(struct service *service) {
        (void)pthread_mutex_lock(&service->work_lock);
        service->stopping = true;
        (void)pthread_cond_signal(&service->mark_work);
        (void)pthread_cond_signal(&service->purge_work);
        (void)pthread_mutex_unlock(&service->work_lock);
        (void)sem_post(&service->digest_work); /* fails only after two billion of them */
        (void)sem_post(&service->hash_work);
}
