/* SPDX-License-Identifier: MIT
 * Shares made and ended by many at once: a thread for each directory named, mkdir of one account after the other, until
 * the time is over; then rmdir of all it made. The same directory twice: two threads in it.
 */
#include "load.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHANGES_MAX 9000 /* of one thread: the accounts there are, but some */

struct worker {
        pthread_t thread;
        const char *path;
        int fd; /* held open, so that the way to it is in the kernel's cache, and not what is measured */
        pthread_barrier_t *barrier;
        double seconds;
        int64_t first, made;
        struct sample grants, revokes;
        double granted_after, revoked_after;
};

static double now_after(double *before, struct sample *sample) {
        double now = seconds_now();

        sample_add(sample, now - *before);
        *before = now;
        return now;
}

static void wait_for_all(struct worker *w) {
        (void)pthread_barrier_wait(w->barrier); /* one of them hears that it was the last */
}

static void *work(void *argument) {
        struct worker *w = argument;
        double start, now;
        char name[BENCH_NAME];

        wait_for_all(w);
        start = now = seconds_now();
        for (; w->made < CHANGES_MAX && now < start + w->seconds; w->made++) {
                account_name(w->first + w->made, name);
                if (mkdirat(w->fd, name, 0755) < 0)
                        die(name);
                w->granted_after = now_after(&now, &w->grants) - start;
        }
        wait_for_all(w);
        start = now = seconds_now();
        for (int64_t i = 0; i < w->made; i++) {
                account_name(w->first + i, name);
                if (unlinkat(w->fd, name, AT_REMOVEDIR) < 0)
                        die(name);
                w->revoked_after = now_after(&now, &w->revokes) - start;
        }
        return NULL;
}

/* mkdirs a second, p50, p99 and worst in us; the same for rmdir */
void verb_change(int argc, char **argv) {
        _cleanup_free_ struct worker *workers = calloc((size_t)argc - 1, sizeof(*workers));
        _cleanup_sample_ struct sample grants = { 0 }, revokes = { 0 };
        double granted_after = 0, revoked_after = 0;
        pthread_barrier_t barrier;

        if (!workers || pthread_barrier_init(&barrier, NULL, (unsigned)argc - 1) != 0)
                die("threads");
        for (int i = 0; i < argc - 1; i++) {
                struct worker *w = &workers[i];

                *w = (struct worker){ .path = argv[i + 1], .barrier = &barrier, .seconds = fraction(argv[0]) };
                w->fd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (w->fd < 0)
                        die(w->path);
                for (int j = 0; j < i; j++) /* in one directory each has accounts of its own */
                        w->first += strcmp(argv[j + 1], w->path) == 0 ? CHANGES_MAX / (argc - 1) : 0;
                if (pthread_create(&w->thread, NULL, work, w) != 0)
                        die("threads");
        }
        for (int i = 0; i < argc - 1; i++) {
                struct worker *w = &workers[i];

                (void)pthread_join(w->thread, NULL); /* ours, joined once */
                sample_join(&grants, &w->grants);
                sample_join(&revokes, &w->revokes);
                w->fd = fd_close(w->fd);
                sample_free(&w->grants);
                sample_free(&w->revokes);
                granted_after = w->granted_after > granted_after ? w->granted_after : granted_after;
                revoked_after = w->revoked_after > revoked_after ? w->revoked_after : revoked_after;
        }
        (void)printf("%.1f", (double)grants.count / granted_after);
        sample_print(&grants);
        (void)printf("\t%.1f", (double)revokes.count / revoked_after);
        sample_print(&revokes);
        (void)putchar('\n');
}
