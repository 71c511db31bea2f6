/* SPDX-License-Identifier: MIT
 * Catalog against stores: what each says that the other does not. Changes nothing itself; what may be mended is
 * repair.c's.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "content.h"
#include "disk/seal.h"
#include "disk/stores.h"
#include "log/decision.h"
#include "upkeep/wing.h"

struct checking {
        struct request *request;
        struct catalog_connection *c;
        enum check_flags flags;
        int (*each)(const struct finding *finding, void *context);
        void *context;
        int left; /* findings that nothing has mended */
        const struct region *region;
        struct blob_store *store;
};

static int check_found(struct checking *k, const char *what, const char *object, const char *problem,
                       const char *repair) {
        k->left++;
        return k->each(&(struct finding){ .what = what, .object = object, .problem = problem, .repair = repair },
                       k->context);
}

/* What has come of mending it: what was done, or why not. */
static int check_mended(struct checking *k, int r, const char *what, const char *object, const char *problem,
                        const char *done) {
        char failed[128];

        if (r == -ENOMEM)
                return r;
        if (r == 0)
                return k->each(&(struct finding){ .what = what, .object = object, .problem = problem, .repair = done },
                               k->context);
        (void)snprintf(failed, sizeof(failed), "it could not be mended: %s", strerror(-r)); /* fits */
        return check_found(k, what, object, problem, failed);
}

/* What cannot be read is a finding, unless only this process is short of something: that says nothing about the
 * store. */
static int check_unreadable(struct checking *k, const char *what, const char *object, int r) {
        if (r == -ENOMEM || r == -EMFILE || r == -ENFILE || r == -EAGAIN || r == -ENOSPC)
                return r;
        if (strcmp(what, "region") == 0)
                return check_found(k, what, object, "its store is offline", "mount it where region list shows it");
        return check_found(k, what, object, strerror(-r), "look at what the system says of this disk; restore it from a backup");
}

/* From a backup of the store comes the file whose name is the disk's number. */
static const char *from_backup(int64_t id, char text[static 96]) {
        (void)snprintf(text, 96, "put file %lld of a backup of the store in its place, or remove the disk", (long long)id);
        return text;
}

/* They may be another's: two files that were exchanged. */
static int check_other_bytes(struct checking *k, int64_t id, const char *object, const uint8_t *digest) {
        char repair[96], other[OBJECT_SIZE], problem[OBJECT_SIZE + 64];
        struct image image;
        int r = catalog_image_of_bytes(k->c, digest, &image);

        if (r == -ENOENT)
                return check_found(k, "image", object, "its bytes are not those that were sealed", from_backup(id, repair));
        if (r < 0)
                return r;
        object_name(&image, other);
        (void)snprintf(problem, sizeof(problem), "its bytes are those of '%s', which has file %lld", other,
                       (long long)image.id); /* fits */
        return check_found(k, "image", object, problem, from_backup(id, repair));
}

static int check_digest(struct checking *k, const struct image *image, const char *object) {
        _cleanup_fd_ int fd = -1;
        uint8_t digest[DIGEST_SIZE];
        int r = blob_open(k->store, image->id, O_RDONLY, &fd);

        if (r == 0)
                r = blob_digest(fd, NULL, NULL, digest);
        if (r < 0)
                return check_unreadable(k, "image", object, r);
        return memcmp(digest, image->digest, DIGEST_SIZE) == 0 ? 0 : check_other_bytes(k, image->id, object, digest);
}

/* A daemon may have removed the disk since its row was read. 1, 0 or -errno. */
static int still_wanted(struct checking *k, int64_t id) {
        return catalog_disk_wanted(k->c, k->region->id, id);
}

static int check_missing(struct checking *k, int64_t id, const char *what, const char *object) {
        char repair[96];
        int r = still_wanted(k, id);

        return r <= 0 ? r : check_found(k, what, object, "its disk is not in the store", from_backup(id, repair));
}

/* Shared before that was refused. Of a disk that the log tells nothing of the blob is asked. */
static int check_whole(struct checking *k, const struct image *image, const char *object) {
        _cleanup_fd_ int fd = -1;
        char format[FORMAT_SIZE] = "", problem[FORMAT_SIZE + 64], *line;
        int64_t shares = 0;
        int r = image->state == IMAGE_SEALED && image->whole != WHOLE_YES ? catalog_share_count(k->c, image->id, 1, &shares) : 0;

        if (r < 0 || shares == 0)
                return r;
        r = catalog_image_format(k->c, image->id, format);
        if (r == -ENOENT)
                r = blob_open(k->store, image->id, O_RDONLY, &fd);
        if (r == 0 && fd >= 0)
                r = blob_format(fd, format);
        if (r < 0)
                return r == -ENOENT ? 0 : check_unreadable(k, "image", object, r);
        line = strchr(format, '\n');
        if (!line)
                return 0;
        line += strlen("\nneeds ");
        line[strcspn(line, "\n")] = '\0';
        (void)snprintf(problem, sizeof(problem), "it is shared, and its disk needs '%s', a file that is not in it", line); /* fits */
        return check_found(k, "image", object, problem, "unshare it; share one that is made whole by qemu-img convert");
}

static int check_image(const struct image *image, void *context) {
        struct checking *k = context;
        char object[OBJECT_SIZE], problem[128], repair[96];
        struct stat st;
        int r = blob_stat(k->store, image->id, &st);

        object_name(image, object);
        if (r == -ENOENT)
                return check_missing(k, image->id, "image", object);
        if (r < 0)
                return check_unreadable(k, "image", object, r);
        if (image->state == IMAGE_SEALED && st.st_size != image->size) {
                (void)snprintf(problem, sizeof(problem), "its disk has %lld bytes, %lld were sealed",
                               (long long)st.st_size, (long long)image->size);
                return check_found(k, "image", object, problem, from_backup(image->id, repair));
        }
        r = check_whole(k, image, object);
        return r == 0 && k->flags & CHECK_DIGESTS && image->digested ? check_digest(k, image, object) : r;
}

static int check_launch(int64_t launch, const char *object, void *context) {
        struct checking *k = context;
        struct stat st;
        int r = blob_stat(k->store, launch, &st);

        if (r == -ENOENT)
                return check_missing(k, launch, "instance", object);
        return r == 0 ? 0 : check_unreadable(k, "instance", object, r);
}

static int check_blob(int64_t id, void *context) {
        struct checking *k = context;
        _cleanup_(cleanup_blob_lock) struct blob_lock writing = BLOB_LOCK_NONE, removing = BLOB_LOCK_NONE;
        struct stat st;
        char object[OBJECT_SIZE];
        const char *const problem = "no image of the catalog has it";
        struct last_ids last;
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
        (void)snprintf(object, sizeof(object), "%s/%lld", k->region->name, (long long)id);
        if (r != 0)
                return r > 0 || r == -EBUSY || r == -ENOENT ? 0 : check_unreadable(k, "blob", object, r);
        r = catalog_last_ids(k->c, &last);
        if (r < 0)
                return r;
        if (id > (id > LAUNCH_FIRST ? last.launch : last.event))
                return check_found(k, "blob", object, "it is newer than the catalog",
                                   "put the newer catalog back; else it goes to lost+found when its number is needed");
        if (!(k->flags & CHECK_REPAIR))
                return check_found(k, "blob", object, problem, "the next mount puts it into lost+found");
        r = repair_blob(k->request, k->region, k->store, id);
        return r == -EBUSY ? 0 : check_mended(k, r, "blob", object, problem, "put into the store's lost+found");
}

/* Of a launch that died. One that is under way has its lock. */
static int check_reservation(int64_t launch, const char *object, void *context) {
        struct checking *k = context;
        _cleanup_(cleanup_blob_lock) struct blob_lock lock = BLOB_LOCK_NONE;
        int r = blob_lock(k->store, launch, BLOB_LOCK_SEAL, SEAL_WAIT_MS, &lock);

        if (r == 0)
                r = repair_reservation(k->request, k->region, launch);
        return r == -EBUSY || r == -ENOENT ? 0 : check_mended(k, r, "instance", object, "a launch was begun and has not ended",
                                                              "forgotten");
}

/* Nothing but this is said of a store that is another's: what lies there follows from another catalog. */
static int check_claim(struct checking *k, const struct region *region) {
        char why[WHY_SIZE], *repair;
        int r = claim_refusal(k->request->service, region->id, why);

        if (r <= 0)
                return r < 0 ? check_unreadable(k, "region", region->name, r) : 0;
        repair = strstr(why, "; ");
        if (repair)
                *repair = '\0';
        return check_found(k, "region", region->name, why, repair ? repair + 2 : "");
}

static int check_region(const struct region *region, void *context) {
        struct checking *k = context;
        const int left = k->left;
        int r;

        k->region = region;
        if (k->flags & CHECK_REPAIR && !region->store) {
                r = repair_mark(k->request, region);
                if (r != -EEXIST && r != -ENOENT) {
                        r = check_mended(k, r, "region", region->name, "its store has no mark that can be read", "marked anew");
                        if (r != 0 || k->left > left)
                                return r;
                }
        }
        r = check_claim(k, region);
        if (r != 0 || k->left > left)
                return r;
        r = service_store(k->request->service, region->id, &k->store);
        if (r < 0)
                return check_unreadable(k, "region", region->name, r);
        r = catalog_disk_each(k->c, region->id, check_image, k);
        if (r == 0)
                r = catalog_launch_each(k->c, region->id, check_launch, k);
        if (r == 0)
                r = blob_each(k->store, check_blob, k);
        return r != 0 || !(k->flags & CHECK_REPAIR) ? r : catalog_reservation_each(k->c, region->id, check_reservation, k);
}

int check_run(struct request *request, enum check_flags flags, int (*each)(const struct finding *finding, void *context),
              void *context) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct checking k = { .request = request, .flags = flags, .each = each, .context = context };
        int r;

        if (request->caller.role == ROLE_ACCOUNT || (flags & CHECK_REPAIR && request->caller.role != ROLE_OPERATOR))
                return -EACCES;
        if (service_writable(request->service) < 0)
                k.flags &= ~(unsigned)CHECK_REPAIR; /* a store is another's, which is a finding */
        r = catalog_read(request->service->catalog, &c);
        k.c = c;
        if (r == 0 && !request->service->past) /* a backup without disks has no stores */
                r = catalog_region_list(c, 0, check_region, &k);
        return r != 0 ? r : k.left;
}
