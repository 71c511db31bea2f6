/* SPDX-License-Identifier: MIT
 * Waits on the monotonic clock.
 */
#include "clock.h"

#include <errno.h>

/* gcc's ThreadSanitizer does not know sem_clockwait: it must be told that the wake-up follows sem_post(). */
#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *address);
#else
#define __tsan_acquire(address) ((void)(address))
#endif

bool clock_wait(sem_t *semaphore, int64_t ms) {
        const struct timespec until = clock_after_ns(ms * MS_NS);
        int r;

        while ((r = sem_clockwait(semaphore, CLOCK_MONOTONIC, &until)) < 0 && errno == EINTR)
                ;
        if (r == 0)
                __tsan_acquire(semaphore);
        return r == 0;
}
