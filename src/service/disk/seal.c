/* SPDX-License-Identifier: MIT
 * Sealing: the bytes on disk first, nobody writing meanwhile, then one row. Also sealing by hand.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "disk/seal.h"
#include "disk/stores.h"
#include "image.h"
#include "origin.h"
#include "policy.h"
#include "upkeep/wing.h"

/* A caller that keeps a disk open can make any number of requests wait, each in a thread of the mount: half of the
 * threads are left to others. A RELEASE that is really on its way comes as soon as there is a thread for it. */
#define WAITING_MAX 32
#define SHORT_WAIT_MS 10

int wait_begin(struct service *service) {
        return service->waiting++ < WAITING_MAX ? SEAL_WAIT_MS : -SHORT_WAIT_MS;
}

void wait_end(struct service *service) {
        service->waiting--;
}

int seal_wait(struct service *service, const struct blob_store *store, int64_t id, enum blob_lock_kind kind,
              struct blob_lock *ret_lock) {
        int r = blob_lock(store, id, kind, wait_begin(service), ret_lock);

        wait_end(service);
        return r;
}

int seal_prepare(struct service *service, const struct image *image, struct seal *ret_seal) {
        _cleanup_seal_ struct seal seal = SEAL_NONE;
        _cleanup_fd_ int fd = -1;
        struct blob_store *store;
        struct stat st;
        int r = service_store(service, image->region, &store);

        if (r == 0)
                r = seal_wait(service, store, image->id, BLOB_LOCK_SEAL, &seal.lock);
        if (r == 0)
                r = blob_open(store, image->id, O_RDONLY, &fd);
        if (r == 0 && service_writable(service) == 0) /* else only a plan is made, nothing sealed */
                r = blob_sync(store, fd);
        if (r == 0)
                r = fstat(fd, &st) < 0 ? -errno : 0;
        if (r == 0)
                r = blob_format(fd, seal.format);
        if (r < 0)
                return r == -ENOENT ? ORIGIN(-EIO) : r;
        seal.image = image->id;
        seal.size = st.st_size;
        seal.mtime = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
        *ret_seal = seal;
        seal.lock = BLOB_LOCK_NONE;
        return 0;
}

int seal_look(struct service *service, const struct image *image, struct seal *ret_seal) {
        struct seal seal = SEAL_NONE;
        _cleanup_fd_ int fd = -1;
        struct blob_store *store;
        int r = service_store(service, image->region, &store);

        if (r == 0)
                r = blob_open(store, image->id, O_RDONLY, &fd);
        if (r == 0)
                r = blob_format(fd, seal.format);
        if (r < 0)
                return r == -ENOENT ? ORIGIN(-EIO) : r;
        seal.image = image->id;
        seal.size = image->size;
        *ret_seal = seal;
        return 0;
}

/* The image's bytes could not be prepared: has its disk been removed meanwhile? */
static bool disk_removed(struct request *request, int64_t place, int64_t image) {
        struct image now;

        return image_get(request, place, &now) == 0 && now.id != image;
}

int seal_prepare_own(struct request *request, int64_t place, struct image *ret_image, struct seal *ret_seal) {
        int r = image_get(request, place, ret_image);

        if (r < 0 || !image_is_own(request, ret_image) || ret_image->state == IMAGE_DRAFT ||
            ret_image->whole != WHOLE_UNKNOWN)
                return r;
        r = ret_image->state == IMAGE_SEALED ? seal_look(request->service, ret_image, ret_seal)
                                             : seal_prepare(request->service, ret_image, ret_seal);
        return r == -EBUSY || (r == -EIO && disk_removed(request, place, ret_image->id)) ? 0 : r;
}

bool seal_possible(const struct seal *seal, const struct image *image) {
        return image->state == IMAGE_SEALED || seal->image == image->id;
}

enum whole seal_whole(const struct seal *seal, const struct image *image) {
        if (image->whole != WHOLE_UNKNOWN || seal->image != image->id)
                return image->whole;
        return strchr(seal->format, '\n') ? WHOLE_NO : WHOLE_YES;
}

bool seal_empty(const struct seal *seal, const struct image *image) {
        return seal->image == image->id && seal->size == 0;
}

int seal_commit(struct catalog_connection *c, struct decision *d, const struct seal *seal) {
        struct event event = decision_event(d, EVENT_SEAL);
        char mtime[TIMESTAMP_SIZE];
        int64_t id;

        if (d->image.state == IMAGE_SEALED)
                return 0;
        event.detail[0] = (struct event_detail){ .key = "size", .number = seal->size };
        event.detail[1] = (struct event_detail){
                .key = "mtime", .text = timestamp_format_ns(d->image.mtime ? d->image.mtime : seal->mtime, mtime)
        };
        event.detail[2] = (struct event_detail){ .key = "format", .text = seal->format };
        return catalog_event_add(c, &event, &id);
}

struct sealing {
        struct decision decision;
        struct seal seal;
};

static int run_seal(struct catalog_connection *c, void *context) {
        struct sealing *s = context;
        struct decision *d = &s->decision;
        int r = decision_read(c, d);

        if (r < 0)
                return r;
        r = policy_image_seal(&(struct seal_facts){
                .role = d->request->caller.role,
                .visible = d->visible,
                .owner = d->owner,
                .available = d->image.state == IMAGE_SEALED ||
                             (d->image.state == IMAGE_AVAILABLE && !seal_empty(&s->seal, &d->image)),
                .busy = !seal_possible(&s->seal, &d->image),
        });
        return r != 0 ? decision_judged(c, d, r) : seal_commit(c, d, &s->seal);
}

int image_seal(struct request *request, int64_t place) {
        struct sealing s = {
                .decision = { .request = request, .op = EVENT_SEAL, .asked = "seal {object}", .place = place },
                .seal = { .lock = BLOB_LOCK_NONE },
        };
        struct image image;
        int r = seal_prepare_own(request, place, &image, &s.seal);

        if (r < 0)
                return r;
        r = decision_end(&s.decision, request_write(request, run_seal, &s));
        seal_end(&s.seal);
        if (r == 0)
                digest_wake(request->service);
        return r;
}
