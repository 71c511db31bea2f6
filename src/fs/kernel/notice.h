/* SPDX-License-Identifier: MIT
 * Notices that belong together: between notify.c, which says when they are told, and notice.c, which tells them.
 */
#pragma once

#include <sys/queue.h>

#include "kernel/kernel.h"

struct notice {
        enum notice_kind kind;
        uint64_t node; /* of a name: the directory's */
        char name[2 * NAME_SIZE];
};

struct notices {
        TAILQ_ENTRY(notices) next;
        struct notifier *notifier;
        struct reason why;
        struct line *line; /* its view's, once there is anything in it */
        bool again;    /* it has been told once */
        bool awaited;  /* somebody waits, on the stack, until it has */
        bool *told;
        int64_t due;   /* ns of the monotonic clock */
        size_t count, room;
        struct notice *items;
};

/* As notices_add, with its view's line or without. */
int notices_put(struct notices *notices, enum notice_kind kind, uint64_t node, const char *name);
/* expires: the kernel can mark names instead of dropping them. May wait for a lock of the kernel's. */
void notices_tell(const struct notices *notices, struct mount *mount, bool expires);
void notices_free(struct notices *notices);
