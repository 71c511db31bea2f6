/* SPDX-License-Identifier: MIT
 * The log: what is written of a request, and what may be read of it. A request becomes a decision (decision.h); one
 * that is refused leaves a denial, which is rationed and written later. Reading is by page (log.c), or as a day's file
 * (events.c).
 */
#pragma once

#include "log.h"
#include "state.h"

/* --- denial.c --- */

int denials_new(struct denials **ret_denials);
struct denials *denials_free(struct denials *denials);
/* Logs a refusal; repeats within a minute, and what goes beyond the caller's ration of rows, are counted and logged as
 * one. Never waits for the disk. */
void denial_log(struct service *service, const struct caller *caller, enum event_op op, const char *object,
                const char *account, int64_t place, int rule);
/* Writes the counted repeats whose minute is over (all: every one). */
void denials_flush(struct service *service, bool all);

/* --- log.c --- */

/* What who asks may read of the log, its role read again: fills viewer and last. -ENOENT: the account was removed. */
int log_view(struct request *request, struct log_filter *ret_view);
