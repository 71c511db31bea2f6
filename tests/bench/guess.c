/* SPDX-License-Identifier: MIT
 * Guesses by the time of an answer what it does not tell: whether an image is hidden, or there is none. The better half of
 * what a stranger could do who has the clock of the machine and a CPU to himself.
 */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST 300   /* images before it are shared, or filled */
#define STRIDE 1237 /* a prime: the order in which names are tried is not the one in which the images were made */

enum guess { HIDDEN, ABSENT, NOBODYS, GUESSES };
static const char *const words[GUESSES] = { "hidden", "absent", "nobodys" };

static enum guess guess_of(const char *word) {
        for (enum guess g = 0; g < GUESSES; g++)
                if (strcmp(words[g], word) == 0)
                        return g;
        errno = EINVAL;
        die(word);
}

/* Names of one length. One that is absent is between two that are hidden. */
static void guess_name(enum guess g, int64_t n, char ret_name[static 2 * BENCH_NAME]) {
        char image[BENCH_NAME];

        image_name(n, image);
        if (g == ABSENT) /* img000123e, in place of img0001234 */
                image[strlen(image) - 1] = (char)('a' + n % 10);
        (void)snprintf(ret_name, 2 * BENCH_NAME, "%s@%s", image, g == NOBODYS ? "alicf" : "alice"); /* fits */
}

struct try {
        double seconds;
        bool second; /* of the two kinds */
};

static int try_compare(const void *a, const void *b) {
        const double x = ((const struct try *)a)->seconds, y = ((const struct try *)b)->seconds;

        return x < y ? -1 : x > y;
}

/* Both are refused; which way is not to be seen. fd: of an instance's `image` to launch, or of a directory to look into. */
static double try_one(int fd, bool launch, const char *name) {
        const double start = seconds_now();
        struct stat st;
        const bool done = launch ? write(fd, name, strlen(name)) >= 0 : fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
        const double took = seconds_now() - start;

        if (done || errno != ENOENT)
                die(name);
        return took;
}

/* The time that tells most of the tries apart, and whether the second kind is the slower one. */
static double threshold(struct try *tries, int64_t count, bool *ret_slower) {
        int64_t firsts = 0, seconds = 0, all = 0, best = 0;
        double at = 0;

        qsort(tries, (size_t)count, sizeof(*tries), try_compare);
        for (int64_t i = 0; i < count; i++)
                all += tries[i].second;
        for (int64_t i = 0; i < count; i++) {
                int64_t right; /* if up to here it is the first kind */

                firsts += !tries[i].second;
                seconds += tries[i].second;
                right = firsts + all - seconds;
                for (int slower = 0; slower < 2; slower++)
                        if ((slower ? right : count - right) > best) {
                                best = slower ? right : count - right;
                                at = tries[i].seconds;
                                *ret_slower = slower;
                        }
        }
        return at;
}

static double median(struct try *tries, int64_t count, bool second) {
        int64_t n = 0;

        qsort(tries, (size_t)count, sizeof(*tries), try_compare);
        for (int64_t i = 0; i < count; i++) {
                n += tries[i].second == second;
                if (n == count / 4)
                        return tries[i].seconds * 1e6;
        }
        return 0;
}

/* launch|lookup FILE|DIR KIND KIND TRIES IMAGES [MOUNTPOINT]: so many tries of each kind, in no order, of names from all over the region. One half says which times are whose, the
 * other half is guessed. Prints how many per cent were guessed right (50 is chance), and the medians of both, us. */
void verb_guess(int argc, char **argv) {
        const bool launch = strcmp(argv[0], "launch") == 0;
        const enum guess kinds[] = { guess_of(argv[2]), guess_of(argv[3]) };
        const int64_t tries = number(argv[4]), count = 2 * tries, apart = (number(argv[5]) - FIRST) / tries;
        _cleanup_free_ struct try *t = calloc((size_t)count, sizeof(*t));
        _cleanup_fd_ int fd = open(argv[1], launch ? O_WRONLY | O_CREAT | O_CLOEXEC : O_PATH | O_DIRECTORY | O_CLOEXEC, 0666);
        int64_t done[2] = { 0 }, right = 0;
        uint64_t random = (uint64_t)(seconds_now() * 1e9) | 1;
        char name[2 * BENCH_NAME];
        bool slower = false;
        double at;

        if (fd < 0 || !t)
                die(argv[1]);
        if (argc > 6)
                mount_forget(argv[6]);
        for (int64_t i = 0; i < count; i++) {
                /* as many of each in either half; a fair coin while there are both */
                const int64_t half = i < tries ? tries / 2 : tries;
                const bool second = done[0] == half || (done[1] < half && random_next(&random) >> 32 & 1);

                /* far from each other, or the first of a pair would read what the second finds read */
                guess_name(kinds[second], FIRST + (done[second]++ + second * tries / 2) * STRIDE % tries * apart, name);
                t[i] = (struct try){ .seconds = try_one(fd, launch, name), .second = second };
        }
        at = threshold(t, tries, &slower);
        for (int64_t i = tries; i < count; i++)
                right += (t[i].seconds > at) == (t[i].second == slower);
        (void)printf("%.1f\t%.2f\t%.2f\n", 100. * (double)right / (double)tries, median(t, count, false), median(t, count, true));
}
