/* SPDX-License-Identifier: MIT
 * Signals to the background threads: there is something to do, or they are to end. Knows none of them.
 */
#include "state.h"
#include "upkeep/wing.h"

bool service_stopping(struct service *service) {
        bool stop;

        (void)pthread_mutex_lock(&service->digest_lock);
        stop = service->stopping;
        (void)pthread_mutex_unlock(&service->digest_lock);
        return stop;
}

void digest_wake(struct service *service) {
        (void)pthread_mutex_lock(&service->digest_lock);
        service->digest_wanted = true;
        (void)pthread_cond_signal(&service->digest_work);
        (void)pthread_mutex_unlock(&service->digest_lock);
}

void purge_wake(struct service *service) {
        (void)pthread_mutex_lock(&service->digest_lock);
        service->purge_wanted = true;
        (void)pthread_cond_signal(&service->purge_work);
        (void)pthread_mutex_unlock(&service->digest_lock);
}

void background_stop(struct service *service) {
        (void)pthread_mutex_lock(&service->digest_lock);
        service->stopping = true;
        (void)pthread_cond_signal(&service->digest_work);
        (void)pthread_cond_signal(&service->mark_work);
        (void)pthread_cond_signal(&service->purge_work);
        (void)pthread_mutex_unlock(&service->digest_lock);
}
