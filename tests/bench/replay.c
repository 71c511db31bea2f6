/* SPDX-License-Identifier: MIT
 * bench-replay: the cost of making all rows again from a catalog's log, in a temporary file.
 *   bench-replay CATALOG.DB       prints events per second, seconds of CPU, thousands of events per second
 */
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "effects/replay.h"

static int failed(int64_t event, void *context) {
        (void)context;
        (void)fprintf(stderr, "event %" PRId64 " cannot be\n", event);
        return -EIO;
}

static void must(const char *what, int r) {
        if (r == 0)
                return;
        errno = -r;
        die(what);
}

int main(int argc, char **argv) {
        struct catalog_connection *from;
        struct catalog *catalog;
        struct replay replay;
        double start, rate;
        int64_t events;

        if (argc != 2) {
                (void)fputs("usage: bench-replay CATALOG.DB\n", stderr);
                return 2;
        }
        must(argv[1], catalog_open(argv[1], CATALOG_READ_ONLY, &catalog));
        must("read", catalog_read(catalog, &from));
        must("replay", replay_open("", &replay));
        start = seconds_now();
        must("log", replay_log(&replay, from, failed, NULL));
        must("count", statement_number(replay.c, S_FEED_LAST, &events));
        rate = (double)events / (seconds_now() - start);
        (void)printf("%.0f\t%.2f\t%.1f\n", rate, (double)clock() / CLOCKS_PER_SEC, rate / 1000);
        replay_close(&replay);
        catalog_read_end(&from);
        (void)catalog_close(catalog); /* returns NULL */
        return 0;
}
