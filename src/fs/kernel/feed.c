/* SPDX-License-Identifier: MIT
 * The thread that reads the feed. It wakes for this process's own changes, to look for other processes', and when a
 * share expires, and sends notices to the views concerned. It never waits for a request, and none waits for it.
 */
#include "kernel/kernel.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "feed.h"
#include "serve/serve.h"
#include "timestamp.h"

#define LOOK_MS 25   /* between two looks for other processes' changes */
#define GATHER_MS 10 /* waits after an own change: reading several costs hardly more than one */

struct feed_thread {
        struct mount *mount;
        struct feed *feed;
        pthread_mutex_t lock; /* guards news and stopping */
        pthread_cond_t wake;
        bool news, stopping;
        pthread_t thread;
        pid_t guard;
};

/* The catalog's writer calls this. */
static void feed_news(void *context) {
        struct feed_thread *t = context;

        (void)pthread_mutex_lock(&t->lock);
        if (!t->news) {
                t->news = true;
                (void)pthread_cond_signal(&t->wake);
        }
        (void)pthread_mutex_unlock(&t->lock);
}

/* --- changes --- */

struct asking {
        const struct change *change;
        bool concerns;
};

static void feed_ask_viewer(struct mount *mount, struct viewer *viewer, void *context) {
        struct asking *asking = context;

        (void)mount;
        asking->concerns = asking->concerns || change_concerns(asking->change, viewer);
}

static bool feed_concerns(const struct change *change, void *context) {
        struct asking asking = { .change = change };

        viewers_each(context, feed_ask_viewer, &asking);
        return asking.concerns;
}

/* Reads the account's role again. If it has changed, or the account is gone, the whole view is forgotten. */
static void feed_read_role(struct mount *mount, struct viewer *viewer, void *context) {
        struct caller caller = { .account = viewer->account };
        int before = viewer->role, r = service_caller_refresh(mount->service, &caller);
        int role = r == -ENOENT ? VIEWER_GONE : (int)caller.role;

        (void)context;
        if (r < 0 && r != -ENOENT) {
                mount->feed_blind = true;
        } else if (role != before || mount->multiuser) { /* there its uid may have changed */
                viewer->role = role;
                view_prune(mount, viewer, before != ROLE_ACCOUNT);
        }
}

static void feed_tell_viewer(struct mount *mount, struct viewer *viewer, void *context) {
        const struct change *change = context;

        if (!change_concerns(change, viewer))
                return;
        if (change->kind == CHANGE_UNKNOWN)
                view_prune(mount, viewer, true);
        if (change->kind == CHANGE_UNKNOWN || (change->kind == CHANGE_ACCOUNT && change->account == viewer->account))
                feed_read_role(mount, viewer, NULL);
        change_tell(mount, viewer, change);
}

static void feed_tell_change(const struct change *change, void *context) {
        struct mount *mount = context;

        mount->changes++; /* first: an answer begun before must not be remembered */
        viewers_each(mount, feed_tell_viewer, (void *)change);
}

/* --- the thread --- */

/* Waits for news, the next look, or the next share that expires. false: stop. */
static bool feed_wait(struct feed_thread *t) {
        int64_t due = feed_due(t->feed), ms = LOOK_MS;
        struct timespec until;
        bool gather, stopping;

        if (due != 0 && due - timestamp_now() < ms)
                ms = due > timestamp_now() ? due - timestamp_now() : 0;
        until = clock_after_ns(ms * MS_NS);
        (void)pthread_mutex_lock(&t->lock);
        if (!t->news && !t->stopping)
                (void)pthread_cond_timedwait(&t->wake, &t->lock, &until); /* an early return only looks early */
        gather = t->news;
        stopping = t->stopping;
        (void)pthread_mutex_unlock(&t->lock);
        if (gather && !stopping)
                (void)nanosleep(&(struct timespec){ .tv_nsec = GATHER_MS * 1000000 }, NULL); /* may be less */
        (void)pthread_mutex_lock(&t->lock);
        t->news = false; /* before the feed is read */
        stopping = t->stopping;
        (void)pthread_mutex_unlock(&t->lock);
        return !stopping;
}

static void feed_prune_viewer(struct mount *mount, struct viewer *viewer, void *context) {
        const int64_t *account = context;

        if (viewer->account == *account)
                view_prune(mount, viewer, viewer->role != ROLE_ACCOUNT);
}

/* Forgets views that could not be told for a long time and now can. */
static void feed_find_recovered(struct mount *mount) {
        int64_t account;

        while (notifier_recovered(mount->notifier, &account)) {
                viewers_each(mount, feed_prune_viewer, &account);
                notifier_resettle(mount->notifier);
        }
}

static void *feed_main(void *argument) {
        struct feed_thread *t = argument;
        struct mount *mount = t->mount;
        const struct feed_reader reader = { .concerns = feed_concerns, .each = feed_tell_change, .context = mount };

        while (feed_wait(t)) {
                int r = feed_read(t->feed, &reader);

                /* While the feed cannot be read, nothing more is cached. What is cached is taken back later. */
                if (r != 0)
                        mount->feed_blind = r < 0;
                if (r > 0)
                        notifier_mark(mount->notifier,
                                      (struct settled){ .event = feed_last(t->feed), .due = feed_due(t->feed) });
                feed_find_recovered(mount);
        }
        return NULL;
}

static void feed_thread_free(struct feed_thread *t) {
        guard_stop(t->guard);
        (void)feed_close(t->feed); /* returns NULL */
        free(t);
}

int feed_start(struct mount *mount) {
        struct feed_thread *t = calloc(1, sizeof(*t));
        pthread_condattr_t monotonic;
        int r;

        if (!t)
                return -ENOMEM;
        t->mount = mount;
        (void)pthread_mutex_init(&t->lock, NULL); /* none of these can fail */
        (void)pthread_condattr_init(&monotonic);
        (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&t->wake, &monotonic);
        (void)pthread_condattr_destroy(&monotonic);
        r = guard_start(mount->session, &t->guard);
        if (r == 0)
                r = service_feed(mount->service, feed_news, t, &t->feed);
        if (r == 0)
                r = notifier_new(mount, (struct settled){ .event = feed_last(t->feed), .due = feed_due(t->feed) },
                                 &mount->notifier);
        if (r == 0) {
                viewers_each(mount, feed_read_role, NULL); /* roles as of the feed's beginning */
                r = -pthread_create(&t->thread, NULL, feed_main, t);
                if (r < 0)
                        mount->notifier = notifier_free(mount->notifier);
        }
        if (r < 0)
                feed_thread_free(t);
        else
                mount->feed = t;
        return r;
}

void feed_stop(struct mount *mount) {
        struct feed_thread *t = mount->feed;

        if (!t)
                return;
        (void)pthread_mutex_lock(&t->lock);
        t->stopping = true;
        (void)pthread_cond_signal(&t->wake);
        (void)pthread_mutex_unlock(&t->lock);
        (void)pthread_join(t->thread, NULL); /* joinable, and not this thread */
        mount->notifier = notifier_free(mount->notifier);
        feed_thread_free(t);
        mount->feed = NULL;
}
