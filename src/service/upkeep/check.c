/* SPDX-License-Identifier: MIT
 * Catalog against stores, read only: what each says that the other does not.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "disk/seal.h"
#include "disk/stores.h"

struct checking {
        struct request *request;
        struct catalog_connection *c;
        bool digests;
        int (*each)(const struct finding *finding, void *context);
        void *context;
        int findings;
        int64_t region;
        const char *region_name;
        struct blob_store *store;
};

static int check_found(struct checking *k, const char *what, const char *object, const char *problem,
                       const char *repair) {
        k->findings++;
        return k->each(&(struct finding){ .what = what, .object = object, .problem = problem, .repair = repair },
                       k->context);
}

/* What cannot be read is a finding, unless only this process is short of something: that says nothing about the
 * store. */
static int check_unreadable(struct checking *k, const char *what, const char *object, int r) {
        if (r == -ENOMEM || r == -EMFILE || r == -ENFILE || r == -EAGAIN)
                return r;
        if (strcmp(what, "region") == 0)
                return check_found(k, what, object, "its store is offline", "mount it where region list shows it");
        return check_found(k, what, object, strerror(-r), "");
}

static int check_digest(struct checking *k, const struct image *image, const char *object) {
        _cleanup_fd_ int fd = -1;
        uint8_t digest[DIGEST_SIZE];
        int r = blob_open(k->store, image->id, O_RDONLY, &fd);

        if (r == 0)
                r = blob_digest(fd, NULL, NULL, digest);
        if (r < 0)
                return check_unreadable(k, "image", object, r);
        if (memcmp(digest, image->digest, DIGEST_SIZE) != 0)
                return check_found(k, "image", object, "its bytes are not those that were sealed",
                                   "restore the blob from a backup");
        return 0;
}

/* A daemon may have removed the disk since its row was read. 1, 0 or -errno. */
static int still_wanted(struct checking *k, int64_t id) {
        return catalog_disk_wanted(k->c, k->region, id);
}

static int check_missing(struct checking *k, int64_t id, const char *what, const char *object, const char *repair) {
        int r = still_wanted(k, id);

        return r <= 0 ? r : check_found(k, what, object, "its disk is not in the store", repair);
}

static int check_image(const struct image *image, void *context) {
        struct checking *k = context;
        char object[OBJECT_SIZE], problem[128];
        struct stat st;
        int r = blob_stat(k->store, image->id, &st);

        object_name(image, object);
        if (r == -ENOENT)
                return check_missing(k, image->id, "image", object, "restore the blob, or remove the disk");
        if (r < 0)
                return check_unreadable(k, "image", object, r);
        if (image->state == IMAGE_SEALED && st.st_size != image->size) {
                (void)snprintf(problem, sizeof(problem), "its disk has %lld bytes, %lld were sealed",
                               (long long)st.st_size, (long long)image->size);
                return check_found(k, "image", object, problem, "restore the blob from a backup");
        }
        return k->digests && image->digested ? check_digest(k, image, object) : 0;
}

static int check_launch(int64_t launch, const char *object, void *context) {
        struct checking *k = context;
        struct stat st;
        int r = blob_stat(k->store, launch, &st);

        if (r == -ENOENT)
                return check_missing(k, launch, "instance", object, "reinstall it, or remove the disk");
        return r == 0 ? 0 : check_unreadable(k, "instance", object, r);
}

static int check_blob(int64_t id, void *context) {
        struct checking *k = context;
        _cleanup_(cleanup_blob_lock) struct blob_lock writing = BLOB_LOCK_NONE, removing = BLOB_LOCK_NONE;
        struct stat st;
        char object[OBJECT_SIZE];
        int r = still_wanted(k, id);

        if (r != 0)
                return r < 0 ? r : 0;
        /* Somebody may be making or removing it just now: then it is locked, or soon gone. */
        r = blob_lock(k->store, id, BLOB_LOCK_SEAL, SEAL_WAIT_MS, &writing);
        if (r == 0)
                r = blob_lock(k->store, id, BLOB_LOCK_REMOVE, 0, &removing);
        if (r == 0)
                r = still_wanted(k, id);
        if (r == 0)
                r = blob_stat(k->store, id, &st);
        (void)snprintf(object, sizeof(object), "%s/%lld", k->region_name, (long long)id);
        if (r != 0)
                return r > 0 || r == -EBUSY || r == -ENOENT ? 0 : check_unreadable(k, "blob", object, r);
        return check_found(k, "blob", object, "no image of the catalog has it", "the next mount sweeps it");
}

static int check_region(const struct region *region, void *context) {
        struct checking *k = context;
        int r = service_store(k->request->service, region->id, &k->store);

        k->region = region->id;
        k->region_name = region->name;
        if (r < 0)
                return check_unreadable(k, "region", region->name, r);
        r = catalog_disk_each(k->c, region->id, check_image, k);
        if (r == 0)
                r = catalog_launch_each(k->c, region->id, check_launch, k);
        return r != 0 ? r : blob_each(k->store, check_blob, k);
}

int check_run(struct request *request, bool digests, int (*each)(const struct finding *finding, void *context),
              void *context) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct checking k = { .request = request, .digests = digests, .each = each, .context = context };
        int r;

        if (request->caller.role == ROLE_ACCOUNT)
                return -EACCES;
        r = catalog_read(request->service->catalog, &c);
        k.c = c;
        if (r == 0 && !request->service->past) /* a backup without disks has no stores */
                r = catalog_region_list(c, 0, check_region, &k);
        return r != 0 ? r : k.findings;
}
