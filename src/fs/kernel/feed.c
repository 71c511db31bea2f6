/* SPDX-License-Identifier: MIT
 * The thread that reads the feed. It wakes for this process's own changes, to look for other processes', and when a
 * share expires, and sends notices to the views concerned. It never waits for a request, and none waits for it.
 */
#include "kernel/kernel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "feed.h"
#include "serve/serve.h"
#include "timestamp.h"

#define LOOK_MS 25    /* between two looks for other processes' changes, while somebody writes */
#define IDLE_MS 1000  /* else: the clock may have been set, or a file system not tell of a write */
#define BUSY_MS 1000  /* after a write whose change was seen: more may follow */
#define LATE_MS 60000 /* after one without: its flush may take long, or it was none */
#define GATHER_MS 10  /* waits after an own change: reading several costs hardly more than one */

struct feed_thread {
        struct mount *mount;
        struct feed *feed;
        int wake_fd; /* an eventfd: an own change, or stopping */
        _Atomic bool stopping;
        int64_t written; /* ns, when somebody was last seen writing */
        bool unseen;     /* no change has been read since */
        pthread_t thread;
        pid_t guard;
};

static void feed_wake(struct feed_thread *t) {
        const uint64_t one = 1;

        (void)!write(t->wake_fd, &one, sizeof(one)); /* fails only after 2^64 of them */
}

/* The catalog's writer calls this. */
static void feed_news(void *context) {
        feed_wake(context);
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

/* Before the feed is read: what comes later wakes again. */
static void feed_drain(struct feed_thread *t) {
        uint64_t count;

        (void)!read(t->wake_fd, &count, sizeof(count)); /* fails if there is none */
        if (!feed_written(t->feed))
                return;
        t->written = clock_ns();
        t->unseen = true;
}

/* ms until the next look. A write is told before it is a commit. */
static int64_t feed_pause(const struct feed_thread *t) {
        const int64_t due = feed_due(t->feed), quiet = (clock_ns() - t->written) / MS_NS;
        bool busy = feed_descriptor(t->feed) < 0 || quiet < (t->unseen ? LATE_MS : BUSY_MS) ||
                    notifier_waits(t->mount->notifier);
        int64_t ms = busy ? LOOK_MS : IDLE_MS;

        if (due != 0 && due - timestamp_now() < ms)
                ms = due > timestamp_now() ? due - timestamp_now() : 0;
        return ms;
}

/* Waits for changes, the next look, or the next share that expires. false: stop. */
static bool feed_wait(struct feed_thread *t) {
        struct pollfd fds[2] = { { .fd = t->wake_fd, .events = POLLIN },
                                 { .fd = feed_descriptor(t->feed), .events = POLLIN } };

        if (poll(fds, 2, (int)feed_pause(t)) > 0 && !t->stopping)
                (void)nanosleep(&(struct timespec){ .tv_nsec = GATHER_MS * MS_NS }, NULL); /* may be less */
        feed_drain(t);
        return !t->stopping;
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
                        t->unseen = false;
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
        t->wake_fd = fd_close(t->wake_fd);
        free(t);
}

int feed_start(struct mount *mount) {
        struct feed_thread *t = calloc(1, sizeof(*t));
        int r;

        if (!t)
                return -ENOMEM;
        t->mount = mount;
        t->written = clock_ns();
        t->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        r = t->wake_fd < 0 ? -errno : guard_start(mount->session, &t->guard);
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
        t->stopping = true;
        feed_wake(t);
        (void)pthread_join(t->thread, NULL); /* joinable, and not this thread */
        mount->notifier = notifier_free(mount->notifier);
        feed_thread_free(t);
        mount->feed = NULL;
}
