/* SPDX-License-Identifier: MIT
 * The daemon's own threads. One does what is due, and has digests computed (digest.c); one marks stores; one sweeps,
 * and then purges kept bytes: nothing else waits for it, since a store may be large, or hang.
 */
#include <sys/resource.h>
#include <time.h>

#include "clock.h"
#include "disk/stores.h"
#include "upkeep/wing.h"

#define IDLE_SECONDS 10
#define MARK_SECONDS 1
#define HUNG_SECONDS 5 /* between two looks at whether to stop: then the store hangs */

static void *digest_main(void *argument) {
        struct service *service = argument;
        int64_t ms;

        while (!service_stopping(service)) {
                digester_turn(service->digester);
                ms = due_round(service);
                if (ms < 0 || ms > IDLE_SECONDS * 1000)
                        ms = IDLE_SECONDS * 1000;
                (void)clock_wait(&service->digest_work, ms); /* whatever ends it */
        }
        return NULL;
}

int digest_start(struct service *service) {
        int r = digester_start(service);

        if (r < 0)
                return r;
        r = pthread_create(&service->thread, NULL, digest_main, service);
        service->has_thread = r == 0;
        return -r;
}

/* Under the lock. By the monotonic clock: the other one may be set back by a year. */
static void work_wait(struct service *service, pthread_cond_t *work, int seconds) {
        const struct timespec until = clock_after_ns(seconds * SECOND_NS);

        (void)pthread_cond_clockwait(work, &service->work_lock, CLOCK_MONOTONIC, &until); /* whatever ends it */
}

static void *sweep_main(void *argument) {
        struct service *service = argument;

        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), 10); /* requests come first */
        service_sweep(service);
        while (!service_stopping(service)) {
                purge_round(service);
                (void)pthread_mutex_lock(&service->work_lock);
                if (!service->purge_wanted && !service->stopping)
                        work_wait(service, &service->purge_work, IDLE_SECONDS);
                service->purge_wanted = false;
                (void)pthread_mutex_unlock(&service->work_lock);
        }
        return NULL;
}

int service_sweep_begin(struct service *service) {
        int r = service_writable(service);

        if (r < 0)
                return 0;
        r = pthread_create(&service->sweeper, NULL, sweep_main, service);

        service->has_sweeper = r == 0;
        return -r;
}

static void *marker_main(void *argument) {
        struct service *service = argument;

        while (!service_stopping(service)) {
                (void)pthread_mutex_lock(&service->work_lock);
                if (!service->stopping)
                        work_wait(service, &service->mark_work, MARK_SECONDS);
                (void)pthread_mutex_unlock(&service->work_lock);
                service_stores_mark(service);
        }
        return NULL;
}

int marker_start(struct service *service) {
        int r = pthread_create(&service->marker, NULL, marker_main, service);

        service->has_marker = r == 0;
        return -r;
}

bool background_join(bool *has, pthread_t thread) {
        struct timespec until;

        if (!*has)
                return true;
        (void)clock_gettime(CLOCK_REALTIME, &until); /* cannot fail for this clock */
        until.tv_sec += HUNG_SECONDS;
        *has = pthread_timedjoin_np(thread, NULL, &until) != 0; /* only a timeout can fail here */
        return !*has;
}
