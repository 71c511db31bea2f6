/* SPDX-License-Identifier: MIT
 * Notices that belong together: notify.c decides when they are told, notice.c tells them.
 */
#pragma once

#include <sys/queue.h>

#include "kernel/kernel.h"

struct notice {
        enum notice_kind kind;
        uint64_t node; /* for a name: its directory */
        char name[2 * NAME_SIZE];
};

struct notices {
        TAILQ_ENTRY(notices) next;
        struct notifier *notifier;
        struct reason why;
        struct line *line; /* its view's, set with the first notice */
        bool again;    /* it has been told once */
        bool awaited;  /* a thread waits for that; `told` is on its stack */
        bool *told;
        int64_t due;   /* ns of the monotonic clock: when it is told again */
        size_t count, room;
        struct notice *items;
};

/* As notices_add, without setting the line. */
int notices_put(struct notices *notices, enum notice_kind kind, uint64_t node, const char *name);
/* expires: the kernel can mark names instead of dropping them. May wait for a directory's lock. */
void notices_tell(const struct notices *notices, struct mount *mount, bool expires);
void notices_free(struct notices *notices);
