/* SPDX-License-Identifier: MIT
 * Opens and closes a catalog's directory. The map of the services:
 *
 *   service.c    opening and closing, on top of all    directory.c  DIR: may it be used     create.c   a new one
 *   request.c    a request's caller                    backup_mark.c  DIR: is it a backup
 *
 *   the nouns, one file each, with their names: image.c, share.c, account.c, instance.c, trust.c …, and
 *     listing.c  regions and images as seen            shares.c     an image's shares as seen
 *     launch.c   instances from images                 link.c       whole disks copied      registry.c regions, limits
 *     reverse.c, usage.c, access.c, exposure.c         what an account has, uses, sees; who has an image's bytes
 *
 *   disk/        open disks, from the bottom: claim (whose a store is), look, stores, table, seal, separate, copy,
 * settle, pin, close, io,
 *                open, path
 *   apply/       wanted shares in bulk
 *   log/         decision.c: facts, and the words of a refusal    denial.c its row    log.c, events.c  reading
 *   upkeep/      wake, due, digest, same, sweep, background: what a daemon does by itself    check, upgrade, backup,
 * restore
 *
 * A request that changes something goes to its noun (share_grant). The noun enters the catalog's write transaction, has
 * log/decision.c read the facts there (decision_read), asks the policy, and adds the event or nothing. Then
 * log/decision.c gives a refusal its words and its row (decision_end). A request that only looks goes to its noun,
 * which uses request_read(). A disk is judged once, by disk/open.c; disk/io.c, disk/copy.c and at last disk/close.c go
 * on from there.
 *
 * No two files call each other, not even in a circle through others.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "directory.h"
#include "disk/stores.h"
#include "feed.h"
#include "backup_mark.h"
#include "log/wing.h"
#include "upkeep/wing.h"

static int run_nothing(struct catalog_connection *c, void *context) {
        (void)c;
        (void)context;
        return 0;
}

struct service *service_close(struct service *service) {
        bool ended;

        if (!service)
                return NULL;
        background_stop(service);
        ended = background_join(&service->has_thread, service->thread);
        ended = background_join(&service->has_hasher, service->hasher) && ended;
        ended = background_join(&service->has_sweeper, service->sweeper) && ended;
        ended = background_join(&service->has_marker, service->marker) && ended && service->looking == 0;
        if (service->catalog && service->denials)
                denials_flush(service, true);
        if (!ended) {
                if (service->catalog)
                        (void)catalog_write(service->catalog, run_nothing, NULL); /* waits for the refusals */
                return NULL; /* the threads still use it, until the process ends */
        }
        digester_free(service);
        service_stores_mark(service);
        service->catalog = catalog_close(service->catalog);
        service->denials = denials_free(service->denials);
        service_stores_close(service);
        service->backup_fd = fd_close(service->backup_fd);
        free(service->dir);
        free(service);
        return NULL;
}

/* A number is an event's, anything else a time; a day means its end. */
static int parse_asof(struct service *service, const char *text, struct catalog_moment *ret_moment) {
        size_t digits = strspn(text, "0123456789");

        if (digits > 0 && text[digits] == '\0') {
                if (digits > 15) /* more than there can ever be */
                        return -ERANGE;
                *ret_moment = (struct catalog_moment){ .event = strtoll(text, NULL, 10) };
                (void)snprintf(service->asof, sizeof(service->asof), "%lld", (long long)ret_moment->event); /* fits */
                return 0;
        }
        ret_moment->event = -1;
        if (text[0] == '+' || timestamp_parse(text, 0, &ret_moment->time) < 0)
                return -EINVAL;
        (void)timestamp_format(ret_moment->time, service->asof); /* returns the text */
        return 0;
}

static int open_asof(struct service *service, const char *path, const char *asof, char why[static WHY_SIZE]) {
        struct catalog_moment moment;
        int r = parse_asof(service, asof, &moment);

        service->past = true;
        if (r == 0)
                r = catalog_open_asof(path, &moment, &service->catalog);
        if (r == -EINVAL)
                say_why(why, "asof=%s is neither an RFC 3339 time nor the number of an event", asof);
        else if (r == -ERANGE)
                say_why(why, "asof=%s has not come yet", asof);
        else if (r < 0)
                service_explain(r, why);
        return r;
}

static int open_now(struct service *service, const char *path, char why[static WHY_SIZE]) {
        enum catalog_flags flags = (service->flags & SERVICE_READ_ONLY ? CATALOG_READ_ONLY : 0) |
                                   (service->flags & SERVICE_NOT_DURABLE ? CATALOG_NOT_DURABLE : 0) |
                                   (service->flags & SERVICE_RESERVE ? CATALOG_RESERVE : 0);
        int r = catalog_open(path, flags, &service->catalog);

        strcpy(service->asof, "now");
        if (r < 0)
                service_explain(r, why);
        return r;
}

/* What tells the directory from a copy of it: whose the stores are (CONTRACT 10). */
static int identify_directory(struct service *service) {
        struct statx stx = { 0 };

        if (statx(AT_FDCWD, service->dir, 0, STATX_INO | STATX_BTIME, &stx) < 0)
                return -errno;
        service->dir_inode = stx.stx_ino;
        if (stx.stx_mask & STATX_BTIME)
                service->dir_birth = stx.stx_btime.tv_sec * 1000000000 + stx.stx_btime.tv_nsec;
        return 0;
}

/* Before anything is written: whose are the stores? A mount that writes nothing only says so. */
static int look_at_stores(struct service *service) {
        if (service->past || service->flags & SERVICE_ANY_STORE ||
            (service->flags & SERVICE_READ_ONLY && !(service->flags & SERVICE_BACKGROUND)))
                return 0;
        return claim_all(service);
}

static int start_threads(struct service *service) {
        int r = digest_start(service);

        return r < 0 ? r : marker_start(service);
}

int service_open(const char *dir, enum service_flags flags, struct service **ret_service,
                 char ret_why[static WHY_SIZE]) {
        return service_open_asof(dir, NULL, flags, ret_service, ret_why);
}

int service_open_asof(const char *dir, const char *asof, enum service_flags flags, struct service **ret_service,
                      char ret_why[static WHY_SIZE]) {
        _cleanup_service_ struct service *service = NULL;
        _cleanup_free_ char *path = NULL;
        char note[WHY_SIZE];
        bool unwritable;
        int r = service_check_directory(dir, flags, &unwritable, note);

        if (r < 0) {
                strcpy(ret_why, note);
                return r;
        }
        say_why(ret_why, "%s", strerror(ENOMEM));
        service = calloc(1, sizeof(*service));
        if (!service)
                return -ENOMEM;
        service->flags = flags | (asof || unwritable ? SERVICE_READ_ONLY : 0);
        strcpy(service->note, note);
        service->backup_fd = -1;
        (void)pthread_mutex_init(&service->stores_lock, NULL); /* cannot fail with default attributes */
        (void)pthread_mutex_init(&service->exposure_seen.lock, NULL);
        (void)pthread_mutex_init(&service->disks_lock, NULL);
        (void)pthread_mutex_init(&service->meters_lock, NULL);
        (void)pthread_mutex_init(&service->work_lock, NULL);
        (void)sem_init(&service->digest_work, 0, 0);
        (void)sem_init(&service->hash_work, 0, 0);
        (void)pthread_cond_init(&service->mark_work, NULL);
        (void)pthread_cond_init(&service->purge_work, NULL);
        service->dir = realpath(dir, NULL);
        if (!service->dir || asprintf(&path, "%s/catalog.db", service->dir) < 0 ||
            denials_new(&service->denials) < 0)
                return -ENOMEM;
        r = backup_mark_check(service, ret_why);
        if (r == 0)
                r = asof ? open_asof(service, path, asof, ret_why) : open_now(service, path, ret_why);
        if (r < 0)
                return r;
        r = identify_directory(service);
        if (r == 0)
                r = look_at_stores(service);
        if (r == 0 && flags & SERVICE_BACKGROUND && service_writable(service) == 0)
                r = start_threads(service);
        if (r < 0) {
                say_why(ret_why, "%s", strerror(-r));
                return r;
        }
        if (!(flags & (SERVICE_BACKGROUND | SERVICE_AS_FOUND)) && service_writable(service) == 0)
                (void)expiry_round(service); /* what others saw end stays so, whatever the clock does. Else the next one does it */
        *ret_service = TAKE_PTR(service);
        return 0;
}

const char *service_note(const struct service *service) {
        return service->note;
}

bool service_is_read_only(const struct service *service) {
        return service_writable(service) < 0;
}

const char *service_asof(const struct service *service) {
        return service->asof;
}

void service_stats(struct service *service, struct service_stats *ret_stats) {
        struct catalog_stats stats;

        _Static_assert(SERVICE_STATS_SIZES == CATALOG_STATS_SIZES, "one histogram");
        catalog_stats(service->catalog, &stats);
        *ret_stats = (struct service_stats){ .commits = stats.commits, .changes = stats.changes,
                                             .largest = stats.largest, .checkpoints = stats.checkpoints,
                                             .log_bytes = (uint64_t)stats.log_pages * 4096 };
        memcpy(ret_stats->sizes, stats.sizes, sizeof(stats.sizes));
}

int service_feed(struct service *service, void (*wake)(void *context), void *context, struct feed **ret_feed) {
        return feed_open(service->catalog, wake, context, ret_feed);
}
