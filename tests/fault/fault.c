/* SPDX-License-Identifier: MIT
 * Chooses the call that fails, and knows which answers are allowed then.
 */
#include "fault.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

#include "cleanup.h"

#define ERRORS 4

static const struct {
        const char *name;
        int errors[ERRORS];
} kinds[FAULT_KINDS] = {
#define FAULT(symbol, text, ...) [FAULT_##symbol] = { .name = text, .errors = { __VA_ARGS__ } },
#include "kinds.def"
#undef FAULT
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the following variables */
static struct fault armed;
static bool reached;
static int calls[FAULT_KINDS];
static _Atomic bool is_armed; /* read without the lock: most calls are made while nothing fails */

const char *fault_name(enum fault_kind kind) {
        return kinds[kind].name;
}

int fault_errors(enum fault_kind kind) {
        int n = 0;

        while (n < ERRORS && kinds[kind].errors[n] != 0)
                n++;
        return n;
}

int fault_error(enum fault_kind kind, int i) {
        return kinds[kind].errors[i];
}

/* The fault's errno, or the errno for an SQLite code (statements.c); EIO is always allowed. */
bool fault_answer(const struct fault *fault, int answer) {
        int error = fault_error(fault->kind, fault->error);

        if (answer == -EIO)
                return true;
        if (fault->kind < FAULT_STEP)
                return answer == -error;
        switch (error & 0xff) {
        case SQLITE_NOMEM:
                return answer == -ENOMEM;
        case SQLITE_FULL:
                return answer == -ENOSPC;
        case SQLITE_BUSY:
                return answer == -EAGAIN;
        default:
                return false;
        }
}

void fault_arm(const struct fault *fault) {
        (void)pthread_mutex_lock(&lock);
        armed = *fault;
        is_armed = true;
        reached = false;
        memset(calls, 0, sizeof(calls));
        (void)pthread_mutex_unlock(&lock);
}

bool fault_disarm(int *ret_calls) {
        bool was;

        (void)pthread_mutex_lock(&lock);
        is_armed = false;
        was = reached;
        if (ret_calls)
                memcpy(ret_calls, calls, sizeof(calls));
        (void)pthread_mutex_unlock(&lock);
        return was;
}

int fault_now(enum fault_kind kind) {
        int error = 0;

        if (!is_armed)
                return 0;
        (void)pthread_mutex_lock(&lock);
        if (is_armed) {
                int n = ++calls[kind];

                if (armed.kind == kind && armed.n > 0 && (armed.persistent ? n >= armed.n : n == armed.n)) {
                        reached = true;
                        error = fault_error(kind, armed.error);
                }
        }
        (void)pthread_mutex_unlock(&lock);
        return error;
}
