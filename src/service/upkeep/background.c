/* SPDX-License-Identifier: MIT
 * The daemon's own threads. One does what is due, and has digests computed (digest.c); one marks stores; one sweeps, and then purges kept
 * bytes: nothing else waits for it, since a store may be large, or hang.
 */
#include <sys/resource.h>
#include <time.h>

#include "disk/stores.h"
#include "upkeep/wing.h"

#define IDLE_SECONDS 10
#define MARK_SECONDS 1
#define HUNG_SECONDS 5 /* between two looks at whether to stop: then the store hangs */

static void *digest_main(void *argument) {
        struct service *service = argument;
        struct timespec until;
        int64_t due;

        while (!service_stopping(service)) {
                digester_turn(service->digester);
                due = due_round(service);
                (void)clock_gettime(CLOCK_REALTIME, &until); /* cannot fail for this clock */
                until.tv_sec += IDLE_SECONDS;
                if (due > 0 && due / 1000 < until.tv_sec)
                        until = (struct timespec){ .tv_sec = due / 1000, .tv_nsec = due % 1000 * 1000000 };
                (void)sem_timedwait(&service->digest_work, &until); /* whatever ends it */
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

static void *sweep_main(void *argument) {
        struct service *service = argument;
        struct timespec until;

        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), 10); /* requests come first */
        service_sweep(service);
        while (!service_stopping(service)) {
                purge_round(service);
                (void)clock_gettime(CLOCK_REALTIME, &until); /* cannot fail for this clock */
                until.tv_sec += IDLE_SECONDS;
                (void)pthread_mutex_lock(&service->work_lock);
                if (!service->purge_wanted && !service->stopping)
                        (void)pthread_cond_timedwait(&service->purge_work, &service->work_lock, &until);
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
        struct timespec until;

        while (!service_stopping(service)) {
                (void)clock_gettime(CLOCK_REALTIME, &until); /* cannot fail for this clock */
                until.tv_sec += MARK_SECONDS;
                (void)pthread_mutex_lock(&service->work_lock);
                if (!service->stopping)
                        (void)pthread_cond_timedwait(&service->mark_work, &service->work_lock, &until);
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
