/* SPDX-License-Identifier: MIT
 * All stores are asked whose they are before anything is written. A store may hang: each that does not answer in time
 * costs a thread, and is asked again when it is used.
 */
#include <time.h>

#include "clock.h"
#include "disk/stores.h"

#define LOOK_MS 300 /* for one store */

struct look {
        struct service *service;
        pthread_mutex_t lock; /* of what follows */
        pthread_cond_t progress;
        int users; /* the last one frees it */
        size_t count, next, done;
        int64_t regions[];
};

static void look_put(struct look *look) {
        bool last;

        (void)pthread_mutex_lock(&look->lock);
        last = --look->users == 0;
        (void)pthread_mutex_unlock(&look->lock);
        if (last) {
                (void)pthread_cond_destroy(&look->progress); /* nobody waits any more */
                (void)pthread_mutex_destroy(&look->lock);
                free(look);
        }
}

/* The next region that nobody has looked at; 0: there is none. Between two calls the service is in use: not closed. */
static int64_t look_next(struct look *look, bool done) {
        int64_t region;

        (void)pthread_mutex_lock(&look->lock);
        region = look->next < look->count ? look->regions[look->next++] : 0;
        if (region > 0 && !done)
                look->service->looking++;
        if (region == 0 && done)
                look->service->looking--;
        look->done += done;
        (void)pthread_cond_signal(&look->progress);
        (void)pthread_mutex_unlock(&look->lock);
        return region;
}

static void *look_main(void *argument) {
        struct look *look = argument;
        bool done = false;
        int64_t region;

        while ((region = look_next(look, done)) > 0) {
                struct blob_store *store = NULL;

                (void)claim_store(look->service, region, &store); /* what is offline is looked at when it is back */
                (void)blob_store_close(store);              /* returns NULL */
                done = true;
        }
        look_put(look);
        return NULL;
}

static int look_start(struct look *look) {
        pthread_t thread;
        int r;

        look->users++;
        r = pthread_create(&thread, NULL, look_main, look);
        if (r == 0)
                (void)pthread_detach(thread);
        else
                look->users--;
        return -r;
}

/* Under the lock, which nobody has while a store is asked. */
static int look_wait(struct look *look) {
        int r = look_start(look);

        while (r == 0 && look->done < look->count) {
                size_t done = look->done;
                struct timespec until;
                int waited = 0;

                (void)clock_gettime(CLOCK_REALTIME, &until); /* cannot fail for this clock */
                until.tv_nsec += LOOK_MS * 1000000;
                if (until.tv_nsec >= 1000000000) {
                        until.tv_sec++;
                        until.tv_nsec -= 1000000000;
                }
                while (waited == 0 && look->done == done)
                        waited = pthread_cond_timedwait(&look->progress, &look->lock, &until);
                if (look->done > done)
                        continue;
                if (look->next == look->count)
                        break; /* all the others hang */
                r = look_start(look);
        }
        look->next = look->count; /* the others are asked when they are used */
        return r;
}

static int note_region(const struct region *region, void *context) {
        struct look **look = context;
        struct look *more = realloc(*look, sizeof(*more) + ((*look)->count + 1) * sizeof(more->regions[0]));

        if (!more)
                return -ENOMEM;
        *look = more;
        more->regions[more->count++] = region->id;
        return 0;
}

int claim_all(struct service *service) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct look *look = calloc(1, sizeof(*look));
        int r = look ? catalog_read(service->catalog, &c) : -ENOMEM;

        if (r == 0)
                r = catalog_region_list(c, 0, note_region, &look);
        if (r < 0 || look->count == 0) {
                free(look);
                return r;
        }
        catalog_read_end(&c);
        look->service = service;
        look->users = 1;
        (void)pthread_mutex_init(&look->lock, NULL); /* cannot fail with default attributes */
        (void)pthread_cond_init(&look->progress, NULL);
        (void)pthread_mutex_lock(&look->lock);
        r = look_wait(look);
        (void)pthread_mutex_unlock(&look->lock);
        look_put(look);
        return r;
}
