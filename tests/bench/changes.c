/* SPDX-License-Identifier: MIT
 * Shares made and ended by many at once: one thread for each directory given. The threads take turns of fifty mkdirs
 * and fifty rmdirs until the time is over. A directory given twice has two threads.
 */
#include "load.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ACCOUNTS 9000 /* that exist */
#define SHARES 50     /* per image at a time, the default limit */

/* All threads together do a turn of mkdirs, then one of rmdirs, until the time is over. */
struct turns {
        pthread_barrier_t barrier;
        double seconds;            /* of each kind */
        double granting, revoking; /* so far */
        double since;              /* this turn's beginning */
        bool over;
};

struct worker {
        pthread_t thread;
        const char *path;
        int fd; /* kept open, so that the path is cached by the kernel and not measured */
        struct turns *turns;
        int64_t first, count; /* accounts per turn */
        struct sample grants, revokes;
};

/* Waits for all threads; the last one ends the turn. */
static void turn_end(struct turns *t, double *seconds) {
        if (pthread_barrier_wait(&t->barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
                double now = seconds_now();

                *seconds += now - t->since;
                t->since = now;
                t->over = t->granting + t->revoking >= 2 * t->seconds;
        }
        (void)pthread_barrier_wait(&t->barrier); /* the turn is ended */
}

static void turn(const struct worker *w, bool granting, struct sample *sample) {
        double now = seconds_now(), before;
        char name[BENCH_NAME];

        for (int64_t i = 0; i < w->count; i++) {
                account_name((w->first + i) % ACCOUNTS, name);
                if ((granting ? mkdirat(w->fd, name, 0755) : unlinkat(w->fd, name, AT_REMOVEDIR)) < 0)
                        die(name);
                before = now;
                now = seconds_now();
                sample_add(sample, now - before);
        }
}

static void *work(void *argument) {
        struct worker *w = argument;
        double unused = 0;

        turn_end(w->turns, &unused); /* all threads have started */
        do {
                turn(w, true, &w->grants);
                turn_end(w->turns, &w->turns->granting);
                turn(w, false, &w->revokes);
                turn_end(w->turns, &w->turns->revoking);
                w->first += SHARES;
        } while (!w->turns->over);
        return NULL;
}

/* Prints mkdirs per second, p50, p99 and worst in us; the same for rmdir. */
void verb_change(int argc, char **argv) {
        _cleanup_free_ struct worker *workers = calloc((size_t)argc - 1, sizeof(*workers));
        _cleanup_sample_ struct sample grants = { 0 }, revokes = { 0 };
        struct turns turns = { .seconds = fraction(argv[0]) };

        if (!workers || pthread_barrier_init(&turns.barrier, NULL, (unsigned)argc - 1) != 0)
                die("threads");
        for (int i = 0; i < argc - 1; i++) {
                struct worker *w = &workers[i];
                int before = 0, there = 0; /* threads in the same directory */

                for (int j = 0; j < argc - 1; j++) {
                        before += j < i && strcmp(argv[j + 1], argv[i + 1]) == 0;
                        there += strcmp(argv[j + 1], argv[i + 1]) == 0;
                }
                *w = (struct worker){ .path = argv[i + 1], .turns = &turns, .count = SHARES / there };
                w->first = before * w->count;
                w->fd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (w->fd < 0)
                        die(w->path);
        }
        for (int i = 0; i < argc - 1; i++)
                if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
                        die("threads");
        for (int i = 0; i < argc - 1; i++) {
                struct worker *w = &workers[i];

                (void)pthread_join(w->thread, NULL); /* our own, joined once */
                sample_join(&grants, &w->grants);
                sample_join(&revokes, &w->revokes);
                w->fd = fd_close(w->fd);
                sample_free(&w->grants);
                sample_free(&w->revokes);
        }
        (void)printf("%.1f", (double)grants.count / turns.granting);
        sample_print(&grants);
        (void)printf("\t%.1f", (double)revokes.count / turns.revoking);
        sample_print(&revokes);
        (void)putchar('\n');
}
