/* SPDX-License-Identifier: MIT
 * The threads that serve. One reads requests from the kernel and itself answers those that only look into the catalog:
 * no thread is woken for them. Before a request that may wait, it makes sure that another thread reads. While such
 * requests come, two read, so that none need be woken. If one reader cannot keep up, others join it, up to half as many
 * as there are CPUs: the other CPUs are for the callers.
 *
 *                  woken
 *      +------+ ---------> +------+  something was put off, and somebody reads   +---------+
 *      | idle |            | free | -------------------------------------------> | serving |
 *      +------+ <--------- +------+ <------------------------------------------- +---------+
 *              enough read  |    ^                    answered                        ^
 *                           |    |                                                    |
 *              too few read |    | one reads too many; or the request is put off      |
 *                           |    | (backlog.c): nobody else reads, nor can            |
 *                           v    |                                                    |
 *                         +---------+   a request that may wait: another one reads    |
 *              quick: +-> | reading | ------------------------------------------------+
 *            answered +-- +---------+
 *
 * A thread is free only under the lock. `readers` threads should read, and one more (`spare`) if a request that may
 * wait came not long ago. A thread is made when one should read and none is idle. Threads end only with the session,
 * which cancels those that wait for a request.
 */
#include "serve/serve.h"

#include <errno.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "tree/kind.h"
#include "clock.h"

#define LOOK_EVERY 32  /* requests between two looks for waiting ones */
#define LOOKS 8        /* looks in a row with one result that make a reader more or less */
#define SPARE_FOR 1024 /* requests that a reader answers in a row, after which the spare reader is given up */
#define SIGNAL_SECONDS 1 /* at most, until a signal is seen that came just before the wait, or to another thread */

struct worker {
        struct loop *loop;
        pthread_t thread;
        uid_t serves; /* whose request that may wait; BACKLOG_NOBODY: none. Under the lock */
        struct fuse_buf buffer;
};

struct loop {
        struct mount *mount;
        struct fuse_session *session;
        sem_t ended;
        pthread_mutex_t lock; /* guards what follows */
        pthread_cond_t wake;
        int idle, reading;
        int readers, readers_max; /* wanted, and at most */
        bool spare;               /* one more is wanted, as a reader may have to wait */
        int crowded; /* looks in a row that saw requests waiting; below 0: that saw none */
        struct backlog backlog;
        bool stopping;
        int error;
        int threads;
        struct worker workers[LOOP_THREADS];
};

/* A cancelled thread leaves its stack frames without telling AddressSanitizer. So the callers of worker_receive() must
 * have no variables that it guards: functions with such variables are not inlined into them. */
#define OWN_FRAME __attribute__((noinline))

/* --- what may be answered by the reader --- */

static bool is_catalogs(const struct mount *mount, uint64_t number, enum quick least) {
        const struct kind *kind;
        struct node node;

        if (node_unpack(number, &node) < 0)
                return false;
        kind = kind_of(mount, node.kind);
        return kind && kind->quick >= least;
}

OWN_FRAME static bool is_quick(const struct mount *mount, const struct fuse_buf *buffer) {
        const struct fuse_in_header *in = buffer->mem;

        if (buffer->flags & FUSE_BUF_IS_FD || buffer->size < sizeof(*in))
                return false;
        switch (in->opcode) {
        case FUSE_FORGET:
        case FUSE_BATCH_FORGET:
        case FUSE_INTERRUPT:
                return true;
        case FUSE_GETATTR:
        case FUSE_READLINK:
        case FUSE_OPENDIR:
                return is_catalogs(mount, in->nodeid, QUICK_ITSELF);
        case FUSE_LOOKUP:
        case FUSE_READDIR:
        case FUSE_READDIRPLUS:
                return is_catalogs(mount, in->nodeid, QUICK_ALL);
        default:
                return false;
        }
}

/* --- threads --- */

static void *worker_main(void *argument);

/* Lets another thread read, if one should. false: there is none. Under the lock. */
OWN_FRAME static bool loop_wake_reader(struct loop *loop) {
        struct worker *w = &loop->workers[loop->threads];
        sigset_t all, before;
        bool created;

        if (loop->reading >= loop->readers + loop->spare || loop->stopping)
                return true;
        if (loop->idle > 0) {
                (void)pthread_cond_signal(&loop->wake);
                return true;
        }
        if (loop->threads == LOOP_THREADS)
                return false;
        w->loop = loop;
        w->serves = BACKLOG_NOBODY;
        (void)sigfillset(&all); /* signals go to the main thread */
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        created = pthread_create(&w->thread, NULL, worker_main, w) == 0;
        loop->threads += created;
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        return created;
}

static void loop_end(struct loop *loop, int error) {
        (void)pthread_mutex_lock(&loop->lock);
        if (loop->error == 0)
                loop->error = error;
        loop->stopping = true;
        (void)pthread_cond_broadcast(&loop->wake);
        (void)pthread_mutex_unlock(&loop->lock);
        fuse_session_exit(loop->session);
        (void)sem_post(&loop->ended);
}

/* Takes in the result of a look. If requests wait for long, there are too few readers. Under the lock. */
static void loop_count_readers(struct loop *loop, bool waiting) {
        if (waiting)
                loop->crowded = loop->crowded < 0 ? 1 : loop->crowded + 1;
        else
                loop->crowded = loop->crowded > 0 ? -1 : loop->crowded - 1;
        if (loop->crowded >= LOOKS && loop->readers < loop->readers_max) {
                loop->readers++;
                loop->crowded = 0;
                (void)loop_wake_reader(loop); /* if it fails, the next call tries again */
        } else if (loop->crowded <= -LOOKS && loop->readers > 1) {
                loop->readers--;
                loop->crowded = 0;
        }
}

/* Called now and then by a reader that has answered so many requests in a row. false: it is one too many. */
OWN_FRAME static bool loop_look(struct loop *loop, unsigned answered) {
        struct pollfd fd = { .fd = fuse_session_fd(loop->session), .events = POLLIN };
        bool waiting = loop->readers_max > 1 && poll(&fd, 1, 0) > 0, stays;

        (void)pthread_mutex_lock(&loop->lock);
        if (loop->readers_max > 1)
                loop_count_readers(loop, waiting);
        if (answered >= SPARE_FOR)
                loop->spare = false;
        stays = loop->reading <= loop->readers + loop->spare;
        (void)pthread_mutex_unlock(&loop->lock);
        return stays;
}

/* 1: there is a request; 0: none yet; below 0: no more. Threads are cancelled only here, when the session ends. */
static int worker_receive(struct worker *w) {
        int r;

        (void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL); /* cannot fail with these */
        r = fuse_session_receive_buf(w->loop->session, &w->buffer);
        (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
        if (r == -EINTR || r == -EAGAIN)
                return 0;
        if (r <= 0)
                loop_end(w->loop, r);
        return r <= 0 ? -ECANCELED : 1;
}

/* Reads until there is a request that may wait (1), one reader too many (0), or no more (below 0). */
static int worker_read(struct worker *w) {
        struct fuse_session *session = w->loop->session;
        unsigned n = 0;
        int r = 0;

        while (!fuse_session_exited(session)) {
                r = worker_receive(w);
                if (r < 0 || (r > 0 && !is_quick(w->loop->mount, &w->buffer)))
                        return r;
                if (r > 0)
                        fuse_session_process_buf(session, &w->buffer);
                if (++n % LOOK_EVERY == 0 && !loop_look(w->loop, n))
                        return 0;
        }
        return -ECANCELED;
}

/* How many threads serve a user's requests that may wait. Under the lock. */
static int loop_serves(uid_t uid, const void *context) {
        const struct loop *loop = context;
        int n = 0;

        for (int i = 0; i < loop->threads; i++)
                n += loop->workers[i].serves == uid;
        return n;
}

/* Serves a request that may wait. If its user has enough threads, or no other thread reads or can, puts the request
 * into the backlog instead, so that this thread goes on answering lookups. Under the lock, which is released
 * meanwhile. */
static void worker_serve(struct worker *w) {
        struct loop *loop = w->loop;

        if (loop_serves(backlog_uid(&w->buffer), loop) >= LOOP_EACH && backlog_add(&loop->backlog, &w->buffer))
                return;
        if (loop->reading < loop->readers && !loop_wake_reader(loop) && loop->reading == 0 &&
            backlog_add(&loop->backlog, &w->buffer))
                return;
        loop->spare = true; /* this thread, when it comes back */
        w->serves = backlog_uid(&w->buffer);
        (void)pthread_mutex_unlock(&loop->lock);
        fuse_session_process_buf(loop->session, &w->buffer);
        (void)pthread_mutex_lock(&loop->lock);
        w->serves = BACKLOG_NOBODY;
}

/* Serves a request of the backlog, if another thread reads: users take turns, or one with hundreds of requests would
 * have all threads. Under the lock, released meanwhile. */
static bool worker_serve_backlog(struct worker *w) {
        struct loop *loop = w->loop;
        struct backlogged *request;

        if (loop->reading == 0)
                return false;
        request = backlog_take(&loop->backlog, LOOP_EACH, loop_serves, loop, &w->serves);
        if (!request)
                return false;
        (void)pthread_mutex_unlock(&loop->lock);
        backlogged_process(request, loop->session);
        (void)pthread_mutex_lock(&loop->lock);
        w->serves = BACKLOG_NOBODY;
        return true;
}

static void *worker_main(void *argument) {
        struct worker *w = argument;
        struct loop *loop = w->loop;
        int r = 0;

        (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
        (void)pthread_mutex_lock(&loop->lock);
        while (r >= 0 && !loop->stopping) {
                if (worker_serve_backlog(w))
                        continue;
                if (loop->reading >= loop->readers + loop->spare) {
                        loop->idle++;
                        (void)pthread_cond_wait(&loop->wake, &loop->lock);
                        loop->idle--;
                        continue;
                }
                loop->reading++;
                if (loop->reading < loop->readers)
                        (void)loop_wake_reader(loop); /* each missing reader wakes the next */
                (void)pthread_mutex_unlock(&loop->lock);
                r = worker_read(w);
                (void)pthread_mutex_lock(&loop->lock);
                loop->reading--;
                if (r > 0)
                        worker_serve(w);
        }
        (void)pthread_mutex_unlock(&loop->lock);
        return NULL;
}

static int processors(void) {
        cpu_set_t set;

        return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

/* A signal's handler ends the session, and interrupts the wait. */
static void loop_wait(struct loop *loop) {
        while (!fuse_session_exited(loop->session)) {
                const struct timespec until = clock_after_ns(SIGNAL_SECONDS * SECOND_NS);

                (void)sem_clockwait(&loop->ended, CLOCK_MONOTONIC, &until);
        }
}

/* Ends all threads; after `stopping` none is made. */
static void loop_join(struct loop *loop) {
        (void)pthread_mutex_lock(&loop->lock);
        loop->stopping = true;
        (void)pthread_cond_broadcast(&loop->wake);
        (void)pthread_mutex_unlock(&loop->lock);
        for (int i = 0; i < loop->threads; i++)
                (void)pthread_cancel(loop->workers[i].thread);
        for (int i = 0; i < loop->threads; i++) {
                (void)pthread_join(loop->workers[i].thread, NULL); /* joinable, and not this thread */
                free(loop->workers[i].buffer.mem);
        }
}

int loop_run(struct mount *mount, void (*begun)(int fd), int fd) {
        struct loop *loop = calloc(1, sizeof(*loop));
        int r;

        if (!loop)
                return -ENOMEM;
        loop->mount = mount;
        loop->session = mount->session;
        backlog_init(&loop->backlog);
        loop->readers = 1;
        loop->readers_max = processors() / 2 > 1 ? processors() / 2 : 1;
        (void)sem_init(&loop->ended, 0, 0); /* none of these can fail */
        (void)pthread_mutex_init(&loop->lock, NULL);
        (void)pthread_cond_init(&loop->wake, NULL);
        (void)pthread_mutex_lock(&loop->lock);
        r = loop_wake_reader(loop) ? 0 : -EAGAIN;
        (void)pthread_mutex_unlock(&loop->lock);
        if (r == 0) {
                begun(fd);
                loop_wait(loop);
        }
        loop_join(loop);
        if (r == 0)
                r = loop->error;
        backlog_clear(&loop->backlog);
        (void)pthread_cond_destroy(&loop->wake); /* nobody waits any more */
        (void)pthread_mutex_destroy(&loop->lock);
        (void)sem_destroy(&loop->ended);
        free(loop);
        fuse_session_reset(mount->session);
        return r;
}
