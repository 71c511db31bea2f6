/* SPDX-License-Identifier: MIT
 * What the machine's clock is held against (CONTRACT 5.4): CLOCK_BOOTTIME, which nobody can set. How far the clock is
 * ahead of it when it is right, in this boot, is kept in a file beside the database: `<name>-clock`. After a restart
 * the file says nothing. So no flush of it is waited for, and copies of the catalog do without it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "home.h"

#define CLOCK_TOLERANCE_MS INT64_C(3600000) /* a smaller step is an administrator's, or NTP's */
#define BOOT_ID_SIZE 37

#define CLOCK_MOST_MS (INT64_C(1) << 53) /* sums of some such numbers fit into 64 bits */

/* Which boot of the machine this process runs in. */
struct boot {
        char id[BOOT_ID_SIZE]; /* "": not known */
        int64_t offset;        /* ms, of CLOCK_BOOTTIME in this process's time namespace */
};
void boot_read(struct boot *ret_boot);

/* Both clocks at one moment, ms. */
struct instant {
        int64_t wall;  /* CLOCK_REALTIME */
        int64_t since; /* CLOCK_BOOTTIME of the machine, whatever the namespace */
};
struct instant instant_now(const struct boot *boot);

/* The clock is right if wall - since is from low to high, give or take the tolerance. Right after the clock was seen to
 * be right these are one number; after a restart with a wrong one they are bounds. high below low: it never is. */
struct anchor {
        int64_t low, high;
};
#define ANCHOR_NONE ((struct anchor){ INT64_MIN, INT64_MAX })

bool anchor_agrees(const struct anchor *anchor, const struct instant *now);
/* The time by the anchor, for as long as the clock does not agree. */
int64_t anchor_time(const struct anchor *anchor, const struct instant *now);
/* The first anchor in a boot. last: the log's time, ms, before which the clock cannot be. ahead: by how much the clock
 * was ahead, ms, when the log began to doubt it; 0: the log does not doubt it; below 0: it was behind. */
struct anchor anchor_first(const struct instant *now, int64_t last, int64_t ahead);

/* Reads the anchor of this boot. -ENOENT: there is none, or another boot's. */
int anchor_read(const struct home *home, const struct boot *boot, struct anchor *ret_anchor);
/* Keeps it. Only in a write transaction, so that one process does it at a time. The file keeps its size, so a full file
 * system is no obstacle once it is there. */
int anchor_write(const struct home *home, const struct boot *boot, const struct anchor *anchor);
