/* SPDX-License-Identifier: MIT
 * The threads that tell the kernel what to forget. A notice about a name takes the lock of the name's directory, which
 * a request under way may hold; so a thread that serves requests never sends one.
 *
 * Kernels from 6.19 on take the lock only for names they know, so an answer under way may be cached after the notice
 * (notice.c). So all is told again a little later, when such answers have long arrived. By then the name may be in use
 * again, so it is only marked to be looked up.
 *
 * A caller can hold a lock for ever: by listing a directory into memory that never comes. So a view has only a few of
 * the threads, and the queue for a stuck view is bounded. Beyond that the view is lost, and pruned as a whole once it
 * can be told again.
 */
#include "kernel/notice.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "clock.h"
#include "serve/serve.h"

#define WORKERS 8       /* of a mount for one account */
#define WORKERS_MANY 32 /* of a multiuser mount */
#define WORKERS_A_VIEW 2
#define AGAIN_MS 30
#define STUCK_MS 1000 /* without progress */
#define STUCK_WAITING 1000 /* batches queued for a stuck view */
#define LINES 64

TAILQ_HEAD(queue, notices);

/* The notices for one view. */
struct line {
        struct line *next;
        int64_t viewer;
        int busy;        /* workers that tell it */
        int64_t since;   /* ns, when the first of them began, or one last finished */
        size_t waiting;
        bool lost;       /* notices have been dropped */
};

struct notifier {
        struct mount *mount;
        _Atomic bool expires; /* the kernel can mark names instead of dropping them */
        _Atomic int64_t sent;
        pthread_mutex_t lock; /* guards what follows */
        pthread_cond_t work, done;
        struct queue now, later;
        struct line *lines[LINES];
        int per_view;
        int first_round; /* batches not told yet, queued or under way; and lost views */
        struct settled pushed, settled;
        bool stopping;
        int running;
        pthread_t workers[WORKERS_MANY];
};

/* --- notices --- */

struct notices *notices_new(struct notifier *notifier, struct reason why) {
        struct notices *n = calloc(1, sizeof(*n));

        if (n)
                *n = (struct notices){ .notifier = notifier, .why = why };
        return n;
}

/* The line of a node's view. NULL: no memory. */
static struct line *line_of(struct notifier *notifier, uint64_t number) {
        struct node node = { 0 };
        struct line **at, *line;

        (void)node_unpack(number, &node); /* packed by us */
        at = &notifier->lines[node.viewer % LINES];
        (void)pthread_mutex_lock(&notifier->lock);
        for (line = *at; line && line->viewer != node.viewer;)
                line = line->next;
        if (!line && (line = calloc(1, sizeof(*line)))) {
                line->viewer = node.viewer;
                line->next = *at;
                *at = line;
        }
        (void)pthread_mutex_unlock(&notifier->lock);
        return line;
}

int notices_add(struct notices *n, enum notice_kind kind, uint64_t node, const char *name) {
        if (!n->line && !(n->line = line_of(n->notifier, node)))
                return -ENOMEM;
        return notices_put(n, kind, node, name);
}

/* --- the workers --- */

static void queue_push(struct queue *queue, struct notices *n) {
        TAILQ_INSERT_TAIL(queue, n, next);
        n->line->waiting++;
}

static void queue_take(struct queue *queue, struct notices *n) {
        TAILQ_REMOVE(queue, n, next);
        n->line->waiting--;
}

/* The first batch whose view may have another worker. */
static struct notices *queue_welcome(const struct notifier *notifier, struct queue *queue) {
        struct notices *n;

        TAILQ_FOREACH(n, queue, next)
                if (n->line->busy < notifier->per_view)
                        break;
        return n;
}

static struct notices *notifier_begin(struct queue *queue, struct notices *n) {
        queue_take(queue, n);
        if (n->line->busy++ == 0)
                n->line->since = clock_ns();
        return n;
}

/* Waits for the batch to tell next. NULL: stop. Under the lock. */
static struct notices *notifier_next(struct notifier *notifier) {
        while (!notifier->stopping) {
                struct notices *now = queue_welcome(notifier, &notifier->now);
                struct notices *later = queue_welcome(notifier, &notifier->later);

                if (now)
                        return notifier_begin(&notifier->now, now);
                if (!later) {
                        (void)pthread_cond_wait(&notifier->work, &notifier->lock);
                } else if (later->due <= clock_ns()) {
                        return notifier_begin(&notifier->later, later);
                } else {
                        struct timespec until = { .tv_sec = later->due / 1000000000,
                                                  .tv_nsec = later->due % 1000000000 };

                        (void)pthread_cond_timedwait(&notifier->work, &notifier->lock, &until);
                }
        }
        return NULL;
}

/* Counts first_round down: at 0 what was pushed is settled. Under the lock. */
static void notifier_settle_one(struct notifier *notifier) {
        if (--notifier->first_round == 0)
                notifier->settled = notifier->pushed;
}

/* Under the lock. */
static void notifier_told(struct notifier *notifier, struct notices *n) {
        n->line->busy--;
        n->line->since = clock_ns();
        if (n->again) {
                notices_free(n);
                return;
        }
        if (n->awaited)
                *n->told = true;
        notifier_settle_one(notifier);
        (void)pthread_cond_broadcast(&notifier->done);
        n->awaited = false;
        n->again = true;
        n->due = clock_ns() + AGAIN_MS * INT64_C(1000000);
        queue_push(&notifier->later, n);
        (void)pthread_cond_signal(&notifier->work);
}

static void *notifier_main(void *argument) {
        struct notifier *notifier = argument;
        struct notices *n;

        guard_thread(notifier->mount->session, !notifier->mount->debug);
        (void)pthread_mutex_lock(&notifier->lock);
        while ((n = notifier_next(notifier))) {
                (void)pthread_mutex_unlock(&notifier->lock);
                notices_tell(n, notifier->mount, notifier->expires);
                notifier->sent += (int64_t)n->count;
                (void)pthread_mutex_lock(&notifier->lock);
                notifier_told(notifier, n);
        }
        notifier->running--;
        (void)pthread_cond_broadcast(&notifier->done);
        (void)pthread_mutex_unlock(&notifier->lock);
        return NULL;
}

/* --- views --- */

static void queue_drop(struct notifier *notifier, struct queue *queue, const struct line *line) {
        for (struct notices *n = TAILQ_FIRST(queue), *next; n; n = next) {
                next = TAILQ_NEXT(n, next);
                if (n->line != line || n->awaited)
                        continue;
                if (!n->again)
                        notifier_settle_one(notifier);
                queue_take(queue, n);
                notices_free(n);
        }
}

/* Whether the view is stuck and its queue full, which is then dropped. Until it recovers nothing is settled. */
static bool line_is_lost(struct notifier *notifier, struct line *line) {
        if (line->lost || line->waiting < STUCK_WAITING || line->busy < notifier->per_view ||
            clock_ns() - line->since < STUCK_MS * INT64_C(1000000))
                return line->lost;
        line->lost = true;
        notifier->first_round++;
        queue_drop(notifier, &notifier->now, line);
        queue_drop(notifier, &notifier->later, line);
        return true;
}

bool notifier_recovered(struct notifier *notifier, int64_t *ret_viewer) {
        bool found = false;

        (void)pthread_mutex_lock(&notifier->lock);
        for (size_t i = 0; i < LINES && !found; i++)
                for (struct line *line = notifier->lines[i]; line && !found; line = line->next)
                        if (line->lost && line->busy < notifier->per_view) {
                                line->lost = false;
                                *ret_viewer = line->viewer;
                                found = true;
                        }
        (void)pthread_mutex_unlock(&notifier->lock);
        return found;
}

bool notifier_waits(struct notifier *notifier) {
        bool waits;

        (void)pthread_mutex_lock(&notifier->lock);
        waits = notifier->first_round > 0;
        (void)pthread_mutex_unlock(&notifier->lock);
        return waits;
}

void notifier_resettle(struct notifier *notifier) {
        (void)pthread_mutex_lock(&notifier->lock);
        notifier_settle_one(notifier);
        (void)pthread_mutex_unlock(&notifier->lock);
}

static void queue_free(struct queue *queue) {
        struct notices *n;

        while ((n = TAILQ_FIRST(queue))) {
                TAILQ_REMOVE(queue, n, next);
                notices_free(n);
        }
}

static void lines_free(struct notifier *notifier) {
        for (size_t i = 0; i < LINES; i++)
                while (notifier->lines[i]) {
                        struct line *line = notifier->lines[i];

                        notifier->lines[i] = line->next;
                        free(line);
                }
}

/* false: there is nothing to tell, or the view is lost; frees the batch. Under the lock. */
static bool notifier_admit(struct notifier *notifier, struct notices *n) {
        if (n->line && !line_is_lost(notifier, n->line))
                return true;
        notices_free(n);
        return false;
}

/* --- sending --- */

void notices_send(struct notices *n) {
        struct notifier *notifier = n->notifier;

        (void)pthread_mutex_lock(&notifier->lock);
        if (notifier_admit(notifier, n)) {
                notifier->first_round++;
                queue_push(&notifier->now, n);
                (void)pthread_cond_signal(&notifier->work);
        }
        (void)pthread_mutex_unlock(&notifier->lock);
}

void notices_send_wait(struct notices *n, int ms) {
        struct notifier *notifier = n->notifier;
        int64_t end = clock_ns() + ms * INT64_C(1000000);
        struct timespec until = { .tv_sec = end / 1000000000, .tv_nsec = end % 1000000000 };
        bool is_told = false;
        int r = 0;

        (void)pthread_mutex_lock(&notifier->lock);
        if (!notifier_admit(notifier, n)) {
                (void)pthread_mutex_unlock(&notifier->lock);
                return;
        }
        n->awaited = true;
        n->told = &is_told; /* cppcheck-suppress autoVariables ; nobody uses it after the return */
        TAILQ_INSERT_HEAD(&notifier->now, n, next); /* ahead of what can wait */
        n->line->waiting++;
        notifier->first_round++;
        (void)pthread_cond_signal(&notifier->work);
        while (!is_told && r == 0 && !notifier->stopping)
                r = pthread_cond_timedwait(&notifier->done, &notifier->lock, &until);
        if (!is_told)
                n->awaited = false; /* not told yet, so not freed */
        (void)pthread_mutex_unlock(&notifier->lock);
}

void notifier_mark(struct notifier *notifier, struct settled pushed) {
        (void)pthread_mutex_lock(&notifier->lock);
        notifier->pushed = pushed;
        if (notifier->first_round == 0)
                notifier->settled = pushed;
        (void)pthread_mutex_unlock(&notifier->lock);
}

struct settled notifier_settled(struct notifier *notifier) {
        struct settled settled;

        (void)pthread_mutex_lock(&notifier->lock);
        settled = notifier->settled;
        (void)pthread_mutex_unlock(&notifier->lock);
        return settled;
}

int64_t notifier_sent(const struct notifier *notifier) {
        return notifier->sent;
}

/* --- its life --- */

int notifier_new(struct mount *mount, struct settled start, struct notifier **ret_notifier) {
        const bool many = mount->multiuser; /* a stuck view must not keep others waiting */
        struct notifier *notifier = calloc(1, sizeof(*notifier));
        pthread_condattr_t monotonic;

        if (!notifier)
                return -ENOMEM;
        notifier->mount = mount;
        notifier->per_view = many ? WORKERS_A_VIEW : WORKERS;
        TAILQ_INIT(&notifier->now);
        TAILQ_INIT(&notifier->later);
        notifier->pushed = notifier->settled = start;
        (void)pthread_mutex_init(&notifier->lock, NULL); /* none of these can fail */
        (void)pthread_condattr_init(&monotonic);
        (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&notifier->work, &monotonic);
        (void)pthread_cond_init(&notifier->done, &monotonic);
        (void)pthread_condattr_destroy(&monotonic);
        for (; notifier->running < (many ? WORKERS_MANY : WORKERS); notifier->running++) {
                int r = pthread_create(&notifier->workers[notifier->running], NULL, notifier_main, notifier);

                if (r != 0) {
                        (void)notifier_free(notifier); /* returns NULL */
                        return -r;
                }
        }
        *ret_notifier = notifier;
        return 0;
}

void notifier_can_expire(struct notifier *notifier) {
        notifier->expires = true;
}

static bool notifier_wait_stopped(struct notifier *notifier, int ms) {
        int64_t end = clock_ns() + ms * INT64_C(1000000);
        struct timespec until = { .tv_sec = end / 1000000000, .tv_nsec = end % 1000000000 };
        int r = 0;
        bool stopped;

        (void)pthread_mutex_lock(&notifier->lock);
        while (notifier->running > 0 && r == 0)
                r = pthread_cond_timedwait(&notifier->done, &notifier->lock, &until);
        stopped = notifier->running == 0;
        (void)pthread_mutex_unlock(&notifier->lock);
        return stopped;
}

/* No thread serves requests any more, but the caller of one may hold the lock that a worker waits for. */
static void notifier_serve_waiting(struct fuse_session *session) {
        struct pollfd fd = { .fd = fuse_session_fd(session), .events = POLLIN };
        struct fuse_buf buffer = { 0 };

        fuse_session_reset(session); /* a session told to end drops what it reads */
        while (poll(&fd, 1, 0) == 1 && fd.revents == POLLIN) {
                if (fuse_session_receive_buf(session, &buffer) <= 0)
                        break; /* unmounted: nothing is locked any more */
                fuse_session_process_buf(session, &buffer);
        }
        free(buffer.mem);
}

struct notifier *notifier_free(struct notifier *notifier) {
        int workers;

        if (!notifier)
                return NULL;
        (void)pthread_mutex_lock(&notifier->lock);
        notifier->stopping = true;
        workers = notifier->running;
        (void)pthread_cond_broadcast(&notifier->work);
        (void)pthread_cond_broadcast(&notifier->done);
        (void)pthread_mutex_unlock(&notifier->lock);
        while (!notifier_wait_stopped(notifier, 5)) {
                guard_drop_read(notifier->mount->session);
                notifier_serve_waiting(notifier->mount->session);
        }
        for (int i = 0; i < workers; i++)
                (void)pthread_join(notifier->workers[i], NULL); /* joinable, and not this thread */
        queue_free(&notifier->now);
        queue_free(&notifier->later);
        lines_free(notifier);
        free(notifier);
        return NULL;
}
