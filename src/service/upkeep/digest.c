/* SPDX-License-Identifier: MIT
 * Computes digests of sealed disks, a slice at a time, in turns, so that no disk delays another for long:
 *
 *   one turn: the accounts by turns, each account's smallest disk
 *   the next: of all disks the oldest, once it has waited for ten minutes
 *
 * A disk that needs many slices is remembered between them. Hashing is a thread's of its own, with idle priority: it
 * holds no lock that anybody waits for, and writes nothing.
 */
#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <sys/syscall.h>

#include "content.h"
#include "disk/stores.h"
#include "timestamp.h"
#include "upkeep/wing.h"

#define SLICE_STEPS 256 /* of a MiB: a slice */
#define WAITED_MS 600000
#define AGAIN_MS 10000 /* until what has failed is tried again */
#define HASHING_MOST 8

struct hashing {
        struct undigested of; /* id 0: unused */
        struct blob_hash *hash;
        struct blob_lock lock;
        int fd;
};

/* Disks of an account up to here have failed. */
struct failed {
        int64_t owner, size, id;
};

struct digester {
        struct service *service;
        struct hashing disks[HASHING_MOST];
        struct failed *failed;
        size_t failures;
        int64_t failed_oldest; /* those sealed up to here */
        int64_t failed_since;  /* when none had */
        int64_t owner;         /* whose turn was last */
        bool age;              /* it was the oldest's */
        struct hashing *now;   /* given to the thread */
        int result;
        _Atomic bool busy; /* the thread has it */
};

/* --- what is being hashed --- */

static void hashing_end(struct hashing *h) {
        h->hash = blob_hash_free(h->hash);
        cleanup_blob_lock(&h->lock);
        h->fd = fd_close(h->fd);
        h->of.id = 0;
}

static void digester_forget(struct digester *d) {
        for (size_t i = 0; i < HASHING_MOST; i++)
                if (d->disks[i].of.id != 0)
                        hashing_end(&d->disks[i]);
        free(d->failed);
        d->failed = NULL;
        d->failures = 0;
        d->failed_oldest = 0;
        d->failed_since = timestamp_now();
}

/* A free place, perhaps that of a larger disk, which begins anew then; NULL: none. */
static struct hashing *hashing_place(struct digester *d, int64_t size) {
        struct hashing *largest = &d->disks[0];

        for (size_t i = 0; i < HASHING_MOST; i++) {
                if (d->disks[i].of.id == 0)
                        return &d->disks[i];
                if (d->disks[i].of.size > largest->of.size)
                        largest = &d->disks[i];
        }
        if (largest->of.size <= size)
                return NULL;
        hashing_end(largest);
        return largest;
}

static int hashing_begin(struct digester *d, const struct undigested *of, struct hashing **ret_hashing) {
        struct hashing *h = hashing_place(d, of->size);
        struct blob_store *store;
        int r = h ? service_store(d->service, of->region, &store) : -EAGAIN;

        if (r < 0)
                return r;
        *h = (struct hashing){ .of = *of, .lock = BLOB_LOCK_NONE, .fd = -1 };
        r = blob_lock(store, of->id, BLOB_LOCK_DIGEST, 0, &h->lock);
        if (r == 0)
                r = blob_open(store, of->id, O_RDONLY, &h->fd);
        if (r == 0)
                r = blob_hash_new(&h->hash);
        if (r < 0)
                hashing_end(h);
        else
                *ret_hashing = h;
        return r;
}

/* 1: there is more; -ECANCELED: the service stops. */
static int hashing_slice(struct service *service, struct hashing *h) {
        int r = 1;

        for (int i = 0; i < SLICE_STEPS && r > 0; i++)
                r = service_stopping(service) ? -ECANCELED : blob_hash_step(h->hash, h->fd, 1 << 20);
        return r;
}

/* --- whose turn it is --- */

static struct failed *failed_of(struct digester *d, int64_t owner) {
        for (size_t i = 0; i < d->failures; i++)
                if (d->failed[i].owner == owner)
                        return &d->failed[i];
        return NULL;
}

/* Leaves a disk out for some seconds. */
static int digester_failed(struct digester *d, const struct undigested *of) {
        struct failed *f = failed_of(d, of->owner);

        if (d->age) {
                d->failed_oldest = of->sealed;
                return 0;
        }
        if (!f) {
                struct failed *more = reallocarray(d->failed, d->failures + 1, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                d->failed = more;
                f = &more[d->failures++];
        }
        *f = (struct failed){ .owner = of->owner, .size = of->size, .id = of->id };
        return 0;
}

/* The next account's smallest disk that has not failed. */
static int choose_smallest(struct digester *d, struct catalog_connection *c, struct undigested *ret_disk) {
        const int64_t last = d->owner;
        bool again = false;

        for (;;) {
                int r = catalog_undigested_owner(c, d->owner, &d->owner);
                const struct failed *f;

                if (r == -ENOENT && !again && last != 0) {
                        d->owner = 0; /* from the first on */
                        again = true;
                        continue;
                }
                if (r < 0 || (again && d->owner > last))
                        return r < 0 ? r : -ENOENT;
                f = failed_of(d, d->owner);
                r = catalog_undigested_smallest(c, d->owner, f ? f->size : -1, f ? f->id : 0, ret_disk);
                if (r != -ENOENT)
                        return r;
        }
}

static int choose(struct digester *d, struct undigested *ret_disk) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(d->service->catalog, &c);

        d->age = !d->age;
        if (r == 0 && d->age) {
                r = catalog_undigested_oldest(c, d->failed_oldest, ret_disk);
                if (r == 0 && ret_disk->time <= timestamp_now() - WAITED_MS)
                        return 0;
                d->age = false;
                r = r == -ENOENT ? 0 : r;
        }
        return r < 0 ? r : choose_smallest(d, c, ret_disk);
}

/* The disk whose turn it is; NULL: there is none, until something is sealed or what has failed may be tried again. */
static struct hashing *digester_next(struct digester *d) {
        struct undigested disk;

        if (timestamp_now() - d->failed_since > AGAIN_MS) {
                d->failures = 0;
                d->failed_oldest = 0;
                d->failed_since = timestamp_now();
        }
        while (service_writable(d->service) == 0 && !service_stopping(d->service) && choose(d, &disk) == 0) {
                struct hashing *h;

                for (size_t i = 0; i < HASHING_MOST; i++)
                        if (d->disks[i].of.id == disk.id)
                                return &d->disks[i];
                if (hashing_begin(d, &disk, &h) == 0)
                        return h;
                if (digester_failed(d, &disk) < 0)
                        break;
        }
        digester_forget(d); /* also disks that were removed meanwhile */
        return NULL;
}

/* After a slice. What cannot be read or logged stays `pending`. */
static void digester_done(struct digester *d, struct hashing *h, int r) {
        struct image_content content = { .id = h->of.id };

        if (r > 0)
                return;
        if (r == 0) {
                blob_hash_end(h->hash, content.digest);
                r = digest_log(d->service, &content);
        }
        if (r < 0)
                (void)digester_failed(d, &h->of); /* then it is tried again at once */
        hashing_end(h);
}

void digest_round(struct service *service) {
        struct digester d = { .service = service };
        struct hashing *h;

        while ((h = digester_next(&d)))
                digester_done(&d, h, hashing_slice(service, h));
}

/* --- the thread --- */

static void *hasher_main(void *argument) {
        struct digester *d = argument;

        /* as far as the kernel lets it: a digest is in no hurry */
        (void)sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){ 0 });
        (void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
        for (;;) {
                while (sem_wait(&d->service->hash_work) < 0)
                        ; /* EINTR */
                if (service_stopping(d->service))
                        return NULL;
                d->result = hashing_slice(d->service, d->now);
                d->busy = false;
                digest_wake(d->service);
        }
}

void digester_turn(struct digester *d) {
        if (d->busy)
                return;
        if (d->now)
                digester_done(d, d->now, d->result);
        d->now = digester_next(d);
        if (d->now) {
                d->busy = true;
                (void)sem_post(&d->service->hash_work);
        }
}

int digester_start(struct service *service) {
        struct digester *d = calloc(1, sizeof(*d));
        int r;

        if (!d)
                return -ENOMEM;
        d->service = service;
        service->digester = d;
        r = pthread_create(&service->hasher, NULL, hasher_main, d);
        service->has_hasher = r == 0;
        return -r;
}

void digester_free(struct service *service) {
        if (service->digester)
                digester_forget(service->digester);
        free(service->digester);
        service->digester = NULL;
}
