/* SPDX-License-Identifier: MIT
 * Upkeep: what a daemon does by itself, in threads of its own (digests, shares that expire, refusals that were counted,
 * what a crash left), and what an operator does between runs (check, upgrade: check.h and upgrade.h in include/). Nobody
 * waits for it; services only wake it.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct service;

/* --- sweep.c --- */

/* Removes what a crash left in the stores that are online, until the service stops. */
void service_sweep(struct service *service);
/* The same by a background thread. */
int sweep_start(struct service *service);

/* --- digest.c --- */

int digest_start(struct service *service);
/* Tells the background threads to end. */
void background_stop(struct service *service);
/* Waits for one, if it is there. false: it waits for a store that hangs. */
bool background_join(bool *has, pthread_t thread);
/* Are the background threads to end? */
bool service_stopping(struct service *service);
/* The digests of all below a size that wait, once each; one that cannot be read now is tried again in the next round. */
void digest_round(struct service *service, int64_t below);
/* There is something to do for the background thread. */
void digest_wake(struct service *service);

/* --- expiry.c --- */

/* Ends what has expired; returns the time (ms) when to look again, 0: nothing is due. */
int64_t expiry_round(struct service *service);
