/* SPDX-License-Identifier: MIT
 * The log: writing refusals, and reading. A request becomes a decision (decision.h); a refused one leaves a denial,
 * which is rationed and written later. The log is read by page (log.c), or as a day's file (events.c).
 */
#pragma once

#include "log.h"
#include "state.h"

/* --- denial.c --- */

int denials_new(struct denials **ret_denials);
struct denials *denials_free(struct denials *denials);
/* Logs a refusal. verdict: its rule, or -errno if no rule made it. Repeats within a minute, and refusals beyond the
 * rations, are counted and logged as one row. Never waits for the disk. */
void denial_log(struct service *service, const struct caller *caller, enum event_op op, const char *object,
                const char *account, int64_t place, int verdict);
/* Writes the counted repeats whose minute is over (all: every one). */
void denials_flush(struct service *service, bool all);

/* --- log.c --- */

/* What the caller may read of the log; reads its role again. Sets viewer, viewer_name and last. -ENOENT: the account
 * was removed. */
int log_view(struct request *request, struct log_filter *ret_view);
