/* SPDX-License-Identifier: MIT
 * Preloaded: the wall clock is CLOCK_SHIFT seconds off, so that a log of several days is made at once.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *ret_time) {
        const char *shift = getenv("CLOCK_SHIFT");
        int r = (int)syscall(SYS_clock_gettime, clock, ret_time);

        if (r == 0 && clock == CLOCK_REALTIME && shift)
                ret_time->tv_sec += atoll(shift);
        return r;
}
