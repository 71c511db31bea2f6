/* SPDX-License-Identifier: MIT
 * Upkeep: what a daemon does by itself, in threads of its own (digests, shares that expire, counted refusals, what a
 * crash left), and what an operator asks for (include/check.h, include/upgrade.h). Services only wake it, none waits.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct service;

/* --- wake.c --- */

/* There is something to do for the background thread. */
void digest_wake(struct service *service);
/* Tells the background threads to end. */
void background_stop(struct service *service);
/* Are the background threads to end? */
bool service_stopping(struct service *service);

/* --- due.c --- */

/* Ends what has expired; returns the time (ms) when to look again, 0: nothing is due. */
int64_t expiry_round(struct service *service);
/* The same, and what refusals were counted. */
int64_t due_round(struct service *service);

/* --- digest.c --- */

/* The digests of all below a size that wait, once each; one that cannot be read now is tried again in the next round. */
void digest_round(struct service *service, int64_t below);

/* --- sweep.c --- */

/* Removes what a crash left in the stores that are online, until the service stops. */
void service_sweep(struct service *service);

/* --- background.c --- */

/* The thread that computes digests and does what is due. */
int digest_start(struct service *service);
/* The one that sweeps, once. */
int sweep_start(struct service *service);
/* Waits for one, if it is there. false: it waits for a store that hangs. */
bool background_join(bool *has, pthread_t thread);
