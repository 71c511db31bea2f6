/* SPDX-License-Identifier: MIT
 * A second's wait for somebody who cannot come, since there is one thread: over at once, and the clock tells that it was.
 */
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

static _Atomic int64_t waited; /* ns */

int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left);
int __real_usleep(useconds_t us);
int __wrap_usleep(useconds_t us);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time) {
        int r = __real_clock_gettime(clock, ret_time);
        int64_t ns = ret_time->tv_nsec + waited;

        if (r < 0 || clock != CLOCK_MONOTONIC)
                return r;
        ret_time->tv_sec += ns / 1000000000;
        ret_time->tv_nsec = ns % 1000000000;
        return 0;
}

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left) {
        (void)clock;
        (void)flags;
        (void)left;
        waited += time->tv_sec * 1000000000 + time->tv_nsec;
        return 0;
}

/* Also of who waits for another thread's lock, which does come: a little of it. */
int __wrap_usleep(useconds_t us) {
        waited += (int64_t)us * 1000;
        return __real_usleep(us / 100);
}
